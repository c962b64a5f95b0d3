//! Who holds a case.

use super::*;
use crate::event::Kind;
use crate::path::testing::{act, case, party, step, to};

fn held<'a>(steps: &[Step<'a>]) -> Option<Holder<'a>> {
    holder(&case(steps).steps)
}

fn held_by(text: &str, since_ms: i64, accepted: bool) -> Option<Holder<'_>> {
    Some(Holder {
        party: party(text),
        since_ms,
        accepted,
    })
}

#[test]
fn nobody_holds_a_case_that_names_nobody() {
    assert_eq!(held(&[]), None);
    assert_eq!(held(&[act(1, ""), to(2, "", Kind::Consulted, "B")]), None);
}

#[test]
fn whoever_acted_last_holds_it_since_the_first_step_of_the_stay() {
    let steps = [
        act(1, "A"),
        act(2, "B"),
        act(3, ""),
        act(4, "B/law"),
        act(5, ""),
    ];
    assert_eq!(held(&steps), held_by("B/law", 2, true));
    assert_eq!(
        held(&[act(1, "B"), act(2, "A"), act(3, "B")]),
        held_by("B", 3, true)
    );
}

#[test]
fn a_hand_over_gives_it_to_the_addressee_who_has_yet_to_accept() {
    let steps = [act(1, "B"), to(2, "A", Kind::HandedOver, "B"), act(3, "")];
    assert_eq!(held(&steps), held_by("B", 2, false));
    assert_eq!(
        held(&[to(2, "B", Kind::Returned, "A")]),
        held_by("A", 2, false)
    );
    assert_eq!(
        held(&[to(2, "", Kind::HandedOver, "A")]),
        held_by("A", 2, false)
    );
}

#[test]
fn once_accepted_the_addressee_holds_it_by_its_own_act() {
    let steps = [
        to(2, "A", Kind::HandedOver, "B"),
        step(5, "B", Kind::Accepted),
    ];
    assert_eq!(held(&steps), held_by("B", 5, true));
}

#[test]
fn an_acceptance_within_the_same_second_is_one() {
    let steps = [
        to(2, "A", Kind::HandedOver, "B"),
        step(2, "B", Kind::Accepted),
    ];
    assert_eq!(held(&steps), held_by("B", 2, true));
}

#[test]
fn asking_for_an_opinion_does_not_pass_the_case_on() {
    assert_eq!(
        held(&[to(1, "A", Kind::Consulted, "B")]),
        held_by("A", 1, true)
    );
}

#[test]
fn answering_a_consultation_leaves_it_with_whoever_asked() {
    let asked = [act(1, "A"), to(2, "A", Kind::Consulted, "B")];
    let answered = [asked[0], asked[1], step(3, "B", Kind::Answered)];
    assert_eq!(held(&answered), held_by("A", 1, true));
}

#[test]
fn an_ended_case_is_held_by_who_ended_it() {
    let steps = [act(1, "A"), step(3, "A", Kind::ResultReturned)];
    assert_eq!(held(&steps), held_by("A", 1, true));
}
