//! Clock statistics, on dossiers small enough to count by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::test_paths::{DAY, joined, step, told};
use super::*;
use lienthong_contract::time::from_millis;
use proptest::prelude::*;

fn question(as_of_ms: &[i64]) -> Question {
    Question {
        grain: Grain::Agency,
        as_of_ms: as_of_ms.to_vec(),
    }
}

fn over(cases: &[JoinedCase<'_>], as_of_ms: &[i64]) -> pb::GetClockStatisticsResponse {
    let mut sum = Clockwork::new(&question(as_of_ms));
    cases.iter().for_each(|case| sum.add(case));
    sum.finish()
}

fn received<'a>(at_ms: i64, dossier: &'a str, agency: &'a str, due_ms: i64) -> Step<'a> {
    Step {
        due_ms: Some(due_ms),
        ..told(at_ms, dossier, agency, Kind::Received)
    }
}

fn status(at_ms: i64, dossier: &str, portal_status: u8) -> Step<'_> {
    Step {
        portal_status,
        ..step(at_ms, dossier, "A")
    }
}

fn outcomes(told: Option<pb::DeadlineOutcomes>) -> (u64, u64, u64) {
    let told = told.unwrap();
    (told.early, told.on_time, told.late)
}

/// Early, on the day but after the moment, late; open; never received; two dossiers in one case.
fn cases() -> Vec<JoinedCase<'static>> {
    let due = 10 * DAY;
    vec![
        joined(&[received(0, "early", "A", due), status(9 * DAY, "early", 9)]),
        joined(&[received(0, "day", "A", due), status(due + 1, "day", 9)]),
        joined(&[
            received(DAY, "late", "B", due),
            received(2 * DAY, "open", "B", due),
            status(12 * DAY, "late", 9),
        ]),
        joined(&[told(0, "refused", "A", Kind::RefusedAtIntake)]),
        joined(&[
            status(4 * DAY, "before", 9),
            received(5 * DAY, "before", "", due),
            step(6 * DAY, "before", "A"),
        ]),
    ]
}

#[test]
fn ended_dossiers_are_held_against_their_deadlines_by_moment_and_by_day() {
    let answer = over(&cases(), &[]);
    assert_eq!(
        (answer.dossiers, answer.received, answer.with_deadline),
        (6, 5, 5)
    );
    assert_eq!((answer.ended, answer.never_ended), (4, 1));
    assert_eq!(outcomes(answer.by_moment), (2, 0, 2));
    assert_eq!(outcomes(answer.by_day), (2, 1, 1));
    let allowed = answer.allowed.unwrap();
    assert_eq!((allowed.count, allowed.sum_ms), (5, 42 * DAY));
    let taken = answer.taken.unwrap();
    assert_eq!(
        (taken.count, taken.min_ms, taken.max_ms),
        (4, -DAY, 11 * DAY)
    );
}

#[test]
fn a_dossier_is_open_from_reception_until_its_end_and_overdue_after_its_deadline() {
    let answer = over(&cases(), &[10 * DAY + 1, 11 * DAY, DAY - 1, 11 * DAY]);
    let told: Vec<_> = answer
        .open_at
        .iter()
        .map(|at| {
            (
                at.time.unwrap(),
                at.open,
                at.overdue_by_moment,
                at.overdue_by_day,
            )
        })
        .collect();
    let at = from_millis;
    assert_eq!(
        told,
        [
            (at(10 * DAY + 1), 2, 2, 0),
            (at(11 * DAY), 2, 2, 2),
            (at(DAY - 1), 2, 0, 0),
            (at(11 * DAY), 2, 2, 2),
        ]
    );
    let of_b = &answer.open_at[0].by_party[0];
    assert_eq!(of_b.party.as_ref().unwrap().agency_code, "B");
    assert_eq!(
        (of_b.open, of_b.overdue_by_moment, of_b.overdue_by_day),
        (2, 2, 0)
    );
}

#[test]
fn stops_are_counted_with_the_time_from_first_request_to_last_answer() {
    let supplement = [
        told(0, "d", "A", Kind::SupplementRequested),
        told(10, "d", "A", Kind::SupplementReceived),
        told(20, "d", "A", Kind::SupplementRequested),
        told(50, "d", "A", Kind::SupplementReceived),
        status(60, "d", 4),
    ];
    let negative = [
        told(0, "e", "A", Kind::SupplementReceived),
        told(5, "e", "A", Kind::SupplementRequested),
    ];
    let by_status = [
        status(0, "f", 2),
        status(7, "f", 5),
        status(9, "f", 4),
        status(11, "f", 8),
    ];
    let resumed = [told(0, "g", "A", Kind::Stopped), status(30, "g", 4)];
    let unanswered = [
        received(0, "h", "A", DAY),
        told(1, "h", "A", Kind::PaymentRequested),
        status(2, "h", 4),
    ];
    let cases = [
        &supplement[..],
        &negative,
        &by_status,
        &resumed,
        &unanswered,
    ]
    .map(joined);
    let answer = over(&cases, &[]);
    let told: Vec<_> = answer
        .stops
        .iter()
        .map(|stop| {
            let sum_ms = stop.turnaround.unwrap().sum_ms;
            (
                stop.portal_status,
                (stop.dossiers_asked, stop.dossiers_answered),
                (stop.requests, stop.answers),
                (
                    stop.turnaround.unwrap().count,
                    sum_ms,
                    stop.negative_turnarounds,
                ),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (5, (3, 3), (4, 4), (2, 52, 1)),
            (6, (1, 0), (1, 0), (0, 0, 0)),
            (8, (2, 1), (2, 1), (1, 30, 0)),
        ]
    );
}

#[test]
fn steps_with_a_due_time_extensions_and_withdrawals_are_counted() {
    let due = |at_ms, due_ms| Step {
        due_ms: Some(due_ms),
        ..step(at_ms, "d", "A")
    };
    let asked = Step {
        due_ms: Some(1),
        ..told(3, "d", "A", Kind::SupplementRequested)
    };
    let one = joined(&[
        due(5, 5),
        due(6, 5),
        due(7, 5),
        asked,
        told(8, "d", "A", Kind::Extended),
        told(9, "d", "A", Kind::Extended),
        told(9, "e", "A", Kind::Withdrawn),
        step(10, "e", "A"),
    ]);
    let answer = over(&[one], &[]);
    let steps = answer.steps_due.unwrap();
    assert_eq!(
        (steps.steps, steps.done_on_or_before, steps.done_after),
        (3, 1, 2)
    );
    assert_eq!(steps.dossiers_with_a_late_step, 1);
    assert_eq!((answer.extended_dossiers, answer.extensions), (1, 2));
    assert_eq!(answer.withdrawn_dossiers, 1);
}

#[test]
fn a_question_that_does_not_hold_is_refused_with_its_field() {
    let grain = pb::GetClockStatisticsRequest {
        grain: 77,
        ..pb::GetClockStatisticsRequest::default()
    };
    let many = pb::GetClockStatisticsRequest {
        as_of_times: vec![from_millis(0); 101],
        ..pb::GetClockStatisticsRequest::default()
    };
    for (request, field) in [(grain, "grain"), (many, "as_of_times")] {
        let failure = Question::read(&request).unwrap_err();
        assert_eq!(failure.violations[0].field, field);
    }
}

const KINDS: [Kind; 7] = [
    Kind::Received,
    Kind::ProgressReported,
    Kind::SupplementRequested,
    Kind::SupplementReceived,
    Kind::Stopped,
    Kind::Extended,
    Kind::Withdrawn,
];
const AGENCIES: [&str; 3] = ["", "A", "B"];

proptest! {
    #[test]
    fn figures_do_not_depend_on_how_the_cases_were_split_nor_on_the_way_between_processes(
        told_of in prop::collection::vec(
            prop::collection::vec((0..9 * DAY, 0usize..7, 0usize..3, 0u8..=10, 0..9 * DAY), 1..6),
            0..8,
        ),
        at in 0usize..8,
        as_of_ms in prop::collection::vec(0..9 * DAY, 0..3),
    ) {
        let cases: Vec<JoinedCase<'_>> = told_of
            .iter()
            .map(|told_of| {
                let mut steps: Vec<Step<'_>> = told_of
                    .iter()
                    .map(|(at_ms, kind, agency, portal_status, due_ms)| Step {
                        portal_status: *portal_status,
                        due_ms: Some(*due_ms),
                        ..told(*at_ms, ["d", "e"][agency % 2], AGENCIES[*agency], KINDS[*kind])
                    })
                    .collect();
                steps.sort_by_key(|step| step.order);
                joined(&steps)
            })
            .collect();
        let whole = over(&cases, &as_of_ms);
        let (left, right) = cases.split_at(at.min(cases.len()));
        let question = question(&as_of_ms);
        let sum_of = |cases: &[JoinedCase<'_>]| {
            let mut sum = Clockwork::new(&question);
            cases.iter().for_each(|case| sum.add(case));
            sum
        };
        let mut merged = sum_of(right);
        merged.merge(sum_of(left));
        prop_assert_eq!(merged.finish(), whole.clone());
        let mut sent = sum_of(right);
        sent.add_packed(&sum_of(left).pack()).unwrap();
        prop_assert_eq!(sent.finish(), whole);
    }
}
