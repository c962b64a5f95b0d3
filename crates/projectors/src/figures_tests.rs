#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Figures from ledgers are those that a plain walk over every dossier's steps gives.

use super::*;
use crate::questions::hold;
use crate::testing::cluster::{Village, feed_part};
use crate::testing::deeds::{CHANGE, all_deeds, changing};
use crate::testing::events::MORNING_MS;
use crate::testing::lanes::lanes;
use crate::testing::strategies::records;
use lienthong_contract::pb::procedure::v1::Basis as WireBasis;
use lienthong_contract::ports::Performance;
use lienthong_domain::basis::{Basis, Place};
use lienthong_domain::life::{Ending, deadline, life};
use lienthong_domain::path::Step;
use lienthong_domain::path::day::{day, day_number};
use lienthong_domain::path::holder::holder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static CHANGING: LazyLock<Reference> = LazyLock::new(changing);

const DAY_MS: i64 = 86_400_000;

/// What a plain walk sees of every dossier: case, code, and what it asks of its steps.
struct Walk<F> {
    look: F,
}

impl<F: FnMut(&str, &str, &[Step<'_>]) + Send> Sum for Walk<F> {
    fn add(&mut self, case: &JoinedCase<'_>) {
        for dossier in &case.dossiers {
            let steps = case.steps.iter().filter(|step| step.dossier == *dossier);
            let steps: Vec<Step<'_>> = steps.copied().collect();
            (self.look)(case.code, dossier, &steps);
        }
    }
    fn merge(&mut self, _: Self) {}
    fn pack(self) -> Vec<u8> {
        Vec::new()
    }
    fn add_packed(&mut self, _: &[u8]) -> Result<(), postcard::Error> {
        Ok(())
    }
}

/// Walks every dossier of every case once.
fn walk(lanes: &Arc<Lanes>, look: impl Fn(&str, &str, &[Step<'_>]) + Sync + Send) {
    let held = hold(lanes, View::Case);
    let ties = lanes.ties(&held);
    let parts: Vec<_> = held.iter().filter_map(|state| state.case()).collect();
    let look = &look;
    let new = || Walk { look };
    crate::joins::scan::sum(&parts, &ties, &Default::default(), &new);
}

fn before<'s, 'a>(steps: &'s [Step<'a>], ms: i64) -> &'s [Step<'a>] {
    let later = steps.iter().position(|step| step.order.occurred_ms >= ms);
    &steps[..later.unwrap_or(steps.len())]
}

fn due_of(steps: &[Step<'_>], reference: &Reference) -> Option<i64> {
    let life = life(steps);
    match deadline(&life, reference) {
        Some(legal) => legal.due_ms.ok(),
        None => life.told_due_ms,
    }
}

/// Line and figures of one dossier, as the contract words them; none: it is in no figure.
fn plainly(
    steps: &[Step<'_>],
    asked: &pb::GetPerformanceRequest,
    as_of_ms: i64,
    reference: &Reference,
) -> Option<(String, pb::Figures)> {
    let from: jiff::civil::Date = asked.from_day.parse().unwrap();
    let from_ms = lienthong_domain::path::day::number_of(from) * DAY_MS - 7 * 3_600_000;
    let now = before(steps, as_of_ms + 1);
    let (was, is) = (life(before(steps, from_ms)), life(now));
    let mut figures = pb::Figures::default();
    let first = now.first()?;
    let (agency, on) = match is.received {
        Some(received) => (received.by.agency, day_number(received.at_ms)),
        None => {
            let acted = now.iter().rev().find(|step| step.actor.is_named());
            let agency = acted.map_or("", |step| step.actor.agency);
            (agency, day_number(first.order.occurred_ms))
        }
    };
    let key = line_of(agency, on, asked, reference);
    let Some(received) = is.received else {
        match is.end {
            None => figures.submitted_only = 1,
            end if end != was.end => figures.ended_before_reception = 1,
            _ => return None,
        }
        return Some((key, figures));
    };
    match (was.received, was.end) {
        (None, _) => {
            figures.received = 1;
            assert!(received.at_ms >= from_ms && received.at_ms <= as_of_ms);
        }
        (Some(_), None) => figures.carried_over = 1,
        (Some(_), end) if end == is.end => return None,
        (Some(_), _) => {
            figures.carried_over = 1;
            figures.reopened = 1;
        }
    }
    let due = due_of(now, reference);
    let late = |at_ms: i64| due.map(|due| day_number(at_ms).cmp(&day_number(due)));
    match is.end.map(|end| (end.how, late(end.at_ms))) {
        None if is.paused_since().is_some() => figures.paused = 1,
        None if late(as_of_ms) == Some(std::cmp::Ordering::Greater) => figures.in_work_overdue = 1,
        None => figures.in_work_in_time = 1,
        Some((Ending::Withdrawn, _)) => figures.withdrawn = 1,
        Some((Ending::Refused, _)) => figures.refused = 1,
        Some((Ending::Settled, None)) => figures.settled_without_due = 1,
        Some((Ending::Settled, Some(std::cmp::Ordering::Less))) => figures.settled_early = 1,
        Some((Ending::Settled, Some(std::cmp::Ordering::Equal))) => figures.settled_on_time = 1,
        Some((Ending::Settled, Some(std::cmp::Ordering::Greater))) => figures.settled_late = 1,
    }
    Some((key, figures))
}

/// Key and reason of the line of an agency, looked up anew.
fn line_of(
    agency: &str,
    on: i64,
    asked: &pb::GetPerformanceRequest,
    reference: &Reference,
) -> String {
    let level = match asked.group_by() {
        pb::Grouping::Commune => lienthong_domain::level::Level::Commune,
        pb::Grouping::Province => lienthong_domain::level::Level::Province,
        _ => return String::new(),
    };
    let basis = match asked.basis.as_ref().map(|basis| &basis.units_of) {
        Some(of) if !of.is_empty() => Basis::UnitsOf(of.parse().unwrap()),
        _ => Basis::AsItWas,
    };
    if agency.is_empty() {
        return "1 ".to_owned();
    }
    match reference.registry.place(agency, day(on), level, basis) {
        Place::One(unit) => format!("0 {} {:?}", unit.code, unit.period.from),
        Place::Several(units) => format!("4 {agency} {}", units.len()),
        Place::Above => format!("3 {agency}"),
        Place::Abolished => format!("5 {agency}"),
        Place::Unknown => format!("2 {agency}"),
    }
}

/// The same of a line that was answered.
fn line_told(line: &pb::PerformanceLine, asked: &pb::GetPerformanceRequest) -> String {
    let is_by_unit = matches!(
        asked.group_by(),
        pb::Grouping::Commune | pb::Grouping::Province
    );
    let from: Option<jiff::civil::Date> = line.from_day.parse().ok();
    match line.unassigned() {
        _ if !is_by_unit => String::new(),
        pb::Unassigned::Unspecified => format!("0 {} {from:?}", line.key),
        pb::Unassigned::Several => format!("4 {} {}", line.key, line.candidates.len()),
        why => format!("{} {}", why as i32, line.key),
    }
}

/// What a plain walk counts.
fn counted(figures: &pb::Figures) -> [u64; 15] {
    [
        figures.carried_over,
        figures.reopened,
        figures.received,
        figures.settled_early,
        figures.settled_on_time,
        figures.settled_late,
        figures.settled_without_due,
        figures.withdrawn,
        figures.refused,
        figures.in_work_in_time,
        figures.in_work_overdue,
        figures.paused,
        figures.submitted_only,
        figures.ended_before_reception,
        0,
    ]
}

fn add(to: &mut [u64; 15], more: [u64; 15]) {
    for (to, more) in to.iter_mut().zip(more) {
        *to += more;
    }
}

fn in_sum(figures: &pb::Figures) {
    let ended = figures.settled + figures.withdrawn + figures.refused;
    assert_eq!(
        figures.carried_over + figures.received,
        ended + figures.in_work + figures.paused
    );
    let online = figures.received_online_partial
        + figures.received_online_full
        + figures.received_online_unknown;
    assert_eq!(
        figures.received,
        figures.received_desk + online + figures.received_post + figures.received_other
    );
    let shares = [
        figures.on_time,
        figures.online,
        figures.online_partial,
        figures.online_full,
        figures.digitised_dossiers,
        figures.digitised_results,
        figures.electronic_results,
        figures.signed_results,
        figures.online_payment,
        figures.satisfied,
        figures.digitised,
    ];
    for share in shares {
        let share = share.unwrap();
        assert!(share.numerator <= share.denominator);
    }
}

fn asked(from: u32, days: u32, group_by: pb::Grouping, basis: &str) -> pb::GetPerformanceRequest {
    pb::GetPerformanceRequest {
        from_day: format!("2026-05-{from:02}"),
        to_day: format!("2026-05-{:02}", from + days),
        as_of_time: Some(from_millis(MORNING_MS + 365 * DAY_MS)),
        group_by: group_by.into(),
        basis: Some(WireBasis {
            units_of: basis.to_owned(),
        }),
        ..pb::GetPerformanceRequest::default()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Compares an answer with a plain walk.
async fn check(lanes: &Arc<Lanes>, asked: pb::GetPerformanceRequest) -> pb::Figures {
    let reference = lanes.reference.now();
    let answer = performance(lanes, asked.clone()).await.unwrap();
    let as_of_ms = lienthong_contract::time::to_millis(&answer.as_of_time.unwrap()).unwrap();
    let expected = std::sync::Mutex::new(BTreeMap::<String, [u64; 15]>::new());
    walk(lanes, |_, _, steps| {
        if let Some((key, figures)) = plainly(steps, &asked, as_of_ms, &reference) {
            let mut expected = expected.lock().unwrap();
            add(expected.entry(key).or_default(), counted(&figures));
        }
    });
    let mut told = BTreeMap::<String, [u64; 15]>::new();
    let mut sum = [0; 15];
    for line in &answer.lines {
        let figures = line.figures.as_ref().unwrap();
        in_sum(figures);
        add(&mut sum, counted(figures));
        add(
            told.entry(line_told(line, &asked)).or_default(),
            counted(figures),
        );
    }
    let total = answer.total.unwrap();
    in_sum(&total);
    assert_eq!(sum, counted(&total));
    assert_eq!(told, expected.into_inner().unwrap());
    total
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn figures_are_those_of_a_plain_walk_while_parts_ties_and_reference_data_change(
        told in all_deeds(),
        from in 4..24u32,
        days in 0..7u32,
        renewed in 1..=4u64,
        remade in 0..3u32,
    ) {
        runtime().block_on(async {
            let (one, log) = lanes(records(&told));
            for step in 1..=4u64 {
                feed_part(&one, &log, step, 4).await;
                if step == renewed {
                    one.reference.set(CHANGING.clone());
                }
                if step == 3 {
                    let lane = &one.of(View::Case).lanes[remade as usize];
                    let again = Lane::new(lane.owner, lane.tables(), None);
                    crate::testing::cluster::feed(&log, &again, lane.next()).await;
                    lane.replace(again.into_state());
                }
                let all = check(&one, asked(from, days, pb::Grouping::Unspecified, "")).await;
                for group_by in [pb::Grouping::Commune, pb::Grouping::Province] {
                    for basis in ["", CHANGE, "2026-06-30", "2026-05-10"] {
                        let total = check(&one, asked(from, days, group_by, basis)).await;
                        prop_assert_eq!(&total, &all);
                    }
                }
            }
            // What is open at the end of a period is carried over into the next.
            let first = check(&one, asked(from, 2, pb::Grouping::Unspecified, "")).await;
            let next = check(&one, asked(from + 3, 2, pb::Grouping::Unspecified, "")).await;
            prop_assert_eq!(first.in_work + first.paused, next.carried_over - next.reopened);
            Ok(())
        })?;
    }

    #[test]
    fn pages_hold_every_dossier_in_the_state_once_and_in_order(
        told in all_deeds(),
        hours in 0..520i64,
        state in 1..=5i32,
        page_size in 1..4u32,
    ) {
        runtime().block_on(async {
            let (one, log) = lanes(records(&told));
            one.reference.set(CHANGING.clone());
            feed_part(&one, &log, 1, 2).await;
            one_page(&one, state, page_size, MORNING_MS).await;
            feed_part(&one, &log, 1, 1).await;
            let as_of_ms = MORNING_MS + hours * 3_600_000;
            let expected = expected_pages(&one, state, as_of_ms);
            let found = one_page(&one, state, page_size, as_of_ms).await;
            prop_assert_eq!(found, expected);
            Ok(())
        })?;
    }

    #[test]
    fn a_cluster_answers_as_one_process_does(
        told in all_deeds(),
        instances in 1..=3usize,
        from in 4..20u32,
        hours in 0..520i64,
    ) {
        runtime().block_on(async {
            let (one, log) = lanes(records(&told));
            let village = Village::new(&log, instances, |_, partition| partition as usize % instances);
            let gateway = village.gateway();
            for step in 1..=2u64 {
                feed_part(&one, &log, step, 2).await;
                village.feed_part(step, 2).await;
                for group_by in 0..=8 {
                    let mut request = asked(from, 4, pb::Grouping::Unspecified, "2026-05-20");
                    request.group_by = group_by;
                    let ours = performance(&one, request.clone()).await.unwrap();
                    let theirs = gateway.performance(request).await.unwrap();
                    prop_assert_eq!(&ours.lines, &theirs.lines);
                    prop_assert_eq!(&ours.total, &theirs.total);
                }
                for state in 1..=5 {
                    let request = list(state, 2, MORNING_MS + hours * 3_600_000, "");
                    let ours = dossiers(&one, request.clone()).await.unwrap();
                    let theirs = gateway.dossiers(request).await.unwrap();
                    prop_assert_eq!(&ours.dossiers, &theirs.dossiers);
                    prop_assert_eq!(&ours.next_page_token, &theirs.next_page_token);
                    prop_assert_eq!((ours.total, ours.orphans), (theirs.total, theirs.orphans));
                }
                let request = pb::GetRegisterRequest {
                    agency_code: "H56.01".to_owned(),
                    day: format!("2026-05-{from:02}"),
                    page_size: 2,
                    ..pb::GetRegisterRequest::default()
                };
                let ours = register(&one, request.clone()).await.unwrap();
                let theirs = gateway.register(request).await.unwrap();
                prop_assert_eq!(ours.lines, theirs.lines);
                prop_assert_eq!(ours.total, theirs.total);
            }
            Ok(())
        })?;
    }
}

fn list(state: i32, page_size: u32, as_of_ms: i64, page_token: &str) -> pb::ListDossiersRequest {
    pb::ListDossiersRequest {
        state,
        within_working_days: 2,
        as_of_time: Some(from_millis(as_of_ms)),
        page_size,
        page_token: page_token.to_owned(),
        ..pb::ListDossiersRequest::default()
    }
}

/// Codes of all pages, one after the other.
async fn one_page(lanes: &Arc<Lanes>, state: i32, page_size: u32, as_of_ms: i64) -> Vec<String> {
    let (mut codes, mut token) = (Vec::new(), String::new());
    loop {
        let request = list(state, page_size, as_of_ms, &token);
        let page = dossiers(lanes, request).await.unwrap();
        assert!(page.dossiers.len() <= page_size as usize);
        codes.extend(page.dossiers.iter().map(|line| line.dossier_code.clone()));
        token = page.next_page_token;
        if token.is_empty() {
            assert_eq!(page.total, codes.len() as u64);
            return codes;
        }
    }
}

fn expected_pages(lanes: &Arc<Lanes>, state: i32, as_of_ms: i64) -> Vec<String> {
    let reference = lanes.reference.now();
    let on = day_number(as_of_ms);
    // The second working day after.
    let mut ahead = (on + 1..).filter(|on| reference.calendar.is_working(day(*on)).unwrap());
    let until = ahead.nth(1).unwrap();
    let found = std::sync::Mutex::new(Vec::new());
    walk(lanes, |case, dossier, steps| {
        let steps = before(steps, as_of_ms + 1);
        let life = life(steps);
        if life.received.is_none() || life.end.is_some() {
            return;
        }
        let (due, paused) = (due_of(steps, &reference), life.paused_since().is_some());
        let passed = due.is_some_and(|due| day_number(due) < on);
        let soon = due.is_some_and(|due| day_number(due) <= until);
        let holder = holder(steps).map_or("", |holder| holder.party.agency);
        let fits = match state {
            1 => !paused && passed,
            2 => !paused && !passed && soon,
            3 => !paused,
            4 => paused,
            _ => holder == "H56.03" && on >= day_number(MORNING_MS) + 10,
        };
        if fits {
            let due = due.unwrap_or(i64::MAX);
            let code = dossier.to_owned();
            found.lock().unwrap().push((due, code, case.to_owned()));
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    found.into_iter().map(|(_, code, _)| code).collect()
}
