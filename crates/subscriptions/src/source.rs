//! The event log as subscribers see it: read once for everybody, in blocks of events that are
//! encoded already.
//!
//! Left out are what a source sent again (same `source` and `id`, see [`WINDOW`]), the second copy
//! of a link (the record whose key is the second of `contract::event::keys`; one under any other key
//! is told), records that are no event of this version, and the hub's own probes, which only the
//! hub's own watch is handed.

mod build;
mod cache;
mod catch_up;
mod follower;
mod home;
mod place;
mod reading;
mod repeats;
mod shared;
mod shelf;
mod wire;

pub use build::build;
pub use home::{Source, start};

use crate::facets::{Attribute, Facets};
use async_trait::async_trait;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::Probe;
use lienthong_contract::pb::subscription::v1::{Beginning, Start, start};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{Position, ReadError};
use std::ops::Range;
use std::sync::Arc;

/// Records of a partition that count as one chunk: a repeat is left out if the first of its kind
/// lies in the same chunk or the one before. Chunks begin at multiples, so that what is a repeat
/// follows from the log alone and not from where reading began.
pub const WINDOW: u64 = 65_536;

/// Consecutive records of one partition.
#[derive(Debug)]
pub struct Block {
    /// The partition.
    pub partition: u32,
    /// Offset of the first record.
    pub first: u64,
    /// Offset after the last record.
    pub next: u64,
    /// The events to be delivered, by offset; others of the range are not.
    pub entries: Vec<Entry>,
    /// The entries one after the other, each as an element of `Events.deliveries`: tag, length,
    /// `Delivery` without the fields of durable subscriptions.
    pub bytes: Bytes,
    /// [`crate::token::mark`] of every record of the range, those that are left out included.
    pub marks: Vec<u32>,
    /// The hub's own probes of the range, by offset: told to no subscriber.
    pub probes: Vec<Probed>,
}

/// One of the hub's own probes.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// Its offset.
    pub offset: u64,
    /// When it was recorded, milliseconds since the epoch.
    pub recorded_ms: i64,
    /// What it tells.
    pub probe: Probe,
}

/// One event of a block.
#[derive(Debug)]
pub struct Entry {
    /// Its offset.
    pub offset: u64,
    /// When it was recorded, milliseconds since the epoch.
    pub recorded_ms: i64,
    /// What filters see.
    pub facets: Facets,
    /// Its place in [`Block::bytes`], with tag and length.
    pub element: Range<u32>,
    /// Its place in [`Block::bytes`], the `Delivery` alone.
    pub delivery: Range<u32>,
}

/// One event on its own, to be kept while it is in flight.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Where it lies.
    pub position: Position,
    /// When it was recorded, milliseconds since the epoch.
    pub recorded_ms: i64,
    /// Its case: the record's key.
    pub case: Arc<str>,
    /// The source's URN.
    pub source: Arc<str>,
    /// The source's id.
    pub id: Arc<str>,
    /// The encoded `Delivery` without the fields of durable subscriptions; further fields may be
    /// put behind it.
    pub delivery: Bytes,
    /// What filters see. Kept for a webhook only, whose body tells them; elsewhere it would be
    /// memory for nothing.
    pub facets: Option<Arc<Facets>>,
}

impl Block {
    /// The entries from an offset on.
    pub fn from(&self, offset: u64) -> &[Entry] {
        let before = self.entries.partition_point(|entry| entry.offset < offset);
        &self.entries[before..]
    }

    /// The mark of the record at an offset of the block; 0 outside of it.
    pub fn mark(&self, offset: u64) -> u32 {
        let at = offset.checked_sub(self.first).map(|at| at as usize);
        at.and_then(|at| self.marks.get(at)).copied().unwrap_or(0)
    }

    /// A copy of an entry that does not keep the block, without its facets.
    pub fn ready(&self, entry: &Entry) -> Ready {
        let text = |attribute| Arc::from(entry.facets.first(attribute).unwrap_or_default());
        let delivery = entry.delivery.start as usize..entry.delivery.end as usize;
        Ready {
            position: Position {
                partition: self.partition,
                offset: entry.offset,
            },
            recorded_ms: entry.recorded_ms,
            case: text(Attribute::PartitionKey),
            source: text(Attribute::Source),
            id: text(Attribute::Id),
            delivery: Bytes::copy_from_slice(&self.bytes[delivery]),
            facets: None,
        }
    }

    /// The same with its facets.
    pub fn ready_with_facets(&self, entry: &Entry) -> Ready {
        Ready {
            facets: Some(Arc::new(entry.facets.clone())),
            ..self.ready(entry)
        }
    }
}

/// Reads blocks, for any number of subscribers.
#[async_trait]
pub trait Blocks: Send + Sync + 'static {
    /// Partitions of the event log.
    fn partitions(&self) -> u32;

    /// Next offset to be written of each partition, as far as known; from memory.
    fn ends(&self) -> Vec<u64>;

    /// The block that holds this offset; it may begin before it. None at the end.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] if retention removed the offset, or a failure of the home.
    async fn block(&self, partition: u32, offset: u64) -> Result<Option<Arc<Block>>, ReadError>;

    /// Whether a place is read from memory, as that of whoever keeps up is. True where everything
    /// is in memory.
    fn is_recent(&self, _partition: u32, _offset: u64) -> bool {
        true
    }

    /// Waits until one of the partitions ends after these offsets. Cancel-safe.
    async fn grown(&self, positions: &[u64]);

    /// The next offset to read of each partition for a start.
    ///
    /// # Errors
    /// `TOKEN_MALFORMED`, `TOKEN_FOREIGN`, `POSITION_GONE`, `REQUEST_MALFORMED` for a time out of
    /// range, `LOG_UNAVAILABLE`.
    async fn place(&self, start: &Start) -> Result<Vec<u64>, Failure>;

    /// The token that resumes at these offsets.
    ///
    /// # Errors
    /// `LOG_UNAVAILABLE`.
    async fn token(&self, positions: &[u64]) -> Result<String, Failure>;
}

/// Why a stream over the blocks cannot go on or begin. Retention that took the offset is
/// `POSITION_GONE`, with the earliest token if it can be had; anything else is `LOG_UNAVAILABLE`.
pub async fn failure(blocks: &dyn Blocks, error: ReadError) -> Failure {
    match error {
        ReadError::OutOfRange { asked, start, .. } if asked < start => {
            let failure = Failure::new(Reason::PositionGone, error.to_string());
            let beginning = Start {
                place: Some(start::Place::Beginning(Beginning {})),
            };
            let earliest = match blocks.place(&beginning).await {
                Ok(positions) => blocks.token(&positions).await,
                Err(error) => Err(error),
            };
            match earliest {
                Ok(token) => failure.with("earliest_token", token),
                Err(_) => failure,
            }
        }
        error => Failure::new(Reason::LogUnavailable, error.to_string()),
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
