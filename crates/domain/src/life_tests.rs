//! Tests of the life of a dossier.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::event::detail::Detail;
use crate::event::{Fingerprint, OrderKey};
use crate::path::openness::{Standing, standing};
use proptest::prelude::*;

const DAY: i64 = 86_400_000;

fn step(at: i64, kind: Kind, portal_status: u8) -> Step<'static> {
    Step {
        order: OrderKey {
            occurred_ms: at,
            sequence: 0,
            rank: kind.rank(),
            fingerprint: Fingerprint(at as u64),
        },
        dossier: "d",
        kind,
        actor: Party {
            agency: "H56.15",
            unit: "",
        },
        addressee: Party::default(),
        reference: 0,
        portal_status,
        procedure: "1.001193",
        due_ms: None,
        detail: Detail::NONE,
        source: "",
        recorded_ms: 0,
    }
}

#[test]
fn a_result_that_waits_at_the_desk_was_settled_when_it_came_to_be() {
    let told = life(&[
        step(0, Kind::Received, 2),
        step(2 * DAY, Kind::ResultIssued, 0),
        step(2 * DAY + 1, Kind::HandedOver, 0),
        step(9 * DAY, Kind::ResultReturned, 10),
    ]);
    let end = told.end.map(|end| (end.at_ms, end.how));
    assert_eq!(end, Some((2 * DAY, Ending::Settled)));
    assert_eq!(told.returned, Some((9 * DAY, None)));
}

#[test]
fn stops_are_the_union_of_what_is_waited_for() {
    let told = life(&[
        step(0, Kind::Received, 2),
        step(DAY, Kind::SupplementRequested, 5),
        step(2 * DAY, Kind::PaymentRequested, 6),
        step(3 * DAY, Kind::SupplementReceived, 0),
        step(4 * DAY, Kind::PaymentMade, 0),
        step(5 * DAY, Kind::Stopped, 8),
    ]);
    let stops: Vec<_> = told
        .stops
        .iter()
        .map(|stop| (stop.from_ms, stop.to_ms))
        .collect();
    assert_eq!(stops, [(DAY, Some(4 * DAY)), (5 * DAY, None)]);
    assert_eq!(told.paused_since(), Some(5 * DAY));
}

#[test]
fn work_after_the_end_reopens_a_dossier() {
    let told = life(&[
        step(0, Kind::Received, 2),
        step(DAY, Kind::ProgressReported, 9),
        step(2 * DAY, Kind::SupplementRequested, 5),
    ]);
    assert_eq!(told.end, None);
    assert_eq!(told.paused_since(), Some(2 * DAY));
}

const PARTIES: [&str; 3] = ["H56.15", "H56", ""];

/// Kinds that say something else each about where a dossier stands.
const KINDS: [Kind; 16] = [
    Kind::Submitted,
    Kind::Received,
    Kind::RefusedAtIntake,
    Kind::HandedOver,
    Kind::SupplementRequested,
    Kind::SupplementReceived,
    Kind::PaymentRequested,
    Kind::PaymentMade,
    Kind::Stopped,
    Kind::Withdrawn,
    Kind::ResultIssued,
    Kind::ResultReturned,
    Kind::ProgressReported,
    Kind::Rated,
    Kind::Extended,
    Kind::Approved,
];

fn random_steps(told: &[(i64, usize, u8, u64)]) -> Vec<Step<'static>> {
    let mut at = 0;
    let steps = told.iter().map(|(after, kind, status, reference)| {
        at += after;
        Step {
            reference: *reference,
            actor: Party {
                agency: PARTIES[kind % 3],
                unit: "",
            },
            ..step(at, KINDS[*kind], *status)
        }
    });
    steps.collect()
}

proptest! {
    #[test]
    fn a_dossier_has_an_end_just_when_it_stands_ended_and_its_stops_lie_apart_in_order(
        told in prop::collection::vec((0i64..3, 0usize..16, 0u8..=10, 0u64..3), 0..14),
    ) {
        let steps = random_steps(&told);
        let life = life(&steps);
        let ended = standing(&steps, "d") == Some(Standing::Ended);
        prop_assert_eq!(life.end.is_some(), ended);
        prop_assert!(life.ended_before_received.is_none() || life.end.is_none());
        for pair in life.stops.windows(2) {
            prop_assert!(pair[0].to_ms.is_some_and(|to| to < pair[1].from_ms));
        }
        for stop in &life.stops {
            prop_assert!(stop.to_ms.is_none_or(|to| to >= stop.from_ms));
            prop_assert!(matches!(stop.portal_status, 5 | 6 | 8));
        }
        prop_assert!(!(ended && life.paused_since().is_some()), "what ended waits for nothing");
        let last = steps.iter().rev().find(|step| step.portal_status != 0);
        let told_by_status = steps.iter().all(|step| step.kind == Kind::ProgressReported);
        if told_by_status {
            let paused = last.is_some_and(|last| matches!(last.portal_status, 5 | 6));
            let stopped = steps.last().is_some_and(|last| last.portal_status == 8);
            prop_assert!(!(paused || stopped) || life.paused_since().is_some());
            prop_assert!(paused || life.paused_since().is_none() || last.unwrap().portal_status == 8);
        }
    }
}

fn stops_of(steps: &[Step<'_>]) -> Vec<(i64, Option<i64>, u8)> {
    let stops = life(steps).stops;
    let stops = stops.iter();
    stops
        .map(|stop| (stop.from_ms, stop.to_ms, stop.portal_status))
        .collect()
}

#[test]
fn a_source_that_tells_nothing_but_statuses_stops_and_runs_by_them() {
    let say = |at, status| step(at, Kind::ProgressReported, status);
    assert_eq!(
        stops_of(&[
            say(0, 2),
            say(1, 5),
            say(2, 4),
            say(3, 6),
            say(5, 4),
            say(6, 8),
            say(8, 9)
        ]),
        [(1, Some(2), 5), (3, Some(5), 6), (6, Some(8), 8)]
    );
    assert_eq!(
        stops_of(&[say(0, 2), say(1, 5), say(2, 6), say(3, 4)]),
        [(1, Some(3), 5)]
    );
    assert_eq!(
        stops_of(&[say(0, 2), say(1, 5), say(2, 5), say(3, 0)]),
        [(1, None, 5)]
    );
    assert_eq!(
        stops_of(&[say(0, 8), say(1, 0)]),
        [(0, Some(1), 8)],
        "work goes on"
    );
}

#[test]
fn a_supplement_is_answered_by_its_own_answer_or_by_a_status_that_says_work_goes_on() {
    let asked = |at, reference| Step {
        reference,
        ..step(at, Kind::SupplementRequested, 5)
    };
    let answered = |at, reference| Step {
        reference,
        ..step(at, Kind::SupplementReceived, 0)
    };
    assert_eq!(
        stops_of(&[asked(1, 7), asked(2, 8), answered(3, 7)]),
        [(1, None, 5)]
    );
    let both = [asked(1, 7), asked(2, 8), answered(3, 7), answered(5, 8)];
    assert_eq!(stops_of(&both), [(1, Some(5), 5)]);
    assert_eq!(stops_of(&[asked(1, 7), answered(3, 0)]), [(1, Some(3), 5)]);
    for status in [2, 4] {
        let goes_on = step(4, Kind::ProgressReported, status);
        assert_eq!(
            stops_of(&[asked(1, 7), asked(2, 8), goes_on]),
            [(1, Some(4), 5)]
        );
    }
    let again = [asked(1, 7), answered(3, 7), asked(3, 9), answered(4, 9)];
    assert_eq!(
        stops_of(&again),
        [(1, Some(4), 5)],
        "it never ran in between"
    );
}

#[test]
fn a_reception_that_was_told_counts_before_one_that_a_status_implies() {
    let told = life(&[
        step(1, Kind::ProgressReported, 4),
        Step {
            actor: Party {
                agency: "H56",
                unit: "",
            },
            ..step(2, Kind::Received, 2)
        },
        step(3, Kind::Received, 2),
    ]);
    let received = told
        .received
        .map(|received| (received.at_ms, received.by.agency));
    assert_eq!(received, Some((2, "H56")));
    let implied = life(&[
        step(0, Kind::Submitted, 1),
        step(1, Kind::ProgressReported, 9),
    ]);
    assert_eq!(implied.received.map(|received| received.at_ms), Some(1));
    assert_eq!(life(&[step(0, Kind::Submitted, 1)]).received, None);
}

#[test]
fn an_end_before_the_reception_is_kept_until_anything_else_is_told() {
    let steps = [
        step(1, Kind::ProgressReported, 9),
        step(5, Kind::Received, 2),
        step(6, Kind::Approved, 0),
    ];
    let told = life(&steps);
    assert_eq!(told.end, None, "the reception put it in work");
    assert_eq!(told.ended_before_received.map(|end| end.at_ms), Some(1));
    let mut worked = steps.to_vec();
    worked.push(step(7, Kind::ProgressReported, 4));
    assert_eq!(life(&worked).ended_before_received, None);
    let refused = [
        step(1, Kind::RefusedAtIntake, 3),
        step(5, Kind::Received, 2),
    ];
    assert_eq!(
        life(&refused).ended_before_received,
        None,
        "handed in again"
    );
}

#[test]
fn extensions_count_with_an_apology_in_time_and_only_so_often() {
    let due = 10 * DAY;
    let extension = |at_ms, due_ms, apology| Extension {
        at_ms,
        due_ms,
        apology,
    };
    let rules = Rules::default();
    let of = |extensions: &[Extension]| extended(due, extensions, &rules);
    assert_eq!(of(&[extension(9 * DAY, 15 * DAY, true)]), (15 * DAY, 1));
    assert_eq!(
        of(&[extension(10 * DAY, 15 * DAY, true)]),
        (due, 0),
        "too late"
    );
    assert_eq!(
        of(&[extension(9 * DAY, 15 * DAY, false)]),
        (due, 0),
        "no apology"
    );
    assert_eq!(
        of(&[extension(9 * DAY, 8 * DAY, true)]),
        (due, 0),
        "not later"
    );
    let twice = [
        extension(9 * DAY, 15 * DAY, true),
        extension(12 * DAY, 20 * DAY, true),
    ];
    assert_eq!(of(&twice), (15 * DAY, 1));
    let lenient = Rules {
        most_extensions: 2,
        ..rules
    };
    assert_eq!(extended(due, &twice, &lenient), (20 * DAY, 2));
}
