//! The same log in both homes: all of its partitions, a few at a time.

use super::partition::{self, Rules};
use super::{Copied, Count, Place, Plan, compare};
use crate::exit::Failure;
use crate::hub::logs::Which;
use lienthong_eventlog::EventLog;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::task::JoinSet;

/// Partitions copied or compared at once. Each has at most about a megabyte under way, so that
/// the target's queue is never full.
const AT_ONCE: usize = 8;

/// A log in both homes.
pub struct Pair {
    /// Which of the logs.
    pub which: Which,
    /// Where it is read.
    pub source: Arc<dyn EventLog>,
    /// Where it is written.
    pub target: Arc<dyn EventLog>,
    /// What is taken.
    pub rules: Rules,
    /// How far copying is.
    pub count: Arc<Count>,
    /// How far comparing is.
    pub compared: Arc<Count>,
}

/// What a plan takes.
pub fn rules(plan: &Plan) -> Rules {
    let on_kafka = matches!(plan.to, Place::Kafka(_));
    let hours = plan.keep.retention_hours;
    Rules {
        accept_truncated: plan.accept_truncated,
        removed_when_older: (on_kafka && hours > 0)
            .then(|| Duration::from_secs(hours.saturating_mul(3_600))),
    }
}

impl Pair {
    /// Copies what the target lacks; by partition.
    ///
    /// # Errors
    /// The first that a partition met.
    pub async fn copy(&self) -> Result<Vec<partition::Done>, Failure> {
        let mut work = Vec::new();
        for partition in 0..self.source.partitions() {
            work.push(partition::Part {
                source: self.source.clone(),
                target: self.target.clone(),
                partition,
                rules: self.removing(),
                count: self.count.clone(),
            });
        }
        // Nothing is written before every partition was looked at.
        let mut ready = Vec::new();
        for part in work {
            ready.push(part.look().await?);
        }
        let total: u64 = ready.iter().map(partition::Ready::missing).sum();
        self.count.total.store(total, Relaxed);
        some_at_once(ready.into_iter().map(partition::Ready::copy)).await
    }

    /// Reads both logs and compares them.
    ///
    /// # Errors
    /// If one cannot be read.
    pub async fn compare(&self, done: Vec<partition::Done>) -> Result<Vec<Copied>, Failure> {
        let total: u64 = done.iter().map(|done| done.records * 2).sum();
        self.compared.total.store(total, Relaxed);
        let log = self.which.name();
        let work = done.into_iter().map(|done| {
            let (source, target) = (self.source.clone(), self.target.clone());
            let count = self.compared.clone();
            async move {
                let partition = done.partition;
                let (from, to) = (done.first, done.first + done.records);
                let ours = compare::digest(source.as_ref(), partition, from..to, &count);
                let bounds = target.bounds(partition).await.map_err(Failure::failed)?;
                let kept = bounds.start..bounds.end;
                let theirs = compare::digest(target.as_ref(), partition, kept, &count);
                let (ours, theirs) = tokio::try_join!(ours, theirs)?;
                Ok(Copied {
                    log,
                    partition,
                    records: done.records,
                    copied: done.copied,
                    offsets_lower_by: done.first,
                    target_records: bounds.end - bounds.start,
                    digest: ours,
                    target_digest: theirs,
                })
            }
        });
        some_at_once(work).await
    }

    /// Closes both.
    ///
    /// # Errors
    /// If the target could not be closed in order.
    pub async fn close(&self) -> Result<(), Failure> {
        for log in [&self.target, &self.source] {
            log.close().await.map_err(Failure::failed)?;
        }
        Ok(())
    }

    /// Every other log is kept for ever, whatever the retention of events.
    fn removing(&self) -> Rules {
        Rules {
            removed_when_older: match self.which {
                Which::Events => self.rules.removed_when_older,
                Which::Rejected | Which::Catalog | Which::Subscriptions => None,
            },
            ..self.rules.clone()
        }
    }
}

/// The results in the order of the work.
async fn some_at_once<T: Send + 'static>(
    work: impl Iterator<Item = impl Future<Output = Result<T, Failure>> + Send + 'static>,
) -> Result<Vec<T>, Failure> {
    let mut waiting = work.enumerate();
    let mut running = JoinSet::new();
    let mut results: Vec<(usize, T)> = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((index, work)) = waiting.next()
        {
            running.spawn(async move { work.await.map(|result| (index, result)) });
        }
        match running.join_next().await {
            Some(ended) => results.push(ended.map_err(Failure::failed)??),
            None => break,
        }
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
