//! What could not be read, and what waits behind it.
//!
//! ```text
//! records of one key:   5   9(unreadable)   12   17   20(decision: leave 9 out)
//! parked:                   9               waits: 12, 17    -> 12, 17 applied in order
//! ```
//! Only that key waits; every other goes on. Offsets are kept, not records: the log has those.

use crate::views::act::put;
use crate::views::keyed::digest_of;
use lienthong_contract::event::Unreadable;
use lienthong_contract::reason::Reason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a record parks its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison {
    /// What kind of fault.
    pub fault: Fault,
    /// The particulars, in words; never content of the event.
    pub detail: String,
}

/// The kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// Not an event, or a field that every event has is missing.
    Unreadable,
    /// A payload that this version does not know.
    UnknownKind,
    /// A source status that the view's tables do not know.
    UnknownStatus,
}

impl Fault {
    /// The reason of the catalogue.
    pub fn reason(self) -> Reason {
        match self {
            Fault::Unreadable => Reason::EventUnreadable,
            Fault::UnknownKind => Reason::EventKindUnknown,
            Fault::UnknownStatus => Reason::EventStatusUnknown,
        }
    }
}

impl From<Unreadable> for Poison {
    fn from(unreadable: Unreadable) -> Self {
        let fault = match unreadable {
            Unreadable::UnknownKind => Fault::UnknownKind,
            Unreadable::UnknownStatus(_) => Fault::UnknownStatus,
            Unreadable::NotAnEvent(_) | Unreadable::Field(_) => Fault::Unreadable,
        };
        Self {
            fault,
            detail: unreadable.to_string(),
        }
    }
}

/// A key whose records wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Offset of the record that could not be read.
    pub offset: u64,
    /// The kind of fault.
    pub fault: Fault,
    /// The particulars.
    pub detail: String,
    /// When the hub recorded that record, milliseconds since the Unix epoch.
    pub recorded_ms: i64,
    /// Offsets of the records behind it, in order.
    pub waiting: Vec<u64>,
}

/// The parked keys of one partition of one view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parking {
    by_key: BTreeMap<Vec<u8>, Parked>,
}

impl Parking {
    /// The parked key, if it is.
    pub fn get(&self, key: &[u8]) -> Option<&Parked> {
        if self.by_key.is_empty() {
            return None;
        }
        self.by_key.get(key)
    }

    /// Parks a key. The offset is that of the record that could not be read.
    pub fn park(&mut self, key: &[u8], offset: u64, recorded_ms: i64, poison: Poison) {
        let parked = Parked {
            offset,
            fault: poison.fault,
            detail: poison.detail,
            recorded_ms,
            waiting: Vec::new(),
        };
        self.by_key.insert(key.to_vec(), parked);
    }

    /// A record of a parked key waits. False if the key is not parked.
    pub fn wait(&mut self, key: &[u8], offset: u64) -> bool {
        match self.by_key.get_mut(key) {
            Some(parked) => {
                parked.waiting.push(offset);
                true
            }
            None => false,
        }
    }

    /// Lets a key go.
    pub fn release(&mut self, key: &[u8]) -> Option<Parked> {
        self.by_key.remove(key)
    }

    /// Every parked key, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Parked)> {
        self.by_key.iter().map(|(key, parked)| (&key[..], parked))
    }

    /// The share of parked and waiting records in the view's digest.
    pub fn digest(&self) -> u128 {
        let mut sum = 0u128;
        for (key, parked) in self.iter() {
            sum = sum.wrapping_add(term(key, "parked", parked.offset));
            for offset in &parked.waiting {
                sum = sum.wrapping_add(term(key, "waiting", *offset));
            }
        }
        sum
    }
}

fn term(key: &[u8], what: &str, offset: u64) -> u128 {
    let mut bytes = Vec::with_capacity(key.len() + 32);
    bytes.extend_from_slice(&(key.len() as u32).to_le_bytes());
    bytes.extend_from_slice(key);
    put(what, &mut bytes);
    bytes.extend_from_slice(&offset.to_le_bytes());
    digest_of(&bytes)
}
