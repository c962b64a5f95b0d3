//! The observer of the lanes: samples each of them by a clock of its own, for the window from which
//! status and rates are told, and shows what it saw as metrics, so that a scrape reads memory only.
//!
//! It goes on whatever the lanes and the log do: a lane that has stopped is sampled standing, and a
//! log that does not answer is waited for only so long.

use crate::lag;
use crate::lag::told::reading;
use crate::lane::Lane;
use crate::views::View;
use lienthong_domain::lag::Status;
use lienthong_eventlog::EventLog;
use lienthong_telemetry::projection::{self, Reading};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(500);

/// Answers the lanes that there are now.
pub type Now = Arc<dyn Fn() -> Vec<Arc<Lane>> + Send + Sync>;

/// What is shown of each lane.
type Shown = BTreeMap<(View, u32), Arc<Mutex<Reading>>>;

/// Samples every lane and shows it in every scrape until `stop`; lanes that go are shown no more.
pub fn watch(lanes: Now, log: Arc<dyn EventLog>, stop: &CancellationToken) {
    let mut shown = Shown::new();
    show(&mut shown, &lanes());
    tokio::spawn(observe(shown, lanes, log, stop.clone()));
}

/// Begins to show the lanes that have come and ends showing those that have gone.
fn show(shown: &mut Shown, lanes: &[Arc<Lane>]) {
    let key = |lane: &Arc<Lane>| (lane.owner.view, lane.owner.partition);
    shown.retain(|&(view, partition), _| {
        let is_here = lanes.iter().any(|lane| key(lane) == (view, partition));
        if !is_here {
            projection::forget(view.name(), partition);
        }
        is_here
    });
    for (view, partition) in lanes.iter().map(key) {
        shown.entry((view, partition)).or_insert_with(|| {
            let reading = Arc::new(Mutex::new(Reading {
                status: Status::Loading.number(),
                ..Reading::default()
            }));
            let told = reading.clone();
            let source = move || *told.lock().unwrap_or_else(PoisonError::into_inner);
            projection::watch(view.name(), partition, Arc::new(source));
            reading
        });
    }
}

async fn observe(mut shown: Shown, lanes: Now, log: Arc<dyn EventLog>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = ticks.tick() => {}
        }
        let now = lanes();
        show(&mut shown, &now);
        let seen = lag::observed(&now, log.as_ref()).await;
        for (lane, seen) in now.iter().zip(seen) {
            if let Some(shown) = shown.get(&(lane.owner.view, lane.owner.partition)) {
                *shown.lock().unwrap_or_else(PoisonError::into_inner) = reading(&seen);
            }
        }
    }
    show(&mut shown, &lanes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::lanes::owner;

    #[test]
    fn lanes_come_and_go_and_one_that_stays_keeps_its_reading() {
        let lane =
            |view, partition| Arc::new(Lane::new(owner(view, partition), Default::default(), None));
        let (stays, goes) = (lane(View::Case, 1), lane(View::Vertical, 2));
        let mut shown = Shown::new();
        show(&mut shown, &[stays.clone(), goes]);
        assert_eq!(shown.len(), 2);
        let before = shown[&(View::Case, 1)].clone();
        show(&mut shown, &[stays, lane(View::Horizontal, 0)]);
        let keys: Vec<_> = shown.keys().copied().collect();
        assert_eq!(keys, [(View::Case, 1), (View::Horizontal, 0)]);
        assert!(Arc::ptr_eq(&before, &shown[&(View::Case, 1)]));
    }
}
