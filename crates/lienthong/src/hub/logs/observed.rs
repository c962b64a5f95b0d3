//! A log that is measured: appends as messages sent and reads as messages polled, by the conventions
//! of messaging.
//!
//! What is measured goes through unchanged, errors and all, and at the same poll: an append that is
//! refused at once is still refused at once, and dropping a read loses nothing. Nothing is done for
//! each record but counting, except where traces are on: then the records of a small batch, as they
//! come while a reader follows, are looked at for the spans that sent them.

use async_trait::async_trait;
use lienthong_contract::cloudevents;
use lienthong_eventlog::{
    AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, Retention, StoredRecord,
};
use lienthong_telemetry::messaging::{self, Destination, Series};
use lienthong_telemetry::trace;
use std::sync::Arc;
use std::time::Instant;

/// Most records of a batch whose senders a span of the poll is linked to: who reads more at once is
/// catching up, and what it reads was traced long ago.
const FOLLOWING: usize = 256;

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// This consumer group; of an embedded log what it would be called.
    Group(String),
    /// Readers of several groups, who measure their reading themselves.
    Own,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// What the log is called.
    pub destination: Destination,
    /// Who reads it.
    pub readers: Readers,
}

/// Measures a log.
pub fn observed(log: Arc<dyn EventLog>, watched: Watched) -> Arc<dyn EventLog> {
    Arc::new(Observed {
        log,
        sent: messaging::sending(&watched.destination),
        watched: Arc::new(watched),
    })
}

struct Observed {
    log: Arc<dyn EventLog>,
    sent: Arc<Series>,
    watched: Arc<Watched>,
}

#[async_trait]
impl EventLog for Observed {
    fn partitions(&self) -> u32 {
        self.log.partitions()
    }

    fn partition_of(&self, key: &[u8]) -> u32 {
        self.log.partition_of(key)
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        let (began, count) = (Instant::now(), records.len() as u64);
        let appended = self.log.append(records).await;
        if count > 0 {
            let error = appended.as_ref().err().map(of_append);
            let seconds = began.elapsed().as_secs_f64();
            self.sent.done(count, seconds, error);
        }
        appended
    }

    async fn reader(&self, partition: u32, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let reader = self.log.reader(partition, from).await?;
        Ok(match &self.watched.readers {
            Readers::Own => reader,
            Readers::Group(group) => Box::new(ObservedReader {
                reader,
                partition,
                polled: messaging::polling(&self.watched.destination, group, partition),
                watched: self.watched.clone(),
            }),
        })
    }

    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        self.log.bounds(partition).await
    }

    async fn retention(&self, partition: u32) -> Result<Retention, ReadError> {
        self.log.retention(partition).await
    }

    async fn offset_at(&self, partition: u32, recorded_ms: i64) -> Result<u64, ReadError> {
        self.log.offset_at(partition, recorded_ms).await
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.log.close().await
    }
}

struct ObservedReader {
    reader: Box<dyn Reader>,
    partition: u32,
    polled: Arc<Series>,
    watched: Arc<Watched>,
}

#[async_trait]
impl Reader for ObservedReader {
    async fn next(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let began = Instant::now();
        let read = self.reader.next(max_records).await;
        self.measure(began, &read);
        read
    }

    async fn poll_now(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let began = Instant::now();
        let read = self.reader.poll_now(max_records).await;
        self.measure(began, &read);
        read
    }

    fn position(&self) -> u64 {
        self.reader.position()
    }
}

impl ObservedReader {
    /// Measures a read that gave records or failed; one that waited at the end counts its waiting, as
    /// the conventions have it of a poll. The end of a closed log is no failure, and a
    /// poll that found nothing no operation.
    fn measure(&self, began: Instant, read: &Result<Vec<StoredRecord>, ReadError>) {
        let Readers::Group(group) = &self.watched.readers else {
            return;
        };
        let (records, error): (&[StoredRecord], _) = match read {
            Ok(records) if records.is_empty() => return,
            Ok(records) => (records, None),
            Err(ReadError::Closed { .. }) => return,
            Err(error) => (&[], Some(of_read(error))),
        };
        let (destination, partition) = (&self.watched.destination, self.partition);
        let (count, seconds) = (records.len() as u64, began.elapsed().as_secs_f64());
        self.polled.done(count, seconds, error);
        if trace::is_on() && records.len() <= FOLLOWING {
            let mut senders = records
                .iter()
                .filter_map(|stored| cloudevents::traceparent(&stored.record.value));
            messaging::poll_span(destination, group, partition, count, seconds, &mut senders);
        }
    }
}

/// The class of an error, as metrics name it.
fn of_append(error: &AppendError) -> &'static str {
    match error {
        AppendError::Overloaded { .. } => "overloaded",
        AppendError::DiskFull { .. } => "disk_full",
        AppendError::TooLarge { .. } => "too_large",
        AppendError::BatchTooLarge { .. } => "batch_too_large",
        AppendError::RecordedTime { .. } => "recorded_time",
        AppendError::Closed => "closed",
        AppendError::Unavailable { .. } => "unavailable",
        AppendError::Io { .. } => "io",
    }
}

fn of_read(error: &ReadError) -> &'static str {
    match error {
        ReadError::OutOfRange { .. } => "out_of_range",
        ReadError::NoSuchPartition { .. } => "no_such_partition",
        ReadError::Corrupt { .. } => "corrupt",
        ReadError::Closed { .. } => "closed",
        ReadError::Unavailable { .. } => "unavailable",
        ReadError::Io { .. } => "io",
    }
}

#[cfg(test)]
#[path = "observed_tests.rs"]
mod tests;
