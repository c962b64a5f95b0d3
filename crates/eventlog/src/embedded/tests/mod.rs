//! What the embedded home must do beyond the contract: survive crashes, faults and full disks, and
//! keep itself tidy.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod contract;
mod crash;
mod damage;
mod faults;
mod model;
mod opening;
mod sim;
mod upkeep;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Config, Embedded};
use crate::{EventLog, Record, StoredRecord};

/// How long something that must happen may take before the test gives up on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Small segments, so that a few hundred records fill several.
pub(super) fn small(dir: &Path, partitions: u32) -> Config {
    Config {
        partitions,
        segment_bytes: 8 * 1024,
        max_record_bytes: 4 * 1024,
        ..Config::new(dir)
    }
}

pub(super) fn record(value: &str, recorded_ms: i64) -> Record {
    Record {
        key: Bytes::from_static(b"case"),
        value: Bytes::copy_from_slice(value.as_bytes()),
        recorded_ms,
    }
}

/// Records of about 400 bytes in the file.
pub(super) fn numbered(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers
        .map(|i| record(&format!("{i:0>376}"), i as i64))
        .collect()
}

pub(super) async fn read_all(log: &Embedded, partition: u32) -> Vec<StoredRecord> {
    let bounds = log.bounds(partition).await.unwrap();
    let mut reader = log.reader(partition, bounds.start).await.unwrap();
    let mut read = Vec::new();
    while reader.position() < bounds.end {
        read.extend(reader.next(1_000).await.unwrap());
    }
    read
}

/// That partition 0 holds `numbered(numbers)` at those very offsets.
pub(super) async fn assert_holds(log: &Embedded, numbers: std::ops::Range<u64>) {
    let bounds = log.bounds(0).await.unwrap();
    assert_eq!(bounds.start..bounds.end, numbers);
    let expected = numbered(numbers.clone());
    let read = read_all(log, 0).await;
    for ((stored, record), offset) in read.iter().zip(expected).zip(numbers) {
        assert_eq!(stored.offset, offset);
        assert!(stored.record == record, "offset {offset}");
    }
}

/// Waits for something another thread does.
pub(super) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "{what} did not happen");
}

/// A small generator whose numbers a seed decides (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// A log on a simulated disk.
fn open_sim(disk: &sim::SimDisk, config: &Config) -> Arc<Embedded> {
    super::open::open_on(config.clone(), Arc::new(disk.clone()), None).unwrap()
}
