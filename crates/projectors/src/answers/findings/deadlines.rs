//! Due dates beside those of the law, and extensions.

use super::words::day_of;
use super::{Finding, Matter};
use lienthong_domain::clock::Rules;
use lienthong_domain::event::Kind;
use lienthong_domain::event::detail::Flag;
use lienthong_domain::life::{Ending, deadline, life};
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::day::day_number;
use lienthong_domain::path::{Step, day::day};
use lienthong_domain::reference::Reference;

/// Everything about the deadline of a dossier. `receipt_given`: an appointment was told for its
/// case, so that the dossiers behind the desk need none of their own.
pub(super) fn look<'a>(
    matter: &Matter<'_, 'a>,
    reference: &Reference,
    receipt_given: bool,
    found: &mut Vec<Finding<'a>>,
) {
    missing(matter, reference, receipt_given, found);
    differs(matter, reference, found);
    extensions(matter, reference, found);
}

/// The step that received the dossier, unless it was refused after all.
fn reception<'c, 'a>(matter: &'c Matter<'_, 'a>) -> Option<&'c Step<'a>> {
    let received = matter.life.received?;
    let refused = matter
        .life
        .end
        .is_some_and(|end| end.how == Ending::Refused);
    let at = |step: &&Step<'a>| step.order.occurred_ms == received.at_ms;
    let told = matter.steps.iter().filter(at);
    let told = told.max_by_key(|step| (step.kind == Kind::Received, step.portal_status == 2));
    told.filter(|_| !refused)
}

fn missing<'a>(
    matter: &Matter<'_, 'a>,
    reference: &Reference,
    receipt_given: bool,
    found: &mut Vec<Finding<'a>>,
) {
    let Some(step) = reception(matter) else {
        return;
    };
    let Some(legal) = deadline(&matter.life, reference) else {
        return;
    };
    if let Err(error) = &legal.due_ms {
        found.push(Finding {
            expected: format!("a calendar of {}", error.year),
            found: "a due date that cannot be computed".to_owned(),
            ..matter.finding(Misfit::NoCalendar, step)
        });
    }
    if !receipt_given {
        let by = legal.due_ms.map_or_else(
            |_| "a due date".to_owned(),
            |due| format!("a due date, by the law {}", day_of(due)),
        );
        found.push(Finding {
            expected: by,
            found: "none told".to_owned(),
            ..matter.finding(Misfit::MissingDueDate, step)
        });
    }
}

/// Whether the step tells when the whole dossier is due.
pub(super) fn tells_due_date(step: &Step<'_>) -> bool {
    let kind = matches!(
        step.kind,
        Kind::Received | Kind::SupplementReceived | Kind::Extended
    );
    kind && step.due_ms.is_some()
}

/// Compares the appointment told last with the deadline of the law as it was when that was told: a
/// stop that came later is not its fault. Extensions have rules of their own.
fn differs<'a>(matter: &Matter<'_, 'a>, reference: &Reference, found: &mut Vec<Finding<'a>>) {
    let tells = |step: &Step<'_>| tells_due_date(step) && step.kind != Kind::Extended;
    let Some(at) = matter.steps.iter().rposition(tells) else {
        return;
    };
    let (step, then) = (&matter.steps[at], life(&matter.steps[..=at]));
    let legal = deadline(&then, reference).and_then(|legal| legal.due_ms.ok());
    if let (Some(told), Some(legal)) = (step.due_ms, legal)
        && day_number(told) != day_number(legal)
    {
        found.push(Finding {
            expected: format!("due {}", day_of(legal)),
            found: format!("due {}", day_of(told)),
            ..matter.finding(Misfit::DueDateDiffers, step)
        });
    }
}

/// Each extension is looked at with what was known before it.
fn extensions<'a>(matter: &Matter<'_, 'a>, reference: &Reference, found: &mut Vec<Finding<'a>>) {
    let rules = Rules::default();
    let mut earlier = 0;
    for (at, step) in matter.steps.iter().enumerate() {
        if step.kind != Kind::Extended || step.due_ms.is_none() {
            continue;
        }
        let then = life(&matter.steps[..at]);
        let legal = deadline(&then, reference).and_then(|legal| legal.due_ms.ok());
        let due = legal.or(then.told_due_ms);
        let apology = step.detail.is(Flag::Apology);
        let latest = due.map(|due| day_number(due) - rules.apology_days_before);
        let in_time = latest.is_none_or(|latest| day_number(step.order.occurred_ms) <= latest);
        if earlier >= rules.most_extensions {
            found.push(Finding {
                expected: format!("at most {} extension", rules.most_extensions),
                found: format!("extension number {}", earlier + 1),
                ..matter.finding(Misfit::ExtendedAgain, step)
            });
        } else if !apology || !in_time {
            found.push(Finding {
                expected: latest.map_or_else(
                    || "a letter of apology".to_owned(),
                    |latest| format!("a letter of apology by {}", day(latest)),
                ),
                found: format!(
                    "extended {} {} a letter of apology",
                    day_of(step.order.occurred_ms),
                    if apology { "with" } else { "without" }
                ),
                ..matter.finding(Misfit::ExtensionWithoutApology, step)
            });
        }
        earlier += 1;
    }
}
