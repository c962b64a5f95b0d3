#![allow(clippy::unwrap_used)]
use super::*;
use crate::time::from_millis;

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
    let read = read(&stored).unwrap();
    assert_eq!(read.key(), "H56.15.03-261008-0975");
    assert_eq!(read.second_key(), Some("LT-1"));
    assert_eq!(read.kind, Kind::Linked);
}

#[test]
fn a_case_named_by_the_source_is_the_key() {
    let mut stored = event(Some(Payload::Approved(pb::Approved {})));
    stored.header.as_mut().unwrap().case_code = "LT-1".into();
    assert_eq!(read(&stored).unwrap().key(), "LT-1");
}

#[test]
fn what_cannot_be_read_says_which_field() {
    assert_eq!(read(&event(None)).unwrap_err(), Unreadable::UnknownKind);
    let mut stored = event(Some(Payload::Approved(pb::Approved {})));
    stored.header.as_mut().unwrap().occurred_time = None;
    assert_eq!(
        read(&stored).unwrap_err(),
        Unreadable::Field("header.occurred_time")
    );
    let unspecified = event(Some(Payload::Linked(pb::Linked::default())));
    assert_eq!(
        read(&unspecified).unwrap_err(),
        Unreadable::Field("linked.relation")
    );
}
