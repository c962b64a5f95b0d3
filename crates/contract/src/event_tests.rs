#![allow(clippy::unwrap_used)]
use super::*;
use crate::time::from_millis;
use lienthong_domain::status::{Mappings, StatusRow};

fn event(payload: Option<Payload>) -> pb::Event {
    pb::Event {
        header: Some(pb::Header {
            id: "1".into(),
            source: "urn:lienthong:vn:H56:onestop".into(),
            dossier_code: "H56.15.03-261008-0975".into(),
            occurred_time: Some(from_millis(1_790_000_000_000)),
            ..Default::default()
        }),
        recorded_time: Some(from_millis(1_790_000_001_000)),
        payload,
        ..Default::default()
    }
}

#[test]
fn a_link_is_known_under_both_keys() {
    let stored = event(Some(Payload::Linked(pb::Linked {
        relation: pb::linked::Relation::Case as i32,
        code: "LT-1".into(),
        revoked: false,
    })));
    assert_eq!(keys_of(&stored), ("H56.15.03-261008-0975", Some("LT-1")));
    assert_eq!(
        read(&told(&stored), &Mappings::default()).unwrap().kind,
        Kind::Linked
    );
}

#[test]
fn a_case_named_by_the_source_is_the_key() {
    let mut stored = event(Some(Payload::Approved(pb::Approved {})));
    stored.header.as_mut().unwrap().case_code = "LT-1".into();
    assert_eq!(keys_of(&stored), ("LT-1", None));
}

#[test]
fn what_cannot_be_read_says_which_field() {
    assert_eq!(
        read(&told(&event(None)), &Mappings::default()).unwrap_err(),
        Unreadable::UnknownKind
    );
    let mut stored = event(Some(Payload::Approved(pb::Approved {})));
    stored.header.as_mut().unwrap().occurred_time = None;
    assert_eq!(
        read(&told(&stored), &Mappings::default()).unwrap_err(),
        Unreadable::Field("header.occurred_time")
    );
    let unspecified = event(Some(Payload::Linked(pb::Linked::default())));
    assert_eq!(
        read(&told(&unspecified), &Mappings::default()).unwrap_err(),
        Unreadable::Field("linked.relation")
    );
}

fn keys_of(stored: &pb::Event) -> (&str, Option<&str>) {
    keys(
        stored.header.as_ref().unwrap(),
        stored.payload.as_ref().unwrap(),
    )
}

fn told(stored: &pb::Event) -> Told {
    prost::Message::decode(&prost::Message::encode_to_vec(stored)[..]).unwrap()
}

/// Every payload, by its field number, in its default form.
fn payloads() -> Vec<Payload> {
    let numbers = Kind::all().map(|kind| kind as u32);
    let decode = |number| {
        let mut bytes = Vec::new();
        prost::encoding::encode_key(
            number,
            prost::encoding::WireType::LengthDelimited,
            &mut bytes,
        );
        bytes.push(0);
        <pb::Event as prost::Message>::decode(&bytes[..])
            .unwrap()
            .payload
    };
    numbers.filter_map(decode).collect()
}

#[test]
fn what_views_read_is_what_the_contract_says_whatever_the_payload() {
    let all = payloads();
    assert_eq!(all.len(), Kind::all().count());
    for payload in all {
        let mut stored = event(Some(payload.clone()));
        stored.mapped_status = Some(pb::MappedStatus {
            portal_status: 4,
            mapping_version: "v".into(),
        });
        let header = stored.header.as_mut().unwrap();
        header.case_code = "LT-1".into();
        header.procedure_code = "1.001193".into();
        header.agency_code = "H56".into();
        header.unit_code = "MC".into();
        header.sequence = 7;
        header.protected = Some(pb::Protected {
            persons: vec![pb::Person::default()],
            notes: vec!["x".into()],
        });
        let told = told(&stored);
        assert_eq!(told.payload.as_ref(), Some(&payload));
        let Ok(read) = read(&told, &Mappings::default()) else {
            // A link, a decision or a line of a register without its fields is refused by name, not
            // misread; a probe is no event of a dossier.
            assert!(matches!(
                kind(&payload),
                None | Some(Kind::Linked | Kind::ParkedReleased | Kind::RegisterEntryReported)
            ));
            continue;
        };
        let header = stored.header.as_ref().unwrap();
        assert_eq!((read.id, read.source), (&header.id[..], &header.source[..]));
        assert_eq!(
            (read.dossier, read.case),
            (&header.dossier_code[..], "LT-1")
        );
        assert_eq!(
            (read.procedure, read.actor.agency, read.actor.unit),
            ("1.001193", "H56", "MC")
        );
        assert_eq!(
            (read.sequence, read.portal_status, Some(read.kind)),
            (7, 4, kind(&payload))
        );
        assert_eq!(
            (read.occurred_ms, read.recorded_ms),
            (1_790_000_000_000, 1_790_000_001_000)
        );
    }
}

#[test]
fn a_source_status_means_what_the_tables_say_whatever_the_adapter_mapped_it_to() {
    let row = |code, maps_to| StatusRow {
        system: "S",
        code,
        maps_to,
    };
    let tables = Mappings::new(&[row("a", "9"), row("b", "0")]).unwrap();
    let status = |source: Option<&str>, mapped: u32| {
        let mut stored = event(Some(Payload::Approved(pb::Approved {})));
        let header = stored.header.as_mut().unwrap();
        header.source_status = source.map(|code| pb::SourceStatus {
            system: "S".into(),
            code: code.into(),
        });
        stored.mapped_status = (mapped > 0).then(|| pb::MappedStatus {
            portal_status: mapped,
            mapping_version: "of another day".into(),
        });
        read(&told(&stored), &tables).map(|event| event.portal_status)
    };
    assert_eq!(status(Some("a"), 4), Ok(9));
    assert_eq!(status(Some("a"), 0), Ok(9));
    assert_eq!(status(None, 4), Ok(4), "it has nothing else");
    assert_eq!(status(None, 0), Ok(0));
    for code in ["b", "c"] {
        let unknown = status(Some(code), 4).unwrap_err();
        let Unreadable::UnknownStatus(words) = &unknown else {
            panic!("{unknown:?}");
        };
        assert!(words.contains(&format!("{code:?} ")), "{words}");
        assert!(words.contains(tables.fingerprint()), "{words}");
    }
}
