#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testing::events::{probe, record};
use crate::testing::log::MemoryLog;
use lienthong_eventlog::Record;

fn at(mut record: Record, recorded_ms: i64) -> Record {
    record.recorded_ms = recorded_ms;
    record
}

/// Of one partition: probes recorded at 100, 101, ..., then so many events from 9,000 on.
fn log_of(probes: i64, events: i64) -> std::sync::Arc<MemoryLog> {
    let log = MemoryLog::new(1);
    log.put((0..probes).map(|number| at(probe(number as u64), 100 + number)));
    log.put((0..events).map(|number| at(record(b"D-1", Vec::new()), 9_000 + number)));
    log
}

async fn first(log: &MemoryLog, known: Waiting, next: u64) -> (Waiting, Option<Unread>) {
    let end = log.end(0);
    let known = known.look(log, 0, next, end).await.unwrap();
    (known, known.first(next, end))
}

#[tokio::test]
async fn probes_alone_are_no_event_and_one_behind_them_is_found_later() {
    let log = log_of(600, 0);
    let (known, found) = first(&log, Waiting::default(), 0).await;
    assert_eq!(found, None);
    log.put([at(record(b"D-1", Vec::new()), 9_000)]);
    log.take_lowest_read(0);
    let (known, found) = first(&log, known, 0).await;
    let expected = Unread {
        offset: 600,
        recorded_ms: 9_000,
    };
    assert_eq!(found, Some(expected));
    // The same for one that has got on among the probes, without another look at the log.
    log.set_down(true);
    assert_eq!(first(&log, known, 77).await.1, Some(expected));
    assert_eq!(known.event(600), Some(expected));
    assert_eq!(known.event(601), None);
}

#[tokio::test]
async fn the_first_record_that_is_no_probe_ends_the_look() {
    let log = log_of(0, 5_000);
    let (_, found) = first(&log, Waiting::default(), 12).await;
    let (offset, recorded_ms) = (12, 9_012);
    assert_eq!(
        found,
        Some(Unread {
            offset,
            recorded_ms
        })
    );
    // No reader read on: the log in memory counts looks at more than one record.
    assert_eq!(log.take_lowest_read(0), None);
}

#[tokio::test]
async fn more_probes_than_one_look_takes_are_told_as_the_earliest_it_can_be_and_looked_past_later()
{
    let log = log_of(10_000, 1);
    let (mut known, mut found) = first(&log, Waiting::default(), 0).await;
    let (offset, recorded_ms) = found
        .map(|first| (first.offset, first.recorded_ms))
        .unwrap();
    assert!(offset < 10_000 && recorded_ms == 99 + offset as i64);
    for _ in 0..2 {
        (known, found) = first(&log, known, 0).await;
    }
    assert_eq!(found.map(|first| first.recorded_ms), Some(9_000));
}

#[tokio::test]
async fn what_retention_took_is_looked_past() {
    let log = log_of(5, 5);
    log.remove_before(0, 7);
    let (known, found) = first(&log, Waiting::default(), 2).await;
    let (offset, recorded_ms) = (7, 9_002);
    assert_eq!(
        found,
        Some(Unread {
            offset,
            recorded_ms
        })
    );
    assert_eq!(known.event(2), found);
}

#[test]
fn records_in_hand_tell_where_the_first_event_is() {
    let stored = |offset: u64, record: Record| StoredRecord { offset, record };
    let records = [
        stored(5, at(probe(5), 50)),
        stored(6, at(record(b"D-1", Vec::new()), 60)),
        stored(7, at(record(b"D-1", Vec::new()), 70)),
    ];
    let (offset, recorded_ms) = (6, 60);
    let expected = Some(Unread {
        offset,
        recorded_ms,
    });
    assert_eq!(Waiting::of(&records).event(5), expected);
    assert_eq!(Waiting::of(&records).event(7), None);
    assert_eq!(Waiting::of(&records[..1]).event(5), None);
    assert_eq!(Waiting::of([]).first(0, 0), None);
}
