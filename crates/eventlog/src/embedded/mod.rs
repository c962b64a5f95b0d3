//! The home of the log on one machine: segment files of our own in one directory.
//!
//! - `format`, `index`, `segment`: what lies on the disk; `scan` reads it.
//! - `queue` -> `writer` -> `active`: the way of an append, one thread per partition.
//! - `tail`, `reader`: the way of a read.
//! - `open`, `meta`, `recover`: from a directory to an open log, after any crash.
//! - `keeper`, `retention`: upkeep beside the way. `look`: the same directory from outside.
//! - `disk`: the few things asked of the file system.
//!
//! Acknowledged means synced. Offsets of records that were never acknowledged may be given again:
//! after a crash, or after a failed write, to other records.

mod active;
mod config;
mod disk;
mod error;
mod format;
mod index;
mod keeper;
mod locks;
mod look;
mod meta;
mod open;
mod partition;
mod queue;
mod reader;
mod recover;
mod retention;
mod scan;
mod segment;
mod tail;
mod writer;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use async_trait::async_trait;

pub use config::Config;
pub use error::OpenError;
pub use look::{Looked, look};
pub use open::open;

use partition::Partition;
use queue::{Batch, Call};
use retention::Limits;

use crate::{AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, Retention};

/// An open log. Dropping it closes it and waits until what was accepted is durable.
pub struct Embedded {
    config: Config,
    partitions: Vec<Arc<Partition>>,
    limits: Limits,
    closing: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The directory's lock, let go last.
    _lock: Option<File>,
}

/// What a partition takes, from memory alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Partition number, from 0.
    pub partition: u32,
    /// The offsets it holds.
    pub bounds: Bounds,
    /// Segment files, the active one included; at least 1.
    pub segments: usize,
    /// Bytes of committed records in them; files are longer by what is preallocated.
    pub stored_bytes: u64,
    /// Bytes accepted and not yet durable.
    pub queued_bytes: usize,
}

impl Embedded {
    /// What each partition takes, for metrics: touches no file.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        self.partitions
            .iter()
            .map(|partition| {
                let (segments, stored_bytes) = partition.kept();
                Usage {
                    partition: partition.id,
                    bounds: partition.bounds(),
                    segments,
                    stored_bytes,
                    queued_bytes: partition.queue.admitted_bytes(),
                }
            })
            .collect()
    }

    /// Applies retention now, as if it were `now_ms` (milliseconds since the Unix epoch); how many
    /// segments were removed. It also happens by itself every half minute. Blocking.
    pub fn enforce_retention(&self, now_ms: i64) -> usize {
        self.partitions
            .iter()
            .map(|partition| retention::enforce(partition, &self.limits, now_ms))
            .sum()
    }

    fn partition(&self, partition: u32) -> Result<&Arc<Partition>, ReadError> {
        self.partitions
            .get(partition as usize)
            .ok_or(ReadError::NoSuchPartition {
                partition,
                partitions: self.config.partitions,
            })
    }

    /// The records of each partition, and each record's partition.
    fn route(&self, records: Vec<Record>) -> Result<(Vec<Vec<Record>>, Vec<u32>), AppendError> {
        let limit = self.config.max_record_bytes;
        let mut routes = Vec::with_capacity(records.len());
        for record in &records {
            let size = record.key.len() + record.value.len();
            if size > limit {
                return Err(AppendError::TooLarge { size, limit });
            }
            routes.push(self.partition_of(&record.key));
        }
        let mut parts: Vec<Vec<Record>> = vec![Vec::new(); self.partitions.len()];
        for (record, partition) in records.into_iter().zip(&routes) {
            if let Some(part) = parts.get_mut(*partition as usize) {
                part.push(record);
            }
        }
        Ok((parts, routes))
    }

    /// Queues all batches or, if one partition has no room for its own, none.
    fn enqueue(&self, batches: Vec<(&Arc<Partition>, Batch)>) -> Result<(), AppendError> {
        for (i, (partition, batch)) in batches.iter().enumerate() {
            if let Err(error) = partition.queue.admit(partition.id, batch.bytes) {
                for (partition, batch) in &batches[..i] {
                    partition.queue.release(batch.bytes);
                }
                return Err(error);
            }
        }
        for (partition, batch) in batches {
            if let Err(refused) = partition.queue.push(batch) {
                partition.queue.release(refused.bytes);
                refused.call.resolve(partition.id, Err(AppendError::Closed));
            }
        }
        Ok(())
    }

    fn start_closing(&self) {
        self.closing.store(true, Ordering::Relaxed);
        for partition in &self.partitions {
            partition.queue.close();
        }
    }
}

#[async_trait]
impl EventLog for Embedded {
    fn partitions(&self) -> u32 {
        self.config.partitions
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (parts, routes) = self.route(records)?;
        let touched = parts.iter().filter(|part| !part.is_empty()).count();
        let (call, answer) = Call::new(touched);
        let batches = self
            .partitions
            .iter()
            .zip(parts)
            .filter(|(_, part)| !part.is_empty())
            .map(|(partition, part)| (partition, Batch::new(part, Arc::clone(&call))))
            .collect();
        drop(call);
        self.enqueue(batches)?;
        // A writer that panicked drops the call unanswered.
        let first_offsets = answer.await.unwrap_or(Err(AppendError::Closed))?;
        let mut next = vec![0; self.partitions.len()];
        for (partition, first) in first_offsets {
            if let Some(next) = next.get_mut(partition as usize) {
                *next = first;
            }
        }
        let position = |partition: u32| {
            let next = &mut next[partition as usize];
            let offset = *next;
            *next += 1;
            Position { partition, offset }
        };
        Ok(routes.into_iter().map(position).collect())
    }

    async fn reader(&self, partition: u32, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let partition = self.partition(partition)?;
        partition.check_in_range(from)?;
        Ok(Box::new(reader::Follower::new(Arc::clone(partition), from)))
    }

    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        Ok(self.partition(partition)?.bounds())
    }

    async fn offset_at(&self, partition: u32, recorded_ms: i64) -> Result<u64, ReadError> {
        let partition = Arc::clone(self.partition(partition)?);
        let searched = Arc::clone(&partition);
        tokio::task::spawn_blocking(move || searched.offset_at(recorded_ms))
            .await
            .map_err(|e| partition.io_error(std::io::Error::other(e)))?
    }

    async fn retention(&self, partition: u32) -> Result<Retention, ReadError> {
        let (_, kept_bytes) = self.partition(partition)?.kept();
        Ok(Retention {
            age: self.limits.age,
            bytes: self.limits.bytes,
            kept_bytes: Some(kept_bytes),
        })
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.start_closing();
        let threads = std::mem::take(&mut *locks::lock(&self.threads));
        let ended = tokio::task::spawn_blocking(move || join(threads)).await;
        ended.unwrap_or(Err(AppendError::Closed))?;
        // Another call may be the one that joins the threads.
        for partition in &self.partitions {
            let mut progress = partition.progress.subscribe();
            let _ = progress.wait_for(|p| p.closed).await;
        }
        Ok(())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.start_closing();
        let threads = std::mem::take(&mut *locks::lock(&self.threads));
        // A thread that panicked has said so; there is nobody to tell here.
        let _ = join(threads);
    }
}

/// Waits for the threads; an error if one of them panicked.
fn join(threads: Vec<JoinHandle<()>>) -> Result<(), AppendError> {
    let panicked = threads.into_iter().filter_map(|t| t.join().err()).count();
    if panicked > 0 {
        return Err(AppendError::Io {
            partition: 0,
            source: Arc::new(std::io::Error::other(format!(
                "{panicked} threads of the log panicked"
            ))),
        });
    }
    Ok(())
}
