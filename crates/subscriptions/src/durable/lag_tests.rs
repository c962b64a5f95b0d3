//! Looks at a log on disk, by a clock of the test's own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::log::{Known, Log};
use super::standing::{Live, Standing};
use super::told::{Seen, told};
use super::tracker::{Found, Tracker};
use crate::filter::{Filter, from_json};
use crate::source::Source;
use crate::testing;
use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_contract::pb::subscription::v1::SubscriptionState;
use lienthong_eventlog::embedded::Embedded;
use lienthong_eventlog::{Bounds, EventLog, Record};
use std::sync::Arc;
use tempfile::TempDir;

const NOW: i64 = 1_791_428_500_000;

struct World {
    _dir: TempDir,
    log: Arc<Embedded>,
    source: Arc<Source>,
    tracker: Tracker,
    standing: Standing,
    live: Live,
    known: Known,
}

/// An event of a case that was recorded so long before [`NOW`].
fn record(case: &str, id: u64, ago_ms: i64) -> Record {
    Record {
        recorded_ms: NOW - ago_ms,
        ..testing::record(case, &id.to_string())
    }
}

/// The only partition: a subscription that stands at `position`, with a consumer.
async fn world(filters: &str, records: Vec<Record>) -> World {
    let (dir, log) = testing::log(1);
    testing::append(log.as_ref(), records).await;
    let source = testing::source(log.clone()).await;
    let filters = from_json(&serde_json::from_str(filters).unwrap(), "filters").unwrap();
    let answers = Log::default();
    answers.ask(log.as_ref()).await;
    World {
        _dir: dir,
        source,
        tracker: Tracker::new(1, Filter::compile(&filters, "filters").unwrap()),
        standing: Standing {
            incarnation: 1,
            positions: vec![0],
            first_waiting: [].into(),
            waiting: 0,
            parked: 0,
            parked_ms: None,
            is_full: false,
            max_in_flight: 1_000,
            state: SubscriptionState::Active,
            why: String::new(),
        },
        live: Live {
            positions: vec![0],
            consumers: 1,
            ..Live::default()
        },
        known: answers.known(),
        log,
    }
}

impl World {
    async fn look(&mut self, at_ms: i64) -> Found {
        let live = Some(&self.live);
        let (source, known) = (self.source.as_ref(), &self.known);
        let found = self
            .tracker
            .look(source, known, &self.standing, live, at_ms)
            .await;
        self.tracker.sample(&found, at_ms);
        found
    }

    async fn lag(&mut self, at_ms: i64) -> SubscriptionLag {
        let found = self.look(at_ms).await;
        let seen = Seen {
            name: "tax",
            standing: &self.standing,
            live: Some(&self.live),
            found: &found,
            tracker: &self.tracker,
            unkept: None,
            gateway: "",
        };
        told(&seen, at_ms)
    }

    /// Takes up to an offset; the events of `waiting` are numbered and not settled.
    fn stands(&mut self, position: u64, waiting: &[u64]) {
        self.standing.positions = vec![position];
        self.live.positions = vec![position];
        self.standing.waiting = waiting.len() as u64;
        let first = waiting.first().map(|first| (0, (*first, NOW)));
        self.standing.first_waiting = first.into_iter().collect();
    }
}

fn every() -> &'static str {
    "[]"
}

#[tokio::test]
async fn lag_is_that_of_the_first_wanted_event_however_many_others_lie_before_it() {
    let mut records: Vec<Record> = (0..2_000).map(|id| record("B", id, 9_000)).collect();
    records.push(record("A", 9_999, 4_321));
    records.extend((10_000..10_050).map(|id| record("B", id, 100)));
    let wants_a = r#"[{"exact": {"partitionkey": "A"}}]"#;
    let mut world = world(wants_a, records).await;
    let found = world.look(NOW).await;
    assert_eq!((found.lag_ms(NOW), found.is_at_most), (4_321, false));
    // What is not wanted before it is none of its lag.
    assert_eq!(found.waiting, 51);
    // Taken up: nothing wanted follows.
    world.stands(2_001, &[]);
    let found = world.look(NOW + 1).await;
    assert_eq!((found.lag_ms(NOW + 1), found.waiting), (0, 0));
    let lag = world.lag(NOW + 2).await;
    assert_eq!(
        (lag.status.as_str(), lag.reason.as_str(), lag.owner.as_str()),
        ("current", "", "")
    );
}

#[tokio::test]
async fn more_than_one_look_can_look_through_is_told_as_the_most_it_can_be() {
    let mut records: Vec<Record> = (0..40_000)
        .map(|id| record("B", id, 60_000 - id as i64))
        .collect();
    records.push(record("A", 99_999, 5_000));
    let mut world = world(r#"[{"exact": {"partitionkey": "A"}}]"#, records).await;
    let first = world.look(NOW).await;
    assert!(first.is_at_most && first.lag_ms(NOW) > 5_000 && first.lag_ms(NOW) <= 60_000);
    let told = world.lag(NOW).await;
    assert!(told.reason.contains("the most it can be"), "{told:?}");
    let mut found = first;
    while found.is_at_most {
        let before = found.lag_ms(NOW);
        found = world.look(NOW).await;
        assert!(found.lag_ms(NOW) <= before);
    }
    assert_eq!((found.lag_ms(NOW), found.waiting), (5_000, 1));
}

#[tokio::test]
async fn an_event_handed_out_and_not_acknowledged_is_the_subscribers_by_the_exact_time() {
    let records = (0..10).map(|id| record("A", id, 30_000 - 1_000 * id as i64));
    let mut world = world(every(), records.collect()).await;
    world.stands(10, &[2, 5]);
    world.live.in_flight = 2;
    let lag = world.lag(NOW).await;
    assert_eq!((lag.lag_seconds, lag.lag_events), (28.0, 2));
    assert_eq!(
        (lag.stage.as_str(), lag.owner.as_str()),
        ("subscriber", "tax")
    );
    assert_eq!(lag.status, "catching_up");
    for step in 1..=20 {
        world.look(NOW + step * 500).await;
    }
    let lag = world.lag(NOW + 10_500).await;
    assert_eq!((lag.status.as_str(), lag.lag_seconds), ("stalled", 38.5));
    assert!(
        lag.reason.contains("2 handed out and not acknowledged"),
        "{}",
        lag.reason
    );
    assert_eq!(lag.outlook.unwrap().eta_seconds, None);
    // The first is settled: the next counts, and it moves.
    world.stands(10, &[5]);
    let lag = world.lag(NOW + 11_000).await;
    assert_eq!(
        (lag.status.as_str(), lag.lag_seconds),
        ("catching_up", 36.0)
    );
}

#[tokio::test]
async fn nobody_consuming_is_the_subscribers_and_a_gateway_that_does_not_read_is_the_gateways() {
    let mut world = world(every(), vec![record("A", 1, 7_000)]).await;
    let lag = world.lag(NOW).await;
    assert_eq!(
        (lag.stage.as_str(), lag.owner.as_str()),
        ("subscriber", "hub")
    );
    world.live.consumers = 0;
    let lag = world.lag(NOW).await;
    assert_eq!((lag.owner.as_str(), lag.lag_seconds), ("tax", 7.0));
    assert!(
        lag.reason.ends_with("; nobody consumes it"),
        "{}",
        lag.reason
    );
    world.live.consumers = 1;
    world.standing.waiting = world.standing.max_in_flight;
    assert_eq!(world.lag(NOW).await.owner, "tax");
}

#[tokio::test]
async fn parked_cases_are_no_lag_and_their_release_is_no_rewind() {
    let records = (0..4).map(|id| record(&format!("C{id}"), id, 20_000));
    let mut world = world(every(), records.collect()).await;
    world.stands(4, &[1, 3]);
    world.look(NOW).await;
    world.stands(4, &[3]);
    world.standing.parked = 1;
    world.standing.parked_ms = Some(NOW - 2_000);
    world.look(NOW + 500).await;
    world.stands(4, &[]);
    let lag = world.lag(NOW + 1_000).await;
    assert_eq!(
        (lag.status.as_str(), lag.lag_seconds, lag.parked),
        ("current", 0.0, 1)
    );
    assert_eq!(lag.parked_oldest_seconds, 3.0);
    world.stands(4, &[1]);
    world.standing.parked = 0;
    for step in 0..30 {
        let lag = world.lag(NOW + 1_500 + 500 * step).await;
        assert_ne!(lag.status, "rewound");
    }
    // Moving back is one.
    world.stands(2, &[]);
    assert_eq!(world.lag(NOW + 17_000).await.status, "rewound");
}

#[tokio::test]
async fn what_retention_removed_unread_is_lost_until_the_subscription_is_moved() {
    let records = (0..10).map(|id| record("A", id, 1_000));
    let mut world = world(every(), records.collect()).await;
    assert_eq!(world.lag(NOW).await.status, "catching_up");
    world.known.partitions[0].bounds = Bounds { start: 6, end: 10 };
    let lag = world.lag(NOW + 500).await;
    assert_eq!((lag.status.as_str(), lag.stage.as_str()), ("lost", "log"));
    assert!(
        lag.reason.contains("offsets 0 to 6 (exclusive)"),
        "{}",
        lag.reason
    );
    assert_eq!(lag.lag_events, 4);
    world.standing.state = SubscriptionState::Disabled;
    assert_eq!(world.lag(NOW + 600).await.status, "lost");
    world.stands(6, &[]);
    let lag = world.lag(NOW + 700).await;
    assert_eq!(
        (lag.status.as_str(), lag.owner.as_str()),
        ("disabled", "tax")
    );
}

#[tokio::test]
async fn a_log_that_does_not_answer_is_the_logs_and_not_the_subscribers() {
    let mut world = world(every(), vec![record("A", 1, 1_000)]).await;
    world.known.silent = Some("the log does not answer: partition 0, for 1 s".to_owned());
    let lag = world.lag(NOW).await;
    assert_eq!(
        (lag.status.as_str(), lag.stage.as_str(), lag.owner.as_str()),
        ("stalled", "log", "hub")
    );
    assert!(lag.reason.starts_with("the log does not answer"));
}

#[tokio::test]
async fn who_keeps_up_is_current_though_something_always_waits() {
    let mut world = world(every(), vec![record("A", 0, 0)]).await;
    for step in 1..60_i64 {
        let at = NOW + step * 500;
        let event = Record {
            recorded_ms: at - 20,
            ..record("A", step as u64, 0)
        };
        testing::append(world.log.as_ref(), vec![event]).await;
        while crate::source::Blocks::ends(world.source.as_ref())[0] <= step as u64 {
            tokio::task::yield_now().await;
        }
        // The one before is settled, the new one is with a consumer.
        world.stands(step as u64 + 1, &[step as u64]);
        let lag = world.lag(at).await;
        if step > 1 {
            assert_eq!(
                (lag.status.as_str(), lag.lag_seconds),
                ("current", 0.02),
                "{step}"
            );
        }
    }
}

#[tokio::test]
async fn headroom_is_that_of_the_first_event_that_waits() {
    let records = (0..10).map(|id| record("A", id, 30_000 - 1_000 * id as i64));
    let mut world = world(every(), records.collect()).await;
    let headroom = |lag: SubscriptionLag| lag.outlook.unwrap().headroom_seconds;
    world.stands(10, &[4]);
    assert_eq!(headroom(world.lag(NOW).await), None);
    world.known.partitions[0].retention.age = Some(std::time::Duration::from_secs(3_600));
    assert_eq!(headroom(world.lag(NOW).await), Some(3_574.0));
    world.stands(10, &[]);
    assert_eq!(headroom(world.lag(NOW).await), None);
    assert!(world.log.bounds(0).await.unwrap().end == 10);
}
