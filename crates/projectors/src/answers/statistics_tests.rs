//! Figures over paths, on paths small enough to count by hand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::test_paths::{joined, reference, step};
use super::*;
use lienthong_domain::event::Party;
use lienthong_domain::path::Step;
use proptest::prelude::*;

fn over(cases: &[JoinedCase<'_>], as_of_ms: &[i64]) -> pb::GetPathStatisticsResponse {
    let question = Question {
        grain: Grain::Agency,
        as_of_ms: as_of_ms.to_vec(),
        basis: Basis::AsItWas,
    };
    let mut statistics = Statistics::new(&question, reference());
    cases.iter().for_each(|case| statistics.add(case));
    statistics.finish()
}

fn name(party: &Option<lienthong_contract::pb::event::v1::Party>) -> String {
    let party = party.as_ref().unwrap();
    format!("{}/{}", party.agency_code, party.unit_code)
}

fn counts(rows: &[pb::PartyCount]) -> Vec<(String, u64)> {
    rows.iter()
        .map(|row| (name(&row.party), row.count))
        .collect()
}

fn sums(rows: &[pb::PartyDistribution]) -> Vec<(String, u64, i64)> {
    let figures = |row: &pb::PartyDistribution| row.distribution.unwrap();
    rows.iter()
        .map(|row| (name(&row.party), figures(row).count, figures(row).sum_ms))
        .collect()
}

fn two_cases() -> [JoinedCase<'static>; 2] {
    [
        joined(&[
            step(0, "d", "A"),
            step(10, "d", ""),
            step(30, "d", "B"),
            step(70, "d", "A"),
        ]),
        joined(&[step(5, "e", "B"), step(15, "e", "B")]),
    ]
}

#[test]
fn no_case_has_no_figures() {
    let none = over(&[], &[7]);
    assert_eq!((none.cases, none.events, none.first_time), (0, 0, None));
    assert_eq!(none.case_duration.unwrap().count, 0);
    assert_eq!(none.open_at.len(), 1);
    assert_eq!(
        over(&[joined(&[])], &[]).cases,
        0,
        "a case without a step counts nowhere"
    );
}

#[test]
fn events_pairs_and_hand_overs_are_counted_with_the_unnamed_and_the_diagonal() {
    let answer = over(&two_cases(), &[]);
    assert_eq!((answer.cases, answer.events), (2, 6));
    assert_eq!(answer.first_time, Some(from_millis(0)));
    assert_eq!(answer.last_time, Some(from_millis(70)));
    let expected = [("/".into(), 1), ("A/".into(), 2), ("B/".into(), 3)];
    assert_eq!(counts(&answer.events_by_party), expected);
    let pairs: Vec<_> = answer
        .pairs
        .iter()
        .map(|p| (name(&p.from), name(&p.to), p.count))
        .collect();
    let pair = |from: &str, to: &str, count| (from.to_owned(), to.to_owned(), count);
    let expected = [
        pair("/", "B/", 1),
        pair("A/", "/", 1),
        pair("B/", "A/", 1),
        pair("B/", "B/", 1),
    ];
    assert_eq!(pairs, expected);
    assert_eq!(answer.hand_overs, 1);
}

#[test]
fn holding_is_credited_to_the_first_and_response_to_the_receiver() {
    let answer = over(&two_cases(), &[]);
    let expected = [
        ("/".into(), 1, 20),
        ("A/".into(), 1, 10),
        ("B/".into(), 2, 50),
    ];
    assert_eq!(sums(&answer.holding), expected);
    assert_eq!(sums(&answer.response), [("A/".into(), 1, 40)]);
    let duration = answer.case_duration.unwrap();
    assert_eq!(
        (duration.count, duration.sum_ms, duration.median_ms),
        (2, 80, 40.0)
    );
}

#[test]
fn a_case_returns_when_a_party_comes_again_after_another() {
    let returning = |agencies: &[&'static str]| {
        let steps: Vec<Step<'_>> = (0i64..)
            .zip(agencies)
            .map(|(at, agency)| step(at, "d", agency))
            .collect();
        let answer = over(&[joined(&steps)], &[]);
        (
            answer.cases_returning,
            answer.cases_by_parties[0].parties,
            answer.cases_with_several_parties,
        )
    };
    assert_eq!(returning(&[""]), (0, 0, 0));
    assert_eq!(returning(&["A", "A", "", "A"]), (0, 1, 0));
    assert_eq!(returning(&["A", "B", "B", "C"]), (0, 3, 1));
    assert_eq!(returning(&["A", "B", "", "A"]), (1, 2, 1));
    assert_eq!(
        returning(&["A", "B", "A", "B"]),
        (1, 2, 1),
        "a case counts once"
    );
}

#[test]
fn a_party_seen_in_the_case_before_is_new_to_the_next() {
    let case = joined(&[step(0, "d", "A"), step(1, "d", "B")]);
    let answer = over(&[case.clone(), case], &[]);
    assert_eq!(
        (answer.cases_returning, answer.cases_with_several_parties),
        (0, 2)
    );
}

#[test]
fn a_case_is_open_from_its_first_event_until_before_its_last() {
    let answer = over(&two_cases(), &[5, -1, 70, 5, 14, 15]);
    let row = |at: usize| {
        let open = &answer.open_at[at];
        (
            open.events_until,
            open.cases_started,
            open.cases_ended,
            open.open_cases,
        )
    };
    assert_eq!(row(0), (2, 2, 0, 2));
    assert_eq!(row(1), (0, 0, 0, 0));
    assert_eq!(row(2), (6, 2, 2, 0));
    assert_eq!(row(3), row(0), "asked twice, answered twice");
    assert_eq!(row(4), (3, 2, 0, 2));
    assert_eq!(row(5), (4, 2, 1, 1));
    assert_eq!(
        counts(&answer.open_at[0].open_by_party),
        [("A/".into(), 1), ("B/".into(), 1)]
    );
    assert_eq!(
        counts(&answer.open_at[4].open_by_party),
        [("/".into(), 1), ("B/".into(), 1)]
    );
    assert_eq!(answer.open_at[4].age_of_open.unwrap().sum_ms, 14 + 9);
    assert_eq!(answer.open_at[1].time, Some(from_millis(-1)));
}

#[test]
fn units_are_parties_only_at_their_own_grain() {
    let by = |at, unit| Step {
        actor: Party { agency: "A", unit },
        ..step(at, "d", "A")
    };
    let case = joined(&[by(0, "desk"), by(1, "law")]);
    assert_eq!(over(std::slice::from_ref(&case), &[]).hand_overs, 0);
    let mut units = Statistics::new(
        &Question {
            grain: Grain::Unit,
            as_of_ms: vec![],
            basis: Basis::AsItWas,
        },
        reference(),
    );
    units.add(&case);
    let answer = units.finish();
    assert_eq!(answer.hand_overs, 1);
    assert_eq!(
        counts(&answer.events_by_party),
        [("A/desk".into(), 1), ("A/law".into(), 1)]
    );
}

#[test]
fn a_bad_request_is_told_its_field() {
    let field = |request: &pb::GetPathStatisticsRequest| {
        Question::read(request).unwrap_err().violations[0]
            .field
            .clone()
    };
    let base = pb::GetPathStatisticsRequest::default;
    assert_eq!(
        field(&pb::GetPathStatisticsRequest { grain: 9, ..base() }),
        "grain"
    );
    let many = vec![from_millis(0); 101];
    let many = pb::GetPathStatisticsRequest {
        as_of_times: many,
        ..base()
    };
    assert_eq!(field(&many), "as_of_times");
    let mut bad = from_millis(0);
    bad.nanos = -1;
    let bad = pb::GetPathStatisticsRequest {
        as_of_times: vec![from_millis(0), bad],
        ..base()
    };
    assert_eq!(field(&bad), "as_of_times[1]");
    assert_eq!(Question::read(&base()).unwrap().grain, Grain::Agency);
}

proptest! {
    #[test]
    fn figures_do_not_depend_on_how_a_scan_was_divided(
        paths in prop::collection::vec(
            prop::collection::vec((0i64..40, prop::sample::select(vec!["", "A", "B", "C"])), 1..8),
            0..8,
        ),
        turns in prop::collection::vec(0usize..3, 8),
    ) {
        let cases: Vec<JoinedCase<'_>> = paths
            .iter()
            .map(|path| {
                let mut steps: Vec<Step<'_>> =
                    path.iter().map(|(at, agency)| step(*at, "d", agency)).collect();
                steps.sort_by_key(|step| step.order.occurred_ms);
                joined(&steps)
            })
            .collect();
        let question = Question { grain: Grain::Agency, as_of_ms: vec![10, 20, 30], basis: Basis::AsItWas };
        let mut scans: Vec<Statistics> = (0..3).map(|_| Statistics::new(&question, reference())).collect();
        for (case, turn) in cases.iter().zip(turns) {
            scans[turn].add(case);
        }
        let mut merged = Statistics::new(&question, reference());
        scans.into_iter().rev().for_each(|scan| merged.merge(scan));
        prop_assert_eq!(merged.finish(), over(&cases, &[10, 20, 30]));
    }
}
