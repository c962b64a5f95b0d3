//! What goes into the log and where it came to lie.

use bytes::Bytes;
use std::ops::RangeInclusive;
use std::time::Duration;

/// One record as it is handed to the log. Both parts are opaque bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Decides the partition; records with equal keys keep their order. May be empty. Never holds
    /// personal data.
    pub key: Bytes,
    /// The stored bytes, returned exactly as given. May be empty.
    pub value: Bytes,
    /// When the hub recorded it: milliseconds since the Unix epoch, by the hub's clock, from 1 to
    /// 253402300799999 (the last of year 9999). Outside of it a home may refuse the record: Kafka
    /// takes 0 for "now" and has no times before the epoch.
    pub recorded_ms: i64,
}

impl Record {
    /// The recorded times that every home keeps, in milliseconds since the Unix epoch.
    pub const RECORDED_MS: RangeInclusive<i64> = 1..=253_402_300_799_999;
}

/// A record with the offset it was stored at.
///
/// Key and value are slices of a shared block of up to about 1 MiB: keeping one of them keeps the
/// whole block in memory. Copy what is to be kept for long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Offset within the partition it was read from.
    pub offset: u64,
    /// The record as it was appended.
    pub record: Record,
}

/// The place of one record in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Partition number, from 0.
    pub partition: u32,
    /// Offset within the partition, from 0.
    pub offset: u64,
}

/// What a partition holds: the offsets from `start` (inclusive) to `end` (exclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// First offset still kept; retention moves it up. Equal to `end` when nothing is kept.
    pub start: u64,
    /// Next offset to be written; every offset below it is durable.
    pub end: u64,
}

/// What a log keeps of a partition, and what it holds of that now.
///
/// Records go in stretches (segments), oldest first, and never the stretch that is written: what is
/// older or more than this may be kept a while longer, but nothing younger and less is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Retention {
    /// Age by the recorded time above which records may be removed; none: nothing goes by age.
    pub age: Option<Duration>,
    /// Bytes of a partition above which its oldest records may be removed; none: nothing goes by
    /// size.
    pub bytes: Option<u64>,
    /// Bytes that the partition holds now, counted as `bytes` counts them; none where the home
    /// cannot tell cheaply (Kafka).
    pub kept_bytes: Option<u64>,
}
