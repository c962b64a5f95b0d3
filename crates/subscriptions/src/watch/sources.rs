//! Those who report, as their events arrive: when last, how many, how late, by what clock, and
//! whether their silence fits their rhythm.
//!
//! ```text
//! live ----------------------> rate, delay, clock
//!   \------> minutes reported, minutes observed ------> rhythm
//! history --/    ^
//!   (up to eight weeks back, or on from the file)
//! ```
//! Minutes are sets (see `lienthong_domain::rhythm`): reading a stretch of the log twice changes
//! nothing. What a source sent again counts for nothing here, as for every subscriber.

mod file;
mod history;
mod seen;
mod told;

use super::{Config, Handles};
use crate::facets::Attribute;
use crate::source::{Block, Blocks};
use hashbrown::HashMap;
use lienthong_contract::pb::operations::v1::{SourceLag, StageLag};
use lienthong_contract::reference::Current;
use lienthong_contract::time::now_millis;
use lienthong_domain::path::day::day;
use lienthong_domain::reference::Reference;
use lienthong_domain::rhythm::{Minutes, OBSERVED_HOURS, minute_of};
use seen::Seen;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// Sources told apart; those that come later are counted together.
const MOST: usize = 1_000;
/// What those beyond the bound are called.
const OTHER: &str = "_OTHER";
/// How often rhythms are looked after.
const EVERY: Duration = Duration::from_secs(1);
/// Rhythms that are learned at once, so that a full hour does not hold up the readers.
const AT_ONCE: usize = 25;
/// A recorded time that lies further ahead than this is a clock gone wrong, no minute.
const AHEAD_MS: i64 = 3_600_000;
/// After so long without a report a source is forgotten, in milliseconds: eight weeks.
const FORGOTTEN_MS: i64 = 8 * 7 * 86_400_000;

/// What is known of sources.
pub struct Sources {
    state: Mutex<State>,
    blocks: Arc<dyn Blocks>,
    reference: Current,
    file: Option<PathBuf>,
}

/// Everything that is read, under one lock, so that what is written down fits together.
struct State {
    by_urn: HashMap<String, Seen>,
    /// Minutes in which anything was recorded, the hub's own probes included.
    observed: Minutes,
    /// By partition.
    live: Vec<Live>,
    /// Where reading what lies before the start goes on, by partition; none: it is done.
    history: Option<Vec<u64>>,
    /// Version of the calendar that rhythms were learned under.
    calendar: String,
}

/// How far a partition was read.
#[derive(Clone, Copy)]
struct Live {
    next: u64,
    is_at_end: bool,
    /// When not at the end: everything recorded before this was read.
    until_ms: i64,
}

impl Sources {
    /// Nothing is known yet.
    pub fn new(config: &Config, handles: &Handles) -> Arc<Self> {
        let live = |next| Live {
            next,
            is_at_end: false,
            until_ms: i64::MIN,
        };
        let ends = handles.blocks.ends();
        let state = State {
            by_urn: HashMap::new(),
            observed: Minutes::new(OBSERVED_HOURS),
            live: ends.into_iter().map(live).collect(),
            history: Some(Vec::new()),
            calendar: String::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            blocks: handles.blocks.clone(),
            reference: handles.reference.clone(),
            file: config.rhythms.clone(),
        })
    }

    /// Takes what a block has from an offset on.
    pub fn take(&self, block: &Block, from: u64) {
        let now_ms = now_millis();
        let mut state = self.state();
        for entry in block.from(from) {
            state.observe(entry.recorded_ms, now_ms);
            let urn = entry.facets.first(Attribute::Source).unwrap_or_default();
            let times = entry.facets.times();
            let seen = state.seen(urn);
            seen.report(entry.recorded_ms, now_ms);
            seen.measure(entry.recorded_ms, times);
        }
        let probes = block.probes.iter().filter(|probe| probe.offset >= from);
        let probed = probes.map(|probe| probe.recorded_ms).max();
        if let Some(recorded_ms) = probed {
            state.observe(recorded_ms, now_ms);
        }
        let told = block.entries.last().map(|entry| entry.recorded_ms);
        if let Some(live) = state.live.get_mut(block.partition as usize) {
            live.next = block.next;
            live.is_at_end = false;
            live.until_ms = told.max(probed).unwrap_or(live.until_ms).max(live.until_ms);
        }
    }

    /// Takes what a block from before the start has.
    fn take_history(&self, block: &Block, from: u64) {
        let now_ms = now_millis();
        let mut state = self.state();
        for entry in block.from(from) {
            state.observe(entry.recorded_ms, now_ms);
            let urn = entry.facets.first(Attribute::Source).unwrap_or_default();
            state.seen(urn).report(entry.recorded_ms, now_ms);
        }
        for probe in block.probes.iter().filter(|probe| probe.offset >= from) {
            state.observe(probe.recorded_ms, now_ms);
        }
    }

    /// A partition was read to its end.
    pub fn at_end(&self, partition: u32) {
        if let Some(live) = self.state().live.get_mut(partition as usize) {
            live.is_at_end = true;
        }
    }

    /// A partition cannot be read.
    pub fn behind(&self, partition: u32) {
        if let Some(live) = self.state().live.get_mut(partition as usize)
            && std::mem::take(&mut live.is_at_end)
        {
            live.until_ms = now_millis();
        }
    }

    /// See `Watched::sources`.
    pub fn lags(&self, now_ms: i64) -> Vec<SourceLag> {
        told::lags(&self.state(), &self.reference.now(), now_ms)
    }

    /// See `Watched::stages`.
    pub fn stages(&self, now_ms: i64) -> Vec<StageLag> {
        told::stages(&self.state(), now_ms)
    }

    /// Learns some of the rhythms that have something new, and forgets who has gone.
    fn look_after(&self, now_ms: i64) {
        let reference = self.reference.now();
        let mut state = self.state();
        if state.calendar != reference.calendar.version() {
            reference.calendar.version().clone_into(&mut state.calendar);
            state.relearn();
        }
        let kept = |seen: &Seen| now_ms - seen.last_ms() < FORGOTTEN_MS;
        state.by_urn.retain(|_, seen| kept(seen));
        if state.history.is_some() {
            return;
        }
        let State {
            by_urn, observed, ..
        } = &mut *state;
        let stale = by_urn.values_mut().map(|seen| &mut seen.rhythm);
        for rhythm in stale.filter(|rhythm| rhythm.is_stale()).take(AT_ONCE) {
            rhythm.learn(observed, &|day| is_working(&reference, day));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether people work on a day, by its number; none: the calendar lacks its year.
fn is_working(reference: &Reference, number: i64) -> Option<bool> {
    reference.calendar.is_working(day(number)).ok()
}

impl State {
    /// Something was recorded.
    fn observe(&mut self, recorded_ms: i64, now_ms: i64) {
        if recorded_ms <= now_ms + AHEAD_MS {
            self.observed.mark(minute_of(recorded_ms));
        }
    }

    fn seen(&mut self, urn: &str) -> &mut Seen {
        let is_known = self.by_urn.contains_key(urn);
        let urn = match is_known || self.by_urn.len() < MOST {
            true => urn,
            false => OTHER,
        };
        self.by_urn.entry_ref(urn).or_default()
    }

    /// The first minute that is not over, or not read to its end on every partition.
    fn until(&self, now_ms: i64) -> i64 {
        let until = |live: &Live| match live.is_at_end {
            true => now_ms,
            false => live.until_ms.min(now_ms),
        };
        let until_ms = self.live.iter().map(until).min();
        minute_of(until_ms.unwrap_or(now_ms))
    }

    fn relearn(&mut self) {
        let all = self.by_urn.values_mut();
        all.for_each(|seen| seen.rhythm.relearn());
    }
}

/// What is done by the clock, until `shutdown`; then the rhythms are written down.
pub async fn run(sources: Arc<Sources>, shutdown: CancellationToken) {
    told::show(&sources);
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = look_after(&sources) => {}
        never = history::learn_and_keep(&sources) => match never {},
    }
    told::hide();
    sources.write().await;
}

async fn look_after(sources: &Sources) {
    let mut times = interval(EVERY);
    loop {
        times.tick().await;
        sources.look_after(now_millis());
    }
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
