#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::system::System;
use lienthong_contract::check::{Rules, check as check_rules};
use lienthong_contract::pb::event::v1::{Event, event::Payload};
use lienthong_contract::reference::{Current, demo, demo_agencies, registry, status_mappings};
use lienthong_contract::time::to_millis;
use lienthong_domain::code::Strictness;
use lienthong_domain::level::Level;
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

/// 2026-10-08T08:00:00+07:00, a Thursday.
const NOW_MS: i64 = 1_791_421_200_000;

fn plan(scenario: Scenario, cases: u32) -> Plan {
    Plan {
        scenario,
        seed: 11,
        run: 42,
        cases,
        now_ms: NOW_MS,
    }
}

fn events(scenario: Scenario, cases: u32) -> Vec<(TimedEvent, Event)> {
    let timed = generate(&plan(scenario, cases)).unwrap();
    timed
        .into_iter()
        .map(|one| {
            let event = one.message.event().unwrap();
            (one, event)
        })
        .collect()
}

fn day() -> jiff::civil::Date {
    jiff::civil::date(2026, 10, 1)
}

/// Levels of the agencies that acted in each case.
fn levels(events: &[(TimedEvent, Event)]) -> BTreeMap<String, BTreeSet<Level>> {
    let registry = registry(&[demo_agencies()]).unwrap();
    let mut levels: BTreeMap<String, BTreeSet<Level>> = BTreeMap::new();
    for (timed, event) in events
        .iter()
        .filter(|(timed, _)| timed.fault != Some(Fault::Malformed))
    {
        let agency = &event.header.as_ref().unwrap().agency_code;
        if !agency.is_empty() {
            let level = registry.level_at(agency, day()).expect(agency);
            levels
                .entry(timed.case_code.clone())
                .or_default()
                .insert(level);
        }
    }
    levels
}

#[test]
fn equal_plans_give_equal_events_and_other_seeds_others() {
    let frames = |plan: &Plan| -> Vec<_> {
        let events = generate(plan).unwrap();
        events
            .iter()
            .map(|event| (event.arrival_ms, event.fault, event.message.frame().clone()))
            .collect()
    };
    let plan = plan(Scenario::Mixed, 60);
    assert_eq!(frames(&plan), frames(&plan));
    assert_ne!(frames(&plan), frames(&Plan { seed: 12, ..plan }));
}

#[test]
fn runs_share_no_id_and_no_code() {
    let plan = plan(Scenario::Mixed, 60);
    let names = |plan: &Plan| -> BTreeSet<String> {
        let events = generate(plan).unwrap();
        events
            .iter()
            .flat_map(|event| [event.message.id().to_owned(), event.case_code.clone()])
            .collect()
    };
    let other = Plan {
        run: 43,
        now_ms: NOW_MS + 10_000,
        ..plan
    };
    assert!(names(&plan).is_disjoint(&names(&other)));
    assert_eq!(run_number(NOW_MS) + 1, run_number(NOW_MS + 10_000));
}

#[test]
fn every_event_passes_the_adapters_rules_except_the_lies() {
    let rules = Rules {
        dossier_codes: Strictness::Lenient,
        reference: Current::new(demo().unwrap()),
    };
    let events = events(Scenario::Mixed, 400);
    let mut lies = BTreeSet::new();
    for (timed, event) in &events {
        let checked = check_rules(&rules, event.header.as_ref(), event.payload.as_ref());
        match (timed.fault, checked) {
            (Some(Fault::Malformed), Err(failure)) => {
                lies.insert(failure.violations[0].field.clone());
            }
            (Some(Fault::Malformed), Ok(_)) => panic!("{} is no lie", timed.message.id()),
            (_, checked) => assert!(checked.is_ok(), "{}: {checked:?}", timed.message.id()),
        }
    }
    let fields = [
        "handed_over.to",
        "header.dossier_code",
        "header.occurred_time",
        "header.source_status",
    ];
    assert_eq!(lies.iter().map(String::as_str).collect::<Vec<_>>(), fields);
}

#[test]
fn one_id_is_one_event_however_often_it_is_sent() {
    let mut seen: BTreeMap<(String, String), (System, bytes::Bytes)> = BTreeMap::new();
    let mut repeated = 0;
    for (timed, event) in events(Scenario::Mixed, 200) {
        let header = event.header.unwrap();
        let sent = (timed.message.system(), timed.message.frame().clone());
        match seen.insert((header.source, header.id), sent.clone()) {
            None => {}
            Some(before) => {
                repeated += 1;
                assert_eq!(before, sent);
            }
        }
    }
    assert!(repeated > 20);
}

#[test]
fn land_is_horizontal_and_the_groups_are_vertical() {
    let land = levels(&events(Scenario::Land, 40));
    assert!(
        land.len() > 30
            && land
                .values()
                .all(|levels| levels.iter().eq([&Level::Province])),
        "{land:?}"
    );
    for scenario in [Scenario::Birth, Scenario::Death] {
        let group = levels(&events(scenario, 60));
        let vertical = group.values().filter(|levels| levels.len() > 1).count();
        assert!(
            vertical * 2 > group.len(),
            "{scenario:?}: {vertical} of {}",
            group.len()
        );
    }
}

#[test]
fn what_happened_lies_before_now_and_some_cases_are_still_open() {
    let events = events(Scenario::Birth, 200);
    let mut returned = BTreeSet::new();
    for (timed, event) in events
        .iter()
        .filter(|(timed, _)| timed.fault != Some(Fault::Malformed))
    {
        let occurred_ms =
            to_millis(&event.header.as_ref().unwrap().occurred_time.unwrap()).unwrap();
        assert!(occurred_ms <= timed.arrival_ms && timed.arrival_ms <= NOW_MS);
        if matches!(event.payload, Some(Payload::ResultReturned(_))) {
            returned.insert(timed.case_code.clone());
        }
    }
    let all: BTreeSet<&String> = events.iter().map(|(timed, _)| &timed.case_code).collect();
    assert!(
        returned.len() > 50 && returned.len() + 10 < all.len(),
        "{} of {}",
        returned.len(),
        all.len()
    );
}

#[test]
fn every_dossier_of_a_case_that_ended_is_reported_done_by_its_own_system() {
    let mappings = status_mappings(&[]).unwrap();
    let mut dossiers: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
    let mut ended = BTreeSet::new();
    for (timed, event) in events(Scenario::Mixed, 300) {
        if timed.fault == Some(Fault::Malformed) {
            continue;
        }
        let header = event.header.unwrap();
        let status = header
            .source_status
            .map(|told| mappings.map(&told.system, &told.code).unwrap().code());
        let done = dossiers.entry(timed.case_code.clone()).or_default();
        *done.entry(header.dossier_code).or_default() |= matches!(status, Some(3 | 7 | 9 | 10));
        if matches!(
            event.payload,
            Some(Payload::ResultReturned(_) | Payload::Withdrawn(_))
        ) {
            ended.insert(timed.case_code);
        }
    }
    // The youngest may have been withdrawn a moment ago, before every system said so.
    let told = ended
        .iter()
        .filter(|case| dossiers[*case].values().all(|done| *done))
        .count();
    assert!(
        ended.len() > 100 && told + 2 >= ended.len(),
        "{told} of {}",
        ended.len()
    );
}

#[test]
fn every_fault_occurs_and_the_silent_system_comes_back_with_its_backlog() {
    let events = events(Scenario::Mixed, 300);
    let faults: BTreeSet<String> = events
        .iter()
        .filter_map(|(timed, _)| Some(format!("{:?}", timed.fault?)))
        .collect();
    assert_eq!(faults.len(), 5, "{faults:?}");
    let silent = NOW_MS - 3 * DAY_MS..NOW_MS - DAY_MS;
    let first_sent = events.iter().filter(|(timed, _)| {
        timed.message.system() == System::Population
            && !matches!(timed.fault, Some(Fault::Duplicate | Fault::Resent))
    });
    assert!(
        first_sent
            .clone()
            .all(|(timed, _)| timed.arrival_ms >= silent.end || timed.arrival_ms < silent.start)
    );
    assert!(
        first_sent
            .filter(|(timed, _)| timed.fault == Some(Fault::Backlog))
            .count()
            > 20
    );
    assert!(events.is_sorted_by_key(|(timed, _)| timed.arrival_ms));
}

#[test]
fn links_come_early_late_mistaken_and_revoked() {
    let events = events(Scenario::Mixed, 400);
    let links: Vec<_> = events
        .iter()
        .filter_map(|(_, event)| match &event.payload {
            Some(Payload::Linked(link)) => Some(link),
            _ => None,
        })
        .collect();
    let relations: BTreeSet<i32> = links.iter().map(|link| link.relation).collect();
    assert_eq!(relations.len(), 3);
    assert!(links.iter().any(|link| link.revoked));
    assert!(
        events
            .iter()
            .any(|(_, event)| !event.header.as_ref().unwrap().case_code.is_empty())
    );
}

#[test]
fn personal_data_is_in_the_protected_part_and_nowhere_else() {
    let events = events(Scenario::Mixed, 200);
    let mut people = 0;
    for (_, event) in &events {
        let header = event.header.clone().unwrap();
        let persons = header
            .protected
            .as_ref()
            .map(|part| part.persons.clone())
            .unwrap_or_default();
        people += persons.len();
        let mut plain = event.clone();
        plain.header.as_mut().unwrap().protected = None;
        let plain = String::from_utf8_lossy(&plain.encode_to_vec()).into_owned();
        for person in persons {
            assert!(!plain.contains(&person.full_name));
            assert!(person.identity_number.is_empty() || !plain.contains(&person.identity_number));
        }
    }
    assert!(people > 200);
}

#[test]
fn a_plan_out_of_range_says_what_it_may_be() {
    let error = |plan: Plan| generate(&plan).unwrap_err().to_string();
    let plan = plan(Scenario::Mixed, 10);
    assert_eq!(
        error(Plan { cases: 0, ..plan }),
        "cases is 0; give 1 to 10,000"
    );
    assert_eq!(
        error(Plan {
            run: 1_000_000,
            ..plan
        }),
        "run is 1000000; give 0 to 999,999"
    );
    let before_the_two_tiers = Plan {
        now_ms: 1_700_000_000_000,
        ..plan
    };
    assert!(error(before_the_two_tiers).contains("2025-07-01"));
}
