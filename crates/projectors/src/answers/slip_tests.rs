//! The slip of a dossier whose times are worked out by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::test_dossiers::{
    CODE, HOUR, MONDAY, alone, asked, at, limited, open_case, under, working_days,
};
use super::super::test_paths::{passed, told};
use super::*;
use lienthong_contract::reason::Reason;
use lienthong_domain::event::Kind;
use lienthong_domain::path::Step;

fn agency(party: &Option<lienthong_contract::pb::event::v1::Party>) -> &str {
    party.as_ref().map_or("", |party| &party.agency_code)
}

/// P1 has two working hours by the step graph from 9:00 on, and the clock stands still from 10:00
/// to 14:00: due at 15:00.
#[test]
fn a_hand_over_without_a_deadline_told_is_due_by_the_step_graph() {
    let reference = under(limited(Some(working_days(1))));
    for (settled, outcome) in [(14, "on_time"), (16, "on_time"), (31, "late")] {
        let case = open_case(Some(MONDAY + settled * HOUR));
        let (dossier, entries) = answer(&case, &asked(MONDAY + 80 * HOUR), &reference).unwrap();
        assert_eq!(dossier.dossier_code, CODE);
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        assert_eq!((agency(&entry.from), agency(&entry.to)), ("C1", "P1"));
        assert_eq!(entry.handed_over_time, at(MONDAY + 9 * HOUR));
        assert_eq!(entry.accepted_time, at(MONDAY + 9 * HOUR + HOUR / 2));
        assert_eq!(entry.due_time, at(MONDAY + 15 * HOUR));
        assert_eq!(entry.finished_time, at(MONDAY + settled * HOUR));
        assert_eq!(entry.outcome, outcome, "after {settled} h");
    }
}

#[test]
fn the_deadline_that_the_sender_told_goes_before_the_step_graph_and_an_open_one_has_no_outcome() {
    let reference = under(limited(None));
    let first = Step {
        due_ms: Some(MONDAY + 12 * HOUR),
        ..passed(MONDAY + 9 * HOUR, CODE, "C1", "P1")
    };
    let case = alone(vec![
        told(MONDAY + 8 * HOUR, CODE, "C1", Kind::Received),
        first,
        told(MONDAY + 10 * HOUR, CODE, "P1", Kind::Accepted),
        passed(MONDAY + 11 * HOUR, CODE, "P1", "C1"),
    ]);
    let (_, entries) = answer(&case, &asked(MONDAY + 80 * HOUR), &reference).unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                agency(&entry.to),
                entry.due_time,
                entry.finished_time,
                entry.outcome.as_str(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "P1",
                at(MONDAY + 12 * HOUR),
                at(MONDAY + 11 * HOUR),
                "on_time"
            ),
            ("C1", None, None, ""),
        ]
    );
}

#[test]
fn a_dossier_that_nobody_passed_on_has_an_empty_slip() {
    let reference = under(limited(None));
    let case = alone(vec![told(MONDAY + 8 * HOUR, CODE, "C1", Kind::Received)]);
    let (dossier, entries) = answer(&case, &asked(MONDAY + 9 * HOUR), &reference).unwrap();
    assert_eq!((dossier.agency_code.as_str(), entries.len()), ("C1", 0));
}

#[test]
fn a_deadline_in_a_year_without_a_calendar_refuses_the_slip() {
    let reference = under(limited(Some(working_days(400))));
    let refused = answer(&open_case(None), &asked(MONDAY + 16 * HOUR), &reference).unwrap_err();
    assert_eq!(refused.reason, Reason::CalendarMissing);
}
