//! The life of one dossier as the figures and the legal clock see it, from its steps alone.
//!
//! Nothing here needs reference data. The deadline of the law is [`deadline`], which joins the
//! version of the procedure that the dossier began under.

use crate::calendar::NoCalendar;
use crate::clock::{Pending, Rules, Stop, TimeLimit};
use crate::event::detail::{Channel, Flag, OnlineLevel};
use crate::event::{Kind, Party};
use crate::path::Step;
use crate::path::day::{day, day_number};
use crate::path::openness::{Verdict, verdict};
use crate::procedure::Procedure;
use crate::reference::Reference;

/// How a dossier came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception<'a> {
    /// When; the clock begins.
    pub at_ms: i64,
    /// Who received it: the agency that the figures are counted under.
    pub by: Party<'a>,
    /// By which channel, if told.
    pub channel: Option<Channel>,
    /// How far online, if told.
    pub online: Option<OnlineLevel>,
}

/// How a dossier ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// Processed (portal status 9, 10).
    Settled,
    /// Withdrawn by the applicant (7).
    Withdrawn,
    /// Refused (3).
    Refused,
}

/// The end of a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When processing ended: of a settled dossier the moment at which its result existed.
    pub at_ms: i64,
    /// How.
    pub how: Ending,
}

/// An extension as a source told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// When it was decided.
    pub at_ms: i64,
    /// The new deadline.
    pub due_ms: i64,
    /// Whether a letter of apology was sent.
    pub apology: bool,
}

/// What the figures count of a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deeds {
    /// Papers handed in were digitised.
    pub papers_digitised: bool,
    /// The result was digitised.
    pub result_digitised: bool,
    /// The result is electronic.
    pub electronic: bool,
    /// The electronic result is digitally signed.
    pub signed: bool,
    /// Payments made.
    pub payments: u16,
    /// Of those, online.
    pub payments_online: u16,
    /// Ratings given.
    pub ratings: u16,
    /// Of those, 4 or 5.
    pub satisfied: u16,
}

/// The life of one dossier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Life<'a> {
    /// The procedure code told last; empty: none.
    pub procedure: &'a str,
    /// When the applicant handed it in, if told.
    pub submitted_ms: Option<i64>,
    /// How it came in; none: it was only handed in.
    pub received: Option<Reception<'a>>,
    /// The appointment or deadline of the whole dossier that was told last.
    pub told_due_ms: Option<i64>,
    /// Extensions in their order.
    pub extensions: Vec<Extension>,
    /// When the clock stood still: in order, none touching another.
    pub stops: Vec<Stop>,
    /// How it ended; none: it is open, as [`crate::path::openness::standing`] has it.
    pub end: Option<End>,
    /// The end of a dossier that was settled before it was first received, by its source's clock,
    /// and of which nothing else has been told since. Its reception put it in work, so that `end`
    /// is none: the source contradicts itself.
    pub ended_before_received: Option<End>,
    /// When and how the applicant got the result.
    pub returned: Option<(i64, Option<Channel>)>,
    /// What the figures count.
    pub deeds: Deeds,
    /// First and last moment at which something was told; 0 without a step.
    pub first_ms: i64,
    /// See `first_ms`.
    pub last_ms: i64,
}

/// A stop that has not ended.
struct Standing {
    status: u8,
    reference: u64,
    /// It was told by a status alone, not by an event with its own answer.
    by_status: bool,
}

/// The life that the steps of ONE dossier tell, in their order.
pub fn life<'a>(steps: &[Step<'a>]) -> Life<'a> {
    let mut life = Life::default();
    let mut standing: Vec<Standing> = Vec::new();
    let (mut result_ms, mut told_received) = (None, false);
    for (at, step) in steps.iter().enumerate() {
        let now = step.order.occurred_ms;
        if at == 0 {
            life.first_ms = now;
        }
        life.last_ms = now;
        if !step.procedure.is_empty() {
            life.procedure = step.procedure;
        }
        let now_received = receive(&mut life, step, told_received);
        told_received |= now_received;
        count(&mut life, step);
        end(&mut life, step, now_received, &mut result_ms);
        stop(&mut life, step, &mut standing);
    }
    life
}

/// A reception that was told counts, the first of them, wherever it stands; without one the first
/// status that only a received dossier can have does. Whether this step is the first told.
fn receive<'a>(life: &mut Life<'a>, step: &Step<'a>, told_before: bool) -> bool {
    let at_ms = step.order.occurred_ms;
    if step.kind == Kind::Submitted {
        life.submitted_ms.get_or_insert(at_ms);
    }
    let told = step.kind == Kind::Received && !told_before;
    let by_status = matches!(step.portal_status, 2 | 4..=10) && step.kind != Kind::Submitted;
    if told || life.received.is_none() && by_status {
        life.received = Some(Reception {
            at_ms,
            by: step.actor,
            channel: step.detail.channel(),
            online: step.detail.online(),
        });
    }
    match step.kind {
        Kind::Received | Kind::SupplementReceived => {
            life.told_due_ms = step.due_ms.or(life.told_due_ms);
        }
        Kind::Extended => {
            if let Some(due_ms) = step.due_ms {
                life.told_due_ms = Some(due_ms);
                life.extensions.push(Extension {
                    at_ms,
                    due_ms,
                    apology: step.detail.is(Flag::Apology),
                });
            }
        }
        _ => {}
    }
    told
}

fn count(life: &mut Life<'_>, step: &Step<'_>) {
    let deeds = &mut life.deeds;
    match step.kind {
        Kind::Digitised if step.detail.is(Flag::OfResult) => deeds.result_digitised = true,
        Kind::Digitised => deeds.papers_digitised = true,
        Kind::ResultIssued => {
            deeds.electronic |= step.detail.is(Flag::Electronic);
            deeds.signed |= step.detail.is(Flag::Signed);
        }
        Kind::PaymentMade => {
            deeds.payments += 1;
            deeds.payments_online += u16::from(step.detail.is(Flag::PaidOnline));
        }
        Kind::Rated => {
            deeds.ratings += 1;
            deeds.satisfied += u16::from(step.detail.score() >= 4);
        }
        Kind::ResultReturned => {
            life.returned = Some((step.order.occurred_ms, step.detail.channel()));
        }
        _ => {}
    }
}

/// Follows whether it has ended. The result existed from the first of `result_issued` and portal
/// status 9 on, unless work on the matter itself went on after it.
fn end(life: &mut Life<'_>, step: &Step<'_>, now_received: bool, result_ms: &mut Option<i64>) {
    let now = step.order.occurred_ms;
    let passes_on = matches!(
        step.kind,
        Kind::HandedOver | Kind::Accepted | Kind::Returned | Kind::ProgressReported
    );
    match verdict(step) {
        Verdict::Ends => {
            let how = how(step);
            let at_ms = match how {
                Ending::Settled => *result_ms.get_or_insert(now),
                _ => now,
            };
            if life.end.is_none_or(|end| end.how != how) {
                life.end = Some(End { at_ms, how });
            }
            life.ended_before_received = None;
        }
        Verdict::Works => {
            let settled = life.end.filter(|end| end.how == Ending::Settled);
            life.ended_before_received = settled.filter(|_| now_received);
            life.end = None;
            if !passes_on {
                *result_ms = None;
            }
        }
        // What was stopped is no longer ended, whatever came before.
        Verdict::Stops => {
            life.end = None;
            life.ended_before_received = None;
        }
        Verdict::Goes if step.kind == Kind::ResultIssued => {
            result_ms.get_or_insert(now);
        }
        Verdict::Goes | Verdict::Silent => {}
    }
}

fn how(step: &Step<'_>) -> Ending {
    match (step.kind, step.portal_status) {
        (Kind::RefusedAtIntake | Kind::CivilStatusRefused, _) => Ending::Refused,
        (Kind::Withdrawn, _) => Ending::Withdrawn,
        (Kind::ResultReturned, _) => Ending::Settled,
        (_, 3) => Ending::Refused,
        (_, 7) => Ending::Withdrawn,
        _ => Ending::Settled,
    }
}

/// Follows what the dossier waits for. An answer ends what it answers; a status other than 5, 6
/// and 8, or the end, ends everything; of a source that tells nothing but statuses the last of 5, 6
/// and 8 holds.
fn stop(life: &mut Life<'_>, step: &Step<'_>, standing: &mut Vec<Standing>) {
    let now = step.order.occurred_ms;
    let was = standing.len();
    let same = |one: &Standing| {
        one.reference == 0 || step.reference == 0 || one.reference == step.reference
    };
    let (begins, by_status) = match step.kind {
        Kind::SupplementRequested => (5, false),
        Kind::PaymentRequested => (6, false),
        Kind::Stopped => (8, false),
        _ => (step.portal_status, true),
    };
    let begins = Some(begins).filter(|status| matches!(status, 5 | 6 | 8));
    standing.retain(|one| {
        let answered = match (one.status, step.kind) {
            (5, Kind::SupplementReceived) | (6, Kind::PaymentMade) => same(one),
            (8, _) => matches!(verdict(step), Verdict::Works | Verdict::Goes),
            _ => false,
        };
        let replaced = by_status && one.by_status && begins.is_some_and(|next| next != one.status);
        let over = begins.is_none() && step.portal_status != 0;
        !answered && !replaced && !over && life.end.is_none()
    });
    if let Some(status) = begins.filter(|_| life.end.is_none()) {
        let known = standing
            .iter()
            .any(|one| one.status == status && (by_status || same(one)));
        if !known {
            standing.push(Standing {
                status,
                reference: step.reference,
                by_status,
            });
        }
    }
    match (was, standing.first()) {
        (0, Some(first)) => begin_stop(life, now, first.status),
        (1.., None) => {
            if let Some(last) = life.stops.last_mut() {
                last.to_ms = Some(now);
            }
        }
        _ => {}
    }
}

/// A stop that begins when the one before ends is the same standing still.
fn begin_stop(life: &mut Life<'_>, now: i64, portal_status: u8) {
    match life.stops.last_mut() {
        Some(last) if last.to_ms == Some(now) => last.to_ms = None,
        _ => life.stops.push(Stop {
            from_ms: now,
            to_ms: None,
            portal_status,
        }),
    }
}

impl Life<'_> {
    /// Since when the clock stands still, if it does.
    pub fn paused_since(&self) -> Option<i64> {
        self.open_stop().map(|stop| stop.from_ms)
    }

    /// How an open dossier stands towards the deadline that decides; see [`crate::clock::duty`].
    pub fn pending(&self, due_ms: Option<i64>) -> Pending {
        Pending {
            due_ms,
            stopped_by: self.open_stop().map_or(0, |stop| stop.portal_status),
            extensions: self.extensions.len(),
        }
    }

    fn open_stop(&self) -> Option<&Stop> {
        self.stops.last().filter(|stop| stop.to_ms.is_none())
    }
}

/// The deadline by the law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadline<'r> {
    /// The version of the procedure that the dossier began under.
    pub procedure: &'r Procedure,
    /// Its limit.
    pub limit: TimeLimit,
    /// The deadline, milliseconds since the Unix epoch, or the year that the calendar lacks.
    pub due_ms: Result<i64, NoCalendar>,
}

/// The deadline of a dossier by the law; none if it was not received or its procedure has no limit.
pub fn deadline<'r>(life: &Life<'_>, reference: &'r Reference) -> Option<Deadline<'r>> {
    deadline_under(life, reference, &Rules::default())
}

/// As [`deadline`], under other rules of extension.
pub fn deadline_under<'r>(
    life: &Life<'_>,
    reference: &'r Reference,
    rules: &Rules,
) -> Option<Deadline<'r>> {
    let received = life.received?;
    let began = day(day_number(received.at_ms));
    let procedure = reference.procedures.version_at(life.procedure, began)?;
    let limit = procedure.limit?;
    let due_ms = reference
        .clock()
        .due(&limit, received.at_ms, &life.stops)
        .map(|due_ms| extended(due_ms, &life.extensions, rules).0);
    Some(Deadline {
        procedure,
        limit,
        due_ms,
    })
}

/// A deadline with the extensions that count, and how many do: those with an apology in time, to a
/// later deadline, and not too many.
pub fn extended(mut due_ms: i64, extensions: &[Extension], rules: &Rules) -> (i64, usize) {
    let mut taken = 0;
    for extension in extensions {
        let latest = day_number(due_ms) - rules.apology_days_before;
        let counts = extension.apology && day_number(extension.at_ms) <= latest;
        if counts && taken < rules.most_extensions && extension.due_ms > due_ms {
            due_ms = extension.due_ms;
            taken += 1;
        }
    }
    (due_ms, taken)
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
