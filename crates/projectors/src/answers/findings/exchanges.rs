//! Hand-overs that were taken up too early or by somebody else.
//!
//! An acceptance belongs to the hand-overs of its number. Without a number it belongs to those from
//! the agency that it says the dossier came from, to the agency that accepts.

use super::Finding;
use super::words::moment;
use lienthong_domain::event::Kind;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::path::exchange::{is_by, passes_on};
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;

/// How much earlier by another source's clock is forgiven: packets have whole seconds.
const FORGIVEN_MS: i64 = 1_000;

/// Everything about the acceptances of a case.
pub(super) fn look<'a>(case: &JoinedCase<'a>, reference: &Reference, found: &mut Vec<Finding<'a>>) {
    let accepted = case.steps.iter();
    for accepted in accepted.filter(|step| step.kind == Kind::Accepted) {
        let mut passed = case.steps.iter();
        let (before, after): (Vec<&Step<'a>>, Vec<&Step<'a>>) = passed
            .by_ref()
            .filter(|step| passes_on(step) && belongs(accepted, step))
            .partition(|step| step.order.occurred_ms <= accepted.order.occurred_ms);
        match (before.last(), after.first()) {
            (None, Some(first)) => found.extend(too_early(accepted, first)),
            (Some(last), _) if by_another(accepted, &before, reference) => {
                found.push(Finding {
                    expected: format!("taken up by {}", last.addressee.agency),
                    found: format!("taken up by {}", accepted.actor.agency),
                    ..of(accepted, Misfit::AcceptedByAnother)
                });
            }
            _ => {}
        }
    }
}

fn belongs(accepted: &Step<'_>, passed: &Step<'_>) -> bool {
    if accepted.reference != 0 && passed.reference != 0 {
        return accepted.reference == passed.reference;
    }
    let from = accepted.addressee;
    from.is_named()
        && accepted.actor.is_named()
        && from.agency == passed.actor.agency
        && accepted.actor.agency == passed.addressee.agency
}

fn too_early<'a>(accepted: &Step<'a>, passed: &Step<'a>) -> Option<Finding<'a>> {
    let one_source = accepted.source == passed.source;
    let early_ms = passed.order.occurred_ms - accepted.order.occurred_ms;
    let misfit = match one_source {
        true => Misfit::AcceptedBeforeHandedOver,
        false => Misfit::ClocksDisagree,
    };
    (one_source || early_ms > FORGIVEN_MS).then(|| Finding {
        expected: format!(
            "taken up after it was handed over at {}",
            moment(passed.order.occurred_ms)
        ),
        found: format!("taken up at {}", moment(accepted.order.occurred_ms)),
        ..of(accepted, misfit)
    })
}

/// Whether none of the hand-overs was for whoever took it up, and they were for agencies that
/// existed: others follow one that has ended.
fn by_another(accepted: &Step<'_>, passed: &[&Step<'_>], reference: &Reference) -> bool {
    let on = day(day_number(accepted.order.occurred_ms));
    let ended = |code: &str| {
        let mut known = reference.registry.agencies();
        let is_known = known.any(|agency| agency.code == code);
        is_known && reference.registry.agency_at(code, on).is_none()
    };
    accepted.actor.is_named()
        && passed
            .iter()
            .all(|passed| !is_by(&accepted.actor, passed) && !ended(passed.addressee.agency))
}

fn of<'a>(accepted: &Step<'a>, misfit: Misfit) -> Finding<'a> {
    Finding {
        misfit,
        dossier: accepted.dossier,
        procedure: accepted.procedure,
        source: accepted.source,
        agency: accepted.actor.agency,
        expected: String::new(),
        found: String::new(),
        since_ms: accepted.order.occurred_ms,
    }
}
