//! When a dossier and a case are in work.

use super::*;
use crate::path::testing::{act, case, of, status, step};

fn standing_of(steps: &[Step<'_>]) -> Option<Standing> {
    standing(&case(steps).steps, "d")
}

#[test]
fn a_dossier_nobody_told_a_step_of_has_no_standing() {
    assert_eq!(standing(&[], "d"), None);
    assert_eq!(standing(&[act(1, "A")], "e"), None);
    assert!(!is_open(&case(&[])));
}

#[test]
fn a_dossier_with_steps_but_no_decisive_one_is_in_work() {
    assert_eq!(standing_of(&[act(1, "A")]), Some(Standing::InWork));
    let rated = [step(1, "A", Kind::Approved), step(2, "A", Kind::Rated)];
    assert_eq!(standing_of(&rated), Some(Standing::InWork));
}

#[test]
fn every_terminal_kind_and_status_ends_a_dossier() {
    let received = step(1, "A", Kind::Received);
    for kind in [
        Kind::RefusedAtIntake,
        Kind::Withdrawn,
        Kind::ResultReturned,
        Kind::CivilStatusRefused,
    ] {
        assert_eq!(
            standing_of(&[received, step(2, "A", kind)]),
            Some(Standing::Ended)
        );
    }
    for code in 1..=10 {
        let ends = matches!(code, 3 | 7 | 9 | 10);
        let expected = if ends {
            Standing::Ended
        } else {
            Standing::InWork
        };
        assert_eq!(
            standing_of(&[received, status(2, "A", code)]),
            Some(expected),
            "status {code}"
        );
    }
}

#[test]
fn a_terminal_kind_ends_whatever_status_it_carries() {
    let odd = Step {
        portal_status: 4,
        ..step(1, "A", Kind::ResultReturned)
    };
    assert_eq!(standing_of(&[odd]), Some(Standing::Ended));
}

#[test]
fn the_last_decisive_step_decides_whatever_arrived_last() {
    let ended = step(5, "A", Kind::ResultReturned);
    for late in [
        Kind::Received,
        Kind::HandedOver,
        Kind::Accepted,
        Kind::SupplementReceived,
    ] {
        assert_eq!(
            standing_of(&[ended, step(6, "A", late)]),
            Some(Standing::InWork),
            "{late:?}"
        );
        assert_eq!(
            standing_of(&[ended, step(4, "A", late)]),
            Some(Standing::Ended),
            "{late:?}"
        );
    }
    for late in [
        Kind::Rated,
        Kind::Digitised,
        Kind::Signed,
        Kind::CivilStatusExtractIssued,
    ] {
        assert_eq!(
            standing_of(&[ended, step(6, "A", late)]),
            Some(Standing::Ended),
            "{late:?}"
        );
    }
    assert_eq!(
        standing_of(&[ended, status(6, "A", 4)]),
        Some(Standing::InWork)
    );
}

#[test]
fn a_stop_lasts_until_work_goes_on() {
    let received = step(1, "A", Kind::Received);
    let stopped = Step {
        portal_status: 8,
        ..step(2, "A", Kind::Stopped)
    };
    assert_eq!(standing_of(&[received, stopped]), Some(Standing::Stopped));
    assert_eq!(
        standing_of(&[received, stopped, step(3, "A", Kind::Rated)]),
        Some(Standing::Stopped)
    );
    assert_eq!(
        standing_of(&[received, stopped, step(3, "A", Kind::Approved)]),
        Some(Standing::InWork)
    );
    assert_eq!(
        standing_of(&[received, stopped, status(3, "A", 10)]),
        Some(Standing::Ended)
    );
    assert_eq!(
        standing_of(&[received, status(2, "A", 8)]),
        Some(Standing::InWork),
        "a pause"
    );
}

#[test]
fn a_case_is_open_while_any_dossier_is() {
    let done = step(2, "A", Kind::ResultReturned);
    assert!(!is_open(&case(&[done])));
    assert!(is_open(&case(&[done, of(act(1, "B"), "e")])));
    assert!(!is_open(&case(&[
        done,
        of(step(3, "B", Kind::Withdrawn), "e")
    ])));
    assert!(!is_open(&case(&[
        done,
        of(step(3, "B", Kind::Stopped), "e")
    ])));
}
