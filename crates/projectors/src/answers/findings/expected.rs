//! What was expected and did not come.
//!
//! Hand-overs and consultations are looked up one by one: the time is that of the procedure's step
//! at the addressee's level (the longest, if several fit), else the due time told with it, else
//! none. Any other event that a step expects is awaited once a case, from the moment at which what
//! the steps before it expect had come; for a first step from the reception on.

use super::words::moment;
use super::{Finding, Look};
use lienthong_domain::calendar::NoCalendar;
use lienthong_domain::event::Kind;
use lienthong_domain::life::{Ending, life};
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::path::exchange::{Exchange, unaccepted, unanswered};
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::procedure::{Leg, Procedure, ProcedureStep};

const ACCEPTED: &str = "accepted";
const ANSWERED: &str = "answered";
const VERIFIED: &str = "identity_verified";
const NUMBER: &str = "personal_number_assigned";

/// Every expectation of a case that is past its time.
pub(super) fn look<'a>(case: &JoinedCase<'a>, look: Look<'_>, found: &mut Vec<Finding<'a>>) {
    for exchange in unaccepted(case) {
        let misfit = |_: Option<&ProcedureStep>| Misfit::HandOverNotAccepted;
        owed(case, &exchange, &[ACCEPTED], misfit, look, found);
    }
    for exchange in unanswered(case) {
        let misfit = |step: Option<&ProcedureStep>| match step {
            Some(step) if step.expects.as_deref() == Some(VERIFIED) => {
                Misfit::VerificationUnanswered
            }
            _ => Misfit::ConsultationUnanswered,
        };
        if !is_verified(case, &exchange) {
            owed(case, &exchange, &[ANSWERED, VERIFIED], misfit, look, found);
        }
    }
    by_graph(case, look, found);
}

/// Whether the consulted agency answered with an identity check.
fn is_verified(case: &JoinedCase<'_>, exchange: &Exchange<'_>) -> bool {
    case.steps.iter().any(|step| {
        matches!(step.kind, Kind::IdentityVerified | Kind::IdentityMismatched)
            && step.actor.agency == exchange.to.agency
            && step.order.occurred_ms >= exchange.since_ms
    })
}

/// A hand-over or consultation that is past its time.
fn owed<'a>(
    case: &JoinedCase<'a>,
    exchange: &Exchange<'a>,
    expects: &[&str],
    misfit: impl Fn(Option<&ProcedureStep>) -> Misfit,
    look: Look<'_>,
    found: &mut Vec<Finding<'a>>,
) {
    let mut steps = case.steps.iter();
    let Some(step) = steps.find(|step| {
        (step.dossier, step.actor, step.addressee) == (exchange.dossier, exchange.from, exchange.to)
            && step.order.occurred_ms == exchange.since_ms
    }) else {
        return;
    };
    let on = day(day_number(exchange.since_ms));
    let level = look.reference.registry.level_at(exchange.to.agency, on);
    let version = version_of(case, exchange.dossier, look);
    let edges = version.into_iter().flat_map(|version| &version.steps);
    let edges = edges.filter(|edge| {
        let expected = edge.expects.as_deref();
        let fits = expected.is_some_and(|name| expects.contains(&name));
        fits && level.is_none_or(|level| level == edge.level)
    });
    let clock = look.reference.clock();
    let mut longest: Option<(i64, &ProcedureStep)> = None;
    for edge in edges {
        let due = edge
            .within
            .map(|within| clock.due(&within, exchange.since_ms, &[]));
        match due {
            Some(Ok(due)) if longest.is_none_or(|(known, _)| known < due) => {
                longest = Some((due, edge));
            }
            Some(Err(error)) => found.push(without_calendar(step, error)),
            _ => {}
        }
    }
    let due = longest.map(|(due, _)| due).or(exchange.due_ms);
    if let Some(due) = due.filter(|due| look.as_of_ms > *due) {
        let what = match step.kind {
            Kind::Consulted => ("answered", "no answer"),
            _ => ("taken up", "not taken up"),
        };
        found.push(Finding {
            misfit: misfit(longest.map(|(_, edge)| edge)),
            agency: exchange.to.agency,
            expected: format!("{} by {} by {}", what.0, exchange.to.agency, moment(due)),
            found: format!(
                "{} since {} from {}",
                what.1,
                moment(exchange.since_ms),
                exchange.from.agency
            ),
            since_ms: due,
            ..of(step)
        });
    }
}

/// The version of the procedure that a dossier began under; that of its case, if its own has no
/// steps.
fn version_of<'r>(case: &JoinedCase<'_>, dossier: &str, look: Look<'r>) -> Option<&'r Procedure> {
    let ours = || case.steps.iter().filter(|step| step.dossier == dossier);
    let told = ours().rev().find(|step| !step.procedure.is_empty());
    let at = |code: &str, first: Option<&Step<'_>>| {
        let began = day(day_number(first?.order.occurred_ms));
        let version = look.reference.procedures.version_at(code, began)?;
        (!version.steps.is_empty()).then_some(version)
    };
    let own = told.and_then(|told| at(told.procedure, ours().next()));
    own.or_else(|| at(case.procedure(), case.steps.first()))
}

/// What the steps of the case's procedure expect, apart from hand-overs and answers.
fn by_graph<'a>(case: &JoinedCase<'a>, look: Look<'_>, found: &mut Vec<Finding<'a>>) {
    let procedure = case.procedure();
    let mut steps = case.steps.iter();
    let first = steps.find(|step| step.procedure == procedure && !procedure.is_empty());
    let Some(first) = first else { return };
    let Some(version) = version_of(case, first.dossier, look) else {
        return;
    };
    let ours = case
        .steps
        .iter()
        .filter(|step| step.dossier == first.dossier);
    let ended = life(&ours.copied().collect::<Vec<_>>()).end;
    if ended.is_some_and(|end| end.how != Ending::Settled) {
        return;
    }
    for edge in &version.steps {
        let (Some(expects), Some(within)) = (edge.expects.as_deref(), edge.within) else {
            continue;
        };
        let is_exchange = matches!(expects, ACCEPTED | ANSWERED);
        if is_exchange || edge.leg == Leg::Optional || came(case, expects).is_some() {
            continue;
        }
        let Some(start) = start(case, version, edge, version.steps.len()) else {
            continue;
        };
        match look
            .reference
            .clock()
            .due(&within, start.order.occurred_ms, &[])
        {
            Ok(due) if look.as_of_ms > due => found.push(Finding {
                misfit: match expects {
                    NUMBER => Misfit::NumberNotReturned,
                    VERIFIED => Misfit::VerificationUnanswered,
                    _ => Misfit::ExpectationUnanswered,
                },
                dossier: first.dossier,
                expected: format!("{expects} by {} (step {})", moment(due), edge.id),
                found: format!(
                    "nothing since {} at {}",
                    start.kind.name(),
                    moment(start.order.occurred_ms)
                ),
                since_ms: due,
                ..of(start)
            }),
            Ok(_) => {}
            Err(error) => found.push(without_calendar(start, error)),
        }
    }
}

/// The first event of that name in the case. A difference found answers an identity check, too.
fn came<'c, 'a>(case: &'c JoinedCase<'a>, name: &str) -> Option<&'c Step<'a>> {
    case.steps.iter().find(|step| {
        let differs = name == VERIFIED && step.kind == Kind::IdentityMismatched;
        step.kind.name() == name || differs
    })
}

/// The event from which the time of a step runs: the last of what the steps before it expect. An
/// optional step that was left out is not waited for. `depth` bounds a graph that turns in a
/// circle.
fn start<'c, 'a>(
    case: &'c JoinedCase<'a>,
    version: &Procedure,
    edge: &ProcedureStep,
    depth: usize,
) -> Option<&'c Step<'a>> {
    let depth = depth.checked_sub(1)?;
    let mut last = came(case, Kind::Received.name());
    for before in version
        .steps
        .iter()
        .filter(|one| edge.after.contains(&one.id))
    {
        let done = match &before.expects {
            Some(name) => came(case, name),
            None => start(case, version, before, depth),
        };
        match done {
            Some(done) => last = last.filter(|last| last.order > done.order).or(Some(done)),
            None if before.leg == Leg::Optional => {}
            None => return None,
        }
    }
    last
}

fn without_calendar<'a>(step: &Step<'a>, error: NoCalendar) -> Finding<'a> {
    Finding {
        misfit: Misfit::NoCalendar,
        expected: format!("a calendar of {}", error.year),
        found: "a time that cannot be computed".to_owned(),
        ..of(step)
    }
}

fn of<'a>(step: &Step<'a>) -> Finding<'a> {
    Finding {
        misfit: Misfit::ExpectationUnanswered,
        dossier: step.dossier,
        procedure: step.procedure,
        source: step.source,
        agency: step.actor.agency,
        expected: String::new(),
        found: String::new(),
        since_ms: step.order.occurred_ms,
    }
}
