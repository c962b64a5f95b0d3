//! Batches of changes as records of the log, and back.

use bytes::Bytes;
use lienthong_contract::pb::catalog::v1::{CatalogRecord, Change};
use lienthong_eventlog::{Record, StoredRecord};
use prost::Message;
use siphasher::sip::SipHasher24;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// Bytes after which an append takes no further record.
const APPEND_BYTES: usize = 1024 * 1024;

/// A batch of which some records were read.
#[derive(Default)]
pub struct Batch {
    /// The changes read, by their place, each with its offset.
    pub changes: BTreeMap<u32, (u64, Change)>,
    /// See [`CatalogRecord::checked_at`].
    pub checked_at: u64,
    size: u32,
}

impl Batch {
    /// Takes a record; true if it was the last that was missing.
    pub fn take(&mut self, offset: u64, record: CatalogRecord) -> bool {
        self.size = record.size;
        self.checked_at = record.checked_at;
        let change = record.change.unwrap_or_default();
        self.changes.insert(record.index, (offset, change));
        self.changes.len() == self.size as usize
    }
}

/// The records of a batch, in appends that the log takes.
pub fn records(changes: &[Change], checked_at: u64, now_ms: i64) -> Vec<Vec<Record>> {
    let name = name(changes, now_ms);
    let mut appends = Vec::new();
    let mut append = Vec::new();
    let mut bytes = 0;
    for (index, change) in (0u32..).zip(changes) {
        let record = CatalogRecord {
            change: Some(change.clone()),
            batch: name.clone(),
            index,
            size: u32::try_from(changes.len()).unwrap_or(u32::MAX),
            checked_at,
        };
        let value = record.encode_to_vec();
        bytes += value.len();
        append.push(Record {
            key: Bytes::new(),
            value: value.into(),
            recorded_ms: now_ms,
        });
        if bytes >= APPEND_BYTES {
            appends.push(std::mem::take(&mut append));
            bytes = 0;
        }
    }
    if !append.is_empty() {
        appends.push(append);
    }
    appends
}

/// What a record of the catalogue log tells; none for bytes of another kind.
pub fn decode(stored: &StoredRecord) -> Option<CatalogRecord> {
    let record = CatalogRecord::decode(stored.record.value.clone()).ok()?;
    let complete = record.change.is_some() && record.index < record.size;
    complete.then_some(record)
}

/// What a change says, as a number: equal for equal changes.
pub fn fingerprint(change: &Change) -> u64 {
    let mut hasher = SipHasher24::new();
    let mut feed = |text: &str| {
        hasher.write(&(text.len() as u64).to_le_bytes());
        hasher.write(text.as_bytes());
    };
    feed(&change.table);
    feed(&change.kind);
    let cells: BTreeMap<&String, &String> = change.cells.iter().collect();
    for (column, cell) in cells {
        feed(column);
        feed(cell);
    }
    hasher.finish()
}

/// A name that no other batch has: of what it says, when, and which process records it.
fn name(changes: &[Change], now_ms: i64) -> String {
    use std::hash::BuildHasher;
    // Seeded at random by the standard library, so it tells processes apart.
    let nonce = std::hash::RandomState::new().hash_one(std::process::id());
    let mut hasher = SipHasher24::new();
    for change in changes {
        hasher.write(change.id.as_bytes());
    }
    format!("{now_ms:x}-{:016x}-{nonce:016x}", hasher.finish())
}
