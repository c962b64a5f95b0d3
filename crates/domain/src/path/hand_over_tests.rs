//! Hand-overs between adjacent steps, and how long each side had the case.

use super::*;
use crate::path::testing::act;
use proptest::prelude::*;

fn all<'a>(steps: &[Step<'a>], open: bool) -> Vec<HandOver<'a>> {
    let mut found = Vec::new();
    hand_overs(steps, open, &mut |hand_over| found.push(hand_over));
    found.reverse();
    found
}

fn figures(steps: &[Step<'_>], open: bool) -> Vec<(String, i64, Option<i64>)> {
    let named = |one: &HandOver<'_>| {
        (
            format!("{}{}", one.from, one.to),
            one.waiting_ms(),
            one.processing_ms(),
        )
    };
    all(steps, open).iter().map(named).collect()
}

#[test]
fn no_hand_over_without_two_different_named_neighbours() {
    assert_eq!(figures(&[], true), []);
    assert_eq!(figures(&[act(1, "A")], true), []);
    assert_eq!(figures(&[act(1, "A"), act(2, "A/law")], true), []);
    assert_eq!(
        figures(&[act(1, "A"), act(2, ""), act(3, "B")], true),
        [],
        "hidden by a step of nobody"
    );
}

#[test]
fn waiting_is_between_the_neighbours_and_processing_until_another_agency_acts() {
    let steps = [
        act(0, "A"),
        act(10, "B"),
        act(15, ""),
        act(20, "B"),
        act(50, ""),
        act(70, "C"),
    ];
    assert_eq!(figures(&steps, true), [("AB".into(), 10, Some(60))]);
    let steps = [act(0, "A"), act(10, "B"), act(30, "A"), act(70, "C")];
    let expected = [
        ("AB".into(), 10, Some(20)),
        ("BA".into(), 20, Some(40)),
        ("AC".into(), 40, None),
    ];
    assert_eq!(figures(&steps, true), expected);
}

#[test]
fn the_last_receiver_of_a_closed_case_had_it_until_its_last_step() {
    let steps = [act(0, "A"), act(10, "B"), act(25, "")];
    assert_eq!(figures(&steps, false), [("AB".into(), 10, Some(15))]);
    assert_eq!(figures(&steps, true), [("AB".into(), 10, None)]);
}

/// The rule as it is written, step by step.
fn by_the_letter(steps: &[Step<'_>], open: bool) -> Vec<(String, i64, Option<i64>)> {
    let time = |at: usize| steps[at].order.occurred_ms;
    let agency = |at: usize| steps[at].actor.agency;
    let pairs = (1..steps.len()).filter(|at| {
        let (from, to) = (agency(at - 1), agency(*at));
        !from.is_empty() && !to.is_empty() && from != to
    });
    pairs
        .map(|at| {
            let next =
                (at..steps.len()).find(|n| !agency(*n).is_empty() && agency(*n) != agency(at));
            let left = next.or((!open).then_some(steps.len() - 1));
            let processing = left.map(|left| time(left) - time(at));
            (
                format!("{}{}", agency(at - 1), agency(at)),
                time(at) - time(at - 1),
                processing,
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn one_pass_finds_what_the_rule_says(
        path in prop::collection::vec((0i64..50, prop::sample::select(vec!["", "A", "B", "C"])), 0..20),
        open in any::<bool>(),
    ) {
        let mut at_ms = 0;
        let steps: Vec<Step<'_>> = path
            .iter()
            .map(|(gap, agency)| {
                at_ms += gap;
                act(at_ms, agency)
            })
            .collect();
        prop_assert_eq!(figures(&steps, open), by_the_letter(&steps, open));
    }
}
