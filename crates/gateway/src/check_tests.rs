//! Each bound of the contract, one request that breaks it, and the field it is told by.

use super::*;

pub(super) fn fields(verdict: Result<(), Failure>) -> Vec<String> {
    verdict
        .err()
        .map(|failure| failure.violations)
        .unwrap_or_default()
        .into_iter()
        .map(|violation| {
            assert!(!violation.fix.is_empty() && !violation.description.is_empty());
            violation.field
        })
        .collect()
}

#[test]
fn a_case_is_asked_for_by_any_well_formed_code() {
    for code in [
        "G22.99.99-260501-0001",
        "H56.15.03-250701-0001",
        "case-10011",
    ] {
        let request = GetCaseRequest {
            code: code.to_owned(),
            ..GetCaseRequest::default()
        };
        assert_eq!(fields(case(&request, 4)), [""; 0], "{code}");
    }
    for code in ["", "a code with spaces", &"9".repeat(300)] {
        let request = GetCaseRequest {
            code: code.to_owned(),
            ..GetCaseRequest::default()
        };
        assert_eq!(fields(case(&request, 4)), ["code"], "{code:?}");
    }
}

#[test]
fn waits_are_bounded_and_name_partitions_that_exist() {
    let request = GetCaseRequest {
        code: "case-1".to_owned(),
        min_positions: vec![
            Position {
                partition: 3,
                offset: 0,
            },
            Position {
                partition: 4,
                offset: 0,
            },
        ],
        max_wait_ms: 30_001,
        ..GetCaseRequest::default()
    };
    assert_eq!(
        fields(case(&request, 4)),
        ["max_wait_ms", "min_positions[1].partition"]
    );
}

#[test]
fn a_list_is_bounded_and_its_filters_are_well_formed() {
    let request = ListCasesRequest {
        interconnection_class: 9,
        holder_agency_code: "h56".to_owned(),
        page_size: 1_001,
        ..ListCasesRequest::default()
    };
    assert_eq!(
        fields(cases(&request)),
        ["interconnection_class", "holder_agency_code", "page_size"]
    );
    assert_eq!(fields(cases(&ListCasesRequest::default())), [""; 0]);
}

#[test]
fn sums_are_asked_for_by_known_levels_places_and_procedures() {
    let request = GetHorizontalRequest {
        level: 5,
        province_code: "1".to_owned(),
        ..GetHorizontalRequest::default()
    };
    assert_eq!(fields(horizontal(&request, 4)), ["level", "province_code"]);
    let request = GetVerticalRequest {
        procedure_code: "birth".to_owned(),
        chains: 1_001,
        ..GetVerticalRequest::default()
    };
    assert_eq!(fields(vertical(&request, 4)), ["procedure_code", "chains"]);
}

#[test]
fn path_statistics_take_a_hundred_true_moments() {
    let moment = Timestamp {
        seconds: 0,
        nanos: -1,
    };
    let request = GetPathStatisticsRequest {
        grain: 7,
        as_of_times: vec![moment],
        source: "a source".to_owned(),
        ..GetPathStatisticsRequest::default()
    };
    assert_eq!(
        fields(path_statistics(&request, 4)),
        ["grain", "as_of_times[0]", "source"]
    );
    let request = GetPathStatisticsRequest {
        as_of_times: vec![Timestamp::default(); 101],
        ..GetPathStatisticsRequest::default()
    };
    assert_eq!(fields(path_statistics(&request, 4)), ["as_of_times"]);
}

#[test]
fn a_basis_is_a_day_in_every_question() {
    for (units_of, named) in [("", 0), ("2026-05-01", 0), ("2026-02-30", 1), ("today", 1)] {
        let basis = Some(lienthong_contract::pb::procedure::v1::Basis {
            units_of: units_of.to_owned(),
        });
        let expected = vec!["basis.units_of"; named];
        let request = GetCaseRequest {
            code: "case-1".to_owned(),
            basis: basis.clone(),
            ..GetCaseRequest::default()
        };
        assert_eq!(fields(case(&request, 4)), expected, "{units_of}");
        let request = ListCasesRequest {
            basis: basis.clone(),
            ..ListCasesRequest::default()
        };
        assert_eq!(fields(cases(&request)), expected);
        let request = GetHorizontalRequest {
            basis: basis.clone(),
            ..GetHorizontalRequest::default()
        };
        assert_eq!(fields(horizontal(&request, 4)), expected);
        let request = GetVerticalRequest {
            basis: basis.clone(),
            ..GetVerticalRequest::default()
        };
        assert_eq!(fields(vertical(&request, 4)), expected);
        let request = GetPathStatisticsRequest {
            basis,
            ..GetPathStatisticsRequest::default()
        };
        assert_eq!(fields(path_statistics(&request, 4)), expected);
    }
}

#[test]
fn a_comparison_is_bounded_and_of_partitions_that_there_are() {
    let request = DiffViewsRequest {
        max_differences: 10_000,
        partitions: vec![0, 3],
        ..DiffViewsRequest::default()
    };
    assert_eq!(fields(diff(&request, 4)), [""; 0]);
    let request = DiffViewsRequest {
        max_differences: 10_001,
        changes: vec![Default::default(); 10_001],
        partitions: vec![0, 4],
    };
    assert_eq!(
        fields(diff(&request, 4)),
        ["max_differences", "changes", "partitions[1]"]
    );
}
