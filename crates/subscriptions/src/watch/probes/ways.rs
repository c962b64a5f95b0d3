//! Every way that probes take, and what is counted of them.

use super::stages::Stages;
use super::way::{Follows, Way};
use crate::source::Probed;
use lienthong_contract::pb::operations::v1::ProbeLag;
use lienthong_contract::probe::ROUTES;
use lienthong_telemetry::probe;
use lienthong_telemetry::stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Stages under which losses are counted here, beside those of the views.
pub const ADAPTER: &str = "adapter";
const SUBSCRIBER: &str = "subscriber";

/// Most ways that are known: all adapters of 64 processes on 32 partitions. Of further ones nothing
/// is told.
const MOST: usize = 10_240;

/// One of the ways, as it is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The adapter, as metrics name it.
    pub route: &'static str,
    /// The partition.
    pub partition: u32,
    /// The process.
    pub instance: Arc<str>,
}

/// One probe that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct One {
    /// Its way.
    pub name: Name,
    /// Its number.
    pub number: u64,
    /// When it was recorded, milliseconds since the Unix epoch.
    pub recorded_ms: i64,
}

/// All of them.
pub struct Ways {
    lost_after: Duration,
    known: BTreeMap<Name, Way>,
    /// Partitions of which one has come in time since the start; before that nothing is judged.
    open: BTreeSet<u32>,
    /// The stages that are counted here.
    counted: Vec<String>,
    /// Over the last minute.
    pub stages: Stages,
}

impl Ways {
    /// None yet, to be told of by these views, too.
    pub fn new(lost_after: Duration, views: &[&str]) -> Self {
        let views = views.iter().copied().map(stage_of);
        Self {
            lost_after,
            known: BTreeMap::new(),
            open: BTreeSet::new(),
            counted: views
                .chain([ADAPTER, SUBSCRIBER].map(str::to_owned))
                .collect(),
            stages: Stages::default(),
        }
    }

    /// After how long one is lost.
    pub fn lost_after(&self) -> Duration {
        self.lost_after
    }

    /// A probe was handed to subscribers. None for one that is known, or of a route that this
    /// version does not know.
    pub fn arrived(
        &mut self,
        partition: u32,
        probed: &Probed,
        now: Instant,
        now_ms: i64,
    ) -> Option<One> {
        let told = &probed.probe;
        let route = ROUTES.into_iter().find(|route| *route == told.route)?;
        let name = Name {
            route,
            partition,
            instance: Arc::from(&*told.instance),
        };
        if self.known.len() >= MOST && !self.known.contains_key(&name) {
            return None;
        }
        let seconds = (now_ms - probed.recorded_ms).max(0) as f64 / 1_000.0;
        let in_time = seconds <= self.lost_after.as_secs_f64();
        let was_open = match in_time {
            true => !self.open.insert(partition),
            false => self.open.contains(&partition),
        };
        let mut follows = Follows::Next;
        let way = self.known.entry(name.clone());
        let way = way
            .and_modify(|way| follows = way.take(told, now))
            .or_insert_with(|| {
                for stage in &self.counted {
                    // The series is there before anything is lost.
                    probe::lost(route, partition, stage, 0);
                }
                Way::new(told, now)
            });
        match follows {
            Follows::Known => return None,
            Follows::Gap(missing) if was_open => {
                let reason = format!("{missing} before number {} were not read", told.number);
                lose(way, &name, SUBSCRIBER, missing, reason);
            }
            Follows::Gap(_) | Follows::Next => {}
        }
        way.delivered(seconds);
        if in_time {
            way.in_time();
            if follows == Follows::Next {
                way.reach(SUBSCRIBER);
            }
        } else if was_open && !way.was_missed() {
            let reason = format!(
                "number {} reached subscribers only after {seconds:.1} s",
                told.number
            );
            lose(way, &name, SUBSCRIBER, 1, reason);
        }
        let durable = way.durable.unwrap_or_default().as_secs_f64();
        if was_open || in_time {
            probe::reached(route, partition, SUBSCRIBER, seconds);
            self.stages
                .record(Stage::Subscriber, (seconds - durable).max(0.0), now);
        }
        if way.durable.is_some() {
            self.stages.record(Stage::Log, durable, now);
        }
        if way.has_ended() {
            self.known.remove(&name);
        }
        Some(One {
            name,
            number: told.number,
            recorded_ms: probed.recorded_ms,
        })
    }

    /// Questions to a view see a probe.
    pub fn queryable(&mut self, view: &'static str, one: &One, now: Instant, now_ms: i64) {
        let seconds = (now_ms - one.recorded_ms).max(0) as f64 / 1_000.0;
        let stage = stage_of(view);
        probe::reached(one.name.route, one.name.partition, &stage, seconds);
        let mut durable = 0.0;
        if let Some(way) = self.known.get_mut(&one.name) {
            way.queryable(view, seconds);
            way.reach(&stage);
            durable = way.durable.unwrap_or_default().as_secs_f64();
        }
        self.stages
            .record(Stage::Queryable, (seconds - durable).max(0.0), now);
    }

    /// Questions to a view did not see a probe in time.
    pub fn not_queryable(&mut self, view: &'static str, one: &One) {
        let stage = stage_of(view);
        let seconds = self.lost_after.as_secs_f64();
        let number = one.number;
        let reason =
            format!("questions to the view {view} did not see number {number} within {seconds} s");
        match self.known.get_mut(&one.name) {
            Some(way) => {
                way.not_queryable(view);
                lose(way, &one.name, &stage, 1, reason);
            }
            None => probe::lost(one.name.route, one.name.partition, &stage, 1),
        }
    }

    /// Counts what has not come by now, and forgets what has long been silent.
    pub fn look(&mut self, now: Instant) {
        let lost_after = self.lost_after;
        for (name, way) in &mut self.known {
            let missed = way.newly_missed(now, lost_after);
            if missed > 0 {
                let reason = "none came any more".to_owned();
                lose(way, name, ADAPTER, missed, reason);
            }
        }
        self.known.retain(|_, way| !way.is_gone(now));
    }

    /// As the contract tells them.
    pub fn lags(&self, now: Instant) -> Vec<ProbeLag> {
        let lag = |(name, way): (&Name, &Way)| ProbeLag {
            route: name.route.to_owned(),
            partition: name.partition,
            instance: name.instance.to_string(),
            ..way.lag(now, self.lost_after)
        };
        self.known.iter().map(lag).collect()
    }
}

/// The stage of a view.
pub fn stage_of(view: &str) -> String {
    format!("queryable/{view}")
}

fn lose(way: &mut Way, name: &Name, stage: &str, count: u64, reason: String) {
    probe::lost(name.route, name.partition, stage, count);
    way.lose(stage, count, reason);
}
