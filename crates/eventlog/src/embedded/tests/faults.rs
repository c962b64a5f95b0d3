//! Full disks, failing writes and syncs, a slow disk: appends fail clearly, nothing acknowledged is
//! touched, and the same open log goes on.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::super::Config;
use super::sim::{Op, SimDisk};
use super::{assert_holds, eventually, numbered, open_sim, read_all, record, small};
use crate::{AppendError, EventLog};

#[tokio::test]
async fn a_full_disk_refuses_clearly_and_the_same_log_goes_on_when_space_returns() {
    let config = small(Path::new("/log"), 1);
    let disk = SimDisk::new(1);
    let log = open_sim(&disk, &config);
    log.append(numbered(0..30)).await.unwrap();
    disk.set_free(20_000);
    let mut next = 30;
    let refused = loop {
        match log.append(numbered(next..next + 1)).await {
            Ok(_) => next += 1,
            Err(error) => break error,
        }
        assert!(next < 200, "the disk never filled up");
    };
    assert!(
        matches!(&refused, AppendError::DiskFull { partition: 0, dir } if dir.starts_with("/log")),
        "{refused}"
    );
    assert!(refused.is_retryable());
    // The keeper may give up a spare segment for which there was no room: what that frees is taken.
    let mut refusals = 0;
    while refusals < 20 {
        match log.append(numbered(next..next + 1)).await {
            Ok(_) => next += 1,
            Err(error) => {
                assert!(matches!(error, AppendError::DiskFull { .. }), "{error}");
                refusals += 1;
            }
        }
        assert!(next < 200, "the disk never filled up again");
        assert_holds(&log, 0..next).await;
    }
    disk.set_endless();
    log.append(numbered(next..next + 50)).await.unwrap();
    assert_holds(&log, 0..next + 50).await;
    log.close().await.unwrap();
    drop(log);
    assert_holds(&open_sim(&disk.power_cut(), &config), 0..next + 50).await;
}

#[tokio::test]
async fn a_failed_write_or_sync_fails_its_appends_alone() {
    for (op, kind) in [
        (Op::Write, ErrorKind::Other),
        (Op::Sync, ErrorKind::Other),
        (Op::Write, ErrorKind::StorageFull),
        (Op::Sync, ErrorKind::StorageFull),
    ] {
        for before in [0, 1, 5, 19, 20, 21] {
            let config = small(Path::new("/log"), 1);
            let disk = SimDisk::new(before);
            let log = open_sim(&disk, &config);
            for i in 0..before {
                log.append(numbered(i..i + 1)).await.unwrap();
            }
            disk.fail_newest_segment(op, 0, kind);
            let failed = log.append(numbered(before..before + 3)).await;
            let error = failed.expect_err("the fault reaches the append");
            assert_eq!(
                matches!(error, AppendError::DiskFull { .. }),
                kind == ErrorKind::StorageFull,
                "{error}"
            );
            assert!(error.is_retryable());
            assert_holds(&log, 0..before).await;
            log.append(numbered(before..before + 3)).await.unwrap();
            assert_holds(&log, 0..before + 3).await;
            drop(log);
            let log = open_sim(&disk.power_cut(), &config);
            assert_holds(&log, 0..before + 3).await;
        }
    }
}

#[tokio::test]
async fn bytes_of_a_failed_group_never_come_back() {
    let config = small(Path::new("/log"), 1);
    let disk = SimDisk::new(3);
    let log = open_sim(&disk, &config);
    log.append(numbered(0..2)).await.unwrap();
    // All frames are of one length, so that the second one of the failed group lies exactly where
    // the next record would be looked for.
    disk.fail_newest_segment(Op::Sync, 0, ErrorKind::Other);
    log.append(numbered(100..103)).await.unwrap_err();
    log.append(numbered(2..3)).await.unwrap();
    drop(log);
    assert_holds(&open_sim(&disk.kill(), &config), 0..3).await;
}

#[tokio::test]
async fn a_writer_that_cannot_begin_a_segment_tries_again_with_each_append() {
    let config = small(Path::new("/log"), 1);
    let disk = SimDisk::new(4);
    let log = open_sim(&disk, &config);
    log.append(numbered(0..15)).await.unwrap();
    // The write that fails, and then the first syncs of each new file.
    disk.fail_newest_segment(Op::Write, 0, ErrorKind::Other);
    for _ in 0..5 {
        disk.fail_newest_segment(Op::Sync, 0, ErrorKind::Other);
    }
    let mut failures = 0;
    while log.append(numbered(15..16)).await.is_err() {
        failures += 1;
        assert!(failures < 50, "the log never went on");
    }
    assert_eq!(disk.faults_left(), 0);
    assert_eq!(failures, 6);
    assert_holds(&log, 0..16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_and_never_grows() {
    let config = Config {
        queue_bytes: 10 * 1024,
        ..small(Path::new("/log"), 1)
    };
    let disk = SimDisk::new(5);
    let log = open_sim(&disk, &config);
    let stall = disk.stall();
    let mut appending = Vec::new();
    for i in 0..25 {
        let appender = Arc::clone(&log);
        let append = tokio::spawn(async move { appender.append(numbered(i..i + 1)).await });
        eventually("queueing", || {
            log.usage()[0].queued_bytes as u64 == (i + 1) * 400
        })
        .await;
        appending.push(append);
    }
    let refused = log.append(numbered(25..26)).await.unwrap_err();
    assert!(
        matches!(
            refused,
            AppendError::Overloaded {
                partition: 0,
                queued_bytes: 10_000,
                limit: 10_240
            }
        ),
        "{refused}"
    );
    assert!(refused.is_retryable());
    drop(stall);
    for append in appending {
        append.await.unwrap().unwrap();
    }
    log.append(numbered(25..26)).await.unwrap();
    assert_eq!(log.usage()[0].queued_bytes, 0);
    assert_holds(&log, 0..26).await;
}

#[tokio::test]
async fn a_batch_larger_than_the_queue_is_refused_for_good() {
    let config = Config {
        queue_bytes: 10 * 1024,
        ..small(Path::new("/log"), 1)
    };
    let log = open_sim(&SimDisk::new(6), &config);
    let refused = log.append(numbered(0..26)).await.unwrap_err();
    assert!(
        matches!(
            refused,
            AppendError::BatchTooLarge {
                size: 10_400,
                limit: 10_240
            }
        ),
        "{refused}"
    );
    assert!(!refused.is_retryable());
    assert_eq!(log.usage()[0].queued_bytes, 0);
    log.append(numbered(0..25)).await.unwrap();
    assert_holds(&log, 0..25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_for_two_partitions_takes_no_room_if_one_has_none() {
    let config = Config {
        queue_bytes: 5 * 1024,
        ..small(Path::new("/log"), 2)
    };
    let disk = SimDisk::new(7);
    let log = open_sim(&disk, &config);
    let home = log.partition_of(b"case") as usize;
    let mut other = record(&"y".repeat(376), 0);
    other.key = (0..100_u8)
        .map(|i| bytes::Bytes::from(vec![i; 4]))
        .find(|key| log.partition_of(key) as usize != home)
        .unwrap();
    let stall = disk.stall();
    let filling = Arc::clone(&log);
    let filling = tokio::spawn(async move { filling.append(numbered(0..12)).await });
    eventually("queueing", || log.usage()[home].queued_bytes == 12 * 400).await;
    let call = vec![other, numbered(12..13).remove(0)];
    let refused = log.append(call.clone()).await.unwrap_err();
    assert!(
        matches!(refused, AppendError::Overloaded { .. }),
        "{refused}"
    );
    assert_eq!(log.usage()[1 - home].queued_bytes, 0);
    drop(stall);
    filling.await.unwrap().unwrap();
    log.append(call).await.unwrap();
    assert_eq!(read_all(&log, 1 - home as u32).await.len(), 1);
    assert_eq!(read_all(&log, home as u32).await.len(), 13);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_readable_or_acknowledged_before_it_is_durable() {
    let config = small(Path::new("/log"), 1);
    let disk = SimDisk::new(8);
    let log = open_sim(&disk, &config);
    log.append(numbered(0..1)).await.unwrap();
    let _stall = disk.stall();
    let appender = Arc::clone(&log);
    let append = tokio::spawn(async move { appender.append(numbered(1..2)).await });
    eventually("the sync", || disk.waiting_syncs() > 0).await;
    assert!(!append.is_finished());
    assert_holds(&log, 0..1).await;
    let after_power_cut = disk.power_cut();
    assert!(append.await.unwrap().is_err());
    drop(log);
    let log = open_sim(&after_power_cut, &config);
    let end = log.bounds(0).await.unwrap().end;
    assert_holds(&log, 0..end).await;
    assert!((1..=2).contains(&end));
}
