//! Copies between embedded homes: whole, resumed, refused.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::config::Settings;
use lienthong_eventlog::{EventLog, Record};
use std::path::Path;

fn plan(from: &Path, to: &Path) -> Plan {
    Plan {
        from: Place::Embedded(from.to_owned()),
        to: Place::Embedded(to.to_owned()),
        keep: Settings::default().log,
        accept_truncated: false,
    }
}

async fn copied(plan: &Plan) -> Result<Summary, Failure> {
    run(plan, &Progress::new()).await
}

fn record(number: usize) -> Record {
    Record {
        key: format!("H56-{}", number % 37).into(),
        value: format!("event {number}").repeat(1 + number % 5).into(),
        recorded_ms: 1_700_000_000_000 + number as i64,
    }
}

async fn open(dir: &Path, partitions: u32, which: Which) -> Arc<dyn EventLog> {
    let mut keep = Settings::default().log;
    keep.partitions = partitions;
    Place::Embedded(dir.to_owned())
        .target(&keep, which)
        .await
        .unwrap()
}

async fn fill(dir: &Path, numbers: std::ops::Range<usize>) {
    let log = open(dir, 3, Which::Events).await;
    log.append(numbers.map(record).collect()).await.unwrap();
    log.close().await.unwrap();
}

async fn everything(dir: &Path, which: Which, partitions: u32) -> Vec<(u32, u64, Record)> {
    let log = open(dir, partitions, which).await;
    let mut all = Vec::new();
    for partition in 0..partitions {
        let mut reader = log.reader(partition, 0).await.unwrap();
        loop {
            let stored = reader.poll_now(1_000).await.unwrap();
            if stored.is_empty() {
                break;
            }
            let stored = stored.into_iter();
            all.extend(stored.map(|stored| (partition, stored.offset, stored.record)));
        }
    }
    log.close().await.unwrap();
    all
}

#[tokio::test]
async fn every_record_keeps_its_partition_its_order_and_its_time() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(from.path(), 0..5_000).await;
    let rejected = open(from.path(), 1, Which::Rejected).await;
    let told = Record {
        key: bytes::Bytes::new(),
        ..record(1)
    };
    rejected.append(vec![told; 7]).await.unwrap();
    rejected.close().await.unwrap();
    drop(rejected);
    let kept = open(from.path(), 3, Which::Subscriptions).await;
    kept.append((0..20).map(record).collect()).await.unwrap();
    kept.close().await.unwrap();
    drop(kept);

    let summary = copied(&plan(from.path(), to.path())).await.unwrap();
    assert!(summary.partitions.iter().all(Copied::is_equal));
    let counts: Vec<_> = summary
        .partitions
        .iter()
        .map(|one| (one.log, one.copied))
        .collect();
    assert_eq!(counts.len(), 3 + 1 + 8, "{counts:?}");
    assert_eq!(counts[3], ("rejected", 7));
    assert_eq!(counts.iter().map(|(_, copied)| copied).sum::<u64>(), 5_027);
    let both = [from.path(), to.path()];
    for (which, partitions) in [
        (Which::Events, 3),
        (Which::Rejected, 1),
        (Which::Subscriptions, 3),
    ] {
        let [ours, theirs] = both.map(|dir| everything(dir, which, partitions));
        let (ours, theirs) = tokio::join!(ours, theirs);
        assert!(ours == theirs, "the copies of {which:?} differ");
    }
}

#[tokio::test]
async fn a_copy_goes_on_where_it_was_broken_off() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(from.path(), 0..1_000).await;
    let first = copied(&plan(from.path(), to.path())).await.unwrap();
    assert!(first.without_rejected);
    fill(from.path(), 1_000..1_500).await;
    let second = copied(&plan(from.path(), to.path())).await.unwrap();
    assert!(second.partitions.iter().all(Copied::is_equal));
    let sum = |summary: &Summary| -> (u64, u64) {
        let of = |count: fn(&Copied) -> u64| summary.partitions.iter().map(count).sum();
        (of(|one| one.records), of(|one| one.copied))
    };
    assert_eq!((sum(&first), sum(&second)), ((1_000, 1_000), (1_500, 500)));
}

#[tokio::test]
async fn a_target_that_holds_something_else_is_refused_and_left_alone() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(from.path(), 0..500).await;
    fill(to.path(), 100..200).await;
    let before = everything(to.path(), Which::Events, 3).await;
    let refused = copied(&plan(from.path(), to.path())).await.unwrap_err();
    assert_eq!(refused.exit(), Exit::Usage);
    assert!(refused.to_string().contains("new target"), "{refused}");
    assert!(everything(to.path(), Which::Events, 3).await == before);

    fill(to.path(), 200..5_000).await;
    let refused = copied(&plan(from.path(), to.path())).await.unwrap_err();
    assert!(refused.to_string().contains("more records"), "{refused}");
}

#[tokio::test]
async fn a_difference_in_the_middle_is_found_by_the_comparison() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (dir, odd) in [(from.path(), "a"), (to.path(), "b")] {
        let log = open(dir, 3, Which::Events).await;
        let mut records: Vec<_> = (0..300).map(record).collect();
        records[150].value = odd.into();
        log.append(records).await.unwrap();
        log.close().await.unwrap();
    }
    let summary = copied(&plan(from.path(), to.path())).await.unwrap();
    let different = summary.partitions.iter().filter(|one| !one.is_equal());
    assert_eq!(different.count(), 1);
}

#[tokio::test]
async fn a_target_with_other_partitions_is_refused() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(from.path(), 0..10).await;
    open(to.path(), 5, Which::Events)
        .await
        .close()
        .await
        .unwrap();
    let refused = copied(&plan(from.path(), to.path())).await.unwrap_err();
    assert!(refused.to_string().contains("5 partitions"), "{refused}");
}

#[tokio::test]
async fn a_truncated_source_is_copied_only_when_that_is_wanted() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut keep = Settings::default().log;
    keep.partitions = 1;
    keep.segment_bytes = 4_096;
    let config = lienthong_eventlog::embedded::Config {
        max_record_bytes: 1_024,
        retention_bytes: Some(8_192),
        ..crate::hub::logs::embedded_config(&keep, from.path(), Which::Events)
    };
    let log = lienthong_eventlog::embedded::open(config).unwrap();
    for number in 0..600 {
        log.append(vec![record(number)]).await.unwrap();
    }
    assert!(log.enforce_retention(0) > 0, "no segment went");
    log.close().await.unwrap();
    drop(log);

    let kept = open(from.path(), 1, Which::Subscriptions).await;
    kept.append(vec![record(1)]).await.unwrap();
    kept.close().await.unwrap();
    drop(kept);

    let mut plan = plan(from.path(), to.path());
    plan.keep.partitions = 1;
    let refused = copied(&plan).await.unwrap_err();
    assert!(
        refused.to_string().contains("--accept-truncated"),
        "{refused}"
    );
    plan.accept_truncated = true;
    let summary = copied(&plan).await.unwrap();
    let copied = &summary.partitions[0];
    assert!(
        copied.is_equal() && copied.offsets_lower_by > 0,
        "{copied:?}"
    );
    assert!(copied.records < 600, "{copied:?}");
    let is_events = |one: &Copied| one.log == "events";
    assert!(summary.without_subscriptions, "{summary:?}");
    assert!(summary.partitions.iter().all(is_events), "{summary:?}");
}

#[tokio::test]
async fn a_home_that_is_not_there_or_the_same_twice_is_refused() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let refused = copied(&plan(from.path(), to.path())).await.unwrap_err();
    assert_eq!(refused.exit(), Exit::NotFound);
    assert!(refused.to_string().contains("data_dir"), "{refused}");
    let refused = copied(&plan(from.path(), from.path())).await.unwrap_err();
    assert_eq!(refused.exit(), Exit::Usage);
    for text in ["embedded:", "embedded", "kafka:a", "data"] {
        let refused = text.parse::<Place>().unwrap_err();
        assert!(refused.contains("embedded:DIR"), "{refused}");
    }
}
