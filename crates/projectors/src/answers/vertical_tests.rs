//! Sums between levels.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::horizontal::{self, Horizontal};
use super::super::test_paths::{DAY, joined, passed, reference, step, told};
use super::*;
use lienthong_domain::event::Kind;
use lienthong_domain::path::Step;
use proptest::prelude::*;

/// 2024-10-04, when there were districts.
const T: i64 = 20_000 * DAY;

fn question(procedure: &str, chains: usize) -> Question {
    Question {
        procedure: procedure.to_owned(),
        chains,
        basis: Basis::AsItWas,
    }
}

fn over(cases: &[JoinedCase<'_>], question: &Question) -> pb::GetVerticalResponse {
    // One scan a case, so that every test proves merging too.
    let mut all = Vertical::new(question, reference());
    for case in cases {
        let mut scan = Vertical::new(question, reference());
        scan.add(case);
        all.merge(scan);
    }
    all.finish()
}

fn all(cases: &[JoinedCase<'_>]) -> pb::GetVerticalResponse {
    over(cases, &question("", 20))
}

/// Commune, province, commune and still there.
fn there_and_back<'a>(dossier: &'a str, start: i64, procedure: &'a str) -> JoinedCase<'a> {
    let steps = [
        Step {
            procedure,
            ..step(start, dossier, "C1")
        },
        step(start + 10, dossier, "P1"),
        step(start + 40, dossier, "P2"),
        step(start + 50, dossier, "C1"),
    ];
    joined(&steps)
}

#[test]
fn each_stay_at_a_level_is_a_value_and_each_case_counts_once_a_level() {
    let answer = all(&[
        there_and_back("a", T, "1.001"),
        there_and_back("b", T, "1.002"),
    ]);
    let rows: Vec<_> = answer
        .latencies
        .iter()
        .map(|row| {
            (
                row.procedure_code.as_str(),
                row.level,
                row.cases,
                row.stays.unwrap(),
            )
        })
        .map(|(procedure, level, cases, stays)| {
            (procedure, level, cases, stays.count, stays.sum_ms)
        })
        .collect();
    let expected = [
        ("1.001", 1, 1, 1, 10),
        ("1.001", 3, 1, 1, 40),
        ("1.002", 1, 1, 1, 10),
        ("1.002", 3, 1, 1, 40),
    ];
    assert_eq!(rows, expected);
    assert_eq!(answer.vertical_cases, 2);
}

#[test]
fn the_last_stay_of_a_closed_case_is_a_value_too() {
    let closed = joined(&[
        step(T, "a", "C1"),
        step(T + 10, "a", "P1"),
        told(T + 17, "a", "P1", Kind::ResultReturned),
    ]);
    let answer = all(&[closed]);
    assert_eq!(answer.latencies[1].stays.unwrap().sum_ms, 7);
    assert_eq!(
        (
            answer.stuck.len(),
            answer.chains.len(),
            answer.vertical_cases
        ),
        (0, 0, 1)
    );
}

#[test]
fn transitions_are_between_levels_with_their_direction() {
    let unknown = joined(&[step(T, "u", "nobody"), step(T + 5, "u", "C1")]);
    let answer = all(&[there_and_back("a", T, ""), unknown]);
    let rows: Vec<_> = answer
        .transitions
        .iter()
        .map(|row| {
            (
                row.from_level,
                row.to_level,
                row.direction,
                row.count,
                row.waiting.unwrap().sum_ms,
            )
        })
        .collect();
    assert_eq!(rows, [(0, 1, 0, 1, 5), (1, 3, 1, 1, 10), (3, 1, 2, 1, 10)]);
}

#[test]
fn open_vertical_cases_are_stuck_where_their_chain_ends() {
    let waiting = joined(&[step(T + 5, "w", "C1"), passed(T + 9, "w", "C1", "M1")]);
    let horizontal = joined(&[step(T, "h", "C1"), step(T + 1, "h", "C2")]);
    let cases = [
        there_and_back("a", T, ""),
        there_and_back("b", T - 7, ""),
        waiting,
        horizontal,
    ];
    let answer = all(&cases);
    let rows: Vec<_> = answer
        .stuck
        .iter()
        .map(|row| (row.level, row.cases, row.oldest_since_time.unwrap()))
        .collect();
    assert_eq!(rows, [(1, 2, from_millis(T + 43))]);
    assert_eq!(
        answer.vertical_cases, 2,
        "only C1 acted on w: who is addressed has not acted"
    );
}

#[test]
fn a_chain_shows_each_level_with_its_agency_and_the_way_it_came() {
    let waiting = joined(&[
        step(T, "w", "C1"),
        step(T + 5, "w", "P1"),
        passed(T + 9, "w", "P1", "M1"),
    ]);
    let answer = all(&[waiting, there_and_back("a", T + 1, "1.001")]);
    let codes: Vec<_> = answer
        .chains
        .iter()
        .map(|chain| chain.case_code.as_str())
        .collect();
    assert_eq!(codes, ["w", "a"], "the longest stuck first");
    let links: Vec<_> = answer.chains[0]
        .links
        .iter()
        .map(|link| {
            (
                link.level,
                link.agency_code.as_str(),
                link.reached_time,
                link.left_time,
                link.direction,
            )
        })
        .collect();
    let at = |ms| Some(from_millis(T + ms));
    let expected = [
        (1, "C1", at(0), at(5), 0),
        (3, "P1", at(5), at(9), 1),
        (4, "M1", at(9), None, 1),
    ];
    assert_eq!(links, expected);
    assert_eq!(answer.chains[1].procedure_code, "1.001");
    assert_eq!(
        answer.stuck.iter().map(|row| row.level).collect::<Vec<_>>(),
        [1, 4]
    );
    assert_eq!(
        over(
            &[there_and_back("a", T, ""), there_and_back("b", T, "")],
            &question("", 1)
        )
        .chains
        .len(),
        1
    );
}

#[test]
fn only_cases_of_the_procedure_asked_for_count() {
    let cases = [
        there_and_back("a", T, "1.001"),
        there_and_back("b", T, "1.002"),
    ];
    let answer = over(&cases, &question("1.002", 20));
    assert_eq!((answer.vertical_cases, answer.chains.len()), (1, 1));
    assert_eq!(answer.transitions[0].count, 1);
    assert_eq!(
        over(&cases, &question("1.003", 20)),
        pb::GetVerticalResponse::default()
    );
}

#[test]
fn more_chains_than_can_be_shown_are_refused() {
    let request = pb::GetVerticalRequest {
        chains: 1_001,
        ..Default::default()
    };
    assert_eq!(
        Question::read(&request).unwrap_err().violations[0].field,
        "chains"
    );
    assert_eq!(
        Question::read(&Default::default()).unwrap().chains,
        USUAL_CHAINS
    );
}

proptest! {
    #[test]
    fn every_hand_over_is_either_within_a_level_or_between_two(
        paths in prop::collection::vec(
            prop::collection::vec(
                prop::sample::select(vec!["", "C1", "C2", "D1", "P1", "P2", "M1", "X", "u", "v"]),
                0..8,
            ),
            0..6,
        ),
    ) {
        let cases: Vec<JoinedCase<'_>> = paths
            .iter()
            .map(|path| {
                // Steps half a year apart, so that levels end and begin on the way.
                let steps: Vec<Step<'_>> = (0i64..)
                    .zip(path)
                    .map(|(at, agency)| step(at * 180 * DAY + 19_900 * DAY, "d", agency))
                    .collect();
                joined(&steps)
            })
            .collect();
        let mut within = Horizontal::new(&horizontal::Question::default(), reference());
        cases.iter().for_each(|case| within.add(case));
        let within: u64 = within.finish().hand_overs.iter().map(|cell| cell.count).sum();
        let between: u64 = all(&cases).transitions.iter().map(|row| row.count).sum();
        let pairs = |path: &Vec<&str>| {
            path.windows(2).filter(|w| !w[0].is_empty() && !w[1].is_empty() && w[0] != w[1]).count()
        };
        let expected: usize = paths.iter().map(pairs).sum();
        prop_assert_eq!(within + between, expected as u64);
    }
}
