//! Retention, spare segments, sealing and indexes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::super::{Config, open};
use super::sim::{Op, SimDisk};
use super::{assert_holds, eventually, numbered, open_sim, small};
use crate::{EventLog, ReadError, Retention};

#[tokio::test]
async fn retention_by_age_removes_whole_segments_and_readers_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        retention_age: Some(Duration::from_millis(50)),
        ..small(dir.path(), 1)
    };
    let log = open(config.clone()).unwrap();
    for i in 0..90 {
        log.append(numbered(i..i + 1)).await.unwrap();
    }
    let mut behind = log.reader(0, 0).await.unwrap();
    // Record i was recorded at i ms; segments of 20 end at 19, 39, 59 and 79.
    assert_eq!(log.enforce_retention(69), 0);
    assert_eq!(log.enforce_retention(90), 2);
    assert_holds(&log, 40..90).await;
    let error = behind.next(10).await.unwrap_err();
    assert!(
        matches!(
            error,
            ReadError::OutOfRange {
                partition: 0,
                asked: 0,
                start: 40,
                end: 90
            }
        ),
        "{error}"
    );
    assert_eq!(log.offset_at(0, 3).await.unwrap(), 40);
    assert_eq!(log.offset_at(0, 77).await.unwrap(), 77);
    // The active segment stays however old it is.
    assert_eq!(log.enforce_retention(i64::MAX), 2);
    assert_holds(&log, 80..90).await;
    drop(log);
    let log = open(config).unwrap();
    assert_holds(&log, 80..90).await;
    log.append(numbered(90..95)).await.unwrap();
    assert_holds(&log, 80..95).await;
}

#[tokio::test]
async fn retention_by_size_keeps_the_newest_segments() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        retention_bytes: Some(20_000),
        ..small(dir.path(), 1)
    };
    let log = open(config).unwrap();
    for i in 0..90 {
        log.append(numbered(i..i + 1)).await.unwrap();
    }
    // 36,000 bytes; without two segments of 8,000 it is 20,000.
    assert_eq!(log.enforce_retention(0), 2);
    assert_eq!(log.usage()[0].stored_bytes, 20_000);
    let kept = Retention {
        age: None,
        bytes: Some(20_000),
        kept_bytes: Some(20_000),
    };
    assert_eq!(log.retention(0).await.unwrap(), kept);
    assert_holds(&log, 40..90).await;
    assert_eq!(log.enforce_retention(0), 0);
}

#[tokio::test]
async fn a_removal_cut_short_leaves_no_gap() {
    for operations in 0..14 {
        let config = Config {
            retention_bytes: Some(0),
            ..small(Path::new("/log"), 1)
        };
        let disk = SimDisk::new(operations);
        let log = open_sim(&disk, &config);
        for i in 0..90 {
            log.append(numbered(i..i + 1)).await.unwrap();
        }
        log.close().await.unwrap();
        disk.stop_after(operations);
        log.enforce_retention(0);
        drop(log);
        let log = open_sim(&disk.power_cut(), &config);
        let start = log.bounds(0).await.unwrap().start;
        assert_eq!(start % 20, 0);
        assert_holds(&log, start..90).await;
    }
}

#[tokio::test]
async fn a_sealed_segment_is_cut_to_its_length_and_indexed() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config).unwrap();
    for i in 0..25 {
        log.append(numbered(i..i + 1)).await.unwrap();
    }
    let path = dir
        .path()
        .join("partition-0")
        .join(format!("{:020}.seg", 0));
    eventually("sealing", || {
        fs::metadata(&path).unwrap().len() == 8_000 && path.with_extension("index").exists()
    })
    .await;
    assert_holds(&log, 0..25).await;
}

#[tokio::test]
async fn a_spare_is_prepared_and_becomes_the_next_segment() {
    let config = small(Path::new("/log"), 1);
    let disk = SimDisk::new(1);
    let log = open_sim(&disk, &config);
    log.append(numbered(0..2)).await.unwrap();
    assert!(disk.names("spare").is_empty());
    log.append(numbered(2..10)).await.unwrap();
    eventually("a spare", || {
        let partition = &log.partitions[0];
        let spare = super::super::locks::lock(&partition.spare);
        matches!(*spare, super::super::partition::Spare::Ready(_, 8_192))
    })
    .await;
    // With a spare a new segment needs no writing of zeros: the only write is the group's own.
    disk.fail_newest_segment(Op::Write, 1, std::io::ErrorKind::Other);
    log.append(numbered(10..25)).await.unwrap();
    assert_eq!(disk.faults_left(), 1);
    assert_eq!(disk.names("seg").len(), 2);
    assert_holds(&log, 0..25).await;
    drop(log);
    assert_holds(&open_sim(&disk.power_cut(), &config), 0..25).await;
}

#[tokio::test]
async fn a_spare_that_cannot_be_prepared_gives_back_its_space() {
    let config = Config {
        segment_bytes: 64 * 1024,
        ..small(Path::new("/log"), 1)
    };
    let disk = SimDisk::new(2);
    let log = open_sim(&disk, &config);
    disk.set_free(30_000);
    log.append(numbered(0..60)).await.unwrap();
    eventually("giving up", || {
        let partition = &log.partitions[0];
        let spare = super::super::locks::lock(&partition.spare);
        matches!(*spare, super::super::partition::Spare::Missing)
    })
    .await;
    assert!(disk.names("spare").is_empty());
    assert_holds(&log, 0..60).await;
}
