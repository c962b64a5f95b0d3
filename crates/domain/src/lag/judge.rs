//! From the window to a status with its reason in words, without thresholds.
//!
//! | status | decided by |
//! |---|---|
//! | `lost`, `stalled` with words | what is known beside the samples: [`Condition`] |
//! | `stalled` | over the whole window records waited and none was processed |
//! | `rewound` | it stands before where it stood in the window |
//! | `current` | it stood at the log's end at some moment of the window |
//! | `loading` | it has not caught up since it started |
//! | `falling_behind` | over the whole window the seconds grew and the records that wait did not become fewer |
//! | `catching_up` | else |
//!
//! Seconds alone would call a burst that is worked off at full speed falling behind: as long as it
//! lasts its first event grows older. Records alone would call one so that gets through old events.

use super::{Sample, Status, Window};
use std::ops::Range;

/// How far a follower has come since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// It looks for where it goes on from, and reads nothing yet.
    Opening,
    /// It has not yet caught up with the log as it was at the start.
    Loading,
    /// It has.
    #[default]
    Following,
}

/// What is known of a follower beside the samples.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// How far it has come since it started.
    pub phase: Phase,
    /// What is to be said about its start; may be empty.
    pub note: String,
    /// Why it cannot go on, or why nothing is known of it: the log does not answer, nobody keeps it.
    pub blocked: Option<String>,
    /// Offsets that retention removed before it processed them.
    pub lost: Option<Range<u64>>,
}

impl Window {
    /// The status, with its reason in words; no words when current.
    #[must_use]
    pub fn judge(&self, condition: &Condition) -> (Status, String) {
        if let Some(lost) = &condition.lost {
            let since = Condition {
                lost: None,
                ..condition.clone()
            };
            return (Status::Lost, lost_words(lost, self.judge(&since)));
        }
        if let Some(why) = &condition.blocked {
            return (Status::Stalled, why.clone());
        }
        let Some((first, last)) = self.first().zip(self.last()) else {
            return (Status::Loading, noted("nothing is known yet", condition));
        };
        let waiting = last.waiting();
        if condition.phase == Phase::Opening {
            let words = format!("opening; {waiting} records wait");
            return (Status::Loading, noted(&words, condition));
        }
        if self.furthest() > last.next {
            let words = format!(
                "it stands at {} and stood at {} within the last {}",
                last.next,
                self.furthest(),
                self.span()
            );
            return (Status::Rewound, words);
        }
        if self.touched_end() {
            return (Status::Current, String::new());
        }
        if self.is_covered() && first.next == last.next {
            let words = format!(
                "nothing was processed for {} and {waiting} records wait{}",
                self.span(),
                first_event(last.lag_ms)
            );
            return (Status::Stalled, words);
        }
        if condition.phase == Phase::Loading {
            let words = format!("loading; {waiting} records to take; {}", self.rates());
            return (Status::Loading, noted(&words, condition));
        }
        let seconds = last.lag_ms as f64 / 1_000.0;
        let words = format!(
            "{seconds:.1} s late; {waiting} records wait; {}",
            self.rates()
        );
        match self.is_covered() && grew(&first, &last) {
            true => (Status::FallingBehind, words),
            false => (Status::CatchingUp, words),
        }
    }

    /// The rates and what they come to, in words.
    fn rates(&self) -> String {
        let outlook = self.outlook();
        let (come, gone) = (outlook.in_per_second, outlook.out_per_second);
        let until = match outlook.eta_seconds {
            Some(eta) => format!("caught up in about {eta:.0} s"),
            None => "never caught up at this rate".to_owned(),
        };
        format!("{gone:.0} a second are processed and {come:.0} come in: {until}")
    }

    fn span(&self) -> String {
        format!("{:.0} s", self.outlook().covered_seconds)
    }
}

/// Whether neither measure got better and the seconds got worse.
fn grew(first: &Sample, last: &Sample) -> bool {
    last.lag_ms > first.lag_ms && last.waiting() >= first.waiting()
}

/// A loss stays, so what follows it is told with it.
fn lost_words(lost: &Range<u64>, (since, words): (Status, String)) -> String {
    let lost = format!(
        "offsets {} to {} (exclusive) were removed by retention before they were read",
        lost.start, lost.end
    );
    match since {
        Status::Current => lost,
        _ => format!("{lost}; now {}: {words}", since.name()),
    }
}

fn noted(words: &str, condition: &Condition) -> String {
    match condition.note.is_empty() {
        true => words.to_owned(),
        false => format!("{words}; {}", condition.note),
    }
}

fn first_event(lag_ms: i64) -> String {
    match lag_ms {
        ..=0 => ", no event among them".to_owned(),
        _ => format!(", the first event for {:.1} s", lag_ms as f64 / 1_000.0),
    }
}
