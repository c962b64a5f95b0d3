//! Who holds a case after its last step.

use super::Step;
use super::exchange::{is_taken_up, passes_on};
use crate::event::{Kind, Party};

/// Who holds a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder<'a> {
    /// The agency, with the unit if told.
    pub party: Party<'a>,
    /// Since when, milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// False: it was handed over, and the holder has not accepted nor acted yet.
    pub accepted: bool,
}

/// The holder after the last step that names somebody; none if no step does.
///
/// If that step passes the case on, the addressee holds it from then on. Otherwise whoever
/// acted holds it, since the first step of the agency's uninterrupted stay (steps that name
/// nobody do not interrupt it). Answering a consultation is no holding: the dossier stays with
/// whoever asked. A case that has ended has a holder too: who acted last.
pub fn holder<'a>(steps: &[Step<'a>]) -> Option<Holder<'a>> {
    let last = steps
        .iter()
        .rposition(|step| is_held_by_actor(step) || passes_on(step))?;
    let step = &steps[last];
    if passes_on(step) {
        return Some(Holder {
            party: step.addressee,
            since_ms: step.order.occurred_ms,
            accepted: is_taken_up(steps, last),
        });
    }
    let stay = steps[..=last]
        .iter()
        .rev()
        .filter(|earlier| is_held_by_actor(earlier))
        .take_while(|earlier| earlier.actor.agency == step.actor.agency);
    Some(Holder {
        party: step.actor,
        since_ms: stay
            .last()
            .map_or(step.order.occurred_ms, |first| first.order.occurred_ms),
        accepted: true,
    })
}

/// Who holds the dossier after this step, if it decides that; see [`holder`].
pub(crate) fn holds_after<'a>(step: &Step<'a>) -> Option<Party<'a>> {
    if passes_on(step) {
        return Some(step.addressee);
    }
    is_held_by_actor(step).then_some(step.actor)
}

fn is_held_by_actor(step: &Step<'_>) -> bool {
    step.actor.is_named() && step.kind != Kind::Answered
}

#[cfg(test)]
#[path = "holder_tests.rs"]
mod tests;
