//! Hand-overs that nobody has taken up, and consultations that nobody has answered.

use super::openness::{Standing, standing};
use super::{JoinedCase, Step};
use crate::event::{Kind, Party};

/// A hand-over or consultation that is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange<'a> {
    /// The dossier.
    pub dossier: &'a str,
    /// Who handed over or asked.
    pub from: Party<'a>,
    /// Who has to accept or answer.
    pub to: Party<'a>,
    /// When it began, milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Until when, if the source said so.
    pub due_ms: Option<i64>,
}

/// Hand-overs and returns to a named agency that are not taken up, in order. Only of
/// dossiers in work. See [`is_taken_up`].
pub fn unaccepted<'a>(case: &JoinedCase<'a>) -> Vec<Exchange<'a>> {
    open(case, |at, step| {
        passes_on(step) && !is_taken_up(&case.steps, at)
    })
}

/// Consultations that are not answered, in order. Only of dossiers in work. An answer of
/// the same reference settles one; where a side told no reference, an answer by the agency
/// that was asked does.
pub fn unanswered<'a>(case: &JoinedCase<'a>) -> Vec<Exchange<'a>> {
    open(case, |at, step| {
        let mut later = case.steps[at + 1..].iter();
        step.kind == Kind::Consulted && !later.any(|later| answers(later, step))
    })
}

/// Whether the step passes the dossier on to somebody it names.
pub fn passes_on(step: &Step<'_>) -> bool {
    matches!(step.kind, Kind::HandedOver | Kind::Returned) && step.addressee.is_named()
}

/// Whether the hand-over or return at `at` was taken up: by a later acceptance or return of
/// the addressee (of the same reference if both have one), by any other later act of the
/// addressee in the case, or by a later hand-over or return of the dossier by the same
/// agency, which replaces this one. Within an agency the units are compared.
///
/// An acceptance stamped with the hand-over's own time counts as later: packets of
/// QCVN 120 have whole seconds.
pub fn is_taken_up(steps: &[Step<'_>], at: usize) -> bool {
    let step = &steps[at];
    let same_time = steps[..at]
        .iter()
        .rev()
        .take_while(|earlier| earlier.order.occurred_ms == step.order.occurred_ms);
    let accepted_at_once = |other: &Step<'_>| {
        other.kind == Kind::Accepted && other.dossier == step.dossier && takes_up(other, step)
    };
    let replaced = |later: &Step<'_>| {
        passes_on(later)
            && later.dossier == step.dossier
            && later.actor.is_named()
            && later.actor.agency == step.actor.agency
    };
    same_time.into_iter().any(accepted_at_once)
        || steps[at + 1..]
            .iter()
            .any(|later| takes_up(later, step) || replaced(later))
}

/// Whether `later` is an act of the addressee that takes up `step`.
pub(crate) fn takes_up(later: &Step<'_>, step: &Step<'_>) -> bool {
    let replies = matches!(later.kind, Kind::Accepted | Kind::Returned);
    let both_numbered = later.reference != 0 && step.reference != 0;
    if replies && both_numbered && later.reference != step.reference {
        return false;
    }
    if later.actor.is_named() {
        is_by(&later.actor, step)
    } else {
        later.kind == Kind::Accepted && both_numbered
    }
}

/// Whether an actor is the addressee of `step`.
pub fn is_by(actor: &Party<'_>, step: &Step<'_>) -> bool {
    let within_agency = step.addressee.agency == step.actor.agency;
    let unit_decides = within_agency && !step.addressee.unit.is_empty();
    actor.agency == step.addressee.agency && (!unit_decides || actor.unit == step.addressee.unit)
}

fn answers(later: &Step<'_>, step: &Step<'_>) -> bool {
    if later.kind != Kind::Answered {
        return false;
    }
    if later.reference != 0 && step.reference != 0 {
        return later.reference == step.reference;
    }
    later.actor.is_named() && is_by(&later.actor, step)
}

fn open<'a>(
    case: &JoinedCase<'a>,
    is_open: impl Fn(usize, &Step<'a>) -> bool,
) -> Vec<Exchange<'a>> {
    let mut exchanges = Vec::new();
    for (at, step) in case.steps.iter().enumerate() {
        let pending = is_open(at, step);
        if pending && standing(&case.steps, step.dossier) == Some(Standing::InWork) {
            exchanges.push(Exchange {
                dossier: step.dossier,
                from: step.actor,
                to: step.addressee,
                since_ms: step.order.occurred_ms,
                due_ms: step.due_ms,
            });
        }
    }
    exchanges
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
