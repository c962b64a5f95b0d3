//! Reads one partition: from the file in blocks while behind, from the tail in memory once caught
//! up, and waits at the end.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use super::format::{self, Check, Found, Frame};
use super::locks;
use super::partition::{GAP, Partition, Progress};
use super::scan::Scan;
use super::segment::Segment;
use crate::{ReadError, Reader, StoredRecord};

/// About how much one answer holds, in bytes of frames.
const ANSWER_BYTES: usize = 1024 * 1024;

/// A reader of a partition of the embedded log.
pub(super) struct Follower {
    partition: Arc<Partition>,
    progress: watch::Receiver<Progress>,
    position: u64,
    source: Source,
}

/// Where the next records come from.
enum Source {
    /// Not known yet.
    Unknown,
    /// A block of the tail, and where in it the next frame begins.
    Tail(Bytes, usize),
    /// The file of a segment.
    File(Arc<Segment>, Scan),
}

/// Records on their way to the caller.
struct Answer {
    records: Vec<StoredRecord>,
    bytes: usize,
    max_records: usize,
}

impl Answer {
    fn is_full(&self) -> bool {
        self.records.len() >= self.max_records || self.bytes >= ANSWER_BYTES
    }

    fn push(&mut self, frame: &Frame, block: &Bytes) {
        self.bytes += frame.len();
        self.records.push(frame.record(block));
    }
}

impl Follower {
    /// A reader at a position that was checked to be in range.
    pub(super) fn new(partition: Arc<Partition>, position: u64) -> Self {
        Self {
            progress: partition.progress.subscribe(),
            partition,
            position,
            source: Source::Unknown,
        }
    }

    /// Takes what is in memory already, without waiting for anything.
    fn take_from_memory(&mut self, answer: &mut Answer) -> Result<(), ReadError> {
        while !answer.is_full() {
            let had = answer.records.len();
            match &mut self.source {
                Source::Tail(block, at) => take_from_tail(block, at, self.position, answer)?,
                Source::File(segment, scan) => {
                    take_from_block(&self.partition, segment, scan, answer)?;
                }
                Source::Unknown => {}
            }
            self.position += (answer.records.len() - had) as u64;
            if answer.is_full() || !self.go_to_tail() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Goes on in the tail if that holds the next record.
    fn go_to_tail(&mut self) -> bool {
        let Some(block) = locks::lock(&self.partition.tail).block_with(self.position) else {
            return false;
        };
        let mut at = 0;
        for offset in block.first_offset..self.position {
            let Found::Frame(frame) = format::decode(&block.bytes, at, offset, Check::Trusted)
            else {
                return false;
            };
            at += frame.len();
        }
        self.source = Source::Tail(block.bytes, at);
        true
    }

    /// Reads from the file. Nothing changes if it is dropped before it is done.
    async fn take_from_file(&mut self, answer: Answer) -> Result<Answer, ReadError> {
        let partition = Arc::clone(&self.partition);
        let position = self.position;
        let source = std::mem::replace(&mut self.source, Source::Unknown);
        let read = tokio::task::spawn_blocking(move || read(&partition, position, source, answer));
        let (segment, scan, answer) = read
            .await
            .map_err(|e| self.partition.io_error(std::io::Error::other(e)))??;
        self.position += answer.records.len() as u64;
        self.source = Source::File(segment, scan);
        Ok(answer)
    }
}

#[async_trait]
impl Reader for Follower {
    async fn next(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        loop {
            let records = self.poll_now(max_records).await?;
            if !records.is_empty() {
                return Ok(records);
            }
            let position = self.position;
            let progress = self
                .progress
                .wait_for(|p| p.end > position || p.closed)
                .await
                .map(|p| *p);
            if !progress.is_ok_and(|p| p.end > position) {
                return Err(ReadError::Closed {
                    partition: self.partition.id,
                });
            }
        }
    }

    async fn poll_now(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        self.partition.check_in_range(self.position)?;
        let end = self.progress.borrow_and_update().end;
        // Blocks and indexes show a group an instant before the end does.
        let readable = usize::try_from(end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let mut answer = Answer {
            records: Vec::new(),
            bytes: 0,
            max_records: max_records.max(1).min(readable),
        };
        self.take_from_memory(&mut answer)?;
        if answer.records.is_empty() && readable > 0 {
            answer = self.take_from_file(answer).await?;
        }
        Ok(answer.records)
    }

    fn position(&self) -> u64 {
        self.position
    }
}

/// Takes whole frames of a block that this process encoded.
fn take_from_tail(
    block: &Bytes,
    at: &mut usize,
    position: u64,
    answer: &mut Answer,
) -> Result<(), ReadError> {
    let mut offset = position;
    while !answer.is_full() {
        let Found::Frame(frame) = format::decode(block, *at, offset, Check::Trusted) else {
            return Ok(());
        };
        answer.push(&frame, block);
        *at += frame.len();
        offset += 1;
    }
    Ok(())
}

/// Takes whole frames of the block that was read last.
fn take_from_block(
    partition: &Partition,
    segment: &Segment,
    scan: &mut Scan,
    answer: &mut Answer,
) -> Result<(), ReadError> {
    while !answer.is_full() {
        match scan.next_in_block() {
            Ok(Some(frame)) => answer.push(&frame, scan.block()),
            Ok(None) => return Ok(()),
            // What was read before the damage is handed out first.
            Err(_) if !answer.records.is_empty() => return Ok(()),
            Err(stop) => return Err(partition.scan_error(segment, scan, stop)),
        }
    }
    Ok(())
}

/// Reads at least one record at a position below the end. Blocking.
fn read(
    partition: &Partition,
    position: u64,
    source: Source,
    mut answer: Answer,
) -> Result<(Arc<Segment>, Scan, Answer), ReadError> {
    let (segment, mut scan) = match source {
        Source::File(segment, mut scan) if goes_on(partition, &segment, position) => {
            scan.extend(segment.extent());
            (segment, scan)
        }
        _ => partition.scan_from(position)?,
    };
    match scan.next() {
        Ok(Some(frame)) => answer.push(&frame, scan.block()),
        Ok(None) => return Err(partition.corrupt(&segment, &scan, GAP)),
        Err(stop) => return Err(partition.scan_error(&segment, &scan, stop)),
    }
    take_from_block(partition, &segment, &mut scan, &mut answer)?;
    Ok((segment, scan, answer))
}

/// Whether a position lies in this very segment.
fn goes_on(partition: &Partition, segment: &Arc<Segment>, position: u64) -> bool {
    partition
        .segment_with(position)
        .is_some_and(|s| Arc::ptr_eq(&s, segment))
}
