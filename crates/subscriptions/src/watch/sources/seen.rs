//! One source as its events showed it.

use crate::facets::Times;
use lienthong_domain::rhythm::{Rhythm, minute_of};
use lienthong_domain::skew::{Skew, WINDOW_MS};

/// Seconds over which events are counted.
const SECONDS: usize = 60;
/// Events of a second that are measured one by one.
const MEASURED: u32 = 64;
/// Delays of a minute that are kept, of more a fair choice.
const DELAYS: usize = 256;

/// What is known of one source.
pub(super) struct Seen {
    pub(super) rhythm: Rhythm,
    last_ms: i64,
    skew: Skew,
    rate: Rate,
    delays: Delays,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            rhythm: Rhythm::default(),
            last_ms: i64::MIN,
            skew: Skew::new(WINDOW_MS),
            rate: Rate::default(),
            delays: Delays::default(),
        }
    }
}

impl Seen {
    /// The same with what is known of before.
    pub(super) fn known(self, rhythm: Rhythm, last_ms: i64) -> Self {
        Self {
            rhythm,
            last_ms: self.last_ms.max(last_ms),
            ..self
        }
    }

    /// It reported.
    pub(super) fn report(&mut self, recorded_ms: i64, now_ms: i64) {
        if recorded_ms <= now_ms + super::AHEAD_MS {
            let minute = minute_of(recorded_ms);
            if self.rhythm.last() != Some(minute) {
                self.rhythm.take(minute);
            }
            self.last_ms = self.last_ms.max(recorded_ms);
        }
    }

    /// Measures an event that has just come; of many in a second only the first, so that a burst
    /// costs little.
    pub(super) fn measure(&mut self, recorded_ms: i64, times: Times) {
        let before = self.rate.count(recorded_ms.div_euclid(1_000));
        if before < MEASURED
            && let Some(occurred_ms) = times.occurred_ms
        {
            let delay_ms = self.skew.take(recorded_ms, occurred_ms, times.sent_ms);
            self.delays.take(minute_of(recorded_ms), delay_ms);
        }
    }

    /// When an event of it was recorded last, milliseconds since the epoch.
    pub(super) fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// The hub's clock minus its own, in seconds.
    pub(super) fn skew_seconds(&self) -> Option<f64> {
        self.skew.skew_ms().map(|skew| skew as f64 / 1_000.0)
    }

    /// Events over the last minute, by the second.
    pub(super) fn events_per_second(&self, now_ms: i64) -> f64 {
        self.rate.events(now_ms.div_euclid(1_000)) as f64 / SECONDS as f64
    }

    /// Its delays in the last minute in which it reported.
    pub(super) fn delays(&self) -> &Delays {
        &self.delays
    }
}

/// Events of the last seconds.
#[derive(Default)]
struct Rate {
    /// By second modulo their number: which, and how many.
    seconds: Vec<(i64, u32)>,
}

impl Rate {
    /// Counts one more; how many there were in that second.
    fn count(&mut self, second: i64) -> u32 {
        if self.seconds.is_empty() {
            self.seconds = vec![(i64::MIN, 0); SECONDS];
        }
        let place = &mut self.seconds[second.rem_euclid(SECONDS as i64) as usize];
        if place.0 < second {
            *place = (second, 0);
        }
        let before = place.1;
        place.1 += u32::from(place.0 == second);
        before
    }

    fn events(&self, now: i64) -> u64 {
        let recent = self
            .seconds
            .iter()
            .filter(|(second, _)| (now - SECONDS as i64 + 1..=now).contains(second));
        recent.map(|(_, count)| u64::from(*count)).sum()
    }
}

/// Delays of the last minute in which there were some, and of the one before it, since the last has
/// only just begun.
#[derive(Default)]
pub(super) struct Delays {
    minute: i64,
    last: Chosen,
    before: Chosen,
}

/// Of all delays of a minute a fair choice.
#[derive(Default)]
struct Chosen {
    millis: Vec<i64>,
    seen: u64,
    largest: i64,
}

impl Delays {
    fn take(&mut self, minute: i64, delay_ms: i64) {
        if minute > self.minute {
            self.minute = minute;
            self.before = std::mem::take(&mut self.last);
        }
        self.last.take(delay_ms);
    }

    /// The last minute in which there were some.
    pub(super) fn minute(&self) -> i64 {
        self.minute
    }

    /// How many there were.
    pub(super) fn count(&self) -> u64 {
        self.last.seen + self.before.seen
    }

    /// Median, 99th percentile and largest, in seconds; 0 if there are none.
    pub(super) fn seconds(&self) -> [f64; 3] {
        let both = self.last.millis.iter().chain(&self.before.millis);
        let mut millis: Vec<i64> = both.copied().collect();
        millis.sort_unstable();
        let at = |share: usize| {
            let last = millis.len().saturating_sub(1);
            millis.get(last * share / 100).copied().unwrap_or(0)
        };
        let largest = self.last.largest.max(self.before.largest);
        [at(50), at(99), largest].map(|millis| millis as f64 / 1_000.0)
    }
}

impl Chosen {
    fn take(&mut self, delay_ms: i64) {
        self.seen += 1;
        self.largest = self.largest.max(delay_ms);
        if self.millis.len() < DELAYS {
            self.millis.push(delay_ms);
            return;
        }
        // Each of all that were seen is among those kept with the same chance.
        let at = rand::random_range(0..self.seen) as usize;
        if let Some(place) = self.millis.get_mut(at) {
            *place = delay_ms;
        }
    }
}
