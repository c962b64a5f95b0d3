//! Sums between agencies of one level.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::test_paths::{DAY, joined, passed, reference, step, told};
use super::*;
use lienthong_contract::time::from_millis;
use lienthong_domain::event::Kind;
use lienthong_domain::path::Step;

/// 2024-10-04, when there were districts.
const T: i64 = 20_000 * DAY;

fn over(cases: &[JoinedCase<'_>], question: &Question) -> pb::GetHorizontalResponse {
    // One scan a case, so that every test proves merging too.
    let mut all = Horizontal::new(question, reference());
    for case in cases {
        let mut scan = Horizontal::new(question, reference());
        scan.add(case);
        all.merge(scan);
    }
    all.finish()
}

fn everywhere() -> Question {
    Question::default()
}

fn of_level(level: Level) -> Question {
    Question {
        level: Some(level),
        ..Question::default()
    }
}

fn in_province(code: &str) -> Question {
    Question {
        province: code.to_owned(),
        ..Question::default()
    }
}

fn in_work(answer: &pb::GetHorizontalResponse) -> Vec<(i32, &str, u64)> {
    answer
        .in_work
        .iter()
        .map(|row| (row.level, row.province_code.as_str(), row.cases))
        .collect()
}

fn cells(answer: &pb::GetHorizontalResponse) -> Vec<(&str, &str, i32, u64)> {
    let cell = |cell: &'_ pb::HandOverCell| (cell.from_level, cell.count);
    let cells = answer.hand_overs.iter();
    cells
        .map(|c| {
            (
                c.from_agency_code.as_str(),
                c.to_agency_code.as_str(),
                cell(c).0,
                cell(c).1,
            )
        })
        .collect()
}

#[test]
fn cases_in_work_stand_where_their_holder_is() {
    let cases = [
        joined(&[step(T, "a", "C1")]),
        joined(&[step(T, "b", "C1"), passed(T + 1, "b", "C1", "P1")]),
        joined(&[step(T, "c", "nobody")]),
        joined(&[step(T, "d", "")]),
        joined(&[
            step(T, "e", "P1"),
            told(T + 1, "e", "P1", Kind::ResultReturned),
        ]),
        joined(&[]),
    ];
    let answer = over(&cases, &everywhere());
    assert_eq!(in_work(&answer), [(0, "", 2), (1, "38", 1), (3, "38", 1)]);
    assert_eq!(
        in_work(&over(&cases, &of_level(Level::Commune))),
        [(1, "38", 1)]
    );
    assert_eq!(
        in_work(&over(&cases, &in_province("38"))),
        [(1, "38", 1), (3, "38", 1)]
    );
    assert_eq!(in_work(&over(&cases, &in_province("40"))), []);
}

#[test]
fn the_province_is_the_one_the_area_belonged_to_when_the_case_was_last_touched() {
    let after = 20_300 * DAY;
    let answer = over(
        &[joined(&[step(T, "a", "C1"), step(after, "a", "C1")])],
        &everywhere(),
    );
    assert_eq!(in_work(&answer), [(1, "40", 1)]);
}

#[test]
fn a_cell_has_the_hand_overs_of_its_two_agencies_with_their_times() {
    let case = |dossier| {
        joined(&[
            step(T, dossier, "C1"),
            step(T + 10, dossier, "C2"),
            step(T + 30, dossier, "C1"),
            step(T + 60, dossier, "P1"),
        ])
    };
    let answer = over(&[case("a"), case("b")], &everywhere());
    assert_eq!(cells(&answer), [("C1", "C2", 1, 2), ("C2", "C1", 1, 2)]);
    let there = &answer.hand_overs[0];
    assert_eq!((there.from_level, there.to_level), (1, 1));
    assert_eq!(
        (there.waiting.unwrap().count, there.waiting.unwrap().sum_ms),
        (2, 20)
    );
    assert_eq!(there.processing.unwrap().sum_ms, 40);
    assert_eq!(answer.hand_overs[1].processing.unwrap().sum_ms, 60);
}

#[test]
fn unknown_agencies_are_one_unknown_level_and_a_level_of_a_day_is_not_another_days() {
    let unknown = joined(&[
        step(T, "a", "u"),
        step(T + 1, "a", "v"),
        step(T + 2, "a", "C1"),
    ]);
    assert_eq!(
        cells(&over(std::slice::from_ref(&unknown), &everywhere())),
        [("u", "v", 0, 1)]
    );
    assert_eq!(cells(&over(&[unknown], &of_level(Level::Commune))), []);
    let was_commune = joined(&[step(0, "b", "X"), step(1, "b", "C2")]);
    let is_province = joined(&[step(T, "c", "X"), step(T + 1, "c", "P2")]);
    let both = over(&[was_commune, is_province], &everywhere());
    assert_eq!(cells(&both), [("X", "C2", 1, 1), ("X", "P2", 3, 1)]);
}

#[test]
fn a_province_sees_the_hand_overs_of_either_side() {
    let across = [joined(&[step(T, "a", "P1"), step(T + 1, "a", "P2")])];
    for province in ["38", "40"] {
        assert_eq!(
            cells(&over(&across, &in_province(province))).len(),
            1,
            "{province}"
        );
    }
    assert_eq!(cells(&over(&across, &in_province("01"))), []);
}

#[test]
fn horizontal_cases_are_counted_by_class_and_filter() {
    let cases = [
        joined(&[step(T, "a", "C1"), step(T + 1, "a", "C2")]),
        joined(&[step(T, "b", "P1"), step(T + 1, "b", "P2")]),
        joined(&[step(T, "c", "C1"), step(T + 1, "c", "P1")]),
        joined(&[step(T, "d", "C1")]),
    ];
    assert_eq!(over(&cases, &everywhere()).horizontal_cases, 2);
    assert_eq!(over(&cases, &of_level(Level::Commune)).horizontal_cases, 1);
    assert_eq!(over(&cases, &in_province("40")).horizontal_cases, 1);
    assert_eq!(over(&cases, &in_province("38")).horizontal_cases, 2);
}

#[test]
fn open_exchanges_are_listed_the_oldest_first_where_the_addressee_is() {
    let consulted = Step {
        reference: 5,
        ..told(T + 7, "c", "P1", Kind::Consulted)
    };
    let asked = Step {
        addressee: passed(0, "c", "P1", "P2").addressee,
        ..consulted
    };
    let cases = [
        joined(&[passed(T + 3, "a", "C1", "P1")]),
        joined(&[passed(T + 1, "b", "C1", "C2")]),
        joined(&[asked]),
    ];
    let answer = over(&cases, &everywhere());
    let listed: Vec<_> = answer
        .unaccepted
        .iter()
        .map(|one| one.case_code.as_str())
        .collect();
    assert_eq!(listed, ["b", "a"]);
    assert_eq!((answer.unaccepted_total, answer.unanswered_total), (2, 1));
    let oldest = &answer.unaccepted[0];
    assert_eq!(oldest.dossier_code, "b");
    assert_eq!(oldest.from.as_ref().unwrap().agency_code, "C1");
    assert_eq!(oldest.to.as_ref().unwrap().agency_code, "C2");
    assert_eq!(
        (oldest.since_time, oldest.due_time),
        (Some(from_millis(T + 1)), None)
    );
    assert_eq!(answer.unanswered[0].to.as_ref().unwrap().agency_code, "P2");
    let provinces = over(&cases, &of_level(Level::Province));
    assert_eq!(
        (provinces.unaccepted_total, provinces.unanswered_total),
        (1, 1)
    );
    assert_eq!(over(&cases, &in_province("38")).unaccepted_total, 1);
}

#[test]
fn a_list_too_long_is_cut_and_its_total_says_so() {
    let codes: Vec<String> = (0..MOST_EXCHANGES + 5).map(|n| format!("d{n}")).collect();
    let cases: Vec<_> = (0i64..)
        .zip(&codes)
        .map(|(n, code)| joined(&[passed(T - n, code, "C1", "C2")]))
        .collect();
    let mut all = Horizontal::new(&everywhere(), reference());
    cases.iter().for_each(|case| all.add(case));
    let answer = all.finish();
    assert_eq!(answer.unaccepted_total, codes.len() as u64);
    assert_eq!(answer.unaccepted.len(), MOST_EXCHANGES);
    assert_eq!(Some(&answer.unaccepted[0].case_code), codes.last());
}

#[test]
fn a_level_that_does_not_exist_is_refused() {
    let request = pb::GetHorizontalRequest {
        level: 9,
        ..Default::default()
    };
    assert_eq!(
        Question::read(&request).unwrap_err().violations[0].field,
        "level"
    );
    let request = pb::GetHorizontalRequest {
        level: 2,
        ..Default::default()
    };
    assert_eq!(Question::read(&request), Ok(of_level(Level::District)));
}
