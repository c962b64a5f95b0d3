#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Findings and registers over whole views: whatever the order of arrival, over one process or
//! several; and lines of registers that no other figure counts.

use super::*;
use crate::testing::answers::answers;
use crate::testing::cluster::{Village, feed_part};
use crate::testing::events::{MORNING_MS, Told, handed_over, linked, received, returned_result};
use crate::testing::lanes::{PARTITIONS, feed_all, lanes};
use crate::testing::strategies::{codes, records};
use jiff::civil::date;
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::event::v1::{self as event, Register};
use lienthong_contract::pb::procedure::v1::Basis as WireBasis;
use lienthong_contract::time::to_millis;
use lienthong_domain::basis::{Basis, Place};
use lienthong_domain::level::Level;
use lienthong_domain::path::day::{day, day_number};
use proptest::prelude::*;

const SOURCES: [&str; 2] = [
    "urn:lienthong:vn:H56:onestop",
    "urn:lienthong:vn:G15:hotich",
];
const DAY_MS: i64 = 86_400_000;

/// Everything that the port answers, without freshness.
#[derive(Debug, PartialEq)]
struct All {
    counts: pb::CountFindingsResponse,
    findings: pb::ListFindingsResponse,
    reconciliation: pb::GetReconciliationResponse,
}

impl All {
    fn of(
        counts: pb::CountFindingsResponse,
        findings: pb::ListFindingsResponse,
        reconciliation: pb::GetReconciliationResponse,
    ) -> Self {
        Self {
            counts: pb::CountFindingsResponse {
                freshness: None,
                ..counts
            },
            findings: pb::ListFindingsResponse {
                freshness: None,
                ..findings
            },
            reconciliation: pb::GetReconciliationResponse {
                freshness: None,
                ..reconciliation
            },
        }
    }
}

fn later() -> Option<Timestamp> {
    Some(from_millis(MORNING_MS + 400 * DAY_MS))
}

fn count() -> pb::CountFindingsRequest {
    pb::CountFindingsRequest {
        as_of_time: later(),
        ..pb::CountFindingsRequest::default()
    }
}

fn list(page_size: u32, page_token: String) -> pb::ListFindingsRequest {
    pb::ListFindingsRequest {
        as_of_time: later(),
        page_size,
        page_token,
        ..pb::ListFindingsRequest::default()
    }
}

async fn of_one(lanes: &Arc<Lanes>) -> All {
    All::of(
        count_findings(lanes, count()).await.unwrap(),
        findings(lanes, list(1_000, String::new())).await.unwrap(),
        reconciliation(lanes, all_registers(later())).await.unwrap(),
    )
}

async fn of_several(gateway: &dyn Quality) -> All {
    let page = gateway.findings(list(1_000, String::new()));
    All::of(
        gateway.count_findings(count()).await.unwrap(),
        page.await.unwrap(),
        gateway
            .reconciliation(all_registers(later()))
            .await
            .unwrap(),
    )
}

fn line(register: Register, day: &str, day_entries: u32) -> Payload {
    Payload::RegisterEntryReported(event::RegisterEntryReported {
        register: register as i32,
        day: day.to_owned(),
        day_entries,
    })
}

fn approved() -> Payload {
    Payload::Approved(event::Approved {})
}

fn accepted_from(agency: &str) -> Payload {
    Payload::Accepted(event::Accepted {
        from: Some(event::Party {
            agency_code: agency.to_owned(),
            unit_code: String::new(),
        }),
        handover_id: String::new(),
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    let register = prop_oneof![
        Just(Register::OneStop),
        Just(Register::CivilStatus),
        Just(Register::Portal)
    ];
    let day = prop_oneof![Just("2026-05-04"), Just("2026-05-05")];
    let hash = prop_oneof![Just(String::new()), Just("a".repeat(64))];
    let due = (0..3_000i64).prop_map(|minute| Some(from_millis(MORNING_MS + minute * 60_000)));
    let relation = prop_oneof![Just(Relation::Case), Just(Relation::Alias)];
    prop_oneof![
        2 => Just(received()),
        2 => Just(handed_over("H56.03")),
        2 => Just(accepted_from("H56.01")),
        1 => Just(returned_result()),
        1 => Just(Payload::Withdrawn(event::Withdrawn::default())),
        1 => Just(Payload::Appraised(event::Appraised { passed: true })),
        1 => Just(Payload::SupplementRequested(event::SupplementRequested::default())),
        1 => due.prop_map(|due_time| Payload::Consulted(event::Consulted {
            consultation_id: "c".to_owned(),
            due_time,
            to: Some(event::Party { agency_code: "G01".to_owned(), unit_code: String::new() }),
        })),
        1 => hash.clone().prop_map(|file_sha256| Payload::Digitised(event::Digitised {
            documents: 1,
            file_sha256,
            ..event::Digitised::default()
        })),
        1 => hash.prop_map(|file_sha256| Payload::ResultIssued(event::ResultIssued {
            file_sha256,
            ..event::ResultIssued::default()
        })),
        2 => (relation, 0..4u8).prop_map(|(relation, to)| {
            let code = if relation == Relation::Case { format!("C{to}") } else { format!("D{to}") };
            linked(relation, &code, false)
        }),
        6 => (register, day, 1..5u32).prop_map(|(register, day, entries)| line(register, day, entries)),
    ]
}

/// Events of five dossiers by two sources, some of them lines of registers.
fn events() -> impl Strategy<Value = Vec<Told>> {
    let case = prop_oneof![
        3 => Just(String::new()),
        1 => (0..4u8).prop_map(|n| format!("C{n}"))
    ];
    let agency = prop_oneof![
        Just("H56.01"),
        Just("H56.03"),
        Just("H56.15.03"),
        Just("G01")
    ];
    let told = (
        0..5u8,
        case,
        0..2_880i64,
        payload(),
        0..2usize,
        agency,
        0..14u32,
    );
    prop::collection::vec(told, 1..40).prop_map(|all| {
        let all = all.into_iter().enumerate();
        all.map(
            |(at, (dossier, case, minute, payload, source, agency, status))| {
                let id = format!("e{at}");
                let mut told =
                    Told::new(&id, &format!("D{dossier}"), &case, minute, payload).by(agency);
                told.source = SOURCES[source];
                told.status = if status <= 10 { status } else { 0 };
                told
            },
        )
        .collect()
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn findings_do_not_depend_on_the_order_of_arrival(
        (told, shuffled) in events().prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle()))
    ) {
        runtime().block_on(async {
            let (one, _) = lanes(records(&told));
            feed_all(&one).await;
            let (other, _) = lanes(records(&shuffled));
            feed_all(&other).await;
            prop_assert_eq!(of_one(&one).await, of_one(&other).await);
            Ok(())
        })?;
    }

    #[test]
    fn several_instances_find_exactly_what_one_process_finds(
        told in events(),
        instances in 1..=3usize,
        given in prop::collection::vec(0..3usize, 9),
    ) {
        runtime().block_on(async {
            let (one, log) = lanes(records(&told));
            let village = Village::new(&log, instances, |view, partition| {
                given[view as usize % 3 * PARTITIONS as usize + partition as usize] % instances
            });
            let gateway = village.gateway();
            for step in 1..=2 {
                feed_part(&one, &log, step, 2).await;
                village.feed_part(step, 2).await;
                prop_assert_eq!(of_one(&one).await, of_several(&gateway).await);
            }
            Ok(())
        })?;
    }

    #[test]
    fn pages_are_the_whole_list_and_the_counts_its_sums(told in events(), size in 1..4u32) {
        runtime().block_on(async {
            let (one, _) = lanes(records(&told));
            feed_all(&one).await;
            let whole = of_one(&one).await;
            let mut paged = Vec::new();
            let mut token = String::new();
            loop {
                let page = findings(&one, list(size, token)).await.unwrap();
                prop_assert_eq!(page.total, whole.findings.total);
                paged.extend(page.findings);
                token = page.next_page_token;
                if token.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(&paged, &whole.findings.findings);
            let counted: u64 = whole.counts.counts.iter().map(|row| row.findings).sum();
            prop_assert_eq!(counted, whole.findings.total);
            prop_assert_eq!(paged.len() as u64, counted);
            for row in &whole.reconciliation.registers {
                prop_assert_eq!(row.lines, row.agreeing + row.differing + row.never_published);
            }
            Ok(())
        })?;
    }

    #[test]
    fn findings_of_a_unit_are_those_of_its_agencies_under_any_basis(told in events()) {
        runtime().block_on(async {
            let (one, _) = lanes(records(&told));
            feed_all(&one).await;
            let whole = of_one(&one).await.findings.findings;
            let registry = &one.reference.now().registry;
            for (units_of, basis) in [
                ("", Basis::AsItWas),
                ("2026-11-01", Basis::UnitsOf(date(2026, 11, 1))),
            ] {
                for (unit, level) in [("38", Level::Province), ("14758", Level::Commune)] {
                    let filter = Some(pb::FindingFilter {
                        unit_code: unit.to_owned(),
                        basis: Some(WireBasis { units_of: units_of.to_owned() }),
                        ..pb::FindingFilter::default()
                    });
                    let asked = pb::ListFindingsRequest {
                        filter: filter.clone(),
                        ..list(1_000, String::new())
                    };
                    let listed = findings(&one, asked).await.unwrap();
                    let lies = |finding: &&pb::Finding| {
                        let since = finding.since_time.as_ref().and_then(to_millis).unwrap();
                        let on = day(day_number(since));
                        let place = registry.place(&finding.agency_code, on, level, basis);
                        matches!(place, Place::One(found) if found.code == unit)
                    };
                    let expected: Vec<_> = whole.iter().filter(lies).cloned().collect();
                    prop_assert_eq!(&listed.findings, &expected);
                    let asked = pb::CountFindingsRequest { filter, ..count() };
                    let counted = count_findings(&one, asked).await.unwrap();
                    let counted: u64 = counted.counts.iter().map(|row| row.findings).sum();
                    prop_assert_eq!(counted, expected.len() as u64);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn lines_of_registers_change_no_other_figure(told in events()) {
        runtime().block_on(async {
            let is_line = |told: &Told| matches!(told.payload, Payload::RegisterEntryReported(_));
            let mut without = told.clone();
            without.retain(|told| !is_line(told));
            // A line ties its dossier to the case that it names, which is meant; so it names none.
            let mut with = told;
            for line in with.iter_mut().filter(|told| is_line(told)) {
                line.case = String::new();
            }
            let (plain, _) = lanes(records(&without));
            feed_all(&plain).await;
            let (lined, _) = lanes(records(&with));
            feed_all(&lined).await;
            let (plain, lined) = (answers(&plain, &codes()).await, answers(&lined, &codes()).await);
            prop_assert_eq!(plain.cases, lined.cases);
            prop_assert_eq!(plain.horizontal, lined.horizontal);
            prop_assert_eq!(plain.vertical, lined.vertical);
            prop_assert_eq!(plain.statistics, lined.statistics);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_register_holds_a_dossier_never_published_and_lacks_one_that_was() {
    let told = |id: &str, dossier: &str, payload| Told::new(id, dossier, "", 0, payload);
    let entry = |id: &str, dossier: &str| {
        let mut entry = told(id, dossier, line(Register::OneStop, "2026-05-04", 2));
        entry.minute = 700;
        entry.status = 2;
        entry
    };
    let all = [
        told("1", "D1", approved()),
        told("2", "D2", approved()),
        entry("3", "D1"),
        entry("4", "D9"),
        entry("5", "D9"),
    ];
    let (one, _) = lanes(records(&all));
    feed_all(&one).await;
    let found = of_one(&one).await;
    let listed = found.findings.findings.iter();
    let listed: Vec<_> = listed
        .map(|finding| (finding.kind.as_str(), finding.dossier_code.as_str()))
        .collect();
    assert_eq!(
        listed,
        [("missing_in_register", "D2"), ("never_published", "D9")]
    );
    let row = &found.reconciliation.registers[0];
    assert_eq!((row.lines, row.expected_lines), (2, 2));
    assert_eq!((row.agreeing, row.never_published), (1, 1));
    assert_eq!(row.missing_in_register, Some(1));
    let sparse = [told("1", "D1", approved()), entry("3", "D1")];
    let (one, _) = lanes(records(&sparse));
    feed_all(&one).await;
    let found = of_one(&one).await;
    assert_eq!(found.counts.counts.len(), 1, "{found:#?}");
    assert_eq!(found.counts.counts[0].kind, "register_incomplete");
    assert_eq!(found.counts.counts[0].dossiers, 0);
    assert_eq!(found.reconciliation.registers[0].missing_in_register, None);
}

#[tokio::test]
async fn a_page_token_of_another_filter_and_an_unknown_kind_are_refused() {
    let told: Vec<Told> = (0..3)
        .map(|at| {
            Told::new(
                &format!("{at}"),
                &format!("D{at}"),
                "",
                at,
                line(Register::Portal, "2026-05-04", 3),
            )
        })
        .collect();
    let (one, _) = lanes(records(&told));
    feed_all(&one).await;
    let first = findings(&one, list(1, String::new())).await.unwrap();
    assert_eq!((first.findings.len(), first.total), (1, 3));
    let filter = |kind: &str| {
        Some(pb::FindingFilter {
            kind: kind.to_owned(),
            ..pb::FindingFilter::default()
        })
    };
    let mut other = list(1, first.next_page_token.clone());
    other.filter = filter("never_published");
    let refused = findings(&one, other).await.unwrap_err();
    assert_eq!(refused.violations[0].field, "page_token");
    let mut damaged = first.next_page_token;
    damaged.push('z');
    let refused = findings(&one, list(1, damaged)).await.unwrap_err();
    assert_eq!(refused.violations[0].field, "page_token");
    let mut unknown = list(1, String::new());
    unknown.filter = filter("nothing");
    let refused = findings(&one, unknown).await.unwrap_err();
    assert_eq!(refused.violations[0].field, "filter.kind");
}
