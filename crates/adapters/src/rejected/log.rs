//! The rejected log: a log of one partition whose records are `RejectedRecord`s.
//!
//! A message's number is its offset plus one: known from its place alone, rising in the order of
//! rejection, and never given twice. A resubmission that was accepted is a record of its own, so
//! numbers have gaps. Only totals and the numbers resubmitted are kept in memory ([`Index`]); lists
//! are read from the log. Other processes may write the same log: what they wrote is followed.

use super::index::{Index, decode};
use lienthong_contract::pb::operations::v1::rejected_record::Record as Told;
use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage, RejectedRecord};
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{AppendError, Bounds, EventLog, ReadError, Reader, Record, StoredRecord};
use prost::Message;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// The only partition.
const PARTITION: u32 = 0;
/// Records read at once.
const AT_ONCE: usize = 256;
/// Bytes after which an append takes no further message.
const APPEND_BYTES: usize = 2 * 1024 * 1024;
/// Pause before a read that failed is tried again.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// The rejected log.
pub struct RejectedLog {
    log: Arc<dyn EventLog>,
    index: Arc<Mutex<Index>>,
    /// Follows the log as long as this lives.
    _follower: JoinSet<()>,
}

/// What became of messages that were to be kept.
#[derive(Debug, Default)]
pub struct Kept {
    /// The number of each, in order; 0 for one that could not be kept.
    pub numbers: Vec<u64>,
    /// Why the last of those could not be.
    pub failure: Option<AppendError>,
}

/// A message on its way into the log.
struct Entry {
    reason: String,
    record: Record,
}

/// Why the rejected log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It has more than one partition, so that its offsets do not number its messages.
    #[error("the rejected log has {0} partitions; open it with 1")]
    Partitions(u32),
    /// It could not be read.
    #[error("the rejected log could not be read: {0}")]
    Read(#[from] ReadError),
}

impl OpenError {
    /// Whether opening it again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_retryable())
    }
}

impl RejectedLog {
    /// Reads the whole log once, for its totals, and follows it from there on.
    ///
    /// # Errors
    /// If it has more than one partition or cannot be read.
    pub async fn open(log: Arc<dyn EventLog>) -> Result<Self, OpenError> {
        if log.partitions() != 1 {
            return Err(OpenError::Partitions(log.partitions()));
        }
        let bounds = log.bounds(PARTITION).await?;
        let mut reader = log.reader(PARTITION, bounds.start).await?;
        let mut index = Index::default();
        while reader.position() < bounds.end {
            for stored in reader.poll_now(AT_ONCE).await? {
                index.follow(&stored);
            }
        }
        let index = Arc::new(Mutex::new(index));
        let mut follower = JoinSet::new();
        follower.spawn(follow(log.clone(), reader, index.clone()));
        Ok(Self {
            log,
            index,
            _follower: follower,
        })
    }

    /// Keeps messages; answers once those that have a number are durable.
    pub async fn keep(&self, contents: Vec<RejectedContent>) -> Kept {
        let mut kept = Kept::default();
        let mut waiting: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        for content in contents {
            let reason = content
                .message
                .as_ref()
                .map(|message| message.reason.clone());
            let record = record(Told::Rejected(content));
            bytes += record.value.len();
            waiting.push(Entry {
                reason: reason.unwrap_or_default(),
                record,
            });
            if bytes >= APPEND_BYTES {
                self.keep_some(std::mem::take(&mut waiting), &mut kept)
                    .await;
                bytes = 0;
            }
        }
        self.keep_some(waiting, &mut kept).await;
        kept
    }

    /// One append. A message too large for the log is left out of it.
    async fn keep_some(&self, entries: Vec<Entry>, kept: &mut Kept) {
        let mut limit = usize::MAX;
        let positions = loop {
            let fitting = entries
                .iter()
                .filter(|entry| entry.record.value.len() <= limit);
            let records: Vec<Record> = fitting.map(|entry| entry.record.clone()).collect();
            match self.log.append(records).await {
                Ok(positions) => break positions,
                Err(AppendError::TooLarge { size, limit: most }) if most < limit => {
                    kept.failure = Some(AppendError::TooLarge { size, limit: most });
                    limit = most;
                }
                Err(error) => {
                    kept.failure = Some(error);
                    limit = 0;
                    break Vec::new();
                }
            }
        };
        let mut positions = positions.into_iter();
        let mut index = self.index();
        for entry in entries {
            let fits = entry.record.value.len() <= limit;
            let position = if fits { positions.next() } else { None };
            kept.numbers
                .push(position.map_or(0, |position| position.offset + 1));
            if let Some(position) = position {
                index.kept(position.offset, entry.reason);
            }
        }
    }

    /// Records that a resubmission was accepted.
    ///
    /// # Errors
    /// If the log does not take it.
    pub async fn mark_resubmitted(&self, number: u64) -> Result<(), AppendError> {
        let told = record(Told::ResubmittedNumber(number));
        for position in self.log.append(vec![told]).await? {
            self.index().resubmitted(position.offset, number);
        }
        Ok(())
    }

    /// The messages after number `after`, without content, at most `most`.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn list(
        &self,
        after: u64,
        most: usize,
        include_resubmitted: bool,
    ) -> Result<Vec<RejectedMessage>, ReadError> {
        let Bounds { start, end } = self.log.bounds(PARTITION).await?;
        let mut reader = self.log.reader(PARTITION, after.clamp(start, end)).await?;
        let mut messages = Vec::new();
        loop {
            let stored = reader.poll_now(AT_ONCE).await?;
            if stored.is_empty() {
                return Ok(messages);
            }
            for stored in &stored {
                let message = self.message(stored).and_then(|content| content.message);
                let Some(message) = message else { continue };
                if include_resubmitted || !message.resubmitted {
                    messages.push(message);
                }
                if messages.len() == most {
                    return Ok(messages);
                }
            }
        }
    }

    /// One message with its content; none if there is no message of that number.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn get(&self, number: u64) -> Result<Option<RejectedContent>, ReadError> {
        let Bounds { start, end } = self.log.bounds(PARTITION).await?;
        let Some(offset) = number
            .checked_sub(1)
            .filter(|offset| (start..end).contains(offset))
        else {
            return Ok(None);
        };
        let mut reader = self.log.reader(PARTITION, offset).await?;
        let stored = reader.poll_now(1).await?;
        Ok(stored.first().and_then(|stored| self.message(stored)))
    }

    /// Messages rejected by reason, of all that the log holds; those that another process wrote
    /// just now may be missing.
    pub fn totals(&self) -> HashMap<String, u64> {
        self.index().totals()
    }

    /// The message stored there with its number and whether it was resubmitted; none for a record
    /// of another kind.
    fn message(&self, stored: &StoredRecord) -> Option<RejectedContent> {
        let Some(Told::Rejected(mut content)) = decode(stored) else {
            return None;
        };
        let message = content.message.get_or_insert_default();
        message.number = stored.offset + 1;
        message.resubmitted = self.index().is_resubmitted(message.number);
        Some(content)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        locked(&self.index)
    }
}

fn locked(index: &Mutex<Index>) -> MutexGuard<'_, Index> {
    index.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads on until the log is closed. A read that failed is tried again: until it succeeds, what
/// other processes write is missing from the totals, and every list is complete all the same.
async fn follow(log: Arc<dyn EventLog>, mut reader: Box<dyn Reader>, index: Arc<Mutex<Index>>) {
    let mut failing = false;
    loop {
        match reader.next(AT_ONCE).await {
            Ok(stored) => {
                failing = false;
                let mut index = locked(&index);
                stored.iter().for_each(|stored| index.follow(stored));
            }
            Err(ReadError::Closed { .. }) => return,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "the rejected log cannot be followed; trying on");
                }
                failing = true;
                tokio::time::sleep(READ_PAUSE).await;
                // Retention went past the reader: what is gone needs no counting.
                if let ReadError::OutOfRange { start, .. } = error
                    && let Ok(from_start) = log.reader(PARTITION, start).await
                {
                    reader = from_start;
                }
            }
        }
    }
}

fn record(told: Told) -> Record {
    let value = RejectedRecord { record: Some(told) };
    Record {
        key: bytes::Bytes::new(),
        value: value.encode_to_vec().into(),
        recorded_ms: now_millis(),
    }
}
