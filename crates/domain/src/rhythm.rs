//! The rhythm in which a source reports, and whether its present silence fits it.
//!
//! ```text
//! reported   ..11.1.11..1111.1|..............        bits, one a minute, over eight weeks
//! observed   11111111111.111.1|11111111111111        minutes in which the hub took anything
//!                    learned  |  judged
//!                             last report
//! ```
//! What is learned is a function of the two sets of minutes alone: taking a minute twice, or late,
//! changes nothing, so a rhythm that was read again from the log is the same. A minute in which the
//! hub took nothing from anybody tells nothing of anybody. The silence itself is never learned from:
//! it does not become the rhythm by lasting.
//!
//! A silence does not fit for one of two reasons:
//! - **improbable**: by the share of minutes in which the source reported in each of the 168 hours of
//!   the week, the chance that all the minutes since its last report are silent is below
//!   [`IMPROBABLE`]. Minutes are not independent (lunch breaks, work in batches), so the chance is
//!   weakened until the longest silence of an ordinary week of the same source fits it.
//! - **missed**: a source that reports in few hours a day did not report at an hour at which it
//!   always did, on twenty days and more. No product of minutes would notice a nightly batch that
//!   does not come.

mod judge;
mod learn;
mod minutes;

pub use judge::{Judgement, Verdict};
pub use learn::Learned;
pub use minutes::{Minutes, minute_of};

/// Chance below which a silence is no accident: with a thousand sources judged every minute about
/// one false alarm a day.
pub const IMPROBABLE: f64 = 1e-6;
/// Hours of which a rhythm is learned: eight weeks.
pub const HOURS: usize = 8 * WEEK_HOURS;
/// Hours of which it is kept whether the hub took anything: as long again, since a source may have
/// been silent for eight weeks.
pub const OBSERVED_HOURS: usize = 2 * HOURS;
/// Hours of a week.
const WEEK_HOURS: usize = 168;
/// Minutes of an hour.
const HOUR: i64 = 60;

/// Whether people work on a day, by its number since 1970-01-01; none: the calendar does not know.
pub type IsWorking<'a> = &'a dyn Fn(i64) -> Option<bool>;

/// The hour of the week, 0 to 167 from Monday 0:00 at +07:00, whose rhythm an hour has. A day off
/// has that of a Sunday, a worked day of a weekend that of a Friday.
fn slot(hour: i64, is_working: IsWorking<'_>) -> usize {
    let of_day = hour.rem_euclid(24);
    let weekday = weekday(hour.div_euclid(24), is_working);
    (weekday * 24 + of_day) as usize
}

/// From 0 for Monday.
fn weekday(day: i64, is_working: IsWorking<'_>) -> i64 {
    // 1970-01-01 was a Thursday.
    let weekday = day.saturating_add(3).rem_euclid(7);
    match is_working(day) {
        Some(false) if weekday < 5 => 6,
        Some(true) if weekday >= 5 => 4,
        _ => weekday,
    }
}

/// A source's rhythm.
#[derive(Debug, Clone)]
pub struct Rhythm {
    reported: Minutes,
    last: Option<i64>,
    /// What was learned, and the hour of the last report that it was learned up to.
    learned: Option<(i64, Learned)>,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self::of(Minutes::new(HOURS))
    }
}

impl Rhythm {
    /// The rhythm of these minutes.
    pub fn of(reported: Minutes) -> Self {
        Self {
            last: reported.last(),
            reported,
            learned: None,
        }
    }

    /// The source reported in a minute (see [`minute_of`]).
    pub fn take(&mut self, minute: i64) {
        if self.reported.mark(minute) {
            self.last = self.last.max(Some(minute));
        }
    }

    /// The minutes in which it reported.
    pub fn reported(&self) -> &Minutes {
        &self.reported
    }

    /// The last minute in which it reported; none: never.
    pub fn last(&self) -> Option<i64> {
        self.last
    }

    /// Whether [`Rhythm::learn`] has something to do: a report came in another hour than the last
    /// that was learned from.
    pub fn is_stale(&self) -> bool {
        let hour = self.last.map(|last| last.div_euclid(HOUR));
        hour.is_some() && self.learned.as_ref().map(|(at, _)| *at) != hour
    }

    /// Learns from everything up to the last report. Some hundred microseconds.
    pub fn learn(&mut self, observed: &Minutes, is_working: IsWorking<'_>) {
        if let Some(last) = self.last {
            let learned = Learned::from(&self.reported, observed, last, is_working);
            self.learned = Some((last.div_euclid(HOUR), learned));
        }
    }

    /// Forgets what was learned, so that it is learned again from the same minutes: the calendar
    /// changed, or minutes came late.
    pub fn relearn(&mut self) {
        self.learned = None;
    }

    /// The silence from the last report until `until` (a minute, exclusive: the first that is not
    /// over, or not read to its end).
    pub fn judge(&self, observed: &Minutes, until: i64, is_working: IsWorking<'_>) -> Judgement {
        match (&self.learned, self.last) {
            (Some((_, learned)), Some(last)) => {
                judge::judge(learned, observed, last + 1..until, is_working)
            }
            _ => Judgement::unknown(),
        }
    }
}

#[cfg(test)]
#[path = "rhythm_tests.rs"]
mod tests;
