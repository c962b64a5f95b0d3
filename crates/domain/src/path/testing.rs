//! Small paths for the tests of the path rules.

use super::{JoinedCase, Step};
use crate::event::{Fingerprint, Kind, OrderKey, Party};

/// `H56` is an agency, `H56/desk` a unit of it, the empty text nobody.
pub(crate) fn party(text: &str) -> Party<'_> {
    let (agency, unit) = text.split_once('/').unwrap_or((text, ""));
    Party { agency, unit }
}

/// A step of dossier `d` at a millisecond.
pub(crate) fn step(at_ms: i64, actor: &str, kind: Kind) -> Step<'_> {
    Step {
        order: OrderKey {
            occurred_ms: at_ms,
            sequence: 0,
            rank: kind.rank(),
            fingerprint: Fingerprint(0),
        },
        dossier: "d",
        kind,
        actor: party(actor),
        addressee: Party::default(),
        reference: 0,
        portal_status: 0,
        procedure: "",
        due_ms: None,
        detail: crate::event::Detail::NONE,
        source: "",
        recorded_ms: 0,
    }
}

/// A step of progress by somebody.
pub(crate) fn act(at_ms: i64, actor: &str) -> Step<'_> {
    step(at_ms, actor, Kind::ProgressReported)
}

/// A step that addresses somebody.
pub(crate) fn to<'a>(at_ms: i64, actor: &'a str, kind: Kind, addressee: &'a str) -> Step<'a> {
    Step {
        addressee: party(addressee),
        ..step(at_ms, actor, kind)
    }
}

/// A step that carries a portal status.
pub(crate) fn status(at_ms: i64, actor: &str, portal_status: u8) -> Step<'_> {
    Step {
        portal_status,
        ..act(at_ms, actor)
    }
}

/// The step with the number of its exchange.
pub(crate) fn numbered(step: Step<'_>, reference: u64) -> Step<'_> {
    Step { reference, ..step }
}

/// The step, told of another dossier.
pub(crate) fn of<'a>(step: Step<'a>, dossier: &'a str) -> Step<'a> {
    Step { dossier, ..step }
}

/// The case of these steps, sorted.
pub(crate) fn case<'a>(steps: &[Step<'a>]) -> JoinedCase<'a> {
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| step.order);
    let mut dossiers: Vec<&'a str> = Vec::new();
    for step in &steps {
        if !dossiers.contains(&step.dossier) {
            dossiers.push(step.dossier);
        }
    }
    JoinedCase {
        code: "case",
        dossiers,
        steps,
        ..JoinedCase::default()
    }
}

#[test]
fn the_procedure_of_a_case_is_the_last_told_of_its_first_dossier_that_tells_one() {
    let told = |step, procedure| Step { procedure, ..step };
    let none = case(&[act(1, "A")]);
    assert_eq!(none.procedure(), "");
    let corrected = case(&[
        told(act(1, "A"), "1.001"),
        told(act(2, "A"), "1.002"),
        act(3, "A"),
        told(of(act(4, "B"), "e"), "1.003"),
    ]);
    assert_eq!(corrected.procedure(), "1.002");
    let second = case(&[act(1, "A"), told(of(act(2, "B"), "e"), "1.003")]);
    assert_eq!(second.procedure(), "1.003");
}
