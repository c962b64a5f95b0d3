//! The headers of random events against full decoding, each kind of event by its name in the
//! proto file, and no personal data.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::pb::event::v1::{self as pb, event::Payload};
use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;
use prost::Message;
use prost_reflect::{DynamicMessage, Value};
use prost_types::Timestamp;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn moments() -> impl Strategy<Value = Timestamp> {
    (-400_000_000_000_i64..400_000_000_000, any::<i32>())
        .prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

prop_compose! {
    fn headers()(
        texts in vec(".{0,12}", 8),
        occurred_time in maybe(moments()),
        sent_time in maybe(moments()),
        sequence in prop_oneof![Just(0), any::<u32>()],
        name in ".{0,20}",
    ) -> pb::Header {
        let text = |index: usize| texts[index].clone();
        pb::Header {
            id: text(0),
            source: text(1),
            dossier_code: text(2),
            case_code: text(3),
            agency_code: text(4),
            procedure_code: text(7),
            occurred_time,
            sent_time,
            sequence,
            correlation_id: text(5),
            causation_id: text(6),
            protected: Some(pb::Protected {
                persons: vec![pb::Person { full_name: name, ..pb::Person::default() }],
                notes: Vec::new(),
            }),
            ..pb::Header::default()
        }
    }
}

prop_compose! {
    fn events()(
        header in maybe(headers()),
        recorded_time in maybe(moments()),
        traceparent in prop_oneof![Just(String::new()), Just(TRACE.to_owned()), ".{0,60}"],
        payload in maybe(prop_oneof![
            Just(Payload::Approved(pb::Approved {})),
            Just(Payload::Rated(pb::Rated { score: 4 })),
            Just(Payload::ParkedReleased(pb::ParkedReleased::default())),
        ]),
    ) -> pb::Event {
        pb::Event {
            header,
            recorded_time,
            adapter: "onestop".to_owned(),
            mapped_status: None,
            observations: Vec::new(),
            traceparent,
            payload,
        }
    }
}

/// What the headers must be, from the event as the generated code has it.
fn expected(key: &str, event: &pb::Event) -> Option<Vec<Attribute>> {
    let header = event.header.clone().unwrap_or_default();
    let kind = crate::event::kind(event.payload.as_ref()?).map_or("probe", |kind| kind.name());
    if header.id.is_empty() || header.source.is_empty() {
        return None;
    }
    let time = |time: &Option<Timestamp>| {
        let time = time.as_ref()?;
        let fits = (0..1_000_000_000).contains(&time.nanos);
        let time = jiff::Timestamp::new(time.seconds, time.nanos).ok()?;
        fits.then(|| time.to_string())
    };
    let sequence = (header.sequence > 0).then(|| format!("{:0>10}", header.sequence));
    let trace = is_traceparent(&event.traceparent).then(|| event.traceparent.clone());
    let all = [
        ("ce_specversion", Some("1.0".to_owned())),
        ("ce_id", Some(header.id)),
        ("ce_source", Some(header.source)),
        ("ce_type", Some(format!("vn.lienthong.dossier.{kind}.v1"))),
        ("ce_subject", Some(header.dossier_code)),
        (
            "ce_dataschema",
            Some("urn:lienthong:proto:lienthong.event.v1.Event".to_owned()),
        ),
        ("content-type", Some("application/protobuf".to_owned())),
        ("ce_partitionkey", Some(key.to_owned())),
        ("ce_correlationid", Some(header.correlation_id)),
        ("ce_causationid", Some(header.causation_id)),
        ("traceparent", trace),
        ("ce_time", time(&header.occurred_time)),
        ("ce_recordedtime", time(&event.recorded_time)),
        ("ce_sequence", sequence),
    ];
    let told = all.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((name, value))
    });
    Some(told.collect())
}

proptest! {
    #[test]
    fn headers_are_those_of_the_fully_decoded_event(event in events(), key in ".{0,20}") {
        let value = event.encode_to_vec();
        prop_assert_eq!(attributes(key.as_bytes(), &value), expected(&key, &event));
    }

    #[test]
    fn whose_an_event_is_reads_as_in_the_fully_decoded_event(event in events()) {
        let value = event.encode_to_vec();
        let told = read(&value).unwrap();
        let header = event.header.unwrap_or_default();
        prop_assert_eq!(told.case_code, header.case_code);
        prop_assert_eq!(told.procedure_code, header.procedure_code);
        prop_assert_eq!(told.agency_code, header.agency_code);
        let sent = header.sent_time.map(|Timestamp { seconds, nanos }| Moment { seconds, nanos });
        prop_assert_eq!(told.sent, sent);
    }

    #[test]
    fn the_traceparent_alone_reads_as_in_the_fully_decoded_event(event in events()) {
        let value = event.encode_to_vec();
        prop_assert_eq!(traceparent(&value).unwrap_or_default(), event.traceparent);
    }

    #[test]
    fn repeated_fields_merge_as_the_generated_code_merges_them(
        one in events(),
        other in events(),
    ) {
        let value = [one.encode_to_vec(), other.encode_to_vec()].concat();
        let event = pb::Event::decode(&value[..]).unwrap();
        prop_assert_eq!(attributes(b"k", &value), expected("k", &event));
    }

    #[test]
    fn damaged_bytes_never_give_other_headers_than_full_decoding(
        event in events(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut value = event.encode_to_vec();
        let at = at.index(value.len());
        value[at] = byte;
        if let Ok(event) = pb::Event::decode(&value[..]) {
            prop_assert_eq!(attributes(b"k", &value), expected("k", &event));
        } else {
            // What full decoding refuses may lie in a part that the headers do not tell of.
            let _ = attributes(b"k", &value);
        }
    }
}

#[test]
fn every_payload_of_the_proto_file_has_a_type_named_after_it() {
    let descriptor = crate::json::descriptor("lienthong.event.v1.Event").unwrap();
    let payload = descriptor.oneofs().next().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for field in payload.fields() {
        let message = DynamicMessage::new(field.kind().as_message().unwrap().clone());
        let mut event = DynamicMessage::new(descriptor.clone());
        event.set_field(&field, Value::Message(message));
        let header = pb::Header {
            id: "1".to_owned(),
            source: "urn:x".to_owned(),
            ..pb::Header::default()
        };
        let header = pb::Event {
            header: Some(header),
            ..pb::Event::default()
        };
        let value = [header.encode_to_vec(), event.encode_to_vec()].concat();
        let told = attributes(b"k", &value).unwrap();
        let kind = &told.iter().find(|(name, _)| *name == "ce_type").unwrap().1;
        let family = match field.name() {
            "probe" => "hub",
            _ => "dossier",
        };
        assert_eq!(*kind, format!("vn.lienthong.{family}.{}.v1", field.name()));
        seen.insert(kind.clone());
    }
    assert_eq!(seen.len(), 37);
}

#[test]
fn headers_hold_nothing_of_the_protected_part() {
    let person = pb::Person {
        role: "applicant".to_owned(),
        full_name: "Nguyễn Thị Kín".to_owned(),
        identity_number: "001199000001".to_owned(),
        ..pb::Person::default()
    };
    let event = pb::Event {
        header: Some(pb::Header {
            id: "1".to_owned(),
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            dossier_code: "H56.15.03-261008-0975".to_owned(),
            protected: Some(pb::Protected {
                persons: vec![person],
                notes: vec!["ghi chú kín".to_owned()],
            }),
            ..pb::Header::default()
        }),
        payload: Some(Payload::Approved(pb::Approved {})),
        ..pb::Event::default()
    };
    let told = attributes(b"H56.15.03-261008-0975", &event.encode_to_vec()).unwrap();
    let text = format!("{told:?}");
    for secret in ["Nguyễn", "001199000001", "kín", "applicant"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_value_that_is_no_event_has_no_headers() {
    assert_eq!(attributes(b"k", b""), None);
    assert_eq!(attributes(b"k", b"\xff\xff"), None);
    assert_eq!(attributes(b"k", b"plain text"), None);
}

#[test]
fn only_a_well_formed_traceparent_is_one() {
    assert!(is_traceparent(TRACE));
    for bad in [
        "",
        "00",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    ] {
        assert!(!is_traceparent(bad), "{bad}");
    }
}
