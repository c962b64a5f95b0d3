//! The settings of the embedded log.

use std::path::PathBuf;
use std::time::Duration;

use super::OpenError;
use super::format::OVERHEAD;

/// Most partitions a log may have: each has a thread of its own.
const MAX_PARTITIONS: u32 = 256;
/// Least and most bytes of a segment.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 4 * 1024..=2 * 1024 * 1024 * 1024;

/// Where an embedded log is kept and what bounds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The log's directory, for it alone. Made if there is none.
    pub dir: PathBuf,
    /// Number of partitions, 1 to 256; fixed once the log is made. 4 by default.
    pub partitions: u32,
    /// Size of a segment file in bytes, 4 KiB to 2 GiB. What is kept is removed by whole segments,
    /// and opening reads at most one per partition. 64 MiB by default.
    pub segment_bytes: u64,
    /// Segments whose latest record was recorded longer ago than this are removed. None by
    /// default: nothing goes by age.
    pub retention_age: Option<Duration>,
    /// The oldest segments are removed while a partition has more bytes than this. None by
    /// default: nothing goes by size.
    pub retention_bytes: Option<u64>,
    /// Bytes per partition that may wait to become durable before appends are refused. 16 MiB by
    /// default.
    pub queue_bytes: usize,
    /// Most bytes of one record, key and value together. 1 MiB by default; together with the 20
    /// bytes of its frame a record must fit into a segment and into the queue.
    pub max_record_bytes: usize,
}

impl Config {
    /// The defaults, in a directory.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            partitions: 4,
            segment_bytes: 64 * 1024 * 1024,
            retention_age: None,
            retention_bytes: None,
            queue_bytes: 16 * 1024 * 1024,
            max_record_bytes: 1024 * 1024,
        }
    }

    /// That every field is within its range; what opening checks first.
    ///
    /// # Errors
    /// [`OpenError::Setting`], naming the field.
    pub fn check(&self) -> Result<(), OpenError> {
        let framed = self.max_record_bytes.saturating_add(OVERHEAD);
        let wrong = if !(1..=MAX_PARTITIONS).contains(&self.partitions) {
            (
                "partitions",
                format!(
                    "must be from 1 to {MAX_PARTITIONS}, not {}",
                    self.partitions
                ),
            )
        } else if !SEGMENT_BYTES.contains(&self.segment_bytes) {
            (
                "segment_bytes",
                format!(
                    "must be from {} to {}, not {}",
                    SEGMENT_BYTES.start(),
                    SEGMENT_BYTES.end(),
                    self.segment_bytes
                ),
            )
        } else if framed as u64 > self.segment_bytes {
            (
                "max_record_bytes",
                format!(
                    "must be at most segment_bytes - {OVERHEAD}, not {}",
                    self.max_record_bytes
                ),
            )
        } else if framed > self.queue_bytes {
            (
                "queue_bytes",
                format!(
                    "must be at least max_record_bytes + {OVERHEAD}, not {}",
                    self.queue_bytes
                ),
            )
        } else {
            return Ok(());
        };
        Err(OpenError::Setting {
            field: wrong.0,
            what: wrong.1,
        })
    }
}
