//! Sources over a log on disk.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::facets::Times;
use crate::testing;
use crate::watch::sources::seen::Seen;
use crate::watch::{Config, Handles, Watch, start};
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::operations::v1::SourceLag;
use lienthong_contract::ports::Watched;
use lienthong_contract::reference::{self, Current};
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::{EventLog, Record};
use prost::Message;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
const TAX: &str = "urn:lienthong:vn:G12:specialised";
const ONESTOP: &str = "urn:lienthong:vn:H56:onestop";

/// An event of a source that happened `delay` before it was sent, by a clock that is `ahead`.
fn record(source: &str, recorded_ms: i64, (delay, ahead): (i64, i64)) -> Record {
    let id = format!("{source}-{recorded_ms}");
    let mut event = testing::event("C1", &id);
    let sent_ms = recorded_ms - 2 + ahead;
    event.recorded_time = Some(from_millis(recorded_ms));
    if let Some(header) = &mut event.header {
        *header = pb::Header {
            source: source.to_owned(),
            occurred_time: Some(from_millis(sent_ms - delay)),
            sent_time: Some(from_millis(sent_ms)),
            ..header.clone()
        };
    }
    Record {
        key: "C1".into(),
        value: event.encode_to_vec().into(),
        recorded_ms,
    }
}

async fn watch(log: Arc<dyn EventLog>, file: Option<&Path>) -> (Arc<Watch>, CancellationToken) {
    let config = Config {
        rhythms: file.map(Path::to_owned),
        lost_after: Duration::from_secs(10),
    };
    let handles = Handles {
        blocks: testing::source(log).await,
        questions: None,
        reference: Current::new(reference::demo().unwrap()),
    };
    let shutdown = CancellationToken::new();
    (start(config, handles, shutdown.clone()), shutdown)
}

fn of(watch: &Watch, urn: &str, now_ms: i64) -> Option<SourceLag> {
    let all = watch.sources(now_ms);
    all.into_iter().find(|source| source.source == urn)
}

/// Asks until it is so.
async fn until(watch: &Watch, urn: &str, so: impl Fn(&SourceLag) -> bool) -> SourceLag {
    loop {
        if let Some(lag) = of(watch, urn, now_millis()).filter(&so) {
            return lag;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A source that reported in every minute around this time of day on each of the last 22 days, until
/// ten minutes ago, and another one that reports on; when the first reported last.
fn weeks(now_ms: i64) -> (Vec<Record>, i64) {
    let last = now_ms.div_euclid(MINUTE) * MINUTE - 10 * MINUTE;
    let mut records = Vec::new();
    for day in (0..22).rev() {
        let end = last - day * DAY;
        for minute in (0..60).rev() {
            records.push(record(TAX, end - minute * MINUTE, (0, 0)));
        }
        for minute in 1..30 {
            let urn = if day > 0 { TAX } else { ONESTOP };
            let at = end + minute * MINUTE;
            if at <= now_ms {
                records.push(record(urn, at, (0, 0)));
            }
        }
    }
    (records, last)
}

#[tokio::test]
async fn a_source_that_reported_every_minute_for_weeks_is_silent_at_the_right_minute_and_not_before()
 {
    let (_dir, log) = testing::log(1);
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("rhythms.json");
    let (records, last) = weeks(now_millis());
    testing::append(log.as_ref(), records).await;
    let (first, shutdown) = watch(log.clone(), Some(&file)).await;
    let learned = until(&first, TAX, |lag| lag.status == "silent").await;
    assert!(learned.silence_probability < 1e-6 && !learned.reason.is_empty());
    assert!(learned.quiet_seconds >= 600.0 && learned.quiet_seconds < 700.0);
    // Some hours of the week were seen on two days, some on three: two silent minutes may be enough
    // or three are, one never is.
    let at = |minutes: i64| of(&first, TAX, last + (minutes + 1) * MINUTE).unwrap();
    assert_eq!(
        (at(0).status.as_str(), at(1).status.as_str()),
        ("reporting", "reporting")
    );
    let silent_after = (0..10)
        .find(|minutes| at(*minutes).status == "silent")
        .unwrap();
    assert!((2..=4).contains(&silent_after), "{silent_after}");
    let before = at(silent_after - 1);
    assert!(
        before.silence_probability >= 1e-6 && before.reason.is_empty(),
        "{before:?}"
    );
    assert!(at(silent_after).silence_probability < 1e-6);
    shutdown.cancel();
    first.finished().await;

    // It goes on from the file, and a file of another log is not believed.
    let told = at(silent_after);
    let (again, shutdown) = watch(log.clone(), Some(&file)).await;
    until(&again, TAX, |lag| lag.status == "silent").await;
    assert_eq!(
        of(&again, TAX, last + (silent_after + 1) * MINUTE).unwrap(),
        told
    );
    shutdown.cancel();
    again.finished().await;
    let (_other_dir, other) = testing::log(1);
    testing::append(other.as_ref(), vec![record(ONESTOP, now_millis(), (0, 0))]).await;
    let (foreign, _shutdown) = watch(other, Some(&file)).await;
    until(&foreign, ONESTOP, |lag| {
        lag.reason.contains("not known yet")
    })
    .await;
    assert_eq!(of(&foreign, TAX, now_millis()), None);
}

#[tokio::test]
async fn a_report_ends_the_silence_and_clock_and_delay_are_told_apart() {
    let (_dir, log) = testing::log(2);
    let (records, _) = weeks(now_millis());
    testing::append(log.as_ref(), records).await;
    let (watch, _shutdown) = watch(log.clone(), None).await;
    until(&watch, TAX, |lag| lag.status == "silent").await;
    // Late by 90 s, by a clock that is five minutes ahead.
    let now_ms = now_millis();
    let late = |n: i64| record(TAX, now_ms + n, (90_000, 300_000));
    testing::append(log.as_ref(), (0..30).map(late).collect()).await;
    let lag = until(&watch, TAX, |lag| lag.status == "reporting").await;
    assert_eq!(lag.silence_probability, 1.0);
    assert_eq!(lag.clock_skew_seconds, Some(-299.998));
    assert_eq!((lag.delay_p50_seconds, lag.delay_p99_seconds), (90.0, 90.0));
    let all = until(&watch, TAX, |lag| lag.events_per_second >= 0.5).await;
    assert!(all.events_per_second <= 0.51, "{all:?}");
    let stages = watch.stages(now_millis());
    let stage = stages.iter().find(|stage| stage.owner == TAX).unwrap();
    assert_eq!(
        (stage.stage.as_str(), stage.count, stage.max_seconds),
        ("source", 30, 90.0)
    );
}

#[tokio::test]
async fn more_sources_than_are_told_apart_are_counted_together() {
    let (_dir, log) = testing::log(1);
    let now_ms = now_millis();
    let many = |n: i64| record(&format!("urn:lienthong:vn:X{n}:onestop"), now_ms, (0, 0));
    testing::append(log.as_ref(), (0..1_005).map(many).collect()).await;
    let (watch, _shutdown) = watch(log, None).await;
    until(&watch, super::OTHER, |_| true).await;
    assert_eq!(watch.sources(now_ms).len(), 1_001);
}

#[test]
fn of_many_delays_of_a_minute_a_fair_choice_is_kept_and_the_largest() {
    let mut seen = Seen::default();
    for event in 0..10_000_i64 {
        let times = Times {
            occurred_ms: Some(100_000 - event),
            sent_ms: Some(100_000),
        };
        seen.measure(100_001, times);
    }
    let [p50, p99, max] = seen.delays().seconds();
    assert_eq!((seen.delays().count(), max), (10_000, 9.999));
    assert!(
        (3.5..6.5).contains(&p50) && (9.0..=9.999).contains(&p99),
        "{p50} {p99}"
    );
    assert!((seen.events_per_second(100_500) - 10_000.0 / 60.0).abs() < 1e-9);
    assert_eq!(seen.events_per_second(170_000), 0.0);
}
