//! Histories of one dossier that contradict themselves.

use super::words::moment;
use super::{Finding, Matter};
use lienthong_domain::event::Kind;
use lienthong_domain::life::Ending;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::Step;
use lienthong_domain::path::openness::{Verdict, verdict};

/// Steps after the end, endings that exclude each other, and results before the reception.
pub(super) fn look<'a>(matter: &Matter<'_, 'a>, found: &mut Vec<Finding<'a>>) {
    after_end(matter, found);
    settled_twice(matter, found);
    result_first(matter, found);
}

/// Whether a dossier can have no work after the step.
pub(super) fn closes(step: &Step<'_>) -> bool {
    let told = matches!(
        step.kind,
        Kind::ResultReturned | Kind::Withdrawn | Kind::RefusedAtIntake
    );
    told || matches!(step.portal_status, 3 | 7 | 10)
}

/// The first step of work after each end.
fn after_end<'a>(matter: &Matter<'_, 'a>, found: &mut Vec<Finding<'a>>) {
    let mut end: Option<&Step<'a>> = None;
    for step in matter.steps {
        if closes(step) {
            end.get_or_insert(step);
            continue;
        }
        let Some(ended) = end.filter(|_| verdict(step) == Verdict::Works) else {
            continue;
        };
        if step.order.occurred_ms > ended.order.occurred_ms {
            end = None;
            found.push(Finding {
                expected: format!(
                    "no work after {} at {}",
                    ended.kind.name(),
                    moment(ended.order.occurred_ms)
                ),
                found: told(step),
                ..matter.finding(Misfit::StepAfterEnd, step)
            });
        }
    }
}

/// A step in words: its kind, its status and its moment.
fn told(step: &Step<'_>) -> String {
    let (kind, at) = (step.kind.name(), moment(step.order.occurred_ms));
    match step.portal_status {
        0 => format!("{kind} at {at}"),
        status => format!("{kind} with status {status} at {at}"),
    }
}

/// Each ending that excludes the one before it.
fn settled_twice<'a>(matter: &Matter<'_, 'a>, found: &mut Vec<Finding<'a>>) {
    let mut last: Option<(Ending, &Step<'a>)> = None;
    for step in matter.steps {
        if verdict(step) == Verdict::Works {
            last = None;
        }
        let Some(ending) = ending(step) else { continue };
        if let Some((was, first)) = last.filter(|(was, _)| *was != ending) {
            found.push(Finding {
                expected: format!("{} since {}", name(was), moment(first.order.occurred_ms)),
                found: told(step),
                ..matter.finding(Misfit::SettledTwice, step)
            });
        }
        last = Some((ending, step));
    }
}

/// How a step ends its dossier. A refusal to register is the result that the one-stop returns, so
/// it excludes nothing.
fn ending(step: &Step<'_>) -> Option<Ending> {
    match step.kind {
        Kind::CivilStatusRefused | Kind::Stopped => None,
        Kind::RefusedAtIntake => Some(Ending::Refused),
        Kind::Withdrawn => Some(Ending::Withdrawn),
        Kind::ResultReturned => Some(Ending::Settled),
        _ => match step.portal_status {
            3 => Some(Ending::Refused),
            7 => Some(Ending::Withdrawn),
            9 | 10 => Some(Ending::Settled),
            _ => None,
        },
    }
}

fn name(ending: Ending) -> &'static str {
    match ending {
        Ending::Settled => "settled",
        Ending::Withdrawn => "withdrawn",
        Ending::Refused => "refused",
    }
}

/// The first result before the first reception.
fn result_first<'a>(matter: &Matter<'_, 'a>, found: &mut Vec<Finding<'a>>) {
    let mut steps = matter.steps.iter();
    let Some(received) = steps.find(|step| step.kind == Kind::Received) else {
        return;
    };
    let received_ms = received.order.occurred_ms;
    let is_result = |step: &&Step<'_>| {
        let kind = matches!(step.kind, Kind::ResultIssued | Kind::ResultReturned);
        let before = step.order.occurred_ms < received_ms;
        before && (kind || matches!(step.portal_status, 9 | 10))
    };
    if let Some(result) = matter.steps.iter().find(is_result) {
        found.push(Finding {
            expected: format!("no result before {}", moment(received_ms)),
            found: told(result),
            ..matter.finding(Misfit::ResultBeforeReception, result)
        });
    }
}
