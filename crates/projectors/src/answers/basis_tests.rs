#![allow(clippy::unwrap_used, clippy::expect_used)]
//! The same cases as they were and under the units of other days: totals agree.

use super::case;
use super::horizontal::{self, Horizontal};
use super::list::{self, List};
use super::places::Places;
use super::statistics::{self, Statistics};
use super::test_paths::{DAY, joined, passed, step};
use super::vertical::{self, Vertical};
use crate::joins::scan::Sum;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_domain::agency::{AgencyRow, AgencySuccessionRow, Registry};
use lienthong_domain::basis::Basis;
use lienthong_domain::level::Level;
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;
use lienthong_domain::unit::{SuccessionRow, UnitRow, Units};
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

/// The last day before the change, and its number.
const EVE: i64 = 20_269;
/// After the change.
const NOW: &str = "2026-05-01";

/// Provinces 38 and 40 became 40 on 2025-07-01, and 44 stayed. Agencies until then: C1 (commune of
/// 38) merged into N; C2 (commune of 40) went to N too; S (commune of 38) split into S1 and S2, and
/// W (province 44) into S1 and P; D (district of 38) ended without a successor; P is the province
/// of 44, M a ministry.
static REFERENCE: LazyLock<Arc<Reference>> = LazyLock::new(|| {
    let unit = |code, level, parent, from, to| UnitRow {
        code,
        level,
        name: code,
        parent,
        from,
        to,
    };
    const LAST: &str = "2025-06-30";
    const FIRST: &str = "2025-07-01";
    let units = [
        unit("38", "province", "", "", LAST),
        unit("40", "province", "", "", LAST),
        unit("40", "province", "", FIRST, ""),
        unit("44", "province", "", "", ""),
        unit("385", "district", "38", "", LAST),
        unit("38501", "commune", "385", "", LAST),
        unit("38501", "commune", "40", FIRST, ""),
    ];
    let succession = |old, new| SuccessionRow {
        old,
        new,
        on: FIRST,
    };
    let units = Units::new(&units).unwrap();
    let units = units.with_successions(&[
        succession("38", "40"),
        succession("40", "40"),
        succession("38501", "38501"),
    ]);
    let row = |code, level, unit_code, from, to| AgencyRow {
        code,
        name: code,
        level,
        unit_code,
        parent: "",
        from,
        to,
    };
    let rows = [
        row("C1", "commune", "38501", "", LAST),
        row("C2", "commune", "", "", LAST),
        row("S", "commune", "38501", "", LAST),
        row("W", "province", "44", "", LAST),
        row("D", "district", "385", "", LAST),
        row("N", "commune", "38501", FIRST, ""),
        row("S1", "commune", "38501", FIRST, ""),
        row("S2", "commune", "38501", FIRST, ""),
        row("P", "province", "44", "", ""),
        row("M", "ministry", "", "", ""),
    ];
    let became = |old, new, kind| AgencySuccessionRow {
        old,
        new,
        on: FIRST,
        kind,
    };
    let registry = Registry::new(units.unwrap(), &rows).unwrap();
    let registry = registry.with_successions(&[
        became("C1", "N", "merged"),
        became("C2", "N", "merged"),
        became("S", "S1", "split"),
        became("S", "S2", "split"),
        became("W", "S1", "split"),
        became("W", "P", "split"),
        became("D", "", "abolished"),
    ]);
    let shipped = lienthong_contract::reference::demo().unwrap();
    Arc::new(Reference {
        registry: registry.unwrap(),
        ..shipped
    })
});

fn basis(day: &str) -> Option<pb::Basis> {
    Some(pb::Basis {
        units_of: day.to_owned(),
    })
}

fn of_now() -> Basis {
    Basis::UnitsOf(NOW.parse().unwrap())
}

#[test]
fn an_agency_is_told_as_what_it_has_become_and_what_was_divided_is_not_assigned() {
    let mut places = Places::new(REFERENCE.clone(), of_now());
    let mut told = |code: &str, day: i64| {
        let place = places.at(code, day * DAY);
        let agency = places.agency_code(place.agency).to_owned();
        let province = places.province_code(place.province).to_owned();
        (agency, place.level, province, place.assigned)
    };
    let told_as = |code: &str, level, province: &str, assigned| {
        (code.to_owned(), level, province.to_owned(), assigned)
    };
    use Level::{Commune, Ministry, Province};
    let before = EVE - 100;
    assert_eq!(told("C1", before), told_as("N", Some(Commune), "40", true));
    assert_eq!(told("C2", before), told_as("N", Some(Commune), "40", true));
    // Divided, but all parts are of one level and one province.
    assert_eq!(told("S", before), told_as("S", Some(Commune), "40", true));
    // Divided between levels and provinces.
    assert_eq!(told("W", before), told_as("W", None, "", false));
    // Ended without a successor: its area is known, its level is no more.
    assert_eq!(told("D", before), told_as("D", None, "40", false));
    assert_eq!(told("P", before), told_as("P", Some(Province), "44", true));
    assert_eq!(told("M", before), told_as("M", Some(Ministry), "", true));
    assert_eq!(told("nobody", before), told_as("nobody", None, "", false));
    // Facts after the day of the basis are told of no unit.
    let after = EVE + 400;
    assert_eq!(told("N", after), told_as("N", None, "", false));
    assert_eq!(told("N", EVE + 1), told_as("N", Some(Commune), "40", true));
}

#[test]
fn a_case_held_by_an_abolished_agency_names_its_successors() {
    let day = EVE * DAY;
    let held = |agency: &'static str| {
        let steps = [step(day, "d", "M"), step(day + 1, "d", agency)];
        let request = pb::ListCasesRequest {
            basis: basis(NOW),
            ..pb::ListCasesRequest::default()
        };
        let mut list = List::new(list::Question::read(&request).unwrap(), REFERENCE.clone());
        list.add(&joined(&steps));
        let holder = list.finish().cases.remove(0).holder.unwrap();
        assert_eq!(holder.party.unwrap().agency_code, agency, "the fact stays");
        holder.successor_agency_codes
    };
    assert_eq!(held("C1"), ["N"]);
    assert_eq!(held("S"), ["S1", "S2"]);
    assert_eq!(held("D"), [""; 0]);
    assert_eq!(held("P"), [""; 0]);
}

#[test]
fn cases_of_what_an_agency_took_over_are_listed_as_its_own() {
    let day = EVE * DAY;
    let cases = ["C1", "C2", "S", "P"].map(|agency| [step(day, agency, agency)]);
    let listed = |holder: &str, units_of: &str| {
        let request = pb::ListCasesRequest {
            holder_agency_code: holder.to_owned(),
            basis: basis(units_of),
            ..pb::ListCasesRequest::default()
        };
        let mut list = List::new(list::Question::read(&request).unwrap(), REFERENCE.clone());
        for steps in &cases {
            list.add(&joined(steps));
        }
        let cases = list.finish().cases.into_iter();
        cases.map(|case| case.code).collect::<Vec<_>>()
    };
    assert_eq!(listed("N", NOW), ["C1", "C2"]);
    assert_eq!(listed("C1", NOW), [""; 0]);
    assert_eq!(listed("C1", ""), ["C1"]);
    assert_eq!(listed("N", ""), [""; 0]);
}

#[test]
fn a_basis_that_is_no_day_is_refused_by_its_field() {
    let wrong = basis("2026-02-30");
    let refused = [
        case::basis(&pb::GetCaseRequest {
            basis: wrong.clone(),
            ..Default::default()
        })
        .map(drop),
        list::Question::read(&pb::ListCasesRequest {
            basis: wrong.clone(),
            ..Default::default()
        })
        .map(drop),
        horizontal::Question::read(&pb::GetHorizontalRequest {
            basis: wrong.clone(),
            ..Default::default()
        })
        .map(drop),
        vertical::Question::read(&pb::GetVerticalRequest {
            basis: wrong.clone(),
            ..Default::default()
        })
        .map(drop),
        statistics::Question::read(&pb::GetPathStatisticsRequest {
            basis: wrong,
            ..Default::default()
        })
        .map(drop),
    ];
    for refused in refused {
        let violations = refused.unwrap_err().violations;
        assert_eq!(violations[0].field, "basis.units_of");
    }
}

/// Every answer over the same cases.
struct Answers {
    horizontal: pb::GetHorizontalResponse,
    vertical: pb::GetVerticalResponse,
    statistics: pb::GetPathStatisticsResponse,
    listed: u64,
}

/// Two scans, of which one comes packed from another process.
fn scanned<S: Sum>(new: impl Fn() -> S, cases: &[JoinedCase<'_>]) -> S {
    let (mut here, mut there) = (new(), new());
    for (at, case) in cases.iter().enumerate() {
        match at % 2 {
            0 => here.add(case),
            _ => there.add(case),
        }
    }
    here.add_packed(&there.pack()).unwrap();
    here
}

fn answers(cases: &[JoinedCase<'_>], units_of: &str, province: &str) -> Answers {
    let basis = basis(units_of);
    let reference = || REFERENCE.clone();
    let request = pb::GetHorizontalRequest {
        province_code: province.to_owned(),
        basis: basis.clone(),
        ..Default::default()
    };
    let level = horizontal::Question::read(&request).unwrap();
    let request = pb::GetVerticalRequest {
        basis: basis.clone(),
        ..Default::default()
    };
    let chain = vertical::Question::read(&request).unwrap();
    let request = pb::GetPathStatisticsRequest {
        basis: basis.clone(),
        ..Default::default()
    };
    let paths = statistics::Question::read(&request).unwrap();
    let request = pb::ListCasesRequest {
        page_size: 1_000,
        basis,
        ..Default::default()
    };
    let page = list::Question::read(&request).unwrap();
    let list = scanned(|| List::new(page.clone(), reference()), cases).finish();
    Answers {
        horizontal: scanned(|| Horizontal::new(&level, reference()), cases).finish(),
        vertical: scanned(|| Vertical::new(&chain, reference()), cases).finish(),
        statistics: scanned(|| Statistics::new(&paths, reference()), cases).finish(),
        listed: list.cases.len() as u64,
    }
}

const AGENCIES: [&str; 9] = ["C1", "C2", "S", "W", "D", "N", "P", "M", "nobody"];

fn steps() -> impl Strategy<Value = Vec<Step<'static>>> {
    let one = (
        0..AGENCIES.len(),
        0..AGENCIES.len(),
        -30..60_i64,
        any::<bool>(),
    );
    prop::collection::vec(one, 1..8).prop_map(|told| {
        let mut steps: Vec<Step<'_>> = Vec::new();
        for (at, (from, to, day, passes)) in told.into_iter().enumerate() {
            let at_ms = (EVE + day) * DAY + at as i64;
            let (from, to) = (AGENCIES[from], AGENCIES[to]);
            steps.push(match passes {
                true => passed(at_ms, "d", from, to),
                false => step(at_ms, "d", from),
            });
        }
        steps.sort_by_key(|step| step.order);
        steps
    })
}

fn in_work(answer: &pb::GetHorizontalResponse) -> u64 {
    answer.in_work.iter().map(|row| row.cases).sum()
}

fn hand_overs(answers: &Answers) -> u64 {
    let within: u64 = answers
        .horizontal
        .hand_overs
        .iter()
        .map(|cell| cell.count)
        .sum();
    let between: u64 = answers
        .vertical
        .transitions
        .iter()
        .map(|row| row.count)
        .sum();
    within + between
}

fn total(counts: &[pb::PartyCount]) -> u64 {
    counts.iter().map(|row| row.count).sum()
}

proptest! {
    #[test]
    fn no_case_and_no_hand_over_is_lost_or_counted_twice_under_another_basis(
        paths in prop::collection::vec(steps(), 1..12),
    ) {
        let codes: Vec<String> = (0..paths.len()).map(|at| format!("case-{at}")).collect();
        let cases: Vec<JoinedCase<'_>> = paths.iter().zip(&codes)
            .map(|(steps, code)| JoinedCase { code, ..joined(steps) })
            .collect();
        let was = answers(&cases, "", "");
        for day in ["2025-06-30", "2025-07-01", NOW] {
            let is = answers(&cases, day, "");
            prop_assert_eq!(is.listed, was.listed);
            prop_assert_eq!(in_work(&is.horizontal), in_work(&was.horizontal));
            prop_assert_eq!(hand_overs(&is), hand_overs(&was));
            prop_assert_eq!(is.horizontal.unaccepted_total, was.horizontal.unaccepted_total);
            prop_assert_eq!(is.horizontal.unanswered_total, was.horizontal.unanswered_total);
            prop_assert!(is.horizontal.unassigned_in_work <= in_work(&is.horizontal));
            let by_province: u64 = ["38", "40", "44"]
                .map(|province| in_work(&answers(&cases, day, province).horizontal))
                .iter()
                .sum();
            let of_none: u64 = is.horizontal.in_work.iter()
                .filter(|row| row.province_code.is_empty())
                .map(|row| row.cases)
                .sum();
            prop_assert_eq!(by_province + of_none, in_work(&is.horizontal));
            let (before, now) = (&was.statistics, &is.statistics);
            prop_assert_eq!((now.cases, now.events), (before.cases, before.events));
            prop_assert_eq!(&now.case_duration, &before.case_duration);
            prop_assert_eq!(total(&now.events_by_party), total(&before.events_by_party));
            let pairs = |answer: &pb::GetPathStatisticsResponse| -> u64 {
                answer.pairs.iter().map(|pair| pair.count).sum()
            };
            prop_assert_eq!(pairs(now), pairs(before));
        }
    }
}
