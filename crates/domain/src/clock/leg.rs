//! The deadlines of hand-overs: when whoever got a dossier had to be through with it.

use super::{Clock, Outcome, Precision, Stop, TimeLimit, outcome};
use crate::agency::Registry;
use crate::calendar::NoCalendar;
use crate::event::Party;
use crate::level::Level;
use crate::path::Step;
use crate::path::day::{day, day_number};
use crate::path::exchange::{passes_on, takes_up};
use crate::path::holder::holds_after;
use crate::path::openness::{Verdict, verdict};
use crate::procedure::Procedure;

/// One hand-over of a dossier and what came of it. Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg<'a> {
    /// Who passed it on.
    pub from: Party<'a>,
    /// Who got it.
    pub to: Party<'a>,
    /// When.
    pub handed_over_ms: i64,
    /// When the receiver accepted it, or first acted on it.
    pub accepted_ms: Option<i64>,
    /// When the receiver must be through: as told, else by the step graph; none: nothing says.
    pub due_ms: Option<Result<i64, NoCalendar>>,
    /// When another held it, or the dossier ended; none: it is still there.
    pub finished_ms: Option<i64>,
}

impl Leg<'_> {
    /// Early, on time or late; none while it is there, or without a deadline.
    pub fn outcome(&self, precision: Precision) -> Option<Outcome> {
        let due_ms = self.due_ms?.ok()?;
        Some(outcome(self.finished_ms?, due_ms, precision))
    }
}

/// What decides deadlines that no source told.
#[derive(Debug, Clone, Copy)]
pub struct Law<'r> {
    /// The clock.
    pub clock: Clock<'r>,
    /// The version of the procedure that the dossier began under, if it is known.
    pub procedure: Option<&'r Procedure>,
    /// Levels of agencies.
    pub registry: &'r Registry,
}

/// The hand-overs and returns of ONE dossier to somebody named, in their order.
pub fn legs<'a>(steps: &[Step<'a>], stops: &[Stop], law: &Law<'_>) -> Vec<Leg<'a>> {
    let passed = steps.iter().enumerate().filter(|(_, step)| passes_on(step));
    passed
        .map(|(at, step)| leg(&steps[at + 1..], step, stops, law))
        .collect()
}

fn leg<'a>(later: &[Step<'a>], step: &Step<'a>, stops: &[Stop], law: &Law<'_>) -> Leg<'a> {
    let handed_over_ms = step.order.occurred_ms;
    let taken_up = later.iter().position(|later| takes_up(later, step));
    let finished = later.iter().enumerate().find(|(at, later)| {
        let taken = taken_up.is_some_and(|taken| *at >= taken);
        let moves = holds_after(later).is_some_and(|next| next.agency != step.addressee.agency);
        matches!(verdict(later), Verdict::Ends) || passes_on(later) || taken && moves
    });
    let due = || {
        let to = step.addressee.agency;
        let level = law.registry.level_at(to, day(day_number(handed_over_ms)))?;
        let limit = time_on_edge(law.procedure?, level, Reply::Done)?;
        Some(law.clock.due(&limit, handed_over_ms, stops))
    };
    Leg {
        from: step.actor,
        to: step.addressee,
        handed_over_ms,
        accepted_ms: taken_up.map(|at| later[at].order.occurred_ms),
        due_ms: step.due_ms.map(Ok).or_else(due),
        finished_ms: finished.map(|(_, later)| later.order.occurred_ms),
    }
}

/// What is waited for after a hand-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// That the receiver accepts it.
    Accepted,
    /// That the receiver has done its part.
    Done,
}

/// The time that a step graph gives to agencies of a level for a reply. None where it gives none,
/// or where several steps at that level differ: which of them is meant is not guessed.
pub fn time_on_edge(procedure: &Procedure, level: Level, reply: Reply) -> Option<TimeLimit> {
    let at_level = procedure.steps.iter().filter(|step| {
        let accepts = step.expects.as_deref() == Some("accepted");
        step.level == level && accepts == (reply == Reply::Accepted)
    });
    let mut limits = at_level.filter_map(|step| step.within);
    let first = limits.next()?;
    limits.all(|limit| limit == first).then_some(first)
}

#[cfg(test)]
#[path = "leg_tests.rs"]
mod tests;
