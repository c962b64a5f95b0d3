//! Every attribute of an event, and what is no event.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::reference;
use lienthong_contract::time::from_millis;
use lienthong_eventlog::{Record, StoredRecord};
use prost::Message;
use std::collections::BTreeSet;

const SOURCE: &str = "urn:lienthong:vn:H56:onestop";
const DOSSIER: &str = "H56.15.03-261008-0975";
/// 2026-10-08T03:00:00.5Z.
const NOW_MS: i64 = 1_791_428_400_500;

fn event(payload: Payload) -> pb::Event {
    pb::Event {
        header: Some(pb::Header {
            id: "e-1".to_owned(),
            source: SOURCE.to_owned(),
            dossier_code: DOSSIER.to_owned(),
            procedure_code: "1.001193.000.00.00.H56".to_owned(),
            agency_code: "H56.15.03".to_owned(),
            occurred_time: Some(from_millis(NOW_MS)),
            sequence: 7,
            correlation_id: "c-1".to_owned(),
            causation_id: "e-0".to_owned(),
            protected: Some(pb::Protected {
                notes: vec!["ghi chú kín".to_owned()],
                ..pb::Protected::default()
            }),
            ..pb::Header::default()
        }),
        recorded_time: Some(from_millis(NOW_MS + 1_500)),
        payload: Some(payload),
        ..pb::Event::default()
    }
}

fn with(change: impl FnOnce(&mut pb::Header), payload: Payload) -> pb::Event {
    let mut event = event(payload);
    change(event.header.as_mut().unwrap());
    event
}

fn record(key: &str, event: &pb::Event) -> StoredRecord {
    StoredRecord {
        offset: 0,
        record: Record {
            key: Bytes::copy_from_slice(key.as_bytes()),
            value: event.encode_to_vec().into(),
            recorded_ms: NOW_MS + 1_500,
        },
    }
}

fn facets(event: &pb::Event) -> Facets {
    let header = event.header.as_ref().unwrap();
    let key = match header.case_code.is_empty() {
        true => &header.dossier_code,
        false => &header.case_code,
    };
    facets_of(&record(key, event), &reference::demo().unwrap()).unwrap()
}

fn values(facets: &Facets, attribute: Attribute) -> Vec<&str> {
    facets.of(attribute).collect()
}

fn to(agency: &str) -> Option<pb::Party> {
    Some(pb::Party {
        agency_code: agency.to_owned(),
        unit_code: String::new(),
    })
}

fn handed_over(agency: &str) -> Payload {
    Payload::HandedOver(pb::HandedOver {
        to: to(agency),
        ..pb::HandedOver::default()
    })
}

#[test]
fn every_attribute_is_told() {
    let told = facets(&event(handed_over("H56.03")));
    let expected: [(Attribute, &[&str]); 18] = [
        (Attribute::Type, &["vn.lienthong.dossier.handed_over.v1"]),
        (Attribute::Source, &[SOURCE]),
        (Attribute::Id, &["e-1"]),
        (Attribute::Subject, &[DOSSIER]),
        (Attribute::PartitionKey, &[DOSSIER]),
        (Attribute::Time, &["2026-10-08T03:00:00.5Z"]),
        (Attribute::RecordedTime, &["2026-10-08T03:00:02Z"]),
        (
            Attribute::DataSchema,
            &["urn:lienthong:proto:lienthong.event.v1.Event"],
        ),
        (Attribute::CorrelationId, &["c-1"]),
        (Attribute::CausationId, &["e-0"]),
        (Attribute::Sequence, &["0000000007"]),
        (
            Attribute::Procedure,
            &["1.001193.000.00.00.H56", "1.001193"],
        ),
        (Attribute::Field, &["HT"]),
        (Attribute::Agency, &["H56.15.03"]),
        (Attribute::Addressee, &["H56.03"]),
        (Attribute::Unit, &["14758", "38"]),
        (Attribute::Level, &["commune"]),
        (Attribute::Interconnection, &["vertical"]),
    ];
    for (attribute, expected) in expected {
        assert_eq!(values(&told, attribute), expected, "{}", attribute.name());
    }
    assert_eq!(values(&told, Attribute::Case), [DOSSIER]);
    assert_eq!(values(&told, Attribute::Channel), [""; 0]);
    let names: BTreeSet<&str> = Attribute::names().into();
    assert_eq!(names.len(), Attribute::ALL.len());
    for attribute in Attribute::ALL {
        assert_eq!(Attribute::of_name(attribute.name()), Some(attribute));
    }
}

#[test]
fn the_headers_of_the_record_say_the_same() {
    let event = event(handed_over("H56.03"));
    let told = facets(&event);
    let value = event.encode_to_vec();
    let headers = lienthong_contract::cloudevents::attributes(DOSSIER.as_bytes(), &value).unwrap();
    let mut compared = 0;
    for (name, value) in &headers {
        let name = name.strip_prefix("ce_").unwrap_or_default();
        if let Some(attribute) = Attribute::of_name(name) {
            assert_eq!(values(&told, attribute), [value.as_str()], "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 11);
}

#[test]
fn an_exchange_is_horizontal_or_vertical_by_the_levels_of_the_day() {
    let class = |payload| {
        let without_steps = with(
            |header| header.procedure_code = "1.000656".to_owned(),
            payload,
        );
        let told = facets(&without_steps);
        values(&told, Attribute::Interconnection).join(",")
    };
    assert_eq!(class(handed_over("G01.38.15.03")), "horizontal");
    assert_eq!(class(handed_over("H56.03")), "vertical");
    assert_eq!(class(handed_over("H56.15.03")), "", "within one agency");
    assert_eq!(class(handed_over("H99.99")), "", "of unknown level");
    assert_eq!(class(Payload::Approved(pb::Approved {})), "");
    let accepted = Payload::Accepted(pb::Accepted {
        from: to("H56.03"),
        ..pb::Accepted::default()
    });
    assert_eq!(class(accepted), "vertical");
}

#[test]
fn an_interconnected_procedure_and_an_exchange_give_both_classes() {
    let local = |header: &mut pb::Header| header.procedure_code = "2.002621".to_owned();
    let told = facets(&with(local, handed_over("G01.38.15.03")));
    assert_eq!(
        values(&told, Attribute::Interconnection),
        ["vertical", "horizontal"]
    );
    let told = facets(&with(local, handed_over("H56.03")));
    assert_eq!(values(&told, Attribute::Interconnection), ["vertical"]);
    assert_eq!(values(&told, Attribute::Field), ["LT"]);
}

#[test]
fn units_and_level_are_those_of_the_day_of_the_event() {
    let before = |header: &mut pb::Header| {
        header.agency_code = "H56.14.02".to_owned();
        // 2025-06-30T23:59:59+07:00.
        header.occurred_time = Some(from_millis(1_751_302_799_000));
    };
    let approved = || Payload::Approved(pb::Approved {});
    let told = facets(&with(before, approved()));
    assert_eq!(values(&told, Attribute::Level), ["district"]);
    assert_eq!(values(&told, Attribute::Unit), ["399", "38"]);
    let after = |header: &mut pb::Header| {
        before(header);
        header.occurred_time = Some(from_millis(1_751_302_800_000));
    };
    let told = facets(&with(after, approved()));
    assert_eq!(values(&told, Attribute::Level), [""; 0]);
    assert_eq!(values(&told, Attribute::Unit), [""; 0]);
    assert_eq!(values(&told, Attribute::Agency), ["H56.14.02"]);
}

#[test]
fn an_addressee_is_who_gets_it_and_not_who_gave_it() {
    let returned = Payload::Returned(pb::Returned {
        to: to("H56.03"),
        ..pb::Returned::default()
    });
    let consulted = Payload::Consulted(pb::Consulted {
        to: to("H56.03"),
        ..pb::Consulted::default()
    });
    for payload in [returned, consulted, handed_over("H56.03")] {
        let told = facets(&event(payload));
        assert_eq!(values(&told, Attribute::Addressee), ["H56.03"]);
    }
    let accepted = Payload::Accepted(pb::Accepted {
        from: to("H56.03"),
        ..pb::Accepted::default()
    });
    let told = facets(&event(accepted));
    assert_eq!(values(&told, Attribute::Addressee), [""; 0]);
}

#[test]
fn a_channel_is_told_by_whatever_crosses_the_counter() {
    let submitted = Payload::Submitted(pb::Submitted {
        channel: pb::Channel::Online as i32,
        ..pb::Submitted::default()
    });
    let received = Payload::Received(pb::Received {
        channel: pb::Channel::Post as i32,
        ..pb::Received::default()
    });
    let returned = Payload::ResultReturned(pb::ResultReturned {
        channel: pb::Channel::Desk as i32,
    });
    let by_system = Payload::Submitted(pb::Submitted {
        channel: pb::Channel::System as i32,
        ..pb::Submitted::default()
    });
    let expected = ["online", "post", "desk", "system"];
    let payloads = [submitted, received, returned, by_system];
    for (payload, expected) in payloads.into_iter().zip(expected) {
        let told = facets(&event(payload));
        assert_eq!(values(&told, Attribute::Channel), [expected]);
    }
    let untold = facets(&event(Payload::Received(pb::Received::default())));
    assert_eq!(values(&untold, Attribute::Channel), [""; 0]);
}

fn link() -> Payload {
    Payload::Linked(pb::Linked {
        relation: pb::linked::Relation::Alias as i32,
        code: "000.00.01.H56-261008-0001".to_owned(),
        revoked: false,
    })
}

#[test]
fn a_case_has_every_code_that_the_event_names() {
    let linked = with(|header| header.case_code = "LT-1".to_owned(), link());
    let told = facets(&linked);
    assert_eq!(
        values(&told, Attribute::Case),
        ["LT-1", DOSSIER, "000.00.01.H56-261008-0001"]
    );
    assert_eq!(values(&told, Attribute::PartitionKey), ["LT-1"]);
    assert_eq!(values(&told, Attribute::Subject), [DOSSIER]);
}

#[test]
fn the_second_copy_of_a_link_is_none_and_the_first_is_one() {
    let reference = reference::demo().unwrap();
    let linked = event(link());
    assert!(facets_of(&record(DOSSIER, &linked), &reference).is_some());
    let second = record("000.00.01.H56-261008-0001", &linked);
    assert_eq!(facets_of(&second, &reference), None);
}

#[test]
fn what_is_no_event_of_this_version_has_no_facets() {
    let reference = reference::demo().unwrap();
    let mut none = event(link());
    none.payload = None;
    assert_eq!(facets_of(&record(DOSSIER, &none), &reference), None);
    let nameless = with(|header| header.id.clear(), link());
    assert_eq!(facets_of(&record(DOSSIER, &nameless), &reference), None);
    let mut broken = record(DOSSIER, &event(link()));
    broken.record.value = Bytes::from_static(b"\xff\xff");
    assert_eq!(facets_of(&broken, &reference), None);
}

#[test]
fn values_beyond_64_kib_are_told_whole() {
    let mut facets = Facets::default();
    let long = "x".repeat(70_000);
    facets.add(Attribute::Subject, &long);
    facets.add(Attribute::Agency, "H56");
    assert_eq!(facets.first(Attribute::Subject), Some(long.as_str()));
    assert_eq!(facets.first(Attribute::Agency), Some("H56"));
}

#[test]
fn nothing_of_the_protected_part_is_told() {
    let told = format!("{:?}", facets(&event(handed_over("H56.03"))));
    assert!(!told.contains("kín"), "{told}");
}
