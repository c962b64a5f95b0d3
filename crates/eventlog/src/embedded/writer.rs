//! The thread that writes a partition: takes all that is queued, writes it as one group, makes it
//! durable with one sync, then publishes the new end and answers the calls.
//!
//! ```text
//! queue --take--> encode --write_at--> sync_data --> index, tail, end --> answers
//!                            |             |
//!                            +-- failed ---+--> those calls fail, the segment is abandoned
//! ```
//! After a failed write or sync nothing is assumed of the file beyond the last durable offset: the
//! next group begins a new segment there, and the abandoned one ends there by rule. The offsets of
//! the failed records are given again; nobody was told of them.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use bytes::Bytes;
use tracing::warn;

use super::active::{Active, first_chunk};
use super::format::encode;
use super::keeper::Job;
use super::locks;
use super::partition::{Partition, Spare};
use super::queue::Batch;
use super::tail::Block;
use crate::AppendError;

/// Most bytes written as one group, unless a single call has more.
const GROUP_BYTES: usize = 1024 * 1024;
/// Committed bytes after which the active segment's index is written again.
const CHECKPOINT_BYTES: u64 = 16 * 1024 * 1024;

/// A partition's writer.
pub(super) struct Writer {
    pub(super) partition: Arc<Partition>,
    /// `None` after a failure, until a new segment could be begun.
    pub(super) active: Option<Active>,
    /// Size in bytes at which a segment is full.
    pub(super) segment_bytes: u64,
    /// Where upkeep is ordered.
    pub(super) keeper: Sender<Job>,
    /// Committed bytes of the active segment that its index file covers.
    pub(super) indexed_bytes: u64,
}

/// Frames of one group, ready to be written.
struct Group {
    frames: Bytes,
    /// Length and recorded time of each frame.
    records: Vec<(u64, i64)>,
    /// First offset of each batch.
    first_offsets: Vec<u64>,
    /// Offset of the first and after the last frame.
    first: u64,
    next: u64,
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let partition = Arc::clone(&self.partition);
        let _closes = ClosesPartition(&partition);
        while let Some(batches) = partition.queue.take(GROUP_BYTES) {
            self.commit(&batches);
        }
        self.order_index();
    }

    fn commit(&mut self, batches: &[Batch]) {
        let first = self.partition.progress.borrow().end;
        let group = encode_group(batches, first);
        let outcome = self.store(&group.frames);
        let bytes = batches.iter().map(|b| b.bytes).sum();
        match outcome {
            Ok(active) => {
                publish(&self.partition, &active, &group);
                self.partition.queue.release(bytes);
                for (batch, first) in batches.iter().zip(&group.first_offsets) {
                    batch.call.resolve(self.partition.id, Ok(*first));
                }
                self.order_upkeep();
            }
            Err(source) => {
                self.partition.queue.release(bytes);
                let error = append_error(&self.partition, source);
                for batch in batches {
                    batch.call.resolve(self.partition.id, Err(error.clone()));
                }
            }
        }
    }

    /// Makes frames durable at the end of the partition; answers with the segment they went to.
    fn store(&mut self, frames: &[u8]) -> io::Result<Arc<super::segment::Segment>> {
        let len = frames.len() as u64;
        let full = |active: &Active| active.len() > 0 && active.len() + len > self.segment_bytes;
        let mut active = match self.active.take() {
            Some(active) if !full(&active) => active,
            _ => self.begin_segment()?,
        };
        if let Err(error) = active.prepare(len, self.segment_bytes) {
            self.active = Some(active);
            return Err(error);
        }
        if let Err(error) = active.write(frames) {
            warn!(
                partition = self.partition.id,
                offset = self.partition.progress.borrow().end,
                %error,
                "a group could not be written; going on in a new segment"
            );
            return Err(error);
        }
        let segment = Arc::clone(&active.segment);
        self.active = Some(active);
        Ok(segment)
    }

    fn begin_segment(&mut self) -> io::Result<Active> {
        let ended = self.partition.active();
        let active = Active::begin(&self.partition, first_chunk(self.segment_bytes))?;
        self.indexed_bytes = 0;
        if let Some(ended) = ended.filter(|s| s.base != active.segment.base) {
            self.order(Job::Seal(Arc::clone(&self.partition), ended));
        }
        Ok(active)
    }

    /// Orders a spare once a quarter of the segment is used, and its index now and then.
    fn order_upkeep(&mut self) {
        let Some(active) = &self.active else {
            return;
        };
        let len = active.len();
        if len >= self.segment_bytes / 4 {
            let mut spare = locks::lock(&self.partition.spare);
            if matches!(*spare, Spare::Missing) {
                *spare = Spare::Ordered;
                drop(spare);
                self.order(Job::Prepare(
                    Arc::clone(&self.partition),
                    self.segment_bytes,
                ));
            }
        }
        if len - self.indexed_bytes >= CHECKPOINT_BYTES {
            self.order_index();
        }
    }

    fn order_index(&mut self) {
        let Some(active) = &self.active else {
            return;
        };
        self.indexed_bytes = active.len();
        self.order(Job::Index(
            Arc::clone(&self.partition),
            Arc::clone(&active.segment),
        ));
    }

    /// Upkeep only saves time later, so that a keeper that has ended is no reason to stop.
    fn order(&self, job: Job) {
        let _ = self.keeper.send(job);
    }
}

fn encode_group(batches: &[Batch], first: u64) -> Group {
    let count = batches.iter().map(|b| b.records.len()).sum();
    let mut frames = Vec::with_capacity(batches.iter().map(|b| b.bytes).sum());
    let mut records = Vec::with_capacity(count);
    let mut first_offsets = Vec::with_capacity(batches.len());
    let mut next = first;
    for batch in batches {
        first_offsets.push(next);
        for record in &batch.records {
            let before = frames.len();
            encode(&mut frames, next, record);
            records.push(((frames.len() - before) as u64, record.recorded_ms));
            next += 1;
        }
    }
    Group {
        frames: Bytes::from(frames),
        records,
        first_offsets,
        first,
        next,
    }
}

/// Lets readers see a durable group: they look at the end first, so it comes last.
fn publish(partition: &Partition, segment: &super::segment::Segment, group: &Group) {
    {
        let mut index = locks::write(&segment.index);
        for (len, recorded_ms) in &group.records {
            index.push(*len, *recorded_ms);
        }
    }
    locks::lock(&partition.tail).push(Block {
        first_offset: group.first,
        next_offset: group.next,
        bytes: group.frames.clone(),
    });
    partition.progress.send_modify(|p| p.end = group.next);
}

fn append_error(partition: &Partition, source: io::Error) -> AppendError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AppendError::DiskFull {
            partition: partition.id,
            dir: partition.dir.clone(),
        },
        _ => AppendError::Io {
            partition: partition.id,
            source: Arc::new(source),
        },
    }
}

/// Leaves nobody waiting, however the writer ends.
struct ClosesPartition<'a>(&'a Partition);

impl Drop for ClosesPartition<'_> {
    fn drop(&mut self) {
        self.0.queue.abandon(self.0.id);
        self.0.progress.send_modify(|p| p.closed = true);
    }
}
