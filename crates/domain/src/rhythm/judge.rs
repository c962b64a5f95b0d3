//! A present silence against what was learned.

use super::learn::{Learned, is_observed};
use super::{HOUR, IMPROBABLE, IsWorking, Minutes, slot};
use std::ops::Range;

/// What a silence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It fits the rhythm.
    Reporting,
    /// It does not.
    Silent,
    /// The rhythm of this hour of the week is not known yet.
    Learning,
}

impl Verdict {
    /// The name that operators read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reporting => "reporting",
            Self::Silent => "silent",
            Self::Learning => "learning",
        }
    }
}

/// What is said of a silence.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Whether it fits.
    pub verdict: Verdict,
    /// The chance, from 0 to 1, of so long a silence.
    pub chance: f64,
    /// In words; empty when reporting.
    pub reason: String,
}

impl Judgement {
    /// Of a source of which nothing was learned.
    pub(super) fn unknown() -> Self {
        Self {
            verdict: Verdict::Learning,
            chance: 1.0,
            reason: LEARNING.to_owned(),
        }
    }
}

/// Why nothing is said.
const LEARNING: &str = "its rhythm at this hour of the week is not known yet; an hour is known once it was seen on two such days";

/// Judges the silent minutes of a range.
pub(super) fn judge(
    learned: &Learned,
    observed: &Minutes,
    silent: Range<i64>,
    is_working: IsWorking<'_>,
) -> Judgement {
    if silent.is_empty() {
        return said(Verdict::Reporting, 1.0, String::new());
    }
    let by_minutes = by_minutes(learned, observed, &silent, is_working);
    if by_minutes < IMPROBABLE {
        let reason = format!(
            "by its own rhythm of weekday and hour a silence of {} has a chance of {by_minutes:.0e}",
            lasting(silent.end - silent.start)
        );
        return said(Verdict::Silent, by_minutes, reason);
    }
    let missed = missed(learned, observed, &silent, is_working);
    if let Some(first) = missed.first() {
        let chance = missed.iter().map(|missed| missed.chance).product();
        let reason = format!(
            "it did not report between {:02}:00 and {:02}:00 at +07:00, as it did on each of {} such days before; missed on {} days",
            first.hour.rem_euclid(24),
            (first.hour + 2).rem_euclid(24),
            first.days,
            missed.len()
        );
        return said(Verdict::Silent, by_minutes.min(chance), reason);
    }
    let now = slot((silent.end - 1).div_euclid(HOUR), is_working);
    match learned.weight(now) {
        None => said(Verdict::Learning, by_minutes, LEARNING.to_owned()),
        Some(_) => said(Verdict::Reporting, by_minutes, String::new()),
    }
}

fn said(verdict: Verdict, chance: f64, reason: String) -> Judgement {
    Judgement {
        verdict,
        chance,
        reason,
    }
}

/// The chance that all of these minutes are silent; hours that are not known say nothing.
fn by_minutes(
    learned: &Learned,
    observed: &Minutes,
    silent: &Range<i64>,
    is_working: IsWorking<'_>,
) -> f64 {
    let hours = silent.start.div_euclid(HOUR)..=(silent.end - 1).div_euclid(HOUR);
    let weights = hours.map(|hour| {
        let minutes = observed.within(hour, silent).count_ones();
        let weight = learned.weight(slot(hour, is_working)).unwrap_or(0.0);
        weight * f64::from(minutes)
    });
    (-weights.sum::<f64>() / learned.burstiness).exp()
}

/// An hour at which it always reported and did not.
struct Missed {
    hour: i64,
    /// On which it did before.
    days: u32,
    chance: f64,
}

/// The first of each day.
fn missed(
    learned: &Learned,
    observed: &Minutes,
    silent: &Range<i64>,
    is_working: IsWorking<'_>,
) -> Vec<Missed> {
    // Both hours must lie within the silence.
    let first = (silent.start + HOUR - 1).div_euclid(HOUR);
    let last = silent.end.div_euclid(HOUR) - 2;
    let mut missed: Vec<Missed> = Vec::new();
    for hour in first..=last {
        let is_told = missed
            .last()
            .is_some_and(|told| told.hour.div_euclid(24) == hour.div_euclid(24));
        if is_told || !is_observed(observed, hour) {
            continue;
        }
        if let Some(days) = learned.always(hour, is_working) {
            // The rule of succession: after so many days without a miss.
            let chance = 1.0 / f64::from(days + 1);
            missed.push(Missed { hour, days, chance });
        }
    }
    missed
}

/// A number of minutes in words.
fn lasting(minutes: i64) -> String {
    match minutes {
        ..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days {} h", minutes / 1_440, minutes / 60 % 24),
    }
}
