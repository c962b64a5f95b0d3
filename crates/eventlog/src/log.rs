//! What any home of the log promises.
//!
//! ```text
//!             Bounds::start                     Bounds::end
//!                   |                                |
//! partition 0  . . [17][18][19][20][21][22][23][24] (25) . . .
//!               ^    ^               ^           ^    ^
//!     retention |    first kept      |   durable |    next append
//!     took these                Reader::position |    becomes 25
//!                               (next to be read)
//! ```
//!
//! - Offsets of a partition are consecutive: no gaps, no repeats.
//! - A record is readable exactly when it is durable, and an append is acknowledged only then.
//! - Once a reader was given offset `n`, every reader finds the same bytes there until retention
//!   takes them.
//! - An append that fails, or whose future is dropped, may still have stored some of its records.
//!   Sending them again stores them again: whoever reads makes an event take effect once.

use async_trait::async_trait;

use crate::{
    AppendError, Bounds, Position, ReadError, Record, Retention, StoredRecord, partition_for,
};

/// An append-only, partitioned, durable sequence of opaque records.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Number of partitions, fixed for the life of the log, at least 1.
    fn partitions(&self) -> u32;

    /// The partition on which a record with this key is stored; always the Java client's default,
    /// so that moving a log between homes keeps every case where it is.
    fn partition_of(&self, key: &[u8]) -> u32 {
        partition_for(key, self.partitions())
    }

    /// Stores the records and answers with their positions, in the order given. Resolves only when
    /// every one of them is durable.
    ///
    /// Records of one call that share a partition keep their order: their offsets rise, with
    /// nothing between them but records of other calls. Concurrent calls may be stored in either
    /// order. No records: an empty answer, at once.
    ///
    /// # Errors
    /// [`AppendError`]; some of the records may have been stored nevertheless, and it is safe to
    /// send all of them again.
    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError>;

    /// A reader that begins at offset `from`, which may equal the end.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] if `from` lies before the start or after the end,
    /// [`ReadError::NoSuchPartition`], or a failure of the home.
    async fn reader(&self, partition: u32, from: u64) -> Result<Box<dyn Reader>, ReadError>;

    /// The offsets a partition holds at this moment.
    ///
    /// # Errors
    /// [`ReadError::NoSuchPartition`], or a failure of the home.
    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError>;

    /// The first kept offset whose record was recorded at or after `recorded_ms` (milliseconds
    /// since the Unix epoch); the end if there is none.
    ///
    /// Recorded times need not rise with the offsets: everything before the answer is earlier than
    /// `recorded_ms`, while some of what follows it may be, too.
    ///
    /// # Errors
    /// [`ReadError::NoSuchPartition`], [`ReadError::Corrupt`], or a failure of the home.
    async fn offset_at(&self, partition: u32, recorded_ms: i64) -> Result<u64, ReadError>;

    /// What is kept of a partition. From memory: never waits for a disk or a broker, so that it may
    /// be asked at every look at the lag. A change from outside, as by an administrator of a
    /// cluster, is seen within about a minute; while the cluster does not answer, the answer is
    /// what was last known.
    ///
    /// # Errors
    /// [`ReadError::NoSuchPartition`].
    async fn retention(&self, partition: u32) -> Result<Retention, ReadError>;

    /// Refuses new appends, makes what was accepted durable, and returns when that is done. What
    /// is stored stays readable; readers that wait at the end get [`ReadError::Closed`]. Closing
    /// twice does nothing more.
    ///
    /// # Errors
    /// [`AppendError::Io`] or [`AppendError::Unavailable`] if the home could not be closed in order.
    async fn close(&self) -> Result<(), AppendError>;
}

/// Reads one partition in order: catches up with what is stored, then follows.
#[async_trait]
pub trait Reader: Send {
    /// The next records in order: at least one, at most `max_records` (0 is taken as 1) and about
    /// 1 MiB, more only if a single record is larger. Waits at the end until something is durable.
    ///
    /// Cancel-safe: dropping the future before it resolves skips nothing and repeats nothing.
    ///
    /// # Errors
    /// [`ReadError::OutOfRange`] once retention has overtaken the reader, [`ReadError::Corrupt`]
    /// where stored bytes do not verify (never skipped), [`ReadError::Closed`] at the end of a
    /// closed log, or a failure of the home. The position stays, so that calling again tries again.
    async fn next(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError>;

    /// Like [`Reader::next`], but answers with no records at once at the end of what is durable.
    ///
    /// # Errors
    /// As [`Reader::next`], except [`ReadError::Closed`].
    async fn poll_now(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError>;

    /// The next offset to be read.
    fn position(&self) -> u64;
}
