//! Moves a log from one home to another: every record, in its partition, in its order, with its
//! time. What is already at the target's end is not copied again, so a run that was broken off
//! goes on; at the end both logs are read and compared.
//!
//! ```text
//! source partition 0   [0][1][2][3][4][5][6]
//! target partition 0   [0][1][2]               last record equal? then go on with 3
//! ```

mod compare;
mod log;
mod partition;
mod place;

pub use place::Place;

use crate::config::Log;
use crate::exit::{Exit, Failure};
use crate::hub::logs::Which;
use crate::progress::Progress;
use log::Pair;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What is copied, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The home that is read.
    pub from: Place,
    /// The home that is written; made if missing.
    pub to: Place,
    /// How a home is opened.
    pub keep: Log,
    /// Copy what is left of a source whose beginning retention took: offsets then change.
    pub accept_truncated: bool,
}

/// What became of the logs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The home that was read.
    pub from: String,
    /// The home that was written.
    pub to: String,
    /// Every partition of the event log, then the other logs'.
    pub partitions: Vec<Copied>,
    /// The source has no rejected log, so none was copied.
    pub without_rejected: bool,
    /// Offsets of events changed, so durable subscriptions, which keep their place by them, were
    /// not copied.
    pub without_subscriptions: bool,
}

/// What became of one partition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Copied {
    /// `events`, `rejected`, `catalog` or `subscriptions`.
    pub log: &'static str,
    /// Its number.
    pub partition: u32,
    /// Records of the source, as they were at the start.
    pub records: u64,
    /// Of those, how many this run copied.
    pub copied: u64,
    /// How much lower offsets are in the target; 0 unless the source was truncated.
    pub offsets_lower_by: u64,
    /// Records of the target.
    pub target_records: u64,
    /// Digest over keys, values and times of the source's records, in order.
    pub digest: String,
    /// The same of the target.
    pub target_digest: String,
}

impl Copied {
    /// Whether the target holds exactly what the source held.
    pub fn is_equal(&self) -> bool {
        self.records == self.target_records && self.digest == self.target_digest
    }
}

/// How many records are done, of how many.
#[derive(Debug, Default)]
pub struct Count {
    /// Done.
    pub done: AtomicU64,
    /// In all.
    pub total: AtomicU64,
}

/// Copies and compares.
///
/// # Errors
/// If a home cannot be opened, does not fit, or holds something else; what was copied until then
/// stays, and the next run goes on from there.
pub async fn run(plan: &Plan, progress: &Progress) -> Result<Summary, Failure> {
    if plan.from.to_string() == plan.to.to_string() {
        let message = format!("--from and --to are both {}", plan.from);
        return Err(Failure::new(Exit::Usage, message));
    }
    let pairs = open(plan).await?;
    let truncated = is_truncated(&pairs).await?;
    let is_left = |pair: &Pair| truncated && pair.which == Which::Subscriptions;
    let mut partitions = Vec::new();
    for pair in pairs.iter().filter(|pair| !is_left(pair)) {
        let copied = shown(progress, "copying", &pair.count, pair.copy()).await?;
        let compared = pair.compare(copied);
        partitions.extend(shown(progress, "comparing", &pair.compared, compared).await?);
    }
    for pair in &pairs {
        pair.close().await?;
    }
    if partitions.iter().all(|copied: &Copied| copied.records == 0) {
        let message = format!("{} holds nothing, so nothing was copied", plan.from);
        return Err(Failure::new(Exit::Usage, message));
    }
    Ok(Summary {
        from: plan.from.to_string(),
        to: plan.to.to_string(),
        partitions,
        without_rejected: pairs.iter().all(|pair| pair.which != Which::Rejected),
        without_subscriptions: pairs.iter().any(is_left),
    })
}

/// The event logs of both homes, and each other log that the source has.
async fn open(plan: &Plan) -> Result<Vec<Pair>, Failure> {
    let mut pairs = Vec::new();
    for which in Which::ALL {
        let Some(source) = plan.from.source(&plan.keep, which).await? else {
            continue;
        };
        let keep = Log {
            partitions: source.partitions(),
            ..plan.keep.clone()
        };
        let target = plan.to.target(&keep, which).await?;
        pairs.push(Pair {
            which,
            source,
            target,
            rules: log::rules(plan),
            count: Arc::default(),
            compared: Arc::default(),
        });
    }
    Ok(pairs)
}

/// Whether retention took the beginning of the source's events, so that offsets change.
async fn is_truncated(pairs: &[Pair]) -> Result<bool, Failure> {
    for pair in pairs.iter().filter(|pair| pair.which == Which::Events) {
        for partition in 0..pair.source.partitions() {
            let bounds = pair.source.bounds(partition).await;
            if bounds.map_err(Failure::failed)?.start > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Shows how far `work` is until it ends.
async fn shown<T>(
    progress: &Progress,
    name: &str,
    count: &Count,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    use std::sync::atomic::Ordering::Relaxed;
    tokio::pin!(work);
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(200));
    loop {
        tokio::select! {
            ended = &mut work => return ended,
            _ = ticks.tick() => {
                progress.show(name, count.done.load(Relaxed), count.total.load(Relaxed));
            }
        }
    }
}

#[cfg(test)]
#[path = "copy_tests.rs"]
mod tests;
