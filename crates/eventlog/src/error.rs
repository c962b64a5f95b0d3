//! Why an append or a read failed, one enum for each, and whether trying again can help.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// Why records were not acknowledged. They are safe to send again; whether it can help is
/// [`AppendError::is_retryable`].
#[derive(Clone, Debug, Error)]
pub enum AppendError {
    /// The partition's queue is full; nothing of the call was stored.
    #[error(
        "partition {partition} is overloaded: {queued_bytes} of {limit} bytes are queued; send again shortly, or raise queue_bytes"
    )]
    Overloaded {
        /// The partition whose queue is full.
        partition: u32,
        /// Bytes waiting to become durable.
        queued_bytes: usize,
        /// The queue's bound in bytes.
        limit: usize,
    },
    /// No space is left where the partition is kept. Appends succeed again once there is space.
    #[error("the disk of partition {partition} is full ({dir}); free some space and send again")]
    DiskFull {
        /// The partition that could not grow.
        partition: u32,
        /// Where it is kept.
        dir: PathBuf,
    },
    /// A record is larger than the log takes; nothing of the call was stored.
    #[error(
        "a record of {size} bytes (key and value) exceeds the limit of {limit}; make it smaller or raise max_record_bytes"
    )]
    TooLarge {
        /// Bytes of key and value together.
        size: usize,
        /// The most a record may have.
        limit: usize,
    },
    /// The records of one call for one partition are together larger than its whole queue, so that
    /// the call could never be taken; nothing of it was stored.
    #[error(
        "{size} bytes for one partition in one call exceed its queue of {limit}; send smaller batches or raise queue_bytes"
    )]
    BatchTooLarge {
        /// Bytes the call has for one partition.
        size: usize,
        /// The queue's bound in bytes.
        limit: usize,
    },
    /// The recorded time of a record is outside what every home keeps (see
    /// [`Record::recorded_ms`](crate::Record::recorded_ms)); nothing of the call was stored.
    #[error(
        "recorded_ms {recorded_ms} is outside 1 to 253402300799999 (year 9999); set the hub's clock right"
    )]
    RecordedTime {
        /// Milliseconds since the Unix epoch, as given.
        recorded_ms: i64,
    },
    /// The log was closed.
    #[error("the log is closed; send to a hub that is serving")]
    Closed,
    /// The brokers that keep the partition cannot be reached, too few of its replicas are in sync,
    /// or they did not answer in time. Some records may have been stored.
    #[error("partition {partition} is unavailable: {what}; send again shortly")]
    Unavailable {
        /// The partition that did not answer.
        partition: u32,
        /// What the brokers, or the client for them, said.
        what: String,
    },
    /// Writing or syncing failed. The log goes on from its last durable offset.
    #[error("partition {partition} could not be written: {source}; send again")]
    Io {
        /// The partition that failed.
        partition: u32,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
}

impl AppendError {
    /// Whether the same records may be taken by the same log a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Overloaded { .. }
            | Self::DiskFull { .. }
            | Self::Unavailable { .. }
            | Self::Io { .. } => true,
            Self::TooLarge { .. }
            | Self::BatchTooLarge { .. }
            | Self::RecordedTime { .. }
            | Self::Closed => false,
        }
    }
}

/// Why a partition could not be read.
#[derive(Clone, Debug, Error)]
pub enum ReadError {
    /// The offset asked for is not, or no longer, in the log.
    #[error(
        "offset {asked} of partition {partition} is out of range: {start} (inclusive) to {end} can be read"
    )]
    OutOfRange {
        /// The partition asked.
        partition: u32,
        /// The offset asked for.
        asked: u64,
        /// First offset that can be read.
        start: u64,
        /// Next offset to be written.
        end: u64,
    },
    /// The log has no such partition.
    #[error("there is no partition {partition}: the log has {partitions}, numbered from 0")]
    NoSuchPartition {
        /// The partition asked.
        partition: u32,
        /// How many there are.
        partitions: u32,
    },
    /// Stored bytes do not verify. Nothing at or after this offset was returned.
    #[error(
        "partition {partition} is damaged at offset {offset} in {path}: {what}; restore the file from a copy"
    )]
    Corrupt {
        /// The partition read.
        partition: u32,
        /// First offset that could not be read.
        offset: u64,
        /// The file that holds it.
        path: PathBuf,
        /// What does not verify.
        what: &'static str,
    },
    /// The log was closed and everything in the partition has been read.
    #[error("the log is closed and partition {partition} has been read to its end")]
    Closed {
        /// The partition read.
        partition: u32,
    },
    /// The brokers that keep the partition cannot be reached or did not answer in time.
    #[error("partition {partition} is unavailable: {what}; read again shortly")]
    Unavailable {
        /// The partition read.
        partition: u32,
        /// What the brokers, or the client for them, said.
        what: String,
    },
    /// Reading failed.
    #[error("partition {partition} could not be read: {source}")]
    Io {
        /// The partition read.
        partition: u32,
        /// What the system said.
        #[source]
        source: Arc<io::Error>,
    },
}

impl ReadError {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Unavailable { .. })
    }
}
