//! Blocks: what is in them, what is left out, and that their bytes are deliveries.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::testing::{NAME, NOW_MS, event, probe, record};
use lienthong_contract::pb::event::v1::{self as pb, Linked, event::Payload, linked::Relation};
use lienthong_contract::pb::subscription::v1::{Delivery, Events};
use lienthong_contract::reference;
use lienthong_eventlog::Record;

fn stored(first: u64, records: Vec<Record>) -> Vec<StoredRecord> {
    let records = (first..).zip(records);
    let stored = records.map(|(offset, record)| StoredRecord { offset, record });
    stored.collect()
}

fn built(first: u64, records: Vec<Record>, repeats: &[u64]) -> Vec<Block> {
    let reference = reference::demo().unwrap();
    build(3, &stored(first, records), repeats, &reference)
}

#[test]
fn the_bytes_of_a_block_are_the_deliveries_of_its_entries() {
    let records = (0..5).map(|id| record("C1", &id.to_string())).collect();
    let blocks = built(70, records, &[72]);
    let [block] = &blocks[..] else {
        panic!("{} blocks", blocks.len())
    };
    assert_eq!((block.first, block.next, block.marks.len()), (70, 75, 5));
    let events = Events::decode(&block.bytes[..]).unwrap();
    let offsets: Vec<u64> = block.entries.iter().map(|entry| entry.offset).collect();
    assert_eq!(offsets, [70, 71, 73, 74]);
    for (delivery, entry) in events.deliveries.iter().zip(&block.entries) {
        let mut plain = event("C1", &(entry.offset - 70).to_string());
        plain.header.as_mut().unwrap().protected = None;
        let position = pb::Position {
            partition: 3,
            offset: entry.offset,
        };
        let expected = Delivery {
            event: Some(plain),
            r#type: "vn.lienthong.dossier.approved.v1".to_owned(),
            position: Some(position),
            partition_key: "C1".to_owned(),
            ..Delivery::default()
        };
        assert_eq!(delivery, &expected);
        assert_eq!(entry.recorded_ms, NOW_MS);
        let ready = block.ready(entry);
        assert_eq!(Delivery::decode(&ready.delivery[..]).unwrap(), expected);
        assert_eq!(
            (&*ready.case, &*ready.id),
            ("C1", &*expected.event.unwrap().header.unwrap().id)
        );
    }
    let name = NAME.as_bytes();
    assert!(!block.bytes.windows(name.len()).any(|bytes| bytes == name));
    assert!(!format!("{:?}", block.entries).contains(NAME));
}

#[test]
fn the_second_copy_of_a_link_and_what_is_no_event_are_left_out_but_marked() {
    let linked = Payload::Linked(Linked {
        relation: Relation::Case.into(),
        code: "CASE".to_owned(),
        ..Linked::default()
    });
    let link = pb::Event {
        payload: Some(linked),
        ..event("C1", "link")
    };
    let under = |key: &str, value: Vec<u8>| Record {
        key: key.to_owned().into(),
        value: value.into(),
        recorded_ms: NOW_MS,
    };
    let records = vec![
        under("CASE", link.encode_to_vec()),
        under("C1", link.encode_to_vec()),
        under("C1", b"\xff\xff".to_vec()),
        record("C1", "last"),
    ];
    let marks: Vec<u32> = records.iter().map(token::mark).collect();
    let blocks = built(0, records, &[]);
    let offsets: Vec<u64> = blocks[0].entries.iter().map(|entry| entry.offset).collect();
    assert_eq!(offsets, [1, 3]);
    assert_eq!(blocks[0].marks, marks);
    assert_eq!(blocks[0].mark(2), marks[2]);
    assert_eq!(blocks[0].mark(4), 0);
}

#[test]
fn probes_are_handed_over_apart_told_to_nobody_and_marked() {
    let under_a_code = Record {
        key: "C1".into(),
        ..probe("onestop", 8)
    };
    let records = vec![
        record("C1", "first"),
        probe("onestop", 7),
        under_a_code,
        record("C1", "last"),
    ];
    let marks: Vec<u32> = records.iter().map(token::mark).collect();
    let blocks = built(40, records, &[]);
    let [block] = &blocks[..] else {
        panic!("{} blocks", blocks.len())
    };
    let offsets: Vec<u64> = block.entries.iter().map(|entry| entry.offset).collect();
    assert_eq!((offsets, &block.marks), (vec![40, 43], &marks));
    assert_eq!(
        Events::decode(&block.bytes[..]).unwrap().deliveries.len(),
        2
    );
    let told = block.probes.iter();
    let told: Vec<_> = told.map(|one| (one.offset, one.probe.number)).collect();
    assert_eq!(told, [(41, 7)]);
}

#[test]
fn blocks_are_bounded_and_none_reaches_over_the_end_of_a_chunk() {
    let first = WINDOW - 700;
    let records: Vec<Record> = (0..3_000).map(|id| record("C1", &id.to_string())).collect();
    let blocks = built(first, records, &[]);
    let mut next = first;
    for block in &blocks {
        assert_eq!(block.first, next);
        next = block.next;
        assert_eq!(block.first / WINDOW, (block.next - 1) / WINDOW);
        assert!(block.bytes.len() < FULL_BYTES + 1_024);
        assert!(block.next - block.first <= FULL_RECORDS as u64);
    }
    assert_eq!(next, first + 3_000);
}
