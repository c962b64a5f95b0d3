#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Lanes fed by hand, observed on a paused clock.

use super::*;
use crate::testing::events::{Told as Event, poison, probe, received, record};
use crate::testing::lanes::{feed_to, lanes, owner, tables};
use crate::testing::log::MemoryLog;
use crate::views::View;
use lienthong_eventlog::{Record, Retention};

const STEP: Duration = Duration::from_millis(500);

struct Followed {
    lane: Arc<Lane>,
    lanes: Arc<crate::lanes::Lanes>,
    log: Arc<MemoryLog>,
}

/// The case lane of the partition on which the first of the records lies; it has taken nothing.
fn followed(records: Vec<Record>) -> Followed {
    let log = MemoryLog::new(crate::testing::lanes::PARTITIONS);
    let partition = log.partition_of(&records[0].key);
    let (lanes, log) = lanes(records);
    let lane = lanes.of(View::Case).lanes[partition as usize].clone();
    lane.set_opened();
    Followed { lane, lanes, log }
}

fn dossier(number: u64) -> Record {
    let mut record = record(b"D-1", Vec::new());
    let event = Event::new(&format!("e-{number}"), "D-1", "", 0, received());
    record.value = event.records()[0].value.clone();
    record.recorded_ms = now_millis() - 3_000;
    record
}

/// The hub's probes on the partition of [`dossier`].
fn probe_beside(number: u64) -> Record {
    let log = MemoryLog::new(crate::testing::lanes::PARTITIONS);
    let on = log.partition_of(b"D-1");
    let key = lienthong_contract::probe::key("onestop", on, |key| log.partition_of(key));
    let recorded_ms = now_millis() - 2_000;
    let key = key.into();
    Record {
        key,
        recorded_ms,
        ..probe(number)
    }
}

impl Followed {
    async fn take_all(&self) {
        let end = self.log.end(self.lane.owner.partition);
        feed_to(&self.lanes, &self.lane, end).await;
    }

    async fn told(&self) -> ViewLag {
        told(std::slice::from_ref(&self.lane), self.log.as_ref())
            .await
            .remove(0)
    }

    /// Goes on for so many samples.
    async fn watch(&self, samples: usize) -> ViewLag {
        for _ in 0..samples {
            observed(std::slice::from_ref(&self.lane), self.log.as_ref()).await;
            tokio::time::advance(STEP).await;
        }
        self.told().await
    }
}

#[tokio::test(start_paused = true)]
async fn the_lag_is_the_age_of_the_first_event_and_0_when_there_is_none() {
    let followed = followed(vec![dossier(1), dossier(2)]);
    let late = followed.told().await;
    assert_eq!((late.lag_events, late.next_offset), (2, 0));
    assert!((3.0..4.0).contains(&late.lag_seconds), "{late:?}");
    assert_eq!(late.status, "catching_up", "it has just begun to be seen");
    assert_eq!((&late.stage[..], &late.owner[..]), ("projector", "hub"));
    followed.take_all().await;
    let current = followed.told().await;
    assert_eq!((current.lag_events, current.lag_seconds), (0, 0.0));
    let words = (&current.status[..], &current.reason[..], &current.stage[..]);
    assert_eq!(words, ("current", "", ""));
    assert_eq!(current.outlook.unwrap().eta_seconds, Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn probes_that_wait_are_no_lag_but_show_a_lane_that_has_stopped() {
    let followed = followed(vec![dossier(1)]);
    followed.take_all().await;
    assert_eq!(followed.watch(3).await.status, "current");
    followed.log.put((0..5).map(probe_beside));
    let idle = followed.told().await;
    assert_eq!((idle.lag_events, idle.lag_seconds), (0, 0.0));
    assert_eq!(idle.log_end_offset - idle.next_offset, 5);
    assert_eq!(idle.status, "current");
    let stopped = followed.watch(22).await;
    assert_eq!(stopped.status, "stalled");
    assert_eq!((stopped.lag_events, stopped.lag_seconds), (0, 0.0));
    assert!(
        stopped.reason.contains("no event among them"),
        "{stopped:?}"
    );
    followed.log.put([dossier(2)]);
    let late = followed.told().await;
    assert_eq!(late.lag_events, 6);
    assert!((3.0..4.0).contains(&late.lag_seconds), "{late:?}");
    followed.take_all().await;
    assert_eq!(followed.told().await.status, "current");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_lane_is_stalled_within_a_window_and_a_question_leaves_no_trace() {
    let followed = followed(vec![dossier(1)]);
    followed.take_all().await;
    followed.watch(30).await;
    followed.log.put([dossier(2)]);
    for _ in 0..100 {
        assert_eq!(followed.told().await.status, "current");
    }
    let stalled = followed.watch(22).await;
    assert_eq!(stalled.status, "stalled", "{stalled:?}");
    assert!(
        stalled.reason.contains("the first event for 3"),
        "{stalled:?}"
    );
    assert_eq!(stalled.outlook.unwrap().eta_seconds, None);
    assert!(stalled.outlook.unwrap().window_seconds >= 10.0);
    assert_eq!(told::reading(&stalled).status, 5);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_does_not_keep_up_is_told_with_its_rates() {
    let followed = followed(vec![dossier(1)]);
    let mut number = 1;
    for _ in 0..30 {
        followed.log.put((0..10).map(|more| dossier(number + more)));
        number += 10;
        feed_to(&followed.lanes, &followed.lane, followed.lane.next() + 4).await;
        followed.watch(1).await;
    }
    let outlook = followed.told().await.outlook.unwrap();
    // To within one sample of the window.
    assert!((18.0..22.1).contains(&outlook.in_per_second), "{outlook:?}");
    assert!((7.0..9.1).contains(&outlook.out_per_second), "{outlook:?}");
    assert_eq!(outlook.eta_seconds, None);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_does_not_answer_is_the_logs_fault_and_the_most_it_can_be_is_told() {
    let followed = followed(vec![dossier(1)]);
    followed.watch(3).await;
    followed.log.set_down(true);
    tokio::time::advance(Duration::from_secs(4)).await;
    let told = observed(std::slice::from_ref(&followed.lane), followed.log.as_ref())
        .await
        .remove(0);
    assert_eq!((&told.status[..], &told.stage[..]), ("stalled", "log"));
    assert!((7.0..9.0).contains(&told.lag_seconds), "{told:?}");
    assert_eq!(told.log_end_offset, told.next_offset);
    assert!(told.reason.contains("the log is down"), "{told:?}");
    followed.log.set_down(false);
    followed.take_all().await;
    assert_eq!(followed.told().await.status, "current");
}

#[tokio::test(start_paused = true)]
async fn what_retention_took_waits_no_more_though_it_was_known() {
    let mut kept = dossier(3);
    kept.recorded_ms += 2_000;
    let followed = followed(vec![dossier(1), dossier(2), kept]);
    let before = followed.told().await;
    assert!((3.0..4.0).contains(&before.lag_seconds), "{before:?}");
    followed.log.remove_before(followed.lane.owner.partition, 2);
    let after = followed.told().await;
    assert!((1.0..2.0).contains(&after.lag_seconds), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_loss_is_a_status_of_its_own_and_the_logs_and_a_later_trouble_is_told_with_it() {
    let followed = followed(vec![dossier(1), dossier(2), dossier(3)]);
    followed.log.remove_before(followed.lane.owner.partition, 2);
    followed.lane.lose(2);
    followed.take_all().await;
    let lost = followed.told().await;
    assert_eq!((&lost.status[..], &lost.stage[..]), ("lost", "log"));
    assert_eq!((lost.lag_events, lost.lag_seconds), (0, 0.0));
    followed
        .lane
        .set_trouble(Some(Trouble::Stalled("closed".to_owned())));
    let both = followed.told().await;
    assert_eq!(both.status, "lost");
    assert!(both.reason.contains("now stalled"), "{both:?}");
}

#[tokio::test(start_paused = true)]
async fn the_headroom_is_told_while_something_waits() {
    let followed = followed(vec![dossier(1)]);
    followed.log.set_retention(Retention {
        age: Some(Duration::from_secs(100)),
        ..Retention::default()
    });
    let headroom = followed.told().await.outlook.unwrap().headroom_seconds;
    assert!((96.0..97.1).contains(&headroom.unwrap()), "{headroom:?}");
    followed.take_all().await;
    assert_eq!(
        followed.told().await.outlook.unwrap().headroom_seconds,
        None
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_parked_is_told_with_the_age_of_the_oldest() {
    let bad = |recorded_ms| Record {
        recorded_ms,
        ..poison("D-1")
    };
    let followed = followed(vec![bad(now_millis() - 60_000), dossier(1)]);
    followed.take_all().await;
    let told = followed.told().await;
    assert_eq!(told.parked, 1);
    assert!(
        (60.0..61.0).contains(&told.parked_oldest_seconds),
        "{told:?}"
    );
    assert_eq!(told::reading(&told).parked, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_opens_is_loading_and_leaves_no_leap_in_the_window() {
    let log = MemoryLog::new(1);
    let lane = Arc::new(Lane::new(owner(View::Case, 0), tables(), None));
    log.put([record(b"D-1", Vec::new())]);
    let opening = observed(std::slice::from_ref(&lane), log.as_ref())
        .await
        .remove(0);
    assert_eq!(opening.status, "loading");
    assert!(lane.trail().window().last().is_none());
}

#[tokio::test(start_paused = true)]
async fn one_who_looked_slowly_does_not_make_a_lane_stand_back() {
    let followed = followed((1..20).map(dossier).collect());
    followed.watch(3).await;
    let bounds = followed.log.bounds(followed.lane.owner.partition);
    let bounds = bounds.await.unwrap();
    let slow = look(&followed.lane, followed.log.as_ref(), bounds).await;
    let slow = slow.unwrap();
    followed.take_all().await;
    followed.watch(1).await;
    let window = (followed.lane.trail()).push(slow.seen(), &|| followed.lane.next());
    let told = message(&followed.lane, followed.log.as_ref(), slow, &window).await;
    assert_ne!(told.status, "rewound", "{told:?}");
}
