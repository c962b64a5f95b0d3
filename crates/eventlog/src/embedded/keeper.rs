//! The thread that keeps the partitions tidy, off the path of an append: prepares spare segments,
//! writes indexes, cuts sealed segments to their length and lets old ones go. All of it only saves
//! time or space; a crash before any of it loses nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::warn;

use super::active::{SPARE_NAME, create_zeroed};
use super::disk::{DiskFile, remove_if_there, write_zeros};
use super::locks;
use super::partition::{Partition, Spare};
use super::retention::{self, Limits};
use super::segment::Segment;

/// How often retention looks.
const RETENTION_EVERY: Duration = Duration::from_secs(30);
/// Zeros written between two syncs, so that a group's sync never waits for many.
const PIECE_BYTES: u64 = 1024 * 1024;

/// Something to be done for a partition.
pub(super) enum Job {
    /// Prepare a spare segment of so many bytes.
    Prepare(Arc<Partition>, u64),
    /// Write the index of what is committed.
    Index(Arc<Partition>, Arc<Segment>),
    /// A segment has ended: cut its file there and write its index.
    Seal(Arc<Partition>, Arc<Segment>),
}

/// The keeper of a log.
pub(super) struct Keeper {
    pub(super) partitions: Vec<Arc<Partition>>,
    pub(super) limits: Limits,
    /// Ends when every writer and the log have let go of the other end.
    pub(super) jobs: Receiver<Job>,
    /// Set when the log closes: long work is given up.
    pub(super) closing: Arc<AtomicBool>,
}

impl Keeper {
    /// Works until the log is closed and the last job is done.
    pub(super) fn run(self) {
        let mut looked = Instant::now();
        loop {
            let wait = RETENTION_EVERY.saturating_sub(looked.elapsed());
            match self.jobs.recv_timeout(wait) {
                Ok(job) => self.work(job),
                Err(RecvTimeoutError::Timeout) => {
                    for partition in &self.partitions {
                        retention::enforce(partition, &self.limits, now_ms());
                    }
                    looked = Instant::now();
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn work(&self, job: Job) {
        let (partition, outcome, what) = match job {
            Job::Prepare(partition, bytes) => {
                let outcome = prepare_spare(&partition, bytes, &self.closing);
                (partition, outcome, "preparing a segment")
            }
            Job::Index(partition, segment) => {
                let outcome = write_index(&partition, &segment);
                (partition, outcome, "writing an index")
            }
            Job::Seal(partition, segment) => {
                let outcome = seal(&partition, &segment);
                (partition, outcome, "sealing a segment")
            }
        };
        if let Err(error) = outcome {
            warn!(partition = partition.id, %error, "{what} failed; the log goes on without");
        }
    }
}

/// Zeros a file ahead of its use. Rests after each piece as long as that took, so that half of the
/// disk's time stays with the appends.
fn prepare_spare(partition: &Partition, bytes: u64, closing: &AtomicBool) -> io::Result<()> {
    let path = partition.dir.join(SPARE_NAME);
    let outcome = create_zeroed(partition.disk.as_ref(), &path, 0)
        .and_then(|file| fill(file.as_ref(), bytes, closing).map(|full| (file, full)));
    let ready = match &outcome {
        Ok((file, true)) => Spare::Ready(Arc::clone(file), bytes),
        _ => Spare::Missing,
    };
    if matches!(ready, Spare::Missing) {
        // Gives back the space, which may be what the appends need.
        remove_if_there(partition.disk.as_ref(), &path)?;
    }
    *locks::lock(&partition.spare) = ready;
    outcome.map(|_| ())
}

/// Fills and syncs a file; `false` if it was given up because the log is closing.
fn fill(file: &dyn DiskFile, bytes: u64, closing: &AtomicBool) -> io::Result<bool> {
    let mut at = 0;
    while at < bytes {
        if closing.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let began = Instant::now();
        let to = bytes.min(at + PIECE_BYTES);
        write_zeros(file, at, to)?;
        file.sync_all()?;
        at = to;
        std::thread::sleep(began.elapsed());
    }
    Ok(true)
}

fn write_index(partition: &Partition, segment: &Segment) -> io::Result<()> {
    let _upkeep = locks::lock(&partition.upkeep);
    if segment.extent().bytes == 0 || !is_listed(partition, segment) {
        return Ok(());
    }
    segment.write_index(partition.disk.as_ref())
}

/// Cuts off what lies after the segment's end: zeros, or what a failed write left.
pub(super) fn seal(partition: &Partition, segment: &Segment) -> io::Result<()> {
    let _upkeep = locks::lock(&partition.upkeep);
    if !is_listed(partition, segment) {
        return Ok(());
    }
    let file = partition.disk.open(&segment.path)?;
    file.set_len(segment.extent().bytes)?;
    file.sync_all()?;
    segment.write_index(partition.disk.as_ref())
}

/// Whether retention has left the segment where it was.
fn is_listed(partition: &Partition, segment: &Segment) -> bool {
    partition
        .segment_with(segment.base)
        .is_some_and(|s| s.base == segment.base)
}

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
