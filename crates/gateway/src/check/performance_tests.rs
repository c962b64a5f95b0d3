//! Each bound of `PerformanceService`, one request that breaks it, and the field it is told by.

use super::super::tests::fields;
use super::*;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::time::from_millis;

/// 2026-11-22T05:00:00+07:00.
const NOW_MS: i64 = 1_795_298_400_000;

fn period(from_day: &str, to_day: &str) -> GetPerformanceRequest {
    GetPerformanceRequest {
        from_day: from_day.to_owned(),
        to_day: to_day.to_owned(),
        ..GetPerformanceRequest::default()
    }
}

fn under(day: &str) -> Option<Basis> {
    Some(Basis {
        units_of: day.to_owned(),
    })
}

#[test]
fn a_period_has_two_real_days_in_their_order() {
    let told = |from, to| fields(figures(&period(from, to), 4, NOW_MS));
    assert_eq!(told("2026-01-01", "2026-01-01"), [""; 0]);
    assert_eq!(told("", ""), ["from_day", "to_day"]);
    assert_eq!(told("2026-02-30", "20260301"), ["from_day", "to_day"]);
    assert_eq!(told("2026-02-02", "2026-02-01"), ["to_day"]);
}

#[test]
fn a_moment_before_the_period_or_of_no_fact_is_refused() {
    let mut request = period("2026-02-01", "2026-02-28");
    request.as_of_time = Some(from_millis(1_767_225_600_000)); // 2026-01-01
    assert_eq!(fields(figures(&request, 4, NOW_MS)), ["as_of_time"]);
    request.as_of_time = Some(from_millis(0));
    assert_eq!(fields(figures(&request, 4, NOW_MS)), ["as_of_time"]);
}

#[test]
fn a_filter_names_each_malformed_code_by_its_path() {
    let mut request = period("2026-01-01", "2026-01-31");
    request.filter = Some(DossierFilter {
        agency_code: "h56".to_owned(),
        unit_code: "1".to_owned(),
        procedure_code: "birth".to_owned(),
        field_code: "a field".to_owned(),
        channel: 9,
        level: 9,
    });
    request.group_by = 99;
    request.deadline = 7;
    request.precision = 7;
    request.max_wait_ms = 30_001;
    request.min_positions = vec![Position {
        partition: 4,
        offset: 0,
    }];
    assert_eq!(
        fields(figures(&request, 4, NOW_MS)),
        [
            "filter.agency_code",
            "filter.unit_code",
            "filter.procedure_code",
            "filter.field_code",
            "filter.channel",
            "filter.level",
            "group_by",
            "deadline",
            "precision",
            "max_wait_ms",
            "min_positions[0].partition"
        ]
    );
}

#[test]
fn a_basis_covers_the_facts_and_has_no_districts_once_they_are_abolished() {
    let mut request = period("2025-01-01", "2025-12-31");
    request.basis = under("2025-06-30");
    assert_eq!(fields(figures(&request, 4, NOW_MS)), ["basis.units_of"]);
    request.basis = under("2025-13-01");
    assert_eq!(fields(figures(&request, 4, NOW_MS)), ["basis.units_of"]);
    request.basis = under("2025-12-31");
    assert_eq!(fields(figures(&request, 4, NOW_MS)), [""; 0]);
    request.group_by = Grouping::District as i32;
    assert_eq!(fields(figures(&request, 4, NOW_MS)), ["group_by"]);
    request.basis = None;
    assert_eq!(fields(figures(&request, 4, NOW_MS)), [""; 0]);
    // A period that is not over is told of until now.
    let mut request = period("2026-01-01", "2026-12-31");
    request.basis = under("2026-11-22");
    assert_eq!(fields(figures(&request, 4, NOW_MS)), [""; 0]);
}

#[test]
fn only_open_dossiers_are_listed_and_days_ahead_belong_to_due_soon() {
    let listed = |state: DossierState, within_working_days| {
        let request = ListDossiersRequest {
            state: state as i32,
            within_working_days,
            page_size: 1_001,
            ..ListDossiersRequest::default()
        };
        fields(dossiers(&request, 4, NOW_MS))
    };
    assert_eq!(listed(DossierState::DueSoon, 3), ["page_size"]);
    assert_eq!(
        listed(DossierState::DueSoon, 367),
        ["within_working_days", "page_size"]
    );
    assert_eq!(
        listed(DossierState::Overdue, 3),
        ["within_working_days", "page_size"]
    );
    assert_eq!(listed(DossierState::Settled, 0), ["state", "page_size"]);
    assert_eq!(listed(DossierState::Unspecified, 0), ["state", "page_size"]);
}

#[test]
fn one_dossier_and_a_register_are_asked_for_by_well_formed_codes() {
    let request = GetDossierClockRequest {
        dossier_code: "no code".to_owned(),
        as_of_time: Some(from_millis(-1)),
        ..GetDossierClockRequest::default()
    };
    assert_eq!(fields(clock(&request, 4)), ["dossier_code", "as_of_time"]);
    let request = GetControlSlipRequest::default();
    assert_eq!(fields(slip(&request, 4)), ["dossier_code"]);
    let request = GetControlSlipRequest {
        dossier_code: "H56.15.03-261008-0975".to_owned(),
        ..GetControlSlipRequest::default()
    };
    assert_eq!(fields(slip(&request, 4)), [""; 0]);
    let request = GetRegisterRequest {
        day: "today".to_owned(),
        ..GetRegisterRequest::default()
    };
    assert_eq!(fields(register(&request, 4)), ["agency_code", "day"]);
}

#[test]
fn clock_statistics_take_a_hundred_true_moments_and_a_known_grain() {
    let request = GetClockStatisticsRequest {
        grain: 7,
        as_of_times: vec![Timestamp {
            seconds: 0,
            nanos: -1,
        }],
        source: "a source".to_owned(),
        ..GetClockStatisticsRequest::default()
    };
    let told = fields(clock_statistics(&request, 4));
    assert_eq!(told, ["grain", "as_of_times[0]", "source"]);
    let request = GetClockStatisticsRequest {
        as_of_times: vec![Timestamp::default(); 101],
        ..GetClockStatisticsRequest::default()
    };
    assert_eq!(fields(clock_statistics(&request, 4)), ["as_of_times"]);
}
