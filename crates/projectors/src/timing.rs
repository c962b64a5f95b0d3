//! How long events take from the log until questions see them: a few of each batch, told as the
//! stages `projector` and `queryable`, and from recorded until seen by the view.
//!
//! ```text
//! recorded ---- the log's own transit ---->|<---- projector ---->|<---- queryable ---->|
//!               durable, and handed out                      taken up         everybody told
//! ```
//! When a record was durable is written nowhere. Those that come while the reader waits at the log's
//! end are handed out as soon as they are, so the least of their ages of late is the log's transit;
//! what is above it is the projector's. Only what was recorded while the lane followed is measured:
//! a replay is no delay.

use crate::lane::Lane;
use lienthong_contract::probe::is_probe;
use lienthong_eventlog::StoredRecord;
use lienthong_telemetry::owners;
use lienthong_telemetry::stage::{self, Stage};
use std::time::Duration;
use tokio::time::Instant;

/// Least pause between two batches that are measured, so that measuring costs the fastest lane no
/// more than a thousandth of its time.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a transit counts at least; at most twice as long.
const OF_LATE: Duration = Duration::from_secs(30);

/// What a runner measures.
pub struct Timing {
    not_before: Instant,
    transit: Transit,
}

/// The least age of records handed out while the reader waited, in milliseconds.
struct Transit {
    since: Instant,
    now: Option<f64>,
    before: Option<f64>,
}

/// A batch that is measured.
pub struct Batch {
    /// When its sampled events were recorded, milliseconds since the Unix epoch.
    recorded_ms: Vec<i64>,
    /// When it was taken up, likewise.
    taken_up_ms: f64,
    began: Instant,
    transit_ms: f64,
}

impl Default for Timing {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            not_before: now,
            transit: Transit {
                since: now,
                now: None,
                before: None,
            },
        }
    }
}

impl Timing {
    /// Records are taken up now. `came_while_waiting`: the reader stood at the log's end.
    pub fn begin(
        &mut self,
        lane: &Lane,
        records: &[StoredRecord],
        came_while_waiting: bool,
    ) -> Option<Batch> {
        let began = Instant::now();
        if records.is_empty() || began < self.not_before {
            return None;
        }
        let taken_up_ms = millis();
        let sampled = stage::sample(records.len()).map(|at| &records[at].record);
        let live = sampled.filter(|record| lane.trail().is_live(record.recorded_ms));
        let live: Vec<_> = live.collect();
        if came_while_waiting {
            let ages = live
                .iter()
                .map(|record| taken_up_ms - record.recorded_ms as f64);
            self.transit.add(ages.fold(f64::INFINITY, f64::min), began);
        }
        let events = live.iter().filter(|record| !is_probe(&record.key));
        let recorded_ms: Vec<i64> = events.map(|record| record.recorded_ms).collect();
        if recorded_ms.is_empty() {
            return None;
        }
        self.not_before = began + PAUSE;
        Some(Batch {
            recorded_ms,
            taken_up_ms,
            began,
            transit_ms: self.transit.least(),
        })
    }
}

impl Transit {
    fn add(&mut self, age_ms: f64, now: Instant) {
        if now.duration_since(self.since) >= OF_LATE {
            self.before = self.now.take();
            self.since = now;
        }
        if age_ms.is_finite() {
            let age_ms = age_ms.max(0.0);
            self.now = Some(self.now.map_or(age_ms, |least| least.min(age_ms)));
        }
    }

    /// 0 as long as nothing is known.
    fn least(&self) -> f64 {
        let known = self.now.into_iter().chain(self.before);
        known.reduce(f64::min).unwrap_or(0.0)
    }
}

impl Batch {
    /// Questions see all of it now.
    pub fn end(self, lane: &Lane) {
        let owner = &owners::get().projectors;
        let took = self.began.elapsed().as_secs_f64();
        for (projector, reached) in self.seconds(took) {
            stage::record(Stage::Projector, owner, projector);
            stage::record(Stage::Queryable, owner, took);
            stage::reached_view(lane.owner.view.name(), reached);
        }
    }

    /// Of each sampled event the projector's share, and the whole way from recorded until seen, in
    /// seconds; `took` is what it took from taken up until seen.
    fn seconds(&self, took: f64) -> impl Iterator<Item = (f64, f64)> {
        self.recorded_ms.iter().map(move |recorded_ms| {
            let age_ms = (self.taken_up_ms - *recorded_ms as f64).max(0.0);
            let projector = (age_ms - self.transit_ms).max(0.0) / 1_000.0;
            (projector, age_ms / 1_000.0 + took)
        })
    }
}

/// Milliseconds since the Unix epoch, with what is finer.
fn millis() -> f64 {
    jiff::Timestamp::now().as_microsecond() as f64 / 1_000.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::events::{probe, record};
    use crate::testing::lanes::owner;
    use crate::views::View;
    use lienthong_eventlog::Record;

    fn stored(record: Record, age_ms: i64) -> StoredRecord {
        let recorded_ms = millis() as i64 - age_ms;
        StoredRecord {
            offset: 0,
            record: Record {
                recorded_ms,
                ..record
            },
        }
    }

    fn event(age_ms: i64) -> StoredRecord {
        stored(record(b"D-1", Vec::new()), age_ms)
    }

    fn lane(live_for_ms: i64) -> Lane {
        let lane = Lane::new(owner(View::Case, 0), Default::default(), None);
        lane.trail().set_live(millis() as i64 - live_for_ms);
        lane
    }

    #[test]
    fn what_is_above_the_logs_transit_is_the_projectors() {
        let (lane, mut timing) = (lane(60_000), Timing::default());
        let first = timing.begin(&lane, &[event(40)], true).unwrap();
        let (projector, reached) = first.seconds(0.5).next().unwrap();
        assert!(projector < 0.002, "all of it is transit: {projector}");
        assert!((0.54..0.56).contains(&reached), "{reached}");
        timing.not_before = Instant::now();
        let late = timing.begin(&lane, &[event(3_040)], false).unwrap();
        let (projector, reached) = late.seconds(0.0).next().unwrap();
        assert!((2.9..3.1).contains(&projector), "{projector}");
        assert!((3.0..3.2).contains(&reached), "{reached}");
    }

    #[test]
    fn a_replay_and_a_probe_are_not_measured() {
        let (lane, mut timing) = (lane(1_000), Timing::default());
        assert!(timing.begin(&lane, &[event(60_000)], false).is_none());
        assert!(timing.begin(&lane, &[stored(probe(1), 5)], true).is_none());
        let mixed = [event(60_000), stored(probe(1), 5), event(10)];
        let batch = timing.begin(&lane, &mixed, false).unwrap();
        assert_eq!(batch.recorded_ms.len(), 1);
        let never = Lane::new(owner(View::Case, 0), Default::default(), None);
        assert!(
            Timing::default()
                .begin(&never, &[event(5)], false)
                .is_none()
        );
    }

    #[test]
    fn few_events_of_a_batch_are_measured_and_few_batches() {
        let (lane, mut timing) = (lane(60_000), Timing::default());
        let many: Vec<_> = (0..1_000).map(|_| event(10)).collect();
        let batch = timing.begin(&lane, &many, false).unwrap();
        assert!(batch.recorded_ms.len() <= 16);
        assert!(timing.begin(&lane, &many, false).is_none());
    }

    #[test]
    fn a_transit_that_got_longer_is_learned_anew() {
        let mut transit = Timing::default().transit;
        let began = transit.since;
        transit.add(5.0, began);
        transit.add(30.0, began + OF_LATE);
        assert_eq!(transit.least(), 5.0);
        transit.add(40.0, began + OF_LATE * 2);
        assert_eq!(transit.least(), 30.0);
    }
}
