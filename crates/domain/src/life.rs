//! The life of one dossier as the figures and the legal clock see it, from its steps alone.
//!
//! Nothing here needs reference data. The deadline of the law is [`deadline`], which joins the
//! version of the procedure that the dossier began under.

use crate::calendar::NoCalendar;
use crate::clock::{Clock, Stop, TimeLimit};
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
    /// How it ended; none: it is open.
    pub end: Option<End>,
    /// When and how the applicant got the result.
    pub returned: Option<(i64, Option<Channel>)>,
    /// What the figures count.
    pub deeds: Deeds,
    /// First and last moment at which something was told; 0 without a step.
    pub first_ms: i64,
    /// See `first_ms`.
    pub last_ms: i64,
}

/// A stop that has not ended: its portal status, exchange and beginning.
struct Standing {
    status: u8,
    reference: u64,
}

/// The life that the steps of ONE dossier tell, in their order.
pub fn life<'a>(steps: &[Step<'a>]) -> Life<'a> {
    let mut life = Life::default();
    let mut standing: Vec<Standing> = Vec::new();
    let mut result_ms = None;
    for (at, step) in steps.iter().enumerate() {
        let now = step.order.occurred_ms;
        if at == 0 {
            life.first_ms = now;
        }
        life.last_ms = now;
        if !step.procedure.is_empty() {
            life.procedure = step.procedure;
        }
        receive(&mut life, step);
        count(&mut life, step);
        end(&mut life, step, &mut result_ms);
        stop(&mut life, step, &mut standing);
    }
    life
}

fn receive<'a>(life: &mut Life<'a>, step: &Step<'a>) {
    let at_ms = step.order.occurred_ms;
    if step.kind == Kind::Submitted {
        life.submitted_ms.get_or_insert(at_ms);
    }
    let told = step.kind == Kind::Received;
    let by_status = matches!(step.portal_status, 2 | 4..=10) && step.kind != Kind::Submitted;
    if life.received.is_none() && (told || by_status) {
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
fn end(life: &mut Life<'_>, step: &Step<'_>, result_ms: &mut Option<i64>) {
    let now = step.order.occurred_ms;
    let passes_on = matches!(
        step.kind,
        Kind::HandedOver | Kind::Accepted | Kind::Returned | Kind::ProgressReported
    );
    match verdict(step) {
        Verdict::Ends => {
            let how = match step.kind {
                Kind::RefusedAtIntake | Kind::CivilStatusRefused => Ending::Refused,
                Kind::Withdrawn => Ending::Withdrawn,
                Kind::ResultReturned => Ending::Settled,
                _ => match step.portal_status {
                    3 => Ending::Refused,
                    7 => Ending::Withdrawn,
                    _ => Ending::Settled,
                },
            };
            let at_ms = match how {
                Ending::Settled => *result_ms.get_or_insert(now),
                _ => now,
            };
            if life.end.is_none_or(|end| end.how != how) {
                life.end = Some(End { at_ms, how });
            }
        }
        Verdict::Works => {
            life.end = None;
            if !passes_on {
                *result_ms = None;
            }
        }
        Verdict::Goes if step.kind == Kind::ResultIssued => {
            result_ms.get_or_insert(now);
        }
        Verdict::Goes | Verdict::Stops | Verdict::Silent => {}
    }
}

fn stop(life: &mut Life<'_>, step: &Step<'_>, standing: &mut Vec<Standing>) {
    let now = step.order.occurred_ms;
    let was = standing.len();
    let same = |one: &Standing| {
        one.reference == 0 || step.reference == 0 || one.reference == step.reference
    };
    standing.retain(|one| {
        let ended = match (one.status, step.kind) {
            (5, Kind::SupplementReceived) | (6, Kind::PaymentMade) => same(one),
            (8, _) => matches!(verdict(step), Verdict::Works | Verdict::Goes),
            _ => false,
        };
        !ended && !matches!(step.portal_status, 1..=4 | 7 | 9 | 10) && life.end.is_none()
    });
    let begins = match step.kind {
        Kind::SupplementRequested => 5,
        Kind::PaymentRequested => 6,
        Kind::Stopped => 8,
        _ => step.portal_status,
    };
    let known = standing.iter().any(|one| one.status == begins && same(one));
    if matches!(begins, 5 | 6 | 8) && !known && life.end.is_none() {
        standing.push(Standing {
            status: begins,
            reference: step.reference,
        });
    }
    match (was, standing.first()) {
        (0, Some(first)) => life.stops.push(Stop {
            from_ms: now,
            to_ms: None,
            portal_status: first.status,
        }),
        (1.., None) => {
            if let Some(last) = life.stops.last_mut() {
                last.to_ms = Some(now);
            }
        }
        _ => {}
    }
}

impl Life<'_> {
    /// Since when the clock stands still, if it does.
    pub fn paused_since(&self) -> Option<i64> {
        let last = self.stops.last()?;
        last.to_ms.is_none().then_some(last.from_ms)
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

/// How often a deadline may be extended (Circular 03/2025/TT-VPCP; unverified, so configurable).
pub const MOST_EXTENSIONS: usize = 1;

/// The deadline of a dossier by the law; none if it was not received or its procedure has no limit.
pub fn deadline<'r>(life: &Life<'_>, reference: &'r Reference) -> Option<Deadline<'r>> {
    let received = life.received?;
    let began = day(day_number(received.at_ms));
    let procedure = reference.procedures.version_at(life.procedure, began)?;
    let limit = procedure.limit?;
    let clock = reference.clock();
    let due_ms = clock.due(&limit, received.at_ms, &life.stops);
    let due_ms = due_ms.and_then(|due| extended(&clock, due, &life.extensions));
    Some(Deadline {
        procedure,
        limit,
        due_ms,
    })
}

/// Extensions that count: with an apology, at least one day before the deadline, and not too many.
fn extended(clock: &Clock<'_>, mut due: i64, extensions: &[Extension]) -> Result<i64, NoCalendar> {
    let mut taken = 0;
    for extension in extensions {
        let latest = day_number(due) - 1;
        let counts = extension.apology && day_number(extension.at_ms) <= latest;
        if counts && taken < MOST_EXTENSIONS && extension.due_ms > due {
            due = extension.due_ms;
            taken += 1;
        }
    }
    clock.calendar.is_working(day(day_number(due))).map(|_| due)
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
