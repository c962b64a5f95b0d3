//! What tests of streams and sources share: a log on disk, and events for it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::source::{self, Source};
use async_trait::async_trait;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::reference::{self, Current};
use lienthong_contract::time::from_millis;
use lienthong_eventlog::embedded::{self, Config, Embedded};
use lienthong_eventlog::{
    AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, Retention, StoredRecord,
};
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// 2026-10-08T03:00:00.5Z.
pub(crate) const NOW_MS: i64 = 1_791_428_400_500;
/// Personal data that must not get out.
pub(crate) const NAME: &str = "Nguyễn Thị Kín";

/// An event of a case; `id` makes it one of its own.
pub(crate) fn event(case: &str, id: &str) -> pb::Event {
    pb::Event {
        header: Some(pb::Header {
            id: id.to_owned(),
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            dossier_code: case.to_owned(),
            agency_code: "H56.15.03".to_owned(),
            occurred_time: Some(from_millis(NOW_MS)),
            protected: Some(pb::Protected {
                persons: vec![pb::Person {
                    full_name: NAME.to_owned(),
                    ..pb::Person::default()
                }],
                ..pb::Protected::default()
            }),
            ..pb::Header::default()
        }),
        recorded_time: Some(from_millis(NOW_MS)),
        payload: Some(Payload::Approved(pb::Approved {})),
        ..pb::Event::default()
    }
}

/// A record of it.
pub(crate) fn record(case: &str, id: &str) -> Record {
    Record {
        key: case.to_owned().into(),
        value: event(case, id).encode_to_vec().into(),
        recorded_ms: NOW_MS,
    }
}

/// A record of one of the hub's own probes.
pub(crate) fn probe(route: &str, number: u64) -> Record {
    let probe = pb::Probe {
        route: route.to_owned(),
        instance: "hub".to_owned(),
        number,
        began_time: Some(from_millis(NOW_MS)),
        every_ms: 1_000,
        ..pb::Probe::default()
    };
    let event = pb::Event {
        header: Some(pb::Header {
            id: format!("probe-{route}-{number}"),
            source: "urn:lienthong:hub:hub".to_owned(),
            occurred_time: Some(from_millis(NOW_MS)),
            ..pb::Header::default()
        }),
        recorded_time: Some(from_millis(NOW_MS)),
        payload: Some(Payload::Probe(probe)),
        ..pb::Event::default()
    };
    Record {
        key: format!("!probe/{route}/0").into(),
        value: event.encode_to_vec().into(),
        recorded_ms: NOW_MS,
    }
}

/// Records with ids from `from` to `to` (exclusive), of cases by turns.
pub(crate) fn records(cases: usize, from: usize, to: usize) -> Vec<Record> {
    let records = from..to;
    let records = records.map(|id| record(&format!("C{}", id % cases), &id.to_string()));
    records.collect()
}

/// Appends in calls of 1,000.
pub(crate) async fn append(log: &dyn EventLog, records: Vec<Record>) -> Vec<Position> {
    let mut positions = Vec::new();
    for some in records.chunks(1_000) {
        positions.extend(log.append(some.to_vec()).await.unwrap());
    }
    positions
}

/// A log in a directory of its own.
pub(crate) fn log(partitions: u32) -> (TempDir, Arc<Embedded>) {
    log_with(partitions, |_| {})
}

/// The same, with other settings.
pub(crate) fn log_with(
    partitions: u32,
    change: impl FnOnce(&mut Config),
) -> (TempDir, Arc<Embedded>) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.partitions = partitions;
    change(&mut config);
    (dir, embedded::open(config).unwrap())
}

/// A source of a log under the demonstration's reference data.
pub(crate) async fn source(log: Arc<dyn EventLog>) -> Arc<Source> {
    let reference = Current::new(reference::demo().unwrap());
    let shutdown = CancellationToken::new();
    source::start(log, reference, shutdown).await.unwrap()
}

/// A log that counts the records read from it, and that can be damaged behind an offset.
pub(crate) struct Counting {
    log: Arc<dyn EventLog>,
    read: Arc<AtomicUsize>,
    damage: Arc<AtomicU64>,
}

impl Counting {
    pub(crate) fn new(log: Arc<dyn EventLog>) -> Self {
        Self {
            log,
            read: Arc::default(),
            damage: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    /// From this offset on nothing can be read any more.
    pub(crate) fn damage(&self, offset: u64) {
        self.damage.store(offset, Ordering::Relaxed);
    }

    /// How many so far.
    pub(crate) fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }
}

struct CountingReader {
    reader: Box<dyn Reader>,
    read: Arc<AtomicUsize>,
    damage: Arc<AtomicU64>,
}

impl CountingReader {
    fn count(
        &self,
        records: Result<Vec<StoredRecord>, ReadError>,
    ) -> Result<Vec<StoredRecord>, ReadError> {
        let records = records?;
        let last = records.last().map_or(0, |record| record.offset);
        if last >= self.damage.load(Ordering::Relaxed) {
            return Err(ReadError::Corrupt {
                partition: 0,
                offset: last,
                path: "segment".into(),
                what: "the checksum",
            });
        }
        self.read.fetch_add(records.len(), Ordering::Relaxed);
        Ok(records)
    }
}

#[async_trait]
impl Reader for CountingReader {
    async fn next(&mut self, most: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let records = self.reader.next(most).await;
        self.count(records)
    }

    async fn poll_now(&mut self, most: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let records = self.reader.poll_now(most).await;
        self.count(records)
    }

    fn position(&self) -> u64 {
        self.reader.position()
    }
}

#[async_trait]
impl EventLog for Counting {
    fn partitions(&self) -> u32 {
        self.log.partitions()
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        self.log.append(records).await
    }

    async fn reader(&self, partition: u32, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let reader = self.log.reader(partition, from).await?;
        Ok(Box::new(CountingReader {
            reader,
            read: Arc::clone(&self.read),
            damage: Arc::clone(&self.damage),
        }))
    }

    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        self.log.bounds(partition).await
    }

    async fn offset_at(&self, partition: u32, recorded_ms: i64) -> Result<u64, ReadError> {
        self.log.offset_at(partition, recorded_ms).await
    }

    async fn retention(&self, partition: u32) -> Result<Retention, ReadError> {
        self.log.retention(partition).await
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.log.close().await
    }
}
