//! What a case waits for.

use super::*;
use crate::path::testing::{act, case, numbered, of, party, status, step, to};

fn awaited(steps: &[Step<'_>]) -> Vec<(&'static str, i64)> {
    let case = case(steps);
    waiting(&case)
        .iter()
        .map(|one| (one.awaited.as_str(), one.since_ms))
        .collect()
}

#[test]
fn a_case_in_plain_work_or_ended_waits_for_nothing() {
    assert_eq!(awaited(&[act(1, "A")]), []);
    let ended = [
        step(1, "A", Kind::SupplementRequested),
        to(2, "A", Kind::HandedOver, "B"),
        step(3, "A", Kind::Withdrawn),
    ];
    assert_eq!(awaited(&ended), []);
}

#[test]
fn a_supplement_is_awaited_until_one_of_its_number_comes() {
    let asked = numbered(step(1, "A", Kind::SupplementRequested), 5);
    assert_eq!(awaited(&[asked]), [("supplement", 1)]);
    let received = step(2, "A", Kind::SupplementReceived);
    assert_eq!(awaited(&[asked, received]), []);
    assert_eq!(awaited(&[asked, numbered(received, 5)]), []);
    assert_eq!(
        awaited(&[asked, numbered(received, 6)]),
        [("supplement", 1)]
    );
    assert_eq!(awaited(&[asked, of(received, "e")]), [("supplement", 1)]);
    assert_eq!(
        awaited(&[asked, status(2, "A", 4)]),
        [],
        "the source says it goes on"
    );
}

#[test]
fn a_payment_is_awaited_from_the_applicant_until_its_due_time() {
    let asked = Step {
        due_ms: Some(9),
        ..step(1, "A", Kind::PaymentRequested)
    };
    let expected = Waiting {
        awaited: Awaited::Payment,
        dossier: "d",
        from: Party::default(),
        since_ms: 1,
        due_ms: Some(9),
    };
    assert_eq!(waiting(&case(&[asked])), [expected]);
    assert_eq!(awaited(&[asked, step(2, "", Kind::PaymentMade)]), []);
}

#[test]
fn a_status_counts_as_a_request_since_it_was_first_reported() {
    assert_eq!(
        awaited(&[status(1, "A", 4), status(2, "A", 5), status(3, "A", 5)]),
        [("supplement", 2)]
    );
    assert_eq!(awaited(&[status(2, "A", 6)]), [("payment", 2)]);
    assert_eq!(awaited(&[status(2, "A", 6), status(3, "A", 4)]), []);
    assert_eq!(
        awaited(&[status(2, "A", 6), step(3, "A", Kind::PaymentMade)]),
        []
    );
    assert_eq!(awaited(&[status(2, "A", 8)]), [("resumption", 2)]);
    assert_eq!(
        awaited(&[status(2, "A", 8), step(3, "A", Kind::Appraised)]),
        []
    );
}

#[test]
fn a_request_and_its_status_are_one_wait() {
    let asked = Step {
        portal_status: 5,
        ..step(1, "A", Kind::SupplementRequested)
    };
    assert_eq!(awaited(&[asked, status(2, "A", 5)]), [("supplement", 1)]);
    assert_eq!(
        awaited(&[asked, status(2, "A", 6)]),
        [("supplement", 1), ("payment", 2)]
    );
}

#[test]
fn a_stopped_dossier_waits_for_whoever_stopped_it() {
    let stopped = step(2, "A", Kind::Stopped);
    let case_of = case(&[act(1, "B"), stopped]);
    let found = waiting(&case_of);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].awaited, found[0].from),
        (Awaited::Resumption, party("A"))
    );
    assert_eq!(awaited(&[stopped, act(3, "A")]), []);
}

#[test]
fn open_exchanges_are_awaited_from_their_addressees() {
    let steps = [
        numbered(to(1, "A", Kind::Consulted, "C"), 3),
        to(2, "A", Kind::HandedOver, "B"),
    ];
    let case_of = case(&steps);
    let owed: Vec<_> = waiting(&case_of)
        .iter()
        .map(|one| (one.awaited, one.from.agency))
        .collect();
    assert_eq!(owed, [(Awaited::Acceptance, "B"), (Awaited::Answer, "C")]);
}
