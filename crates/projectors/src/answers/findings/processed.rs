//! Pauses (5, 6, 8) that a source sends as processed (9).

use super::history::closes;
use super::words::moment;
use super::{Finding, Matter};
use lienthong_domain::event::Kind;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::Step;

/// The first status 9 that what is around it contradicts.
pub(super) fn look<'a>(matter: &Matter<'_, 'a>, found: &mut Vec<Finding<'a>>) {
    let steps = matter.steps;
    for (at, step) in steps.iter().enumerate() {
        if step.portal_status != 9 {
            continue;
        }
        let contradicted = open_request(&steps[..=at]).or_else(|| goes_on(step, &steps[at + 1..]));
        if let Some(by) = contradicted {
            found.push(Finding {
                expected: "status 5, 6 or 8 for a pause".to_owned(),
                found: format!(
                    "status 9 at {} with {} at {}",
                    moment(step.order.occurred_ms),
                    by.kind.name(),
                    moment(by.order.occurred_ms)
                ),
                ..matter.finding(Misfit::PauseSentAsProcessed, step)
            });
            return;
        }
    }
}

/// A request or stop that is open at the end of these steps, or is their last.
fn open_request<'c, 'a>(steps: &'c [Step<'a>]) -> Option<&'c Step<'a>> {
    let last = steps.last()?;
    if matches!(
        last.kind,
        Kind::SupplementRequested | Kind::PaymentRequested | Kind::Stopped
    ) {
        return Some(last);
    }
    let is_open = |(at, step): (usize, &'c Step<'a>)| {
        let answer = match step.kind {
            Kind::SupplementRequested => Kind::SupplementReceived,
            Kind::PaymentRequested => Kind::PaymentMade,
            _ => return None,
        };
        let mut later = steps[at + 1..].iter();
        let same = |later: &Step<'_>| {
            later.reference == 0 || step.reference == 0 || later.reference == step.reference
        };
        let settled = later.any(|later| {
            matches!(later.portal_status, 2 | 4) || (later.kind == answer && same(later))
        });
        (!settled).then_some(step)
    };
    steps.iter().enumerate().find_map(is_open)
}

/// What shows, later and before the dossier's end, that there was no result. That a result is
/// passed on to the desk that returns it shows nothing.
fn goes_on<'c, 'a>(processed: &Step<'a>, later: &'c [Step<'a>]) -> Option<&'c Step<'a>> {
    let until_end = later.iter().take_while(|step| !closes(step));
    let mut later = until_end.filter(|step| step.order.occurred_ms > processed.order.occurred_ms);
    later.find(|step| {
        let works = matches!(
            step.kind,
            Kind::SupplementRequested
                | Kind::SupplementReceived
                | Kind::PaymentRequested
                | Kind::PaymentMade
                | Kind::Consulted
                | Kind::Appraised
                | Kind::Extended
                | Kind::Stopped
        );
        works || matches!(step.portal_status, 2 | 4 | 5 | 6 | 8)
    })
}
