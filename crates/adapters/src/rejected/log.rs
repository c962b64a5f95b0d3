//! The rejected log: a log of one partition whose records are `RejectedRecord`s.
//!
//! A message's number is its offset plus one: known from its place alone, rising in the order of
//! rejection, and never given twice. A resubmission that was accepted is a record of its own, so
//! numbers have gaps. Only totals and the numbers resubmitted are kept in memory; lists are read
//! from the log.

use lienthong_contract::pb::operations::v1::rejected_record::Record as Told;
use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage, RejectedRecord};
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{AppendError, Bounds, EventLog, ReadError, Record, StoredRecord};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The only partition.
const PARTITION: u32 = 0;
/// Records read at once.
const AT_ONCE: usize = 256;
/// Bytes after which an append takes no further message.
const APPEND_BYTES: usize = 2 * 1024 * 1024;

/// The rejected log.
pub struct RejectedLog {
    log: Arc<dyn EventLog>,
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    totals: BTreeMap<String, u64>,
    resubmitted: BTreeSet<u64>,
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
    /// Reads the whole log once, for its totals.
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
                match decode(&stored) {
                    Some(Told::Rejected(content)) => index.count(&content),
                    Some(Told::ResubmittedNumber(number)) => {
                        index.resubmitted.insert(number);
                    }
                    None => {
                        let offset = stored.offset;
                        tracing::warn!(offset, "a record of the rejected log cannot be read");
                    }
                }
            }
        }
        Ok(Self {
            log,
            index: Mutex::new(index),
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
            if position.is_some() {
                *index.totals.entry(entry.reason).or_default() += 1;
            }
        }
    }

    /// Records that a resubmission was accepted.
    ///
    /// # Errors
    /// If the log does not take it.
    pub async fn mark_resubmitted(&self, number: u64) -> Result<(), AppendError> {
        self.log
            .append(vec![record(Told::ResubmittedNumber(number))])
            .await?;
        self.index().resubmitted.insert(number);
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

    /// Messages rejected by reason, of all that the log holds.
    pub fn totals(&self) -> HashMap<String, u64> {
        let index = self.index();
        index
            .totals
            .iter()
            .map(|(reason, count)| (reason.clone(), *count))
            .collect()
    }

    /// The message stored there with its number and whether it was resubmitted; none for a record
    /// of another kind.
    fn message(&self, stored: &StoredRecord) -> Option<RejectedContent> {
        let Some(Told::Rejected(mut content)) = decode(stored) else {
            return None;
        };
        let message = content.message.get_or_insert_default();
        message.number = stored.offset + 1;
        message.resubmitted = self.index().resubmitted.contains(&message.number);
        Some(content)
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn count(&mut self, content: &RejectedContent) {
        if let Some(message) = &content.message {
            *self.totals.entry(message.reason.clone()).or_default() += 1;
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

fn decode(stored: &StoredRecord) -> Option<Told> {
    RejectedRecord::decode(stored.record.value.clone())
        .ok()?
        .record
}
