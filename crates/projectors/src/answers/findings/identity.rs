//! Whose dossier it is, which code it has and which file came back.

use super::{Finding, Matter};
use lienthong_domain::event::Kind;
use lienthong_domain::event::detail::Flag;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::{JoinedCase, Step};

/// What adapters saw in the protected part, once for each source; and a result whose file is one of
/// the papers.
pub(super) fn look<'a>(matter: &Matter<'_, 'a>, found: &mut Vec<Finding<'a>>) {
    let seen = [
        (
            Flag::PlaceholderIdentity,
            Misfit::PlaceholderIdentity,
            "a person's identity number",
            "a filler",
        ),
        (
            Flag::MalformedIdentity,
            Misfit::MalformedIdentity,
            "12 digits of the known structure, or 9",
            "a number of no known structure",
        ),
        (
            Flag::SubmittedFileReturned,
            Misfit::SubmittedFileReturned,
            "a result file of its own",
            "a file that was handed in",
        ),
    ];
    let before = found.len();
    for step in matter.steps {
        for (flag, misfit, expected, instead) in seen {
            if step.detail.is(flag) {
                add_once(matter, step, (misfit, expected, instead), before, found);
            }
        }
        if let Some(papers) = papers_of(matter.steps, step) {
            let same = (
                Misfit::SubmittedFileReturned,
                "a result file of its own",
                "the file digitised from the papers",
            );
            debug_assert_ne!(papers.reference, 0);
            add_once(matter, step, same, before, found);
        }
    }
}

fn add_once<'a>(
    matter: &Matter<'_, 'a>,
    step: &Step<'a>,
    (misfit, expected, instead): (Misfit, &str, &str),
    before: usize,
    found: &mut Vec<Finding<'a>>,
) {
    let mut known = found[before..].iter();
    if !known.any(|one| (one.misfit, one.source) == (misfit, step.source)) {
        found.push(Finding {
            expected: expected.to_owned(),
            found: instead.to_owned(),
            ..matter.finding(misfit, step)
        });
    }
}

/// The digitised papers whose file a result is.
fn papers_of<'c, 'a>(steps: &'c [Step<'a>], result: &Step<'a>) -> Option<&'c Step<'a>> {
    let of_result = |step: &Step<'_>| step.detail.is(Flag::OfResult);
    let is_result = match result.kind {
        Kind::ResultIssued => true,
        Kind::Digitised => of_result(result),
        _ => false,
    };
    if !is_result || result.reference == 0 {
        return None;
    }
    steps.iter().find(|step| {
        step.kind == Kind::Digitised && !of_result(step) && step.reference == result.reference
    })
}

/// Receptions of one source in one case, of one procedure and at one moment, under several codes:
/// the smallest code stays, every other is a finding.
pub(super) fn regenerated<'a>(case: &JoinedCase<'a>, found: &mut Vec<Finding<'a>>) {
    let code_of = |step: &Step<'a>| {
        let mut told = case.told_as.iter();
        let told = told.find(|(fingerprint, _)| *fingerprint == step.order.fingerprint);
        told.map_or(step.dossier, |(_, code)| code)
    };
    let received = case.steps.iter().filter(|step| step.kind == Kind::Received);
    let mut received: Vec<(&'a str, &Step<'a>)> =
        received.map(|step| (code_of(step), step)).collect();
    if received.len() < 2 {
        return;
    }
    received.sort_by_key(|(code, step)| (*code, step.order));
    received.dedup_by_key(|(code, step)| (*code, step.source, step.order.occurred_ms));
    for (at, (code, step)) in received.iter().enumerate() {
        let same = |(other, first): &&(&'a str, &Step<'a>)| {
            let request = |step: &Step<'a>| (step.source, step.procedure, step.order.occurred_ms);
            other != code && request(first) == request(step) && !step.procedure.is_empty()
        };
        if let Some((first, _)) = received[..at].iter().find(same) {
            found.push(Finding {
                misfit: Misfit::RegeneratedCode,
                dossier: step.dossier,
                procedure: step.procedure,
                source: step.source,
                agency: step.actor.agency,
                expected: format!("the code {first}"),
                found: format!("the code {code} for the same reception"),
                since_ms: step.order.occurred_ms,
            });
        }
    }
}
