//! Records of the subscription log: how they are written, and the key that puts each on its lane.

use bytes::Bytes;
use lienthong_contract::pb::subscription::v1::Entry;
use lienthong_contract::pb::subscription::v1::entry::What;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{EventLog, Record};
use prost::Message;

/// The key of a record that belongs to a lane and to no subscription: the first of `#0`, `#1`, ...
/// that the log puts there. No subscription has such a name.
pub fn key_of_lane(log: &dyn EventLog, lane: u32) -> Bytes {
    let keys = (0_u64..).map(|number| format!("#{number}"));
    let mut there = keys.filter(|key| log.partition_of(key.as_bytes()) == lane);
    // The hash spreads evenly, so that one is found among the first few dozens.
    Bytes::from(there.next().unwrap_or_default())
}

/// A record of what happened to a subscription, or to a lane if `name` is empty.
pub fn record(log: &dyn EventLog, lane: u32, term: u64, name: &str, what: What) -> Record {
    let key = match name {
        "" => key_of_lane(log, lane),
        name => Bytes::copy_from_slice(name.as_bytes()),
    };
    let entry = Entry {
        term,
        name: name.to_owned(),
        what: Some(what),
    };
    Record {
        key,
        value: entry.encode_to_vec().into(),
        recorded_ms: now_millis(),
    }
}
