//! One partition, from its source to its target.
//!
//! The next records are read while the last are appended, and one append is under way at a time:
//! so that none can overtake another, even when one fails and is tried again.

use super::Count;
use crate::exit::{Exit, Failure};
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{AppendError, EventLog, Reader, Record, StoredRecord};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Most records of one append.
pub const AT_ONCE: usize = 4_096;
/// Pause before an append that failed is tried again, and how long there may be no progress.
const PAUSE: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(120);

/// What is taken and what is refused.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Take a source whose beginning is gone.
    pub accept_truncated: bool,
    /// The target removes records that are older.
    pub removed_when_older: Option<Duration>,
}

/// A partition to be copied.
pub struct Part {
    /// Where it is read.
    pub source: Arc<dyn EventLog>,
    /// Where it is written.
    pub target: Arc<dyn EventLog>,
    /// Its number in both.
    pub partition: u32,
    /// What is taken.
    pub rules: Rules,
    /// How far it is.
    pub count: Arc<Count>,
}

/// A partition whose target was found to hold the source's beginning and nothing else.
pub struct Ready {
    part: Part,
    /// The source's first offset.
    first: u64,
    /// The source's end as it was when looked at.
    end: u64,
    /// How many of its records the target had.
    had: u64,
}

/// A partition that was copied.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Its number.
    pub partition: u32,
    /// The source's first offset, which is offset 0 of the target.
    pub first: u64,
    /// Records of the source.
    pub records: u64,
    /// Of those, how many were copied now.
    pub copied: u64,
}

/// Why copying stopped.
enum Stop {
    /// It may go on from the target's end.
    Again(AppendError),
    /// It may not.
    For(Failure),
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::For(Failure::failed(error))
    }
}

impl Part {
    /// Looks at both ends and changes nothing.
    ///
    /// # Errors
    /// [`Exit::Usage`] if the source is truncated, or the target holds something else.
    pub async fn look(self) -> Result<Ready, Failure> {
        let partition = self.partition;
        let source = self
            .source
            .bounds(partition)
            .await
            .map_err(Failure::failed)?;
        let target = self
            .target
            .bounds(partition)
            .await
            .map_err(Failure::failed)?;
        let refused = |what: String| Err(Failure::new(Exit::Usage, what));
        if source.start > 0 && !self.rules.accept_truncated {
            return refused(format!(
                "partition {partition} of the source begins at offset {0}: retention took what was before. In a copy every offset would be {0} lower, positions that callers keep would not fit, and no view could be built from the beginning. Fix: --accept-truncated if that is wanted",
                source.start
            ));
        }
        if target.start > 0 {
            return refused(format!(
                "partition {partition} of the target begins at offset {}, so it is not a copy that could go on. Fix: give a new target",
                target.start
            ));
        }
        let ready = Ready {
            first: source.start,
            end: source.end,
            had: target.end,
            part: self,
        };
        if target.end > source.end - source.start {
            return refused(ready.holds_something_else("it has more records than the source"));
        }
        for offset in [0, target.end.saturating_sub(1)] {
            if target.end > 0 && !ready.is_equal_at(offset).await? {
                let what = format!("its record at offset {offset} is another");
                return refused(ready.holds_something_else(&what));
            }
        }
        ready.must_last().await?;
        Ok(ready)
    }
}

impl Ready {
    /// How many records are to be copied.
    pub fn missing(&self) -> u64 {
        self.end - self.first - self.had
    }

    /// Copies them.
    ///
    /// # Errors
    /// If one of the logs fails for longer than the patience, or something else writes the target.
    pub async fn copy(self) -> Result<Done, Failure> {
        let mut last_progress = (self.had, Instant::now());
        loop {
            let error = match self.go_on().await {
                Ok(()) => break,
                Err(Stop::For(failure)) => return Err(failure),
                Err(Stop::Again(error)) => error,
            };
            tokio::time::sleep(PAUSE).await;
            let reached = self.reached().await?;
            if reached > last_progress.0 {
                last_progress = (reached, Instant::now());
            }
            if last_progress.1.elapsed() > PATIENCE {
                let message = format!("the target took nothing for {PATIENCE:?}: {error}");
                return Err(Failure::new(Exit::Unavailable, message));
            }
        }
        Ok(Done {
            partition: self.part.partition,
            first: self.first,
            records: self.end - self.first,
            copied: self.missing(),
        })
    }

    /// Goes on from the target's end.
    async fn go_on(&self) -> Result<(), Stop> {
        let mut next = self.reached().await.map_err(Stop::For)?;
        if next > 0 && !self.is_equal_at(next - 1).await.map_err(Stop::For)? {
            let what = format!("its record at offset {} is another", next - 1);
            let what = self.holds_something_else(&what);
            return Err(Stop::For(Failure::failed(what)));
        }
        let partition = self.part.partition;
        let mut reader = self
            .part
            .source
            .reader(partition, self.first + next)
            .await?;
        let mut records = self.read(reader.as_mut()).await?;
        while !records.is_empty() {
            let count = records.len() as u64;
            let (appended, following) =
                tokio::join!(self.append(records, next), self.read(reader.as_mut()));
            appended?;
            next += count;
            self.part.count.done.fetch_add(count, Relaxed);
            records = following?;
        }
        Ok(())
    }

    /// The next records before the end; none at the end.
    async fn read(&self, reader: &mut dyn Reader) -> Result<Vec<Record>, Stop> {
        if reader.position() >= self.end {
            return Ok(Vec::new());
        }
        let stored = reader.next(AT_ONCE).await?;
        let wanted = stored.into_iter().filter(|stored| stored.offset < self.end);
        Ok(wanted.map(|stored| stored.record).collect())
    }

    /// Appends at offset `next` of the target.
    async fn append(&self, records: Vec<Record>, next: u64) -> Result<(), Stop> {
        let Part {
            target, partition, ..
        } = &self.part;
        for record in &records {
            let there = target.partition_of(&record.key);
            if there != *partition {
                return Err(Stop::For(Failure::failed(format!(
                    "a record of partition {partition} has a key that belongs on partition {there}: another program wrote it, and a copy would change its place"
                ))));
            }
        }
        let positions = match target.append(records).await {
            Ok(positions) => positions,
            Err(error) if error.is_retryable() => return Err(Stop::Again(error)),
            Err(error) => return Err(Stop::For(Failure::failed(error))),
        };
        let expected = next..next + positions.len() as u64;
        if positions
            .iter()
            .map(|position| position.offset)
            .ne(expected)
        {
            return Err(Stop::For(Failure::failed(format!(
                "something else writes partition {partition} of the target. Fix: stop it, and copy into a new target"
            ))));
        }
        Ok(())
    }

    async fn reached(&self) -> Result<u64, Failure> {
        let bounds = self.part.target.bounds(self.part.partition).await;
        Ok(bounds.map_err(Failure::failed)?.end)
    }

    /// Whether both have the same record at this offset of the target.
    async fn is_equal_at(&self, offset: u64) -> Result<bool, Failure> {
        let Part {
            source,
            target,
            partition,
            ..
        } = &self.part;
        let ours = one(source.as_ref(), *partition, self.first + offset);
        let theirs = one(target.as_ref(), *partition, offset);
        let (ours, theirs) = tokio::try_join!(ours, theirs)?;
        Ok(ours.record == theirs.record)
    }

    fn holds_something_else(&self, what: &str) -> String {
        let partition = self.part.partition;
        format!(
            "partition {partition} of the target does not hold the beginning of the source: {what}. Fix: give a new target"
        )
    }

    /// The target must not remove what is copied into it.
    async fn must_last(&self) -> Result<(), Failure> {
        let Some(age) = self.part.rules.removed_when_older else {
            return Ok(());
        };
        if self.first == self.end {
            return Ok(());
        }
        let oldest = one(self.part.source.as_ref(), self.part.partition, self.first).await?;
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        if oldest.record.recorded_ms >= now_millis().saturating_sub(age_ms) {
            return Ok(());
        }
        let what = "the source has events older than log.retention_hours, which the target would remove at once";
        let fix = "Fix: --set log.retention_hours=0, and set the topic's retention.ms later";
        Err(Failure::new(Exit::Usage, format!("{what}. {fix}")))
    }
}

async fn one(log: &dyn EventLog, partition: u32, offset: u64) -> Result<StoredRecord, Failure> {
    let reader = log.reader(partition, offset).await;
    let stored = reader.map_err(Failure::failed)?.next(1).await;
    let found = stored.map_err(Failure::failed)?.into_iter().next();
    found.ok_or_else(|| Failure::failed(format!("offset {offset} could not be read")))
}
