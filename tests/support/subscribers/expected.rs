//! What a subscriber must have been told, and what he may have been told, by what was sent and
//! what was acknowledged.

use super::diary::Names;
use super::wanted::Wanted;
use crate::fleet::ledger::Ledger;
use lienthong_contract::pb::event::v1::Event;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// Since when events count.
#[derive(Debug, Clone, Copy)]
pub enum Since {
    /// All of them.
    Beginning,
    /// Those sent for the first time after this moment; of earlier ones nothing is asked.
    Moment(Instant),
}

/// What is to be expected of one way of subscribing.
#[derive(Debug, Default, Clone)]
pub struct Expected {
    /// Acknowledged: each must be told.
    pub must: HashSet<u32>,
    /// Sent: each may be told; holds `must`.
    pub may: HashSet<u32>,
    /// The place of each event in the order in which its case was sent: number of the case, place
    /// in it. The first place of an event that is sent twice.
    pub place: HashMap<u32, (u32, u32)>,
}

/// One event as it was sent.
struct Sent {
    event: u32,
    message: Event,
    since: Instant,
    acknowledged: bool,
    place: (u32, u32),
}

/// Everything that was sent, read once for all ways.
pub struct Sendings(Vec<Sent>);

impl Sendings {
    /// Of a ledger.
    ///
    /// # Errors
    /// If a message of it does not decode.
    pub fn of(ledger: &Ledger, names: &mut Names) -> Result<Self, prost::DecodeError> {
        let mut all = Vec::new();
        for (case, record) in ledger.records.iter().enumerate() {
            for (place, sent) in record.sent.iter().enumerate() {
                all.push(Sent {
                    event: names.identity(&sent.identity.source, &sent.identity.id),
                    message: sent.message.event()?,
                    since: sent.since,
                    acknowledged: !sent.acknowledged.is_empty(),
                    place: (case as u32, place as u32),
                });
            }
        }
        Ok(Self(all))
    }

    /// What a way that wants this since then must and may have been told.
    pub fn expected(&self, wanted: &Wanted, since: Since) -> Expected {
        let mut expected = Expected::default();
        // What was sent before and is sent again is a repeat, and repeats are left out.
        let mut first: HashMap<u32, Instant> = HashMap::new();
        for sent in &self.0 {
            let since = first.entry(sent.event).or_insert(sent.since);
            *since = sent.since.min(*since);
        }
        for sent in &self.0 {
            expected.place.entry(sent.event).or_insert(sent.place);
            if !(wanted.fits)(&sent.message) {
                continue;
            }
            expected.may.insert(sent.event);
            let counts = match since {
                Since::Beginning => true,
                Since::Moment(moment) => first[&sent.event] > moment,
            };
            if sent.acknowledged && counts {
                expected.must.insert(sent.event);
            }
        }
        expected
    }
}
