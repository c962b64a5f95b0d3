//! The chain of levels.

use super::*;
use crate::event::Kind;
use crate::path::testing::{act, step, to};

/// Agencies C* are communes, P* provinces, others unknown.
fn level_of(agency: &str) -> Option<Level> {
    match agency.as_bytes().first() {
        Some(b'C') => Some(Level::Commune),
        Some(b'P') => Some(Level::Province),
        _ => None,
    }
}

fn chain<'a>(steps: &[Step<'a>], open: bool) -> Vec<(Option<Level>, &'a str, i64, Option<i64>)> {
    stays(steps, open, &mut |agency, _| level_of(agency))
        .iter()
        .map(|stay| (stay.level, stay.agency, stay.reached_ms, stay.left_ms))
        .collect()
}

const COMMUNE: Option<Level> = Some(Level::Commune);
const PROVINCE: Option<Level> = Some(Level::Province);

#[test]
fn a_case_that_names_nobody_has_no_chain() {
    assert_eq!(chain(&[], true), []);
    assert_eq!(chain(&[act(1, "")], false), []);
}

#[test]
fn steps_of_one_level_are_one_stay_whatever_the_agency() {
    let steps = [
        act(1, "C1"),
        act(2, ""),
        act(3, "C2"),
        act(5, "P1"),
        act(6, "C1"),
    ];
    let expected = [
        (COMMUNE, "C1", 1, Some(5)),
        (PROVINCE, "P1", 5, Some(6)),
        (COMMUNE, "C1", 6, None),
    ];
    assert_eq!(chain(&steps, true), expected);
}

#[test]
fn unknown_agencies_form_a_stay_of_their_own() {
    let steps = [act(1, "C1"), act(2, "X"), act(3, "Y"), act(4, "P1")];
    let expected = [
        (COMMUNE, "C1", 1, Some(2)),
        (None, "X", 2, Some(4)),
        (PROVINCE, "P1", 4, None),
    ];
    assert_eq!(chain(&steps, true), expected);
}

#[test]
fn handing_over_to_another_level_begins_a_stay_before_anyone_acts_there() {
    let up = [
        act(1, "C1"),
        to(3, "C1", Kind::HandedOver, "P1"),
        act(4, ""),
    ];
    assert_eq!(
        chain(&up, true),
        [(COMMUNE, "C1", 1, Some(3)), (PROVINCE, "P1", 3, None)]
    );
    let level = [act(1, "C1"), to(3, "C1", Kind::HandedOver, "C2")];
    assert_eq!(chain(&level, true), [(COMMUNE, "C1", 1, None)]);
}

#[test]
fn the_last_stay_of_a_closed_case_ends_with_its_last_step() {
    let steps = [
        act(1, "C1"),
        act(4, "P1"),
        step(9, "", Kind::ResultReturned),
    ];
    assert_eq!(
        chain(&steps, false),
        [(COMMUNE, "C1", 1, Some(4)), (PROVINCE, "P1", 4, Some(9))]
    );
}

#[test]
fn the_level_is_asked_for_at_the_moment_of_the_act() {
    let mut moved = |_: &str, at_ms: i64| if at_ms < 5 { COMMUNE } else { PROVINCE };
    let found = stays(&[act(1, "A"), act(7, "A")], true, &mut moved);
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].left_ms, found[1].level), (Some(7), PROVINCE));
}
