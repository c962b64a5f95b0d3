//! The first event that a follower has not processed. Probes are no events: they are looked past.
//!
//! ```text
//! next                until
//!  v                    v
//! [P] [P] [P] [P] [P]  [E] ...        P: probe, E: event
//! ```
//! What was looked past is remembered, so that a follower that has stopped is looked at once, and
//! the first record that is no probe ends the look, however many wait behind it.

use lienthong_contract::probe::is_probe;
use lienthong_eventlog::{EventLog, ReadError, StoredRecord, Unread};

/// Probes that are looked past in one look at most; the next goes on from there.
const MOST: usize = 4_096;
/// Records asked of the log at once after the first was a probe.
const FEW: usize = 256;

/// What is known of the records from an offset on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waiting {
    /// No event lies from here
    from: u64,
    /// to before here.
    until: u64,
    /// When the event at `until` was recorded; none: what lies there is not known.
    recorded_ms: Option<i64>,
    /// When the last probe before `until` was recorded.
    probe_ms: Option<i64>,
}

impl Waiting {
    /// What records in hand tell, which follow each other.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a StoredRecord>) -> Self {
        let mut records = records.into_iter().peekable();
        let from = records.peek().map_or(0, |first| first.offset);
        let mut known = Self::at(from);
        for record in records {
            if known.look_past(record) {
                break;
            }
        }
        known
    }

    /// Nothing is known from this offset on.
    pub fn at(next: u64) -> Self {
        Self {
            from: next,
            until: next,
            ..Self::default()
        }
    }

    /// The first event from `next` on, if it is known.
    pub fn event(&self, next: u64) -> Option<Unread> {
        let recorded_ms = self.recorded_ms?;
        self.says(next).then_some(Unread {
            offset: self.until,
            recorded_ms,
        })
    }

    /// The first event from `next` on in a log that ends at `end`; none: there is none.
    pub fn first(&self, next: u64, end: u64) -> Option<Unread> {
        let at_the_earliest = || {
            let recorded_ms = self.probe_ms?;
            (self.until < end).then_some(Unread {
                offset: self.until,
                recorded_ms,
            })
        };
        self.event(next).or_else(at_the_earliest)
    }

    fn says(&self, next: u64) -> bool {
        (self.from..=self.until).contains(&next)
    }

    /// Takes the next record; true if it is an event.
    fn look_past(&mut self, record: &StoredRecord) -> bool {
        self.until = record.offset;
        let recorded_ms = record.record.recorded_ms;
        if is_probe(&record.record.key) {
            self.until += 1;
            self.probe_ms = Some(recorded_ms);
            return false;
        }
        self.recorded_ms = Some(recorded_ms);
        true
    }

    /// Looks on from what is known for the first event from `next` on, in a log that ends at `end`.
    ///
    /// # Errors
    /// If the log does not read. What retention took is looked past.
    pub async fn look(
        self,
        log: &dyn EventLog,
        partition: u32,
        next: u64,
        end: u64,
    ) -> Result<Self, ReadError> {
        let mut known = match self.says(next) {
            true => self,
            false => Self::at(next),
        };
        if known.recorded_ms.is_some() || known.until >= end {
            return Ok(known);
        }
        let mut reader = match log.reader(partition, known.until).await {
            Err(ReadError::OutOfRange { start, .. }) if start > known.until => {
                known.until = start;
                log.reader(partition, start).await?
            }
            reader => reader?,
        };
        let (mut few, mut looked) = (1, 0);
        while known.until < end && looked < MOST {
            let records = reader.poll_now(few).await?;
            if records.is_empty() {
                break;
            }
            looked += records.len();
            if records.iter().any(|record| known.look_past(record)) {
                break;
            }
            few = FEW;
        }
        Ok(known)
    }
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
