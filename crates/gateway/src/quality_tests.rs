#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use lienthong_contract::pb::procedure::v1::Basis;

fn fields(check: impl FnOnce(&mut Found)) -> Vec<String> {
    let mut found = Found::default();
    check(&mut found);
    let violations = found.verdict().err().map(|failure| failure.violations);
    let violations = violations.unwrap_or_default().into_iter();
    violations.map(|violation| violation.field).collect()
}

fn range(from: &str, to: &str) -> Vec<String> {
    let request = GetReconciliationRequest {
        from_day: from.to_owned(),
        to_day: to.to_owned(),
        ..GetReconciliationRequest::default()
    };
    fields(|found| days(found, &request))
}

#[test]
fn a_range_of_days_is_two_days_in_order_and_at_most_a_year() {
    assert!(range("2024-01-01", "2024-12-31").is_empty());
    assert!(range("2026-05-04", "2026-05-04").is_empty());
    assert_eq!(range("2024-01-01", "2025-01-01"), ["to_day"]);
    assert_eq!(range("2026-05-05", "2026-05-04"), ["to_day"]);
    assert_eq!(range("", "20260504"), ["from_day", "to_day"]);
    assert_eq!(range("2026-02-30", "2026-03-01"), ["from_day"]);
}

#[test]
fn every_field_of_a_filter_is_checked_and_named() {
    let asked = |kind: &str, source: &str, agency: &str, procedure: &str| {
        let asked = FindingFilter {
            kind: kind.to_owned(),
            source: source.to_owned(),
            agency_code: agency.to_owned(),
            procedure_code: procedure.to_owned(),
            ..FindingFilter::default()
        };
        fields(|found| filter(found, Some(&asked)))
    };
    let source = "urn:lienthong:vn:H56:onestop";
    assert!(asked("", "", "", "").is_empty());
    assert!(asked("missing_due_date", source, "H56.15.03", "1.001193").is_empty());
    let all = [
        "filter.kind",
        "filter.source",
        "filter.agency_code",
        "filter.procedure_code",
    ];
    assert_eq!(asked("missing", "onestop", "h 56", "x"), all);
    let somewhere = |unit_code: &str, units_of: &str| {
        let asked = FindingFilter {
            unit_code: unit_code.to_owned(),
            basis: Some(Basis {
                units_of: units_of.to_owned(),
            }),
            ..FindingFilter::default()
        };
        fields(|found| filter(found, Some(&asked)))
    };
    assert!(somewhere("38", "2026-11-01").is_empty());
    let both = ["filter.unit_code", "basis.units_of"];
    assert_eq!(somewhere("H38", "2026-11"), both);
}

#[test]
fn a_moment_with_too_many_nanoseconds_is_none() {
    let time = Timestamp {
        seconds: 0,
        nanos: 1_000_000_000,
    };
    assert_eq!(fields(|found| moment(found, Some(&time))), ["as_of_time"]);
    assert!(fields(|found| moment(found, None)).is_empty());
}
