//! Events without their protected part against decoding, clearing and encoding.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testing::{self, NAME};
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use proptest::collection::vec;
use proptest::option::of as maybe;
use proptest::prelude::*;
use prost::Message;

prop_compose! {
    fn headers()(
        texts in vec(".{0,12}", 6),
        sequence in any::<u32>(),
        protected in maybe(vec(".{0,200}", 0..4)),
    ) -> pb::Header {
        pb::Header {
            id: texts[0].clone(),
            source: texts[1].clone(),
            dossier_code: texts[2].clone(),
            case_code: texts[3].clone(),
            agency_code: texts[4].clone(),
            causation_id: texts[5].clone(),
            sequence,
            protected: protected.map(|notes| pb::Protected { notes, persons: Vec::new() }),
            ..pb::Header::default()
        }
    }
}

prop_compose! {
    fn events()(
        header in maybe(headers()),
        adapter in ".{0,9}",
        payload in maybe(prop_oneof![
            Just(Payload::Approved(pb::Approved {})),
            Just(Payload::Rated(pb::Rated { score: 4 })),
        ]),
    ) -> pb::Event {
        pb::Event { header, adapter, payload, ..pb::Event::default() }
    }
}

/// Fields that no version of the contract has.
fn unknown() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        any::<u64>().prop_map(|number| {
            let mut bytes = Vec::new();
            encode_key(1_000, WireType::Varint, &mut bytes);
            encode_varint(number, &mut bytes);
            bytes
        }),
        vec(any::<u8>(), 0..40).prop_map(|content| {
            let mut bytes = Vec::new();
            encode_key(1_001, WireType::LengthDelimited, &mut bytes);
            encode_varint(content.len() as u64, &mut bytes);
            bytes.extend(content);
            bytes
        }),
    ];
    vec(field, 0..3).prop_map(|fields| fields.concat())
}

fn without(mut event: pb::Event) -> pb::Event {
    if let Some(header) = &mut event.header {
        header.protected = None;
    }
    event
}

proptest! {
    #[test]
    fn what_is_written_is_the_event_cleared_and_encoded(event in events()) {
        let mut written = Vec::new();
        write_unprotected(&event.encode_to_vec(), &mut written).unwrap();
        prop_assert_eq!(written, without(event).encode_to_vec());
    }

    #[test]
    fn fields_of_later_versions_are_kept_byte_for_byte(
        event in events(), in_header in unknown(), in_event in unknown(),
    ) {
        let with_unknown = |event: &pb::Event| {
            let mut header = event.header.clone().unwrap_or_default().encode_to_vec();
            header.extend(&in_header);
            let mut bytes = Vec::new();
            encode_key(HEADER, WireType::LengthDelimited, &mut bytes);
            encode_varint(header.len() as u64, &mut bytes);
            bytes.extend(header);
            let rest = pb::Event { header: None, ..event.clone() };
            bytes.extend(rest.encode_to_vec());
            bytes.extend(&in_event);
            bytes
        };
        let mut written = Vec::new();
        write_unprotected(&with_unknown(&event), &mut written).unwrap();
        prop_assert_eq!(written, with_unknown(&without(event)));
    }

    #[test]
    fn bytes_of_any_kind_are_no_danger(bytes in vec(any::<u8>(), 0..200)) {
        let mut written = Vec::new();
        let whole = write_unprotected(&bytes, &mut written).is_some();
        if whole && let Ok(event) = pb::Event::decode(&bytes[..]) {
            prop_assert_eq!(pb::Event::decode(&written[..]).unwrap(), without(event));
        }
    }

    #[test]
    fn the_fingerprint_is_that_of_the_decoded_event(event in events()) {
        let header = event.header.clone().unwrap_or_default();
        let key = match header.case_code.is_empty() {
            true => &header.dossier_code,
            false => &header.case_code,
        };
        let record = |key: &str| Record {
            key: key.to_owned().into(),
            value: event.encode_to_vec().into(),
            recorded_ms: 1,
        };
        let named = !header.id.is_empty() && !header.source.is_empty();
        let expected = named.then(|| Fingerprint::of(&header.source, &header.id));
        prop_assert_eq!(fingerprint(&record(key)), expected);
        prop_assert_eq!(fingerprint(&record(&format!("{key}+"))), None);
    }
}

#[test]
fn two_headers_with_a_protected_part_each_lose_both() {
    let event = testing::event("C1", "e-1").encode_to_vec();
    let twice = [&event[..], &event[..]].concat();
    let mut written = Vec::new();
    write_unprotected(&twice, &mut written).unwrap();
    let name = NAME.as_bytes();
    assert!(event.windows(name.len()).any(|bytes| bytes == name));
    assert!(!written.windows(name.len()).any(|bytes| bytes == name));
    let expected = without(pb::Event::decode(&twice[..]).unwrap());
    assert_eq!(pb::Event::decode(&written[..]).unwrap(), expected);
}
