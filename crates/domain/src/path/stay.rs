//! The chain of levels that a case passed through.

use super::Step;
use super::exchange::passes_on;
use crate::level::Level;

/// A run of consecutive steps of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay<'a> {
    /// None: the registry does not know the agencies of the run.
    pub level: Option<Level>,
    /// The first agency of the run.
    pub agency: &'a str,
    /// First step of the run, milliseconds since the Unix epoch.
    pub reached_ms: i64,
    /// First step of the next run, or the last step of a case that is no longer open; none:
    /// still here.
    pub left_ms: Option<i64>,
}

/// The chain of levels, in order. Steps that name nobody are skipped; agencies of unknown
/// level form runs of their own. If the last step that names somebody passes an open case on
/// to an agency of another level, a last stay begins there. `level_of` answers for an
/// agency at a moment (milliseconds since the Unix epoch).
pub fn stays<'a>(
    steps: &[Step<'a>],
    open: bool,
    level_of: &mut dyn FnMut(&str, i64) -> Option<Level>,
) -> Vec<Stay<'a>> {
    let mut stays: Vec<Stay<'a>> = Vec::new();
    let mut visit = |agency: &'a str, at_ms: i64| {
        let level = level_of(agency, at_ms);
        match stays.last_mut() {
            Some(here) if here.level == level => return,
            Some(here) => here.left_ms = Some(at_ms),
            None => {}
        }
        stays.push(Stay {
            level,
            agency,
            reached_ms: at_ms,
            left_ms: None,
        });
    };
    for step in steps.iter().filter(|step| step.actor.is_named()) {
        visit(step.actor.agency, step.order.occurred_ms);
    }
    let mut telling = steps.iter().rev();
    let last = telling.find(|step| step.actor.is_named() || passes_on(step));
    if let Some(step) = last.filter(|step| open && passes_on(step)) {
        visit(step.addressee.agency, step.order.occurred_ms);
    }
    if let (false, Some(here), Some(last)) = (open, stays.last_mut(), steps.last()) {
        here.left_ms = Some(last.order.occurred_ms);
    }
    stays
}

#[cfg(test)]
#[path = "stay_tests.rs"]
mod tests;
