//! Subscriptions, sources and causes, judged.

use super::judge::{Measured, Notes};
use super::oracle::{self, Sight};
use super::run::Seen;
use super::script::Act;
use super::{TOLERANCE_S, WINDOW_MS};
use lienthong_contract::pb::operations::v1::{Cause, GetLagResponse};
use std::collections::{BTreeMap, BTreeSet};

/// An acknowledgement counts as settled no later than so long after it was sent, in milliseconds.
const SETTLE_MS: f64 = 100.0;
/// A clock that differs by more needs a hand, in milliseconds: so the runbook `source-clock` has it.
const WRONG_MS: i64 = 60_000;
/// How often the account of a subscription is drawn, in milliseconds.
const DRAWN_MS: f64 = 50.0;
/// The hub tells a source's skew from the last minute; so long after a clock changed either is right,
/// in milliseconds.
const SKEW_GRACE_MS: f64 = SKEW_MS + 1_000.0;
/// See above, in milliseconds; what was seen counts for at least half of it.
const SKEW_MS: f64 = 60_000.0;

/// An event as a subscription has it, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    recorded_ms: f64,
    /// Just after the sender heard that it is durable.
    durable_ms: f64,
    /// When the consumer was done with it.
    done_ms: f64,
    /// Its number in the subscription; none: it was never told.
    number: Option<u64>,
}

/// The account of each subscription: what it wants, and when it was done.
pub struct Accounts {
    accounts: BTreeMap<&'static str, (Vec<Wanted>, Vec<Sight>)>,
}

impl Accounts {
    /// Draws them.
    pub fn draw(seen: &Seen) -> Self {
        let mut accounts = BTreeMap::new();
        for subscriber in &seen.subscribers {
            let done = subscriber.done_ms();
            let numbers = subscriber.numbers();
            let mut wanted: Vec<Wanted> = seen
                .records
                .events()
                .filter(|(_, _, recorded_ms)| *recorded_ms as f64 >= subscriber.since_ms)
                .map(|(partition, offset, recorded_ms)| {
                    let at = (partition, offset);
                    let recorded_ms = recorded_ms as f64;
                    let sent = seen.sent.get(&at);
                    Wanted {
                        recorded_ms,
                        durable_ms: sent.map_or(recorded_ms, |sent| sent.acknowledged_ms),
                        done_ms: done.get(&at).copied().unwrap_or(f64::INFINITY),
                        number: numbers.get(&at).copied(),
                    }
                })
                .collect();
            wanted.sort_by(|one, other| one.recorded_ms.total_cmp(&other.recorded_ms));
            let sights = drawn(seen, &wanted);
            accounts.insert(subscriber.name, (wanted, sights));
        }
        Self { accounts }
    }
}

/// How late a subscription was over the whole run.
fn drawn(seen: &Seen, wanted: &[Wanted]) -> Vec<Sight> {
    let (Some(first), Some(last)) = (seen.phases.first(), seen.looks.last()) else {
        return Vec::new();
    };
    let count = ((last.until_ms - first.began_ms) / DRAWN_MS) as usize + 2;
    let moments = (0..count).map(|number| first.began_ms + number as f64 * DRAWN_MS);
    let mut done: Vec<f64> = wanted.iter().map(|wanted| wanted.done_ms).collect();
    done.sort_by(f64::total_cmp);
    let mut from = 0;
    moments
        .map(|at_ms| {
            // Whatever was settled stays settled.
            while wanted
                .get(from)
                .is_some_and(|wanted| wanted.done_ms <= at_ms)
            {
                from += 1;
            }
            let oldest = oldest(&wanted[from..], at_ms, at_ms);
            let come = wanted.partition_point(|wanted| wanted.recorded_ms <= at_ms);
            let gone = done.partition_point(|done_ms| *done_ms <= at_ms);
            Sight {
                at_ms,
                next: gone as u64,
                waiting: come.saturating_sub(gone) as u64,
                is_at_end: oldest.is_none(),
                lag_s: oldest.map_or(0.0, |recorded_ms| (at_ms - recorded_ms) / 1e3),
                unsure_s: 0.0,
            }
        })
        .collect()
}

/// When the oldest event was recorded that was durable by `durable_ms` and not done by `done_ms`.
fn oldest(wanted: &[Wanted], durable_ms: f64, done_ms: f64) -> Option<f64> {
    let mut known = wanted
        .iter()
        .take_while(|wanted| wanted.recorded_ms <= durable_ms);
    known
        .find(|wanted| wanted.durable_ms <= durable_ms && wanted.done_ms > done_ms)
        .map(|wanted| wanted.recorded_ms)
}

/// Whether the gateway has just begun.
fn is_fresh(notes: &Notes<'_>) -> bool {
    let begins = matches!(notes.done.phase.act, Act::Restart | Act::Lose);
    begins && notes.look.until_ms < notes.done.since_ms + WINDOW_MS
}

/// Judges the subscriptions of a look.
pub fn subscriptions(accounts: &Accounts, answer: &GetLagResponse, notes: &mut Notes<'_>) {
    for (name, (wanted, sights)) in &accounts.accounts {
        let subject = format!("subscription {name}");
        let mut told = answer.subscriptions.iter();
        let Some(told) = told.find(|told| told.name == *name) else {
            notes.miss("answer", &subject, "nothing".into(), "its lag".into());
            continue;
        };
        let (from_ms, until_ms) = (notes.look.from_ms, notes.look.until_ms);
        let since = |recorded_ms: Option<f64>, at_ms: f64| {
            recorded_ms.map_or(0.0, |recorded_ms| ((at_ms - recorded_ms) / 1e3).max(0.0))
        };
        // What is recorded by the end may count, whether its sender has heard by then or not; and
        // what was acknowledged counts until the subscription has settled it.
        let settled = notes.look.settled.get(*name).copied().unwrap_or(0);
        let all = |done_ms: f64| {
            let mut known = wanted.iter();
            let first = known.find(|wanted| {
                wanted.done_ms > done_ms || wanted.number.is_none_or(|number| number > settled)
            });
            first
                .map(|wanted| wanted.recorded_ms)
                .filter(|recorded_ms| *recorded_ms <= until_ms)
        };
        let low_s = since(oldest(wanted, from_ms, until_ms), from_ms);
        let high_s = since(all(from_ms - SETTLE_MS), until_ms);
        notes.lag(
            &subject,
            Measured {
                told_s: told.lag_seconds,
                low_s,
                high_s: high_s.max(low_s),
            },
        );
        let mut right = oracle::statuses(sights, from_ms..=until_ms);
        if is_fresh(notes) {
            // Whoever looks has not looked for a window yet.
            right.extend(["catching_up", "falling_behind", "loading"]);
        }
        notes.status(&subject, &told.status, &told.reason, &right);
        let owner = (told.stage.as_str(), told.owner.as_str());
        let by_right = match told.status.as_str() {
            "current" => vec![("", "")],
            // While it catches up it is between the two whose hands the late event is in.
            "catching_up" => vec![("subscriber", *name), ("subscriber", "gateways-team")],
            _ => vec![("subscriber", *name)],
        };
        if !by_right.contains(&owner) {
            notes.owner(&subject, owner, by_right[0]);
        }
    }
}

/// How long the quickest of a source's messages of the last minute took to be recorded, in seconds:
/// as the source's clock is told by what it sends, it is told with this.
fn way_s(seen: &Seen, source: usize, at_ms: f64) -> f64 {
    let sent = seen.sent.iter().filter(|(_, sent)| sent.source == source);
    let took = sent.filter_map(|((partition, offset), sent)| {
        let recorded_ms = seen.records.recorded_ms(*partition, *offset)? as f64;
        let lately = at_ms - SKEW_MS / 2.0..=at_ms;
        lately
            .contains(&recorded_ms)
            .then_some((recorded_ms - sent.sent_ms) / 1e3)
    });
    took.fold(f64::INFINITY, f64::min)
}

/// By how much each source's clock is behind at a phase, as the hub tells it; before and after where
/// it changed just now.
fn skews(seen: &Seen, number: usize, at_ms: f64) -> [Option<bool>; 2] {
    let mut are_wrong = false;
    let mut before = Some(false);
    let mut changed_ms = f64::NEG_INFINITY;
    for done in &seen.phases[..=number] {
        let now = match done.phase.act {
            Act::ClocksWrong => true,
            Act::ClocksRight => false,
            _ => continue,
        };
        (before, are_wrong, changed_ms) = (Some(are_wrong), now, done.since_ms);
    }
    let recently = at_ms < changed_ms + SKEW_GRACE_MS;
    [Some(are_wrong), before.filter(|_| recently)]
}

/// Judges the sources of a look.
pub fn sources(seen: &Seen, answer: &GetLagResponse, number: usize, notes: &mut Notes<'_>) {
    let states = skews(seen, number, notes.look.until_ms);
    for (place, source) in seen.senders.sources.iter().enumerate() {
        let mut told = answer.sources.iter();
        let Some(told) = told.find(|told| told.source == source.urn) else {
            // Before its first event is read it is not known.
            if number > 0 {
                notes.miss("answer", source.urn, "nothing".into(), "its clock".into());
            }
            continue;
        };
        let right = states.into_iter().flatten().map(|is_wrong| {
            let ahead_ms = if is_wrong { source.wrong_by_ms } else { 0 };
            -(ahead_ms as f64) / 1e3
        });
        let right: Vec<f64> = right.collect();
        let is_right = match told.clock_skew_seconds {
            Some(skew_s) => {
                let way_s = way_s(seen, place, notes.look.from_ms);
                let way_s = if way_s.is_finite() { way_s } else { 0.0 };
                let near = -TOLERANCE_S..=way_s.max(0.0) + TOLERANCE_S;
                right.iter().any(|right| near.contains(&(skew_s - right)))
            }
            None if is_fresh(notes) => true,
            // A clock that is not ahead does not show unless the source tells when it sent.
            None => !source.tells_sent_time && right.contains(&0.0),
        };
        if !is_right {
            notes.miss(
                "skew",
                source.urn,
                format!("{:?}", told.clock_skew_seconds),
                format!("{right:?}"),
            );
        }
    }
}

/// Judges the causes of a look: what is bad is named with its owner, what is well is not.
pub fn causes(seen: &Seen, answer: &GetLagResponse, number: usize, notes: &mut Notes<'_>) {
    let mut bad: BTreeMap<String, &str> = BTreeMap::new();
    for lag in answer.lags.iter().filter(|lag| lag.status != "current") {
        bad.insert(format!("view {}/{}", lag.view, lag.partition), &lag.owner);
    }
    for lag in &answer.subscriptions {
        if lag.status != "current" {
            bad.insert(format!("subscription {}", lag.name), &lag.owner);
        }
    }
    let wrong_clocks = skews(seen, number, notes.look.until_ms);
    let wrong = seen.senders.sources.iter();
    for source in wrong.filter(|source| source.wrong_by_ms.abs() > WRONG_MS) {
        if wrong_clocks == [Some(true), None] {
            bad.insert(format!("source {}", source.urn), source.urn);
        }
    }
    for (subject, owner) in &bad {
        let named = answer.causes.iter().find(|cause| cause.subject == *subject);
        match named {
            None => notes.miss("cause", subject, "not named".into(), (*owner).to_owned()),
            Some(cause) if cause.owner != *owner => {
                notes.miss("cause", subject, cause.owner.clone(), (*owner).to_owned());
            }
            Some(cause) => said(cause, notes),
        }
    }
    let is_bad = |subject: &str| bad.contains_key(subject);
    let pardoned = pardoned(seen, number, notes.look.from_ms);
    for cause in &answer.causes {
        let family = cause.subject.split(' ').next().unwrap_or_default();
        if !is_bad(&cause.subject) && !pardoned.contains(family) {
            let told = format!("{} of {}: {}", cause.status, cause.owner, cause.reason);
            notes.miss("cause", &cause.subject, told, "nothing is wrong".into());
        }
    }
}

/// Every cause says why, what to do, and where to read on.
fn said(cause: &Cause, notes: &mut Notes<'_>) {
    for (field, text) in [
        ("reason", &cause.reason),
        ("what_to_do", &cause.what_to_do),
        ("runbook", &cause.runbook),
        ("stage", &cause.stage),
    ] {
        if text.is_empty() {
            let right = format!("a {field}");
            notes.miss("cause", &cause.subject, "empty".into(), right);
        }
    }
}

/// What may be named besides: probes while or after no projector works, sources just after their
/// clocks changed.
fn pardoned(seen: &Seen, number: usize, at_ms: f64) -> BTreeSet<&'static str> {
    let mut pardoned = BTreeSet::new();
    let recently = seen.phases[..=number].iter().rev().take(3);
    if recently
        .into_iter()
        .any(|done| !done.phase.passing.is_empty() || done.phase.act == Act::Restart)
    {
        pardoned.insert("probe");
    }
    if skews(seen, number, at_ms)[1].is_some() {
        pardoned.insert("source");
    }
    // What stands in the window of a burst is told by the views' own account.
    if at_ms < seen.phases[number].since_ms + WINDOW_MS {
        pardoned.insert("probe");
    }
    pardoned
}
