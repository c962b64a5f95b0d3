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
