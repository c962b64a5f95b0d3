//! What a gateway remembers of each partition, for when its instance does not tell its lag: where it
//! stood, when, and the samples from which statuses are told.

use super::directory::Holder;
use super::overview::Place;
use crate::lag::trail::{Seen, Trail, WINDOW_MS, moment_ms};
use crate::views::View;
use lienthong_contract::pb::operations::v1::ViewLag;
use lienthong_contract::pb::projection::v1::LaneStatus;
use lienthong_domain::lag::{Phase, Status, Window};
use lienthong_telemetry::stage::Stage;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All partitions.
#[derive(Default)]
pub struct Remembered {
    all: Mutex<BTreeMap<(View, u32), Arc<Memory>>>,
}

/// One of them.
#[derive(Default)]
pub struct Memory {
    trail: Mutex<Arc<Trail>>,
    last: Mutex<Last>,
    holder: Mutex<Option<Holder>>,
}

/// The last that was heard of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Last {
    /// Where it stood, if anybody said so.
    pub stood: Option<Stood>,
    /// How far it had come since it started.
    pub phase: Phase,
    /// Whether its instance told its lag when it was asked last.
    told: bool,
}

/// Where it stood.
#[derive(Debug, Clone, Copy)]
pub struct Stood {
    /// The next offset to be processed.
    pub next: u64,
    /// When it was heard, milliseconds since the Unix epoch.
    pub heard_ms: i64,
    /// The same by [`moment_ms`].
    moment_ms: i64,
}

impl Stood {
    /// Whether it was heard within the window that statuses are told from.
    pub fn is_recent(&self) -> bool {
        moment_ms() - self.moment_ms < WINDOW_MS
    }
}

impl Remembered {
    /// What is remembered of a partition.
    pub fn of(&self, place: &Place) -> Arc<Memory> {
        let mut all = held(&self.all);
        all.entry((place.view, place.partition))
            .or_default()
            .clone()
    }

    /// Partitions whose instances did not tell their lag when they were asked last.
    pub fn untold(&self) -> Vec<(View, u32)> {
        let all = held(&self.all);
        let untold = all.iter().filter(|(_, memory)| !held(&memory.last).told);
        untold.map(|(place, _)| *place).collect()
    }
}

impl Memory {
    /// Its samples.
    pub fn trail(&self) -> Arc<Trail> {
        held(&self.trail).clone()
    }

    /// Who is to be asked: who keeps it, else who said a moment ago that it does. One that has not
    /// said so in time once may only be slow.
    pub fn holder(&self, keeps: Option<Holder>) -> Option<Holder> {
        let is_recent = self.last().stood.is_some_and(|stood| stood.is_recent());
        let mut known = held(&self.holder);
        if keeps.is_some() || !is_recent {
            *known = keeps;
        }
        known.clone()
    }

    /// Takes a sample of one that stands at `next`, or further if another answer has said so meanwhile.
    pub fn sample(&self, seen: Seen, next: u64) -> Window {
        let furthest = || self.last().stood.map_or(next, |stood| stood.next.max(next));
        self.trail().push(seen, &furthest)
    }

    /// The last that was heard of it.
    pub fn last(&self) -> Last {
        *held(&self.last)
    }

    /// Its instance tells its lag.
    pub fn heard(&self, lag: &ViewLag, now_ms: i64) {
        let status = Status::from_name(&lag.status);
        let phase = match status {
            Some(Status::Loading) => Phase::Loading,
            _ => Phase::Following,
        };
        let is_anew = matches!(status, Some(Status::Loading | Status::Rewound));
        let is_taken = self.stands(lag.next_offset, phase, is_anew, now_ms);
        held(&self.last).told = true;
        // Where the log's end is not known to the instance, there is no sample.
        if !is_taken || lag.stage == Stage::Log.name() {
            return;
        }
        let trail = self.trail();
        let lag_ms = (lag.lag_seconds * 1_000.0) as i64;
        let end = lag.log_end_offset;
        self.sample(Seen { end, lag_ms }, lag.next_offset);
        trail.set_known(lag_ms);
    }

    /// Its instance says when it stood at the log's end last.
    pub fn touched(&self, lane: &LaneStatus) {
        let ago_ms = lane.at_end_ms_ago.and_then(|ago| i64::try_from(ago).ok());
        if let Some(ago_ms) = ago_ms {
            self.trail().touch_end_at(moment_ms() - ago_ms);
        }
    }

    /// Its instance tells only where it stands.
    pub fn seen(&self, lane: &LaneStatus, now_ms: i64) {
        let phase = match lane.ready {
            true => Phase::Following,
            false => Phase::Loading,
        };
        self.stands(lane.next_offset, phase, !lane.ready, now_ms);
        held(&self.last).told = false;
    }

    /// Its instance tells nothing, or there is none.
    pub fn silent(&self) {
        held(&self.last).told = false;
    }

    /// Takes where it stands. False: the answer was overtaken by another, which is how it comes to
    /// stand before where it stood without having begun anew.
    fn stands(&self, next: u64, phase: Phase, is_anew: bool, heard_ms: i64) -> bool {
        let mut last = held(&self.last);
        let stood = last.stood.filter(Stood::is_recent);
        if stood.is_some_and(|stood| next < stood.next) {
            if !is_anew {
                return false;
            }
            *held(&self.trail) = Arc::default();
        }
        last.phase = phase;
        last.stood = Some(Stood {
            next,
            heard_ms,
            moment_ms: moment_ms(),
        });
        true
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
