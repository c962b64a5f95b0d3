//! The views, judged: seconds against positions, statuses against the script, owners against what
//! was configured.

use super::look::{ANYWHERE, Look, Sighting};
use super::oracle::{self, Sight};
use super::run::{Done, Seen};
use super::script::Views;
use super::{SAMPLED_MS, TOLERANCE_S, WINDOW_MS};
use lienthong_contract::pb::operations::v1::{GetLagResponse, ViewLag, ViewSummary};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Statuses from the best to the worst, as their specification orders them.
pub const SEVERITY: [&str; 7] = [
    "current",
    "catching_up",
    "loading",
    "falling_behind",
    "rewound",
    "stalled",
    "lost",
];

/// One thing that was told and is not so.
#[derive(Debug, Clone, Serialize)]
pub struct Miss {
    /// The phase.
    pub phase: &'static str,
    /// Seconds since it began.
    pub after_s: f64,
    /// What it is about, such as `case/3`.
    pub subject: String,
    /// `lag`, `status`, `owner`, `summary`, `skew`, `cause`, `eta`, `answer`.
    pub kind: &'static str,
    /// What was told.
    pub told: String,
    /// What would have been right.
    pub right: String,
}

/// One told lag beside the truth.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Measured {
    /// Told, in seconds.
    pub told_s: f64,
    /// The least that is true.
    pub low_s: f64,
    /// The most that is true.
    pub high_s: f64,
}

impl Measured {
    /// How far it lies from what is true, in seconds.
    pub fn off_s(&self) -> f64 {
        (self.low_s - self.told_s)
            .max(self.told_s - self.high_s)
            .max(0.0)
    }
}

/// What the judging of one phase gave.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Judged {
    /// Moments.
    pub moments: usize,
    /// Moments within a window of something that changes the views.
    pub in_grace: usize,
    /// How far each told lag lies from what is true, of every view's partition and subscription, in
    /// seconds.
    pub off_s: Vec<f64>,
    /// The width of what is true, of each, in seconds.
    pub width_s: Vec<f64>,
    /// The largest lag that was told, in seconds.
    pub largest_s: f64,
    /// How often which status was told of a view's partition outside of the grace.
    pub told: BTreeMap<String, usize>,
    /// Statuses told that are not right.
    pub wrong_status: usize,
    /// Stages or owners told that are not right.
    pub wrong_owner: usize,
    /// Every other thing told that is not right.
    pub wrong_other: usize,
    /// How long the answers took, in milliseconds.
    pub answered_ms: Vec<f64>,
}

/// Where misses are noted while a look is judged.
pub struct Notes<'a> {
    /// The phase of the look.
    pub done: &'a Done,
    /// The look.
    pub look: &'a Look,
    /// What the phase gave.
    pub judged: &'a mut Judged,
    /// All misses.
    pub misses: &'a mut Vec<Miss>,
}

impl Notes<'_> {
    /// Notes a miss.
    pub fn miss(&mut self, kind: &'static str, subject: &str, told: String, right: String) {
        match kind {
            "status" => self.judged.wrong_status += 1,
            "owner" => self.judged.wrong_owner += 1,
            "lag" => {}
            _ => self.judged.wrong_other += 1,
        }
        self.misses.push(Miss {
            phase: self.done.phase.name,
            after_s: (self.look.from_ms - self.done.began_ms) / 1e3,
            subject: subject.to_owned(),
            kind,
            told,
            right,
        });
    }

    /// Judges a told lag.
    pub fn lag(&mut self, subject: &str, measured: Measured) {
        self.judged.off_s.push(measured.off_s());
        let width_s = measured.high_s - measured.low_s;
        self.judged.width_s.push(width_s);
        self.judged.largest_s = self.judged.largest_s.max(measured.told_s);
        if measured.off_s() > TOLERANCE_S {
            self.miss(
                "lag",
                subject,
                format!("{:.3} s", measured.told_s),
                format!("{:.3} to {:.3} s", measured.low_s, measured.high_s),
            );
        }
    }

    /// Judges a told status.
    pub fn status(&mut self, subject: &str, told: &str, reason: &str, right: &BTreeSet<&str>) {
        if !right.is_empty() && !right.contains(told) {
            let right: Vec<_> = right.iter().copied().collect();
            self.miss(
                "status",
                subject,
                format!("{told} ({reason})"),
                right.join(" or "),
            );
        }
    }

    /// Judges a told stage and owner.
    pub fn owner(&mut self, subject: &str, told: (&str, &str), right: (&str, &str)) {
        if told != right {
            self.miss("owner", subject, format!("{told:?}"), format!("{right:?}"));
        }
    }
}

/// What is true of the lag of a view's partition at a look, given the next offsets that it can have
/// had.
pub fn truth(seen: &Seen, look: &Look, view: &str, partition: u32) -> Option<(f64, f64)> {
    let place = (view.to_owned(), partition);
    let (before, after) = (look.before.next.get(&place)?, look.after.next.get(&place)?);
    let (mut first, mut last) = (before.0.min(after.0), before.1.max(after.1));
    if last == ANYWHERE {
        // Views only get on: it stands after every earlier sighting and before every later one.
        let next = |sighting: &Sighting| Some(sighting.places.next.get(&place)?.0);
        let sightings = seen.sightings.iter();
        let earlier = sightings
            .clone()
            .filter(|seen| seen.until_ms <= look.from_ms);
        let later = sightings
            .clone()
            .filter(|seen| seen.from_ms >= look.until_ms);
        first = earlier.filter_map(next).fold(first, u64::max);
        last = later.filter_map(next).fold(last, u64::min);
    }
    let (start, durable) = *look.before.bounds.get(&partition)?;
    let (_, end) = *look.after.bounds.get(&partition)?;
    let records = &seen.records;
    let low_s = records.lag_s(partition, last.max(start), durable, look.from_ms);
    let high_s = records.lag_s(partition, first.max(start), end, look.until_ms);
    Some((low_s, high_s.max(low_s)))
}

/// Judges every view of a look.
pub fn views(seen: &Seen, answer: &GetLagResponse, number: usize, notes: &mut Notes<'_>) {
    let is_settled = !is_in_grace(notes.done, notes.look);
    for lag in &answer.lags {
        if is_settled {
            *notes.judged.told.entry(lag.status.clone()).or_default() += 1;
        }
        let subject = format!("{}/{}", lag.view, lag.partition);
        match truth(seen, notes.look, &lag.view, lag.partition) {
            Some((low_s, high_s)) => notes.lag(
                &subject,
                Measured {
                    told_s: lag.lag_seconds,
                    low_s,
                    high_s,
                },
            ),
            None => notes.miss("lag", &subject, "told".into(), "no position known".into()),
        }
        let right = right_statuses(seen, notes.look, number, lag);
        notes.status(&subject, &lag.status, &lag.reason, &right);
        notes.owner(&subject, (&lag.stage, &lag.owner), owner_of(&lag.status));
        eta(&subject, lag, notes);
    }
    let wanted = notes.look.before.next.len();
    if answer.lags.len() != wanted {
        let told = answer.lags.len().to_string();
        notes.miss("answer", "views", told, format!("{wanted} partitions"));
    }
    for summary in &answer.views {
        summed(summary, &answer.lags, notes);
    }
    if answer.views.is_empty() {
        notes.miss("summary", "views", "none".into(), "every view".into());
    }
}

/// Whose a view's status is.
fn owner_of(status: &str) -> (&'static str, &'static str) {
    match status {
        "current" => ("", ""),
        "lost" => ("log", "log-team"),
        _ => ("projector", "views-team"),
    }
}

/// Whether a look lies within the window after something changed.
pub fn is_in_grace(done: &Done, look: &Look) -> bool {
    let changes = done.phase.views == Views::Lost || !done.phase.passing.is_empty();
    changes && look.until_ms < done.since_ms + WINDOW_MS + 2.0 * SAMPLED_MS
}

/// Every status that is right.
fn right_statuses(
    seen: &Seen,
    look: &Look,
    number: usize,
    lag: &ViewLag,
) -> BTreeSet<&'static str> {
    let done = &seen.phases[number];
    let mut right = of_phase(seen, done, look, lag);
    if is_in_grace(done, look) {
        if let Some(before) = number.checked_sub(1).and_then(|at| seen.phases.get(at)) {
            right.extend(of_phase(seen, before, look, lag));
        }
        right.extend(done.phase.passing);
        right.insert("stalled");
    }
    right
}

fn of_phase(seen: &Seen, done: &Done, look: &Look, lag: &ViewLag) -> BTreeSet<&'static str> {
    let one = |status| BTreeSet::from([status]);
    // Once lost, lost until it is rebuilt.
    if done.lost.contains(&lag.partition) {
        return one("lost");
    }
    match done.phase.views {
        Views::All(status) => one(status),
        Views::Lost => one("current"),
        Views::BySight => {
            let sights: Vec<Sight> =
                oracle::sights(&seen.sightings, &seen.records, &lag.view, lag.partition);
            oracle::statuses(&sights, look.from_ms..=look.until_ms)
        }
    }
}

/// Sane: 0 when current, none when it loses, some when it gains.
fn eta(subject: &str, lag: &ViewLag, notes: &mut Notes<'_>) {
    let told = lag.outlook.as_ref().and_then(|outlook| outlook.eta_seconds);
    let is_sane = match (lag.status.as_str(), told) {
        ("current", Some(eta)) => eta == 0.0,
        ("falling_behind" | "stalled", told) => told.is_none(),
        (_, Some(eta)) => eta.is_finite() && eta >= 0.0,
        (_, None) => lag.status != "current",
    };
    if !is_sane {
        let told = format!("{told:?} while {}", lag.status);
        notes.miss("eta", subject, told, "a sane one".into());
    }
}

/// A view is as late as its latest partition and as bad as its worst.
fn summed(summary: &ViewSummary, lags: &[ViewLag], notes: &mut Notes<'_>) {
    let of_view = || lags.iter().filter(|lag| lag.view == summary.view);
    let largest_s = of_view().map(|lag| lag.lag_seconds).fold(0.0, f64::max);
    let events: u64 = of_view().map(|lag| lag.lag_events).sum();
    let rank = |status: &str| SEVERITY.iter().position(|known| *known == status);
    let worst = of_view().max_by_key(|lag| rank(&lag.status));
    let worst = worst.map_or("", |lag| lag.status.as_str());
    let told = (summary.lag_seconds, summary.lag_events, &summary.status[..]);
    if told != (largest_s, events, worst) {
        let right = format!("{:?}", (largest_s, events, worst));
        notes.miss("summary", &summary.view, format!("{told:?}"), right);
    }
}

/// By when each view's partition that is told an ETA had caught up: told and true seconds.
pub fn etas(seen: &Seen) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    let mut sights: BTreeMap<(String, u32), Vec<Sight>> = BTreeMap::new();
    for look in &seen.looks {
        let Ok(answer) = &look.answer else { continue };
        for lag in &answer.lags {
            let eta = lag.outlook.as_ref().and_then(|outlook| outlook.eta_seconds);
            let (Some(eta), "catching_up") = (eta, lag.status.as_str()) else {
                continue;
            };
            let place = (lag.view.clone(), lag.partition);
            let sights = sights.entry(place).or_insert_with(|| {
                oracle::sights(&seen.sightings, &seen.records, &lag.view, lag.partition)
            });
            let mut later = sights.iter();
            let caught_up = later.find(|sight| sight.at_ms > look.until_ms && sight.is_at_end);
            if let Some(sight) = caught_up {
                pairs.push((eta, (sight.at_ms - look.until_ms) / 1e3));
            }
        }
    }
    pairs
}
