//! How long the first stages of the way took, by chunk: how late its source was, how long the
//! adapter had it, how long the log took.
//!
//! One clock a stage: a source's delay is told by the source's own times where it says when it
//! sent, and without the skew of its clock otherwise; the other two by this machine's steady clock.
//! Few events stand for many: of the chunks recorded in one millisecond the first is measured, and
//! of its events those of [`stage::sample`].

use super::sealed::{Sealed, Slot};
use super::trace::Caller;
use lienthong_contract::cloudevents;
use lienthong_contract::probe::is_probe;
use lienthong_domain::skew::{Skew, WINDOW_MS};
use lienthong_telemetry::owners;
use lienthong_telemetry::stage::{self, Stage};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most sources that are told apart in metrics.
pub const MOST_SOURCES: usize = 1_000;
/// The owner of all others.
const OTHER: &str = "_OTHER";

/// The measuring of a process's adapters.
#[derive(Debug, Default)]
pub struct Stages {
    /// When the last chunk that was measured was recorded.
    measured_ms: AtomicI64,
    sources: Mutex<HashMap<String, Skew>>,
}

/// When a chunk reached its places.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Its first event was read.
    pub taken: Instant,
    /// It was handed to the log.
    pub handed: Instant,
    /// It was durable.
    pub durable: Instant,
}

impl Stages {
    /// Measures a chunk that is durable.
    pub fn measure(&self, chunk: &Sealed, moments: Moments) {
        let recorded_ms = chunk.recorded_ms;
        if !stage::is_measured()
            || self.measured_ms.swap(recorded_ms, Ordering::Relaxed) == recorded_ms
        {
            return;
        }
        let Moments {
            taken,
            handed,
            durable,
        } = moments;
        let teams = owners::get();
        let seconds = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64();
        stage::record(Stage::Adapter, &teams.adapters, seconds(taken, handed));
        stage::record(Stage::Log, &teams.log, seconds(handed, durable));
        if chunk.by == Caller::Source {
            self.measure_sources(chunk);
        }
    }

    fn measure_sources(&self, chunk: &Sealed) {
        for index in stage::sample(chunk.slots.len()) {
            if let Some((owner, delay_ms)) = self.delay(chunk, index) {
                stage::record(Stage::Source, &owner, delay_ms as f64 / 1_000.0);
            }
        }
    }

    /// Whose the event of a slot is, and how late it was; none of what was refused and of probes.
    fn delay(&self, chunk: &Sealed, index: usize) -> Option<(String, i64)> {
        let Slot::Ready { span, .. } = chunk.slots.get(index)? else {
            return None;
        };
        let span = chunk.spans.get(*span)?;
        if is_probe(&chunk.block[span.key.clone()]) {
            return None;
        }
        let told = cloudevents::read(&chunk.block[span.value.clone()])?;
        let occurred_ms = told.occurred?.millis()?;
        let sent_ms = told.sent.and_then(cloudevents::Moment::millis);
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if !sources.contains_key(told.source) {
            if sources.len() >= MOST_SOURCES {
                let mut unknown = Skew::new(WINDOW_MS);
                let delay_ms = unknown.take(chunk.recorded_ms, occurred_ms, sent_ms);
                return Some((OTHER.to_owned(), delay_ms));
            }
            sources.insert(told.source.to_owned(), Skew::new(WINDOW_MS));
        }
        let skew = sources.get_mut(told.source)?;
        let delay_ms = skew.take(chunk.recorded_ms, occurred_ms, sent_ms);
        Some((told.source.to_owned(), delay_ms))
    }
}

#[cfg(test)]
#[path = "stages_tests.rs"]
mod tests;
