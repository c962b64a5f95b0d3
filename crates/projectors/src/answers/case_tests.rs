//! One case whole.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::test_paths::{DAY, passed, reference, step, told};
use super::*;
use lienthong_domain::event::Relation;

const T: i64 = 20_000 * DAY;

fn detail<'a>(step: Step<'a>, source: &'a str, offset: u64) -> CaseDetail<'a> {
    CaseDetail {
        step,
        source,
        recorded_ms: step.order.occurred_ms + 1,
        partition: 3,
        offset,
        link: None,
    }
}

fn member<'a>(code: &'a str, aliases: &[&'a str]) -> Member<'a> {
    Member {
        code,
        aliases: aliases.to_vec(),
        parent: None,
    }
}

/// A birth: one-stop dossier `m`, which the police knows as `x`, and its part `k`.
fn birth() -> WholeCase<'static> {
    let received = Step {
        procedure: "2.002621",
        portal_status: 2,
        due_ms: Some(T + 900),
        ..told(T, "m", "C1", Kind::Received)
    };
    let asked = Step {
        due_ms: Some(T + 70),
        ..told(T + 50, "m", "C1", Kind::SupplementRequested)
    };
    let linked = told(T + 5, "m", "", Kind::Linked);
    let link = Link {
        relation: Relation::Alias,
        code: "x",
        revoked: false,
    };
    let part = Member {
        parent: Some("m"),
        ..member("k", &[])
    };
    WholeCase {
        group: Group {
            code: "LT1",
            dossiers: vec![member("m", &["x"]), part],
        },
        details: vec![
            detail(told(T + 90, "k", "P1", Kind::ResultReturned), "urn:s", 9),
            detail(asked, "urn:o", 7),
            detail(received, "urn:o", 1),
            CaseDetail {
                link: Some(link),
                ..detail(linked, "urn:d", 2)
            },
            detail(step(T + 60, "x", "M1"), "urn:p", 8),
        ],
        parked: vec!["x"],
    }
}

#[test]
fn the_path_is_sorted_without_links_and_under_the_dossiers_own_names() {
    let case = birth();
    let path = case.path();
    let steps: Vec<_> = path
        .steps
        .iter()
        .map(|s| (s.order.occurred_ms - T, s.dossier))
        .collect();
    assert_eq!(steps, [(0, "m"), (50, "m"), (60, "m"), (90, "k")]);
    assert_eq!((path.code, path.dossiers), ("LT1", vec!["m", "k"]));
}

#[test]
fn a_case_says_who_holds_it_what_it_waits_for_and_whether_it_is_open() {
    let case = answer(&birth(), reference(), Basis::AsItWas);
    assert_eq!(case.code, "LT1");
    assert!(case.open);
    assert_eq!(
        case.interconnection_class(),
        pb::InterconnectionClass::Vertical
    );
    let holder = case.holder.unwrap();
    assert_eq!(holder.party.unwrap().agency_code, "P1");
    assert_eq!(holder.level, pb::Level::Province as i32);
    let waiting: Vec<_> = case
        .waiting
        .iter()
        .map(|w| (w.kind.as_str(), w.dossier_code.as_str()))
        .collect();
    assert_eq!(waiting, [("supplement", "m")]);
    assert_eq!(case.waiting[0].due_time, Some(from_millis(T + 70)));
    assert_eq!(case.waiting[0].party, None, "the applicant");
}

#[test]
fn each_dossier_is_told_with_its_codes_status_and_sources() {
    let case = answer(&birth(), reference(), Basis::AsItWas);
    let first = &case.dossiers[0];
    assert_eq!(
        (first.code.as_str(), first.aliases.as_slice()),
        ("m", ["x".to_owned()].as_slice())
    );
    assert_eq!(
        (first.procedure_code.as_str(), first.portal_status),
        ("2.002621", 2)
    );
    assert_eq!(
        first.due_time,
        Some(from_millis(T + 900)),
        "not the applicant's time for papers"
    );
    assert_eq!(first.sources, ["urn:o", "urn:d", "urn:p"]);
    assert!(first.open && first.parked);
    let second = &case.dossiers[1];
    assert_eq!(
        (second.code.as_str(), second.parent_code.as_str()),
        ("k", "m")
    );
    assert!(!second.open && !second.parked);
}

#[test]
fn the_timeline_has_every_fact_in_order_as_it_was_told() {
    let case = answer(&birth(), reference(), Basis::AsItWas);
    let entries: Vec<_> = case
        .timeline
        .iter()
        .map(|entry| {
            (
                entry.kind.as_str(),
                entry.dossier_code.as_str(),
                entry.actor_level,
            )
        })
        .collect();
    let expected = [
        ("received", "m", 1),
        ("linked", "m", 0),
        ("supplement_requested", "m", 1),
        ("progress_reported", "x", 4),
        ("result_returned", "k", 3),
    ];
    assert_eq!(entries, expected);
    let linked = &case.timeline[1];
    assert_eq!(
        (linked.linked_code.as_str(), linked.source.as_str()),
        ("x", "urn:d")
    );
    assert_eq!(
        linked.position,
        Some(Position {
            partition: 3,
            offset: 2
        })
    );
    assert_eq!(linked.occurred_time, Some(from_millis(T + 5)));
    assert_eq!(linked.recorded_time, Some(from_millis(T + 6)));
    assert_eq!(linked.actor, None);
}

#[test]
fn the_addressee_is_shown_of_what_addresses_somebody() {
    let handed = passed(T, "m", "C1", "C2");
    let accepted = Step {
        addressee: handed.actor,
        ..told(T + 1, "m", "C2", Kind::Accepted)
    };
    let case = WholeCase {
        group: Group {
            code: "m",
            dossiers: vec![member("m", &[])],
        },
        details: vec![detail(handed, "urn:o", 1), detail(accepted, "urn:o", 2)],
        parked: vec![],
    };
    let case = answer(&case, reference(), Basis::AsItWas);
    let agency = |at: usize| {
        case.timeline[at]
            .addressee
            .as_ref()
            .map(|party| party.agency_code.as_str())
    };
    assert_eq!((agency(0), agency(1)), (Some("C2"), None));
}
