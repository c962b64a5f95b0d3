//! Hand-overs as the path shows them: one agency acts, and next another.

use super::Step;

/// Two adjacent steps by different agencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOver<'a> {
    /// Agency of the step before.
    pub from: &'a str,
    /// Agency of the step after.
    pub to: &'a str,
    /// When the one acted last, milliseconds since the Unix epoch.
    pub before_ms: i64,
    /// When the other acted first.
    pub after_ms: i64,
    /// When the first agency after the receiver acted, or the last step of a case that is
    /// no longer open; none while nobody else has acted on an open case.
    pub left_ms: Option<i64>,
}

impl HandOver<'_> {
    /// From the last act of the one to the first act of the other.
    pub fn waiting_ms(&self) -> i64 {
        self.after_ms - self.before_ms
    }

    /// How long the receiver had it.
    pub fn processing_ms(&self) -> Option<i64> {
        self.left_ms.map(|left| left - self.after_ms)
    }
}

/// Calls `each` with every hand-over of a path, the LAST first. Both steps must name their
/// agencies: a step that names nobody between two agencies hides their hand-over.
/// `open`: whether the case is.
pub fn hand_overs<'a>(steps: &[Step<'a>], open: bool, each: &mut dyn FnMut(HandOver<'a>)) {
    let Some(last) = steps.last() else {
        return;
    };
    let mut left_ms = (!open).then_some(last.order.occurred_ms);
    // Of the stay that the steps walked so far begin with.
    let mut stay = "";
    let mut stay_since = last.order.occurred_ms;
    for at in (0..steps.len()).rev() {
        let step = &steps[at];
        if !step.actor.is_named() {
            continue;
        }
        if step.actor.agency != stay {
            if !stay.is_empty() {
                left_ms = Some(stay_since);
            }
            stay = step.actor.agency;
        }
        stay_since = step.order.occurred_ms;
        let Some(before) = at.checked_sub(1).map(|before| &steps[before]) else {
            return;
        };
        if before.actor.is_named() && before.actor.agency != stay {
            each(HandOver {
                from: before.actor.agency,
                to: stay,
                before_ms: before.order.occurred_ms,
                after_ms: step.order.occurred_ms,
                left_ms,
            });
        }
    }
}

#[cfg(test)]
#[path = "hand_over_tests.rs"]
mod tests;
