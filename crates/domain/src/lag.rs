//! How a follower of the log does, told from samples that an observer takes by a clock of its own.
//!
//! ```text
//!             |<------------- window ------------->|
//!   baseline  S    S    S    S    S    S    S    S    S  now
//!   next  40  40   40   52   60   60   71   80   88   90     out = (90 - 40) / covered
//!   end   90  92   95   95   97   99   99  101  104  110     in  = (110 - 90) / covered
//! ```
//! The observer samples every so often whatever the follower does: one that has stopped cannot keep
//! its last good word. Time is passed in, and any clock of the observer's that runs forward will do;
//! where it jumps the window begins anew, because what was in between is not known.

mod judge;
mod status;

pub use judge::{Condition, Phase};
pub use status::Status;

use std::collections::VecDeque;

/// Samples that are kept of one window; those that come closer together are put together.
const FINEST: i64 = 200;

/// What an observer saw of a follower at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When, in milliseconds of the observer's clock.
    pub at_ms: i64,
    /// The next offset to be processed.
    pub next: u64,
    /// The log's end.
    pub end: u64,
    /// Milliseconds since the first event not yet processed was recorded; 0: there is none.
    pub lag_ms: i64,
    /// Whether the follower stood at the log's end at this moment.
    pub was_at_end: bool,
}

impl Sample {
    /// Records that are not yet processed, probes included.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.end.saturating_sub(self.next)
    }
}

/// The samples of the last so many milliseconds, and one from before them to measure from.
#[derive(Debug, Clone)]
pub struct Window {
    length_ms: i64,
    /// In order of time, at least one once something was pushed.
    samples: VecDeque<Seen>,
    /// When it is known to have stood at the log's end last, between samples.
    touched_ms: Option<i64>,
}

/// A sample, or several close together.
#[derive(Debug, Clone, Copy)]
struct Seen {
    sample: Sample,
    /// The largest `next` of them.
    furthest: u64,
}

/// Gaining or losing, and until when.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Outlook {
    /// Records a second that came in.
    pub in_per_second: f64,
    /// Records a second that were processed.
    pub out_per_second: f64,
    /// Seconds until it has caught up if both go on so; 0: it has, within the window. None: never.
    pub eta_seconds: Option<f64>,
    /// Seconds that the rates are told of; 0: there was one sample only.
    pub covered_seconds: f64,
}

impl Window {
    /// A window over so many milliseconds (at least 1) that has seen nothing.
    #[must_use]
    pub fn new(length_ms: i64) -> Self {
        Self {
            length_ms: length_ms.max(1),
            samples: VecDeque::new(),
            touched_ms: None,
        }
    }

    /// Takes the follower's own word that it stood at the log's end at a moment between samples, by
    /// the observer's clock.
    pub fn touch_end(&mut self, at_ms: i64) {
        self.touched_ms = self.touched_ms.max(Some(at_ms));
    }

    /// Takes the next sample. A clock that went back, or on by more than the window at once, begins
    /// the window anew.
    pub fn push(&mut self, sample: Sample) {
        if let Some(last) = self.last() {
            let passed = sample.at_ms.saturating_sub(last.at_ms);
            if !(0..=self.length_ms).contains(&passed) {
                self.samples.clear();
            }
        }
        let mut seen = Seen {
            sample,
            furthest: sample.next,
        };
        if let Some(close) = self.close_to(sample.at_ms) {
            seen.furthest = seen.furthest.max(close.furthest);
            seen.sample.was_at_end |= close.sample.was_at_end;
            self.samples.pop_back();
        }
        self.samples.push_back(seen);
        let begin = sample.at_ms.saturating_sub(self.length_ms);
        while self
            .samples
            .get(1)
            .is_some_and(|second| second.sample.at_ms <= begin)
        {
            self.samples.pop_front();
        }
    }

    /// The last sample, if it came so soon after the one before it that the next takes its place.
    fn close_to(&self, at_ms: i64) -> Option<Seen> {
        let before = self.samples.iter().rev().nth(1)?;
        let passed = at_ms.saturating_sub(before.sample.at_ms);
        (passed.saturating_mul(FINEST) < self.length_ms)
            .then(|| self.samples.back().copied())
            .flatten()
    }

    /// The latest sample.
    #[must_use]
    pub fn last(&self) -> Option<Sample> {
        self.samples.back().map(|seen| seen.sample)
    }

    /// What rates and status are measured from: the last sample before the window, or its first.
    #[must_use]
    pub fn first(&self) -> Option<Sample> {
        self.samples.front().map(|seen| seen.sample)
    }

    /// Whether the samples reach over the whole window.
    #[must_use]
    pub fn is_covered(&self) -> bool {
        self.covered_ms() >= self.length_ms
    }

    /// Whether the follower stood at the log's end at some moment of the window.
    #[must_use]
    pub fn touched_end(&self) -> bool {
        // What is measured from lies before a window that is covered.
        let before = usize::from(self.samples.len() > 1 && self.is_covered());
        let mut inside = self.samples.iter().skip(before);
        let begin = |last: Sample| last.at_ms.saturating_sub(self.length_ms);
        let touched = self.last().zip(self.touched_ms);
        touched.is_some_and(|(last, touched_ms)| touched_ms > begin(last))
            || inside.any(|seen| {
                let sample = &seen.sample;
                sample.was_at_end || sample.next >= sample.end
            })
    }

    /// The largest offset at which the follower stood.
    fn furthest(&self) -> u64 {
        let each = self.samples.iter().map(|seen| seen.furthest);
        each.max().unwrap_or_default()
    }

    fn covered_ms(&self) -> i64 {
        let ends = self.first().zip(self.last());
        ends.map_or(0, |(first, last)| last.at_ms.saturating_sub(first.at_ms))
    }

    /// Rates over what the window covers, and until when.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        let Some((first, last)) = self.first().zip(self.last()) else {
            return Outlook::default();
        };
        let covered_seconds = self.covered_ms() as f64 / 1_000.0;
        let per_second = |from: u64, to: u64| match covered_seconds > 0.0 {
            true => to.saturating_sub(from) as f64 / covered_seconds,
            false => 0.0,
        };
        let in_per_second = per_second(first.end, last.end);
        let out_per_second = per_second(first.next, last.next);
        let gained = out_per_second - in_per_second;
        let eta_seconds = match self.touched_end() {
            true => Some(0.0),
            false => (gained > 0.0).then(|| last.waiting() as f64 / gained),
        };
        Outlook {
            in_per_second,
            out_per_second,
            eta_seconds,
            covered_seconds,
        }
    }
}

#[cfg(test)]
#[path = "lag_tests.rs"]
mod tests;
