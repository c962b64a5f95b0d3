//! Opening a directory: what is refused, and how the error says what to do.

use std::fs;
use std::sync::Arc;

use super::super::{Config, Embedded, Looked, OpenError, look, open};
use super::{assert_holds, numbered, small};
use crate::EventLog;

#[tokio::test]
async fn a_closed_log_opens_again_with_all_it_held_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    for turn in 0..10 {
        let log = open(config.clone()).unwrap();
        assert_holds(&log, 0..turn * 33).await;
        log.append(numbered(turn * 33..turn * 33 + 20))
            .await
            .unwrap();
        log.append(numbered(turn * 33 + 20..turn * 33 + 33))
            .await
            .unwrap();
        if turn % 2 == 0 {
            log.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_directory_in_use_is_refused_and_free_again_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    let error = refused(open(config.clone()));
    assert!(matches!(&error, OpenError::Locked { dir: d } if d == dir.path()));
    assert!(error.is_retryable());
    assert!(error.to_string().contains("directory of its own"));
    drop(log);
    open(config).unwrap();
}

#[tokio::test]
async fn another_number_of_partitions_is_refused_with_the_fix() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(small(dir.path(), 3)).unwrap());
    let error = refused(open(small(dir.path(), 4)));
    assert!(matches!(
        error,
        OpenError::PartitionCount {
            found: 3,
            asked: 4,
            ..
        }
    ));
    assert!(error.to_string().contains("set partitions = 3"), "{error}");
    open(small(dir.path(), 3)).unwrap();
}

#[tokio::test]
async fn an_unreadable_or_missing_meta_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 2);
    drop(open(config.clone()).unwrap());
    let meta = dir.path().join("meta");
    let sound = fs::read(&meta).unwrap();
    for text in [
        &b""[..],
        b"format\n",
        b"format 1\npartitions x\n",
        &[255; 9],
    ] {
        fs::write(&meta, text).unwrap();
        assert!(matches!(
            refused(open(config.clone())),
            OpenError::Meta { .. }
        ));
    }
    fs::write(&meta, "format 2\npartitions 2\n").unwrap();
    assert!(matches!(
        refused(open(config.clone())),
        OpenError::Format {
            found: 2,
            supported: 1,
            ..
        }
    ));
    fs::remove_file(&meta).unwrap();
    assert!(matches!(
        refused(open(config.clone())),
        OpenError::Meta { .. }
    ));
    fs::write(&meta, sound).unwrap();
    open(config).unwrap();
}

#[tokio::test]
async fn a_partition_that_lost_all_its_segments_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 3);
    drop(open(config.clone()).unwrap());
    // Nothing was stored yet: making a partition was cut short.
    fs::remove_dir_all(dir.path().join("partition-0")).unwrap();
    let log = open(config.clone()).unwrap();
    let home = log.append(numbered(0..1)).await.unwrap()[0].partition;
    drop(log);
    let other = dir.path().join(format!("partition-{}", (home + 1) % 3));
    fs::remove_dir_all(&other).unwrap();
    for _ in 0..2 {
        let error = refused(open(config.clone()));
        assert!(
            matches!(&error, OpenError::NoSegments { dir } if *dir == other),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_setting_out_of_range_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let sound = Config::new(dir.path());
    let wrong = [
        (
            "partitions",
            Config {
                partitions: 0,
                ..sound.clone()
            },
        ),
        (
            "partitions",
            Config {
                partitions: 257,
                ..sound.clone()
            },
        ),
        (
            "segment_bytes",
            Config {
                segment_bytes: 100,
                ..sound.clone()
            },
        ),
        (
            "segment_bytes",
            Config {
                segment_bytes: 1 << 40,
                ..sound.clone()
            },
        ),
        (
            "max_record_bytes",
            Config {
                max_record_bytes: 64 << 20,
                ..sound.clone()
            },
        ),
        (
            "max_record_bytes",
            Config {
                max_record_bytes: usize::MAX,
                ..sound.clone()
            },
        ),
        (
            "queue_bytes",
            Config {
                queue_bytes: 1 << 20,
                ..sound.clone()
            },
        ),
    ];
    for (expected, config) in wrong {
        let error = refused(open(config));
        assert!(
            matches!(&error, OpenError::Setting { field, .. } if *field == expected),
            "{error}"
        );
    }
    open(sound).unwrap();
}

#[tokio::test]
async fn dropping_a_log_makes_what_was_accepted_durable() {
    let dir = tempfile::tempdir().unwrap();
    let config = small(dir.path(), 1);
    let log = open(config.clone()).unwrap();
    {
        let mut append = log.append(numbered(0..10));
        // Polled once: accepted, and then nobody waits for it.
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(append.as_mut().poll(cx)));
        let _ = polled.await;
    }
    drop(log);
    assert_holds(&open(config).unwrap(), 0..10).await;
}

fn refused(outcome: Result<Arc<Embedded>, OpenError>) -> OpenError {
    match outcome {
        Ok(_) => unreachable!("it must be refused"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_look_from_outside_tells_who_has_the_log_and_how_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::new(dir.path().join("log"));
    assert_eq!(look(&config).unwrap(), None);
    assert!(!config.dir.exists(), "nothing was made");
    let log = open(config.clone()).unwrap();
    assert_eq!(look(&config).unwrap(), Some(Looked { in_use: true }));
    drop(log);
    assert_eq!(look(&config).unwrap(), Some(Looked { in_use: false }));
    let other = Config {
        partitions: 7,
        ..config
    };
    assert!(matches!(
        look(&other),
        Err(OpenError::PartitionCount {
            found: 4,
            asked: 7,
            ..
        })
    ));
}
