//! The clock of a dossier whose times are worked out by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::dossier::Asked;
use super::super::test_dossiers::{
    CODE, HOUR, MONDAY, alone, asked, at, limited, open_case, under, working_days,
};
use super::*;
use lienthong_contract::reason::Reason;
use lienthong_domain::path::Step;

/// 8:00 received, 9:00 handed to P1, 10:00 to 14:00 stopped for a payment; one working day.
/// Runs 8-10 and 14-17 (5 h), so 3 h are left on Tuesday, from 7:00: due at 10:00. C1 used an hour.
#[test]
fn a_deadline_moves_by_the_stop_and_each_holder_is_told_its_own_time() {
    let reference = under(limited(Some(working_days(1))));
    let clock = answer(&open_case(None), &asked(MONDAY + 16 * HOUR), &reference).unwrap();
    assert_eq!(clock.legal_due_time, at(MONDAY + 34 * HOUR));
    let dossier = clock.dossier.unwrap();
    assert_eq!(dossier.due_time, clock.legal_due_time);
    assert_eq!(dossier.told_due_time, at(MONDAY + 17 * HOUR));
    assert_eq!(dossier.state(), pb::DossierState::InWork);
    assert_eq!(
        (dossier.dossier_code.as_str(), dossier.agency_code.as_str()),
        (CODE, "C1")
    );
    assert_eq!(dossier.holder.unwrap().party.unwrap().agency_code, "P1");
    assert_eq!(dossier.duty.unwrap().kind, "apologise_and_extend");
    assert_eq!(clock.limit_ms, 8 * HOUR as u64);
    let used: Vec<_> = clock
        .used
        .iter()
        .map(|one| {
            (
                one.party.as_ref().unwrap().agency_code.as_str(),
                one.used_ms / HOUR as u64,
            )
        })
        .collect();
    // Until 16:00: C1 8-9, P1 9-10 and 14-16.
    assert_eq!(used, [("C1", 1), ("P1", 3)]);
    assert_eq!(clock.used_ms, 4 * HOUR as u64);
    let stop = &clock.stops[0];
    assert_eq!(
        (stop.portal_status, stop.from_time, stop.to_time),
        (6, at(MONDAY + 10 * HOUR), at(MONDAY + 14 * HOUR))
    );
    assert_eq!((clock.outcome.as_str(), clock.settled_time), ("", None));
    assert_eq!(clock.procedure_from_day, "2026-01-01");
    assert_eq!(clock.calendar_version, reference.calendar.version());
}

#[test]
fn the_outcome_is_decided_by_the_day_of_the_deadline() {
    let reference = under(limited(Some(working_days(1))));
    for (settled, outcome) in [
        (16, "early"),
        (31, "on_time"),
        (40, "on_time"),
        (55, "late"),
    ] {
        let case = open_case(Some(MONDAY + settled * HOUR));
        let clock = answer(&case, &asked(MONDAY + 80 * HOUR), &reference).unwrap();
        assert_eq!(clock.outcome, outcome, "settled after {settled} h");
        assert_eq!(clock.settled_time, at(MONDAY + settled * HOUR));
        let dossier = clock.dossier.unwrap();
        assert_eq!(dossier.state(), pb::DossierState::Settled);
        assert_eq!(dossier.duty, None);
    }
}

#[test]
fn what_happens_after_the_moment_asked_for_does_not_count() {
    let reference = under(limited(Some(working_days(1))));
    let case = open_case(Some(MONDAY + 16 * HOUR));
    let clock = answer(&case, &asked(MONDAY + 11 * HOUR), &reference).unwrap();
    assert_eq!(clock.outcome, "");
    assert_eq!(clock.stops[0].to_time, None);
    assert_eq!(clock.dossier.unwrap().state(), pb::DossierState::Paused);
    let before = answer(&case, &asked(MONDAY), &reference).unwrap_err();
    assert_eq!(before.reason, Reason::CaseNotFound);
}

#[test]
fn without_a_limit_the_deadline_told_decides_and_time_is_working_time() {
    let reference = under(limited(None));
    let late = answer(&open_case(None), &asked(MONDAY + 32 * HOUR), &reference).unwrap();
    assert_eq!(
        (late.limit, late.legal_due_time, late.limit_ms),
        (None, None, 0)
    );
    // Monday 8-10 and 14-17, Tuesday 7-8.
    assert_eq!(late.used_ms, 6 * HOUR as u64);
    let dossier = late.dossier.unwrap();
    assert_eq!(dossier.due_time, at(MONDAY + 17 * HOUR));
    assert_eq!(dossier.state(), pb::DossierState::Overdue);
    assert_eq!(dossier.duty.unwrap().kind, "apologise");
    assert_eq!(late.procedure_from_day, "2026-01-01");
}

#[test]
fn a_year_without_a_calendar_is_named_and_never_guessed() {
    let reference = under(limited(Some(working_days(400))));
    let refused = answer(&open_case(None), &asked(MONDAY + 16 * HOUR), &reference).unwrap_err();
    assert_eq!(refused.reason, Reason::CalendarMissing);
    assert!(refused.message.contains("2027"), "{}", refused.message);
}

#[test]
fn a_dossier_is_found_by_its_aliases_and_a_case_of_several_names_them() {
    let reference = under(limited(None));
    let by_alias = Asked {
        code: "ALIAS".to_owned(),
        ..asked(MONDAY + 16 * HOUR)
    };
    let clock = answer(&open_case(None), &by_alias, &reference).unwrap();
    assert_eq!(clock.dossier.unwrap().dossier_code, CODE);
    let by_case = Asked {
        code: "CASE".to_owned(),
        ..by_alias
    };
    let refused = answer(&open_case(None), &by_case, &reference).unwrap_err();
    assert_eq!(refused.reason, Reason::CaseNotFound);
    assert!(refused.message.contains(CODE), "{}", refused.message);
}

#[test]
fn a_dossier_that_was_only_handed_in_has_no_clock_yet() {
    let reference = under(limited(Some(working_days(1))));
    let step = Step {
        kind: lienthong_domain::event::Kind::Submitted,
        portal_status: 1,
        ..super::super::test_paths::step(MONDAY + 8 * HOUR, CODE, "")
    };
    let clock = answer(&alone(vec![step]), &asked(MONDAY + 16 * HOUR), &reference).unwrap();
    let dossier = clock.dossier.unwrap();
    assert_eq!(dossier.state(), pb::DossierState::Unspecified);
    assert_eq!((dossier.received_time, dossier.duty), (None, None));
    assert!(clock.used.is_empty() && clock.legal_due_time.is_none());
}
