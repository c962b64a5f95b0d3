//! The source over a log on disk and over Kafka: what is read does not depend on where, when and
//! by whom reading began.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testing::{Counting, append, log, record, records, source};
use lienthong_eventlog::{EventLog, kafka};
use std::collections::BTreeSet;

/// Offsets of everything that is delivered of a partition, from an offset on.
async fn delivered(source: &Source, partition: u32, from: u64) -> Vec<u64> {
    let end = source.ends()[partition as usize];
    delivered_between(source, partition, from..end).await
}

async fn delivered_between(source: &Source, partition: u32, range: Range<u64>) -> Vec<u64> {
    let mut offsets = Vec::new();
    let mut next = range.start;
    while next < range.end {
        let block = source.block(partition, next).await.unwrap().unwrap();
        assert!(block.first <= next && next < block.next);
        offsets.extend(block.from(next).iter().map(|entry| entry.offset));
        next = block.next;
    }
    offsets.retain(|offset| range.contains(offset));
    offsets
}

#[tokio::test]
async fn reading_from_anywhere_gives_what_reading_from_the_beginning_gives() {
    let (_dir, log) = log(1);
    let all = 2 * WINDOW + 20_000;
    // Every seventh is an event of so many records before, within the window and beyond it.
    let id = |at: u64| match at % 7 {
        0 => at.saturating_sub(1 + at * at % 150_000),
        _ => at,
    };
    let some = (0..all).map(|at| record("C1", &id(at).to_string()));
    append(&*log, some.collect()).await;
    let expected: Vec<u64> = {
        let from = |at: u64| (at / WINDOW).saturating_sub(1) * WINDOW;
        let mut last = std::collections::HashMap::new();
        let told = |at: &u64| {
            last.insert(id(*at), *at)
                .is_none_or(|last| last < from(*at))
        };
        (0..all).filter(told).collect()
    };
    let begun = source(log.clone()).await;
    assert_eq!(delivered(&begun, 0, 0).await, expected);
    for from in [40_000, WINDOW, 2 * WINDOW - 1, all - 10] {
        let late = source(log.clone()).await;
        // Then from before it, with what is known by now.
        for from in [from, from - 1_000] {
            let range = from..all.min(from + 6_000);
            let rest = expected.iter().copied().filter(|at| range.contains(at));
            let rest: Vec<u64> = rest.collect();
            assert_eq!(delivered_between(&late, 0, range).await, rest);
        }
    }
}

#[tokio::test]
async fn more_places_than_readings_are_all_served() {
    let (_dir, log) = log(4);
    append(&*log, records(40, 0, 40_000)).await;
    let source = source(log).await;
    let places = (0..64).map(|nth| (nth % 4, u64::from(nth) * 120));
    let read = places.map(|(partition, offset)| {
        let source = Arc::clone(&source);
        tokio::spawn(async move { delivered(&source, partition, offset).await.len() as u64 })
    });
    let read: Vec<_> = read.collect();
    for (nth, read) in read.into_iter().enumerate() {
        let end = source.ends()[nth % 4];
        assert_eq!(read.await.unwrap(), end - nth as u64 * 120);
    }
}

#[tokio::test]
async fn a_reader_who_gives_up_holds_up_nobody_else() {
    let (_dir, log) = log(1);
    append(&*log, records(40, 0, 9_000)).await;
    let source = source(log).await;
    for _ in 0..50 {
        let asked = source.block(0, 0);
        futures_util::pin_mut!(asked);
        // Asked once, then dropped wherever it was.
        let _ = futures_util::poll!(&mut asked);
    }
    assert_eq!(delivered(&source, 0, 0).await.len(), 9_000);
}

#[tokio::test]
async fn nothing_is_there_behind_the_end_or_in_a_partition_that_is_not() {
    let (_dir, log) = log(2);
    append(&*log, records(1, 0, 3)).await;
    let source = source(log).await;
    let ends = source.ends();
    for (partition, end) in (0..).zip(&ends) {
        assert!(source.block(partition, *end).await.unwrap().is_none());
        assert!(source.block(partition, end + 9).await.unwrap().is_none());
    }
    let error = source.block(2, 0).await.err().unwrap();
    assert!(matches!(error, ReadError::NoSuchPartition { .. }));
}

#[tokio::test]
async fn over_kafka_everything_is_read_and_what_comes_is_told() {
    let Ok(brokers) = std::env::var("LIENTHONG_TEST_KAFKA") else {
        assert!(
            std::env::var("CI").is_err(),
            "this test needs a broker: set LIENTHONG_TEST_KAFKA"
        );
        eprintln!("left out, for want of LIENTHONG_TEST_KAFKA: lienthong-subscriptions source");
        return;
    };
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let config = kafka::Config {
        partitions: 2,
        replication: 1,
        min_insync_replicas: 1,
        ..kafka::Config::new(brokers, format!("source-{}-{now:x}", std::process::id()))
    };
    let log: Arc<dyn EventLog> = kafka::open(config).await.unwrap().log;
    append(&*log, records(20, 0, 12_000)).await;
    append(&*log, records(20, 0, 1_000)).await;
    let source = source(Arc::clone(&log)).await;
    let mut told = BTreeSet::new();
    for partition in 0..2 {
        let offsets = delivered(&source, partition, 0).await;
        told.extend(offsets.into_iter().map(|offset| (partition, offset)));
    }
    assert_eq!(told.len(), 12_000);
    for id in 12_000..12_020 {
        let ends = source.ends();
        let positions = append(&*log, records(20, id, id + 1)).await;
        source.grown(&ends).await;
        let Position { partition, offset } = positions[0];
        let block = source.block(partition, offset).await.unwrap().unwrap();
        assert_eq!(block.from(offset).len(), 1);
    }
    let token = source.token(&source.ends()).await.unwrap();
    let again = Start {
        place: Some(start::Place::Token(token)),
    };
    assert_eq!(source.place(&again).await.unwrap(), source.ends());
    log.close().await.unwrap();
}

#[tokio::test]
async fn an_answer_that_failed_is_given_to_who_waits_and_to_nobody_later() {
    let (_dir, log) = log(1);
    append(&*log, records(40, 0, 9_000)).await;
    let damaged = Arc::new(Counting::new(log));
    let source = source(damaged.clone()).await;
    source.block(0, 8_999).await.unwrap().unwrap();
    damaged.damage(0);
    let asked = (0..20).map(|_| source.block(0, 10));
    for answer in futures_util::future::join_all(asked).await {
        assert!(matches!(answer, Err(ReadError::Corrupt { .. })));
    }
    damaged.damage(u64::MAX);
    assert_eq!(delivered(&source, 0, 0).await.len(), 9_000);
}

#[tokio::test]
async fn a_token_of_any_place_costs_no_reading_and_holds() {
    let (_dir, log) = log(1);
    append(&*log, records(40, 0, 9_000)).await;
    let counting = Arc::new(Counting::new(log));
    let source = source(counting.clone()).await;
    source.block(0, 8_999).await.unwrap().unwrap();
    let read = counting.read();
    let old = source.token(&[100]).await.unwrap();
    let new = source.token(&[8_990]).await.unwrap();
    assert_eq!(counting.read(), read);
    let marks = |token: &str| crate::token::Place::of_token(token).unwrap().marks()[0];
    assert_eq!(marks(&old), 0);
    assert_ne!(marks(&new), 0);
    for (token, position) in [(old, 100), (new, 8_990)] {
        let start = Start {
            place: Some(start::Place::Token(token)),
        };
        assert_eq!(source.place(&start).await.unwrap(), [position]);
    }
}
