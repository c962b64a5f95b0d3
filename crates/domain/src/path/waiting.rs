//! What a case waits for, and from whom.

use super::exchange::{Exchange, unaccepted, unanswered};
use super::openness::{Standing, standing};
use super::{JoinedCase, Step};
use crate::event::{Kind, Party};

/// What a dossier waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// Papers from the applicant.
    Supplement,
    /// A payment by the applicant.
    Payment,
    /// That the receiver of a hand-over takes it up.
    Acceptance,
    /// An opinion.
    Answer,
    /// That work goes on after a stop.
    Resumption,
}

impl Awaited {
    /// The name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Awaited::Supplement => "supplement",
            Awaited::Payment => "payment",
            Awaited::Acceptance => "acceptance",
            Awaited::Answer => "answer",
            Awaited::Resumption => "resumption",
        }
    }
}

/// One thing that a dossier waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<'a> {
    /// What.
    pub awaited: Awaited,
    /// The dossier.
    pub dossier: &'a str,
    /// From whom; unnamed: the applicant, or nobody told.
    pub from: Party<'a>,
    /// Since when, milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Until when, if the source said so.
    pub due_ms: Option<i64>,
}

/// Everything the case waits for: per dossier its requests to the applicant and its stop,
/// then the open exchanges. Ended dossiers wait for nothing.
///
/// A request is settled by what it asked for (of the same reference if both have one), or by
/// a later portal status 2 or 4. Portal status 5, 6 and 8 as a dossier's latest status count
/// as a request or stop of their own where no event told one.
pub fn waiting<'a>(case: &JoinedCase<'a>) -> Vec<Waiting<'a>> {
    let mut found = Vec::new();
    for dossier in &case.dossiers {
        let steps: Vec<&Step<'a>> = case
            .steps
            .iter()
            .filter(|s| s.dossier == *dossier)
            .collect();
        match standing(&case.steps, dossier) {
            Some(Standing::InWork) => in_work(&steps, &mut found),
            Some(Standing::Stopped) => found.extend(stop(&steps)),
            Some(Standing::Ended) | None => {}
        }
    }
    found.extend(
        unaccepted(case)
            .iter()
            .map(|one| owed(one, Awaited::Acceptance)),
    );
    found.extend(
        unanswered(case)
            .iter()
            .map(|one| owed(one, Awaited::Answer)),
    );
    found
}

fn in_work<'a>(steps: &[&Step<'a>], found: &mut Vec<Waiting<'a>>) {
    let before = found.len();
    for (at, step) in steps.iter().enumerate() {
        let (awaited, answer) = match step.kind {
            Kind::SupplementRequested => (Awaited::Supplement, Kind::SupplementReceived),
            Kind::PaymentRequested => (Awaited::Payment, Kind::PaymentMade),
            _ => continue,
        };
        let mut later = steps[at + 1..].iter();
        if !later.any(|later| settles(later, step, answer)) {
            found.push(of_step(step, awaited, Party::default()));
        }
    }
    if let Some(told) = by_status(steps) {
        let known = found[before..]
            .iter()
            .any(|one| one.awaited == told.awaited);
        if !known {
            found.push(told);
        }
    }
}

fn settles(later: &Step<'_>, request: &Step<'_>, answer: Kind) -> bool {
    let same = later.reference == request.reference;
    let either_untold = later.reference == 0 || request.reference == 0;
    matches!(later.portal_status, 2 | 4) || (later.kind == answer && (same || either_untold))
}

/// What the latest portal status waits for, since the first step that reported it.
fn by_status<'a>(steps: &[&Step<'a>]) -> Option<Waiting<'a>> {
    let mut told = steps.iter().rev().filter(|step| step.portal_status != 0);
    let latest = told.next()?;
    let first = told
        .take_while(|step| step.portal_status == latest.portal_status)
        .last()
        .unwrap_or(latest);
    let (awaited, from) = match latest.portal_status {
        5 => (Awaited::Supplement, Party::default()),
        6 => (Awaited::Payment, Party::default()),
        8 => (Awaited::Resumption, latest.actor),
        _ => return None,
    };
    let settled = steps
        .iter()
        .rev()
        .take_while(|step| step.order > latest.order)
        .any(|step| match awaited {
            Awaited::Supplement => step.kind == Kind::SupplementReceived,
            Awaited::Payment => step.kind == Kind::PaymentMade,
            _ => super::openness::resumes(step),
        });
    let waiting = Waiting {
        due_ms: latest.due_ms,
        ..of_step(first, awaited, from)
    };
    (!settled).then_some(waiting)
}

fn stop<'a>(steps: &[&Step<'a>]) -> Option<Waiting<'a>> {
    let mut later = steps.iter().rev();
    let stopped = later.find(|step| step.kind == Kind::Stopped)?;
    Some(of_step(stopped, Awaited::Resumption, stopped.actor))
}

fn of_step<'a>(step: &Step<'a>, awaited: Awaited, from: Party<'a>) -> Waiting<'a> {
    Waiting {
        awaited,
        dossier: step.dossier,
        from,
        since_ms: step.order.occurred_ms,
        due_ms: step.due_ms,
    }
}

fn owed<'a>(exchange: &Exchange<'a>, awaited: Awaited) -> Waiting<'a> {
    Waiting {
        awaited,
        dossier: exchange.dossier,
        from: exchange.to,
        since_ms: exchange.since_ms,
        due_ms: exchange.due_ms,
    }
}

#[cfg(test)]
#[path = "waiting_tests.rs"]
mod tests;
