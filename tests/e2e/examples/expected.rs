//! What the hub acknowledged, beside what a subscriber stored.

use super::stored::Stored;
use lienthong_contract::pb::event::v1::Position;
use lienthong_tests::fleet::ledger::{Identity, Ledger};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Every acknowledged event with the first place where it lies.
#[derive(Debug, Default)]
pub struct Expected {
    first: HashMap<Identity, Position>,
}

impl Expected {
    /// Adds what was acknowledged.
    pub fn add(&mut self, ledger: &Ledger) {
        for sent in ledger.records.iter().flat_map(|record| &record.sent) {
            for position in &sent.acknowledged {
                let first = self.first.entry(sent.identity.clone());
                let first = first.or_insert(*position);
                if position.offset < first.offset {
                    *first = *position;
                }
            }
        }
    }

    /// How many different events.
    pub fn count(&self) -> usize {
        self.first.len()
    }

    /// Asserts that each is stored once, nothing else is, and each case is in the log's order.
    pub fn assert_stored(&self, who: &str, stored: &[Stored]) {
        self.assert_same(who, stored);
        self.assert_order(who, stored);
    }

    /// Asserts that each is stored once and nothing else is.
    pub fn assert_same(&self, who: &str, stored: &[Stored]) {
        let mut seen = HashSet::new();
        for event in stored {
            let identity = identity(event);
            assert!(
                seen.insert(identity.clone()),
                "{who} has {identity:?} twice"
            );
            assert!(
                self.first.contains_key(&identity),
                "{who} has {identity:?}, which nobody sent"
            );
        }
        let missing: Vec<_> = self
            .first
            .iter()
            .filter(|(identity, _)| !seen.contains(*identity))
            .collect();
        assert!(
            missing.is_empty(),
            "{who} misses {} of {}, such as {:?}",
            missing.len(),
            self.count(),
            missing[0]
        );
    }

    /// Asserts that the events of each case are in the order of the log.
    fn assert_order(&self, who: &str, stored: &[Stored]) {
        let mut last: BTreeMap<&str, Position> = BTreeMap::new();
        for event in stored {
            let position = self.first[&identity(event)];
            let before = last.insert(&event.partition_key, position);
            let Some(before) = before else { continue };
            let case = &event.partition_key;
            assert_eq!(before.partition, position.partition, "{who}: {case}");
            assert!(
                before.offset < position.offset,
                "{who} has {case} out of order: {before:?} before {position:?}"
            );
        }
    }
}

fn identity(event: &Stored) -> Identity {
    Identity {
        source: event.source.as_str().into(),
        id: event.id.as_str().into(),
    }
}

/// Three events of one case, as acknowledged and as stored.
fn planted() -> (Expected, Vec<Stored>) {
    let mut expected = Expected::default();
    let mut stored = Vec::new();
    for offset in 0..3 {
        let event = Stored {
            sequence: offset + 1,
            day: String::new(),
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            id: format!("e{offset}"),
            kind: String::new(),
            partition_key: "case".to_owned(),
        };
        let position = Position {
            partition: 1,
            offset,
        };
        expected.first.insert(identity(&event), position);
        stored.push(event);
    }
    (expected, stored)
}

#[test]
fn what_is_stored_whole_and_in_order_is_taken() {
    let (expected, stored) = planted();
    expected.assert_stored("all", &stored);
}

#[test]
#[should_panic(expected = "misses 1 of 3")]
fn a_missing_event_is_found() {
    let (expected, mut stored) = planted();
    stored.remove(1);
    expected.assert_stored("one", &stored);
}

#[test]
#[should_panic(expected = "twice")]
fn an_event_stored_twice_is_found() {
    let (expected, mut stored) = planted();
    stored.push(stored[0].clone());
    expected.assert_stored("one", &stored);
}

#[test]
#[should_panic(expected = "out of order")]
fn a_case_out_of_order_is_found() {
    let (expected, mut stored) = planted();
    stored.swap(0, 1);
    expected.assert_stored("one", &stored);
}

#[test]
#[should_panic(expected = "nobody sent")]
fn an_event_that_nobody_sent_is_found() {
    let (expected, mut stored) = planted();
    stored[0].id = "another".to_owned();
    expected.assert_stored("one", &stored);
}
