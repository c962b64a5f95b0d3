//! Which hand-overs and consultations are open.

use super::*;
use crate::path::testing::{act, case, numbered, of, step, to};

fn unaccepted_since(steps: &[Step<'_>]) -> Vec<i64> {
    unaccepted(&case(steps))
        .iter()
        .map(|one| one.since_ms)
        .collect()
}

fn unanswered_since(steps: &[Step<'_>]) -> Vec<i64> {
    unanswered(&case(steps))
        .iter()
        .map(|one| one.since_ms)
        .collect()
}

#[test]
fn a_hand_over_stays_open_until_the_addressee_does_anything() {
    let passed = to(1, "A", Kind::HandedOver, "B");
    assert_eq!(unaccepted_since(&[passed]), [1]);
    assert_eq!(
        unaccepted_since(&[passed, act(2, "A"), act(3, "C"), act(4, "")]),
        [1]
    );
    assert_eq!(
        unaccepted_since(&[passed, step(2, "B", Kind::Accepted)]),
        [0i64; 0]
    );
    assert_eq!(unaccepted_since(&[passed, act(2, "B")]), [0i64; 0]);
    assert_eq!(
        unaccepted_since(&[passed, of(act(2, "B"), "e")]),
        [0i64; 0],
        "in the same case"
    );
    assert_eq!(
        unaccepted_since(&[act(0, "B"), passed]),
        [1],
        "what came before does not count"
    );
}

#[test]
fn an_open_hand_over_says_who_owes_it_and_until_when() {
    let passed = Step {
        due_ms: Some(9),
        ..to(1, "A/desk", Kind::HandedOver, "B/law")
    };
    let expected = Exchange {
        dossier: "d",
        from: passed.actor,
        to: passed.addressee,
        since_ms: 1,
        due_ms: Some(9),
    };
    assert_eq!(unaccepted(&case(&[passed])), [expected]);
}

#[test]
fn an_acceptance_of_another_number_settles_nothing_else() {
    let first = numbered(to(1, "A", Kind::HandedOver, "B"), 11);
    let second = numbered(of(to(2, "A", Kind::HandedOver, "B"), "e"), 22);
    let accepted = numbered(step(3, "B", Kind::Accepted), 22);
    assert_eq!(unaccepted_since(&[first, second, accepted]), [1]);
    let unnumbered = step(3, "B", Kind::Accepted);
    assert_eq!(unaccepted_since(&[first, second, unnumbered]), [0i64; 0]);
    let by_nobody = numbered(step(3, "", Kind::Accepted), 11);
    assert_eq!(
        unaccepted_since(&[first, second, by_nobody]),
        [2],
        "the number tells who"
    );
}

#[test]
fn passing_the_dossier_on_again_replaces_the_hand_over() {
    let first = to(1, "A", Kind::HandedOver, "B");
    assert_eq!(
        unaccepted_since(&[first, to(2, "A", Kind::HandedOver, "C")]),
        [2]
    );
    let other = of(to(2, "A", Kind::HandedOver, "C"), "e");
    assert_eq!(
        unaccepted_since(&[first, other]),
        [1, 2],
        "another dossier's does not"
    );
}

#[test]
fn a_return_is_owed_by_whoever_gets_it_back() {
    let there = to(1, "A", Kind::HandedOver, "B");
    let back = to(2, "B", Kind::Returned, "A");
    assert_eq!(unaccepted_since(&[there, back]), [2]);
    assert_eq!(unaccepted_since(&[there, back, act(3, "A")]), [0i64; 0]);
}

#[test]
fn within_an_agency_the_units_are_told_apart() {
    let passed = to(1, "A/desk", Kind::HandedOver, "A/law");
    assert_eq!(unaccepted_since(&[passed, act(2, "A/desk")]), [1]);
    assert_eq!(unaccepted_since(&[passed, act(2, "A/law")]), [0i64; 0]);
}

#[test]
fn an_acceptance_within_the_same_second_counts_as_later() {
    let passed = to(1_000, "A", Kind::HandedOver, "B");
    let accepted = step(1_000, "B", Kind::Accepted);
    assert!(
        accepted.order < passed.order,
        "the usual order of life puts it before"
    );
    assert_eq!(unaccepted_since(&[passed, accepted]), [0i64; 0]);
    assert_eq!(
        unaccepted_since(&[passed, step(999, "B", Kind::Accepted)]),
        [1_000]
    );
    assert_eq!(unaccepted_since(&[passed, of(accepted, "e")]), [1_000]);
}

#[test]
fn a_hand_over_to_nobody_named_is_owed_by_nobody() {
    assert_eq!(
        unaccepted_since(&[to(1, "A", Kind::HandedOver, "")]),
        [0i64; 0]
    );
}

#[test]
fn an_ended_dossier_owes_nothing_even_in_an_open_case() {
    let passed = to(1, "A", Kind::HandedOver, "B");
    let asked = numbered(to(2, "A", Kind::Consulted, "B"), 1);
    let ended = step(3, "A", Kind::ResultReturned);
    let other = of(act(4, "C"), "e");
    assert_eq!(unaccepted_since(&[passed, asked, ended, other]), [0i64; 0]);
    assert_eq!(unanswered_since(&[passed, asked, ended, other]), [0i64; 0]);
}

#[test]
fn a_consultation_is_answered_by_its_number_else_by_the_agency_asked() {
    let asked = numbered(to(1, "A", Kind::Consulted, "B"), 7);
    assert_eq!(unanswered_since(&[asked]), [1]);
    assert_eq!(
        unanswered_since(&[asked, act(2, "B")]),
        [1],
        "an act is no answer"
    );
    assert_eq!(
        unanswered_since(&[asked, numbered(step(2, "B", Kind::Answered), 8)]),
        [1]
    );
    assert_eq!(
        unanswered_since(&[asked, numbered(step(2, "C", Kind::Answered), 7)]),
        [0i64; 0]
    );
    assert_eq!(
        unanswered_since(&[asked, step(2, "B", Kind::Answered)]),
        [0i64; 0]
    );
    assert_eq!(
        unanswered_since(&[asked, step(2, "C", Kind::Answered)]),
        [1]
    );
    let elsewhere = of(numbered(step(2, "B", Kind::Answered), 7), "e");
    assert_eq!(
        unanswered_since(&[asked, elsewhere]),
        [0i64; 0],
        "in the same case"
    );
}
