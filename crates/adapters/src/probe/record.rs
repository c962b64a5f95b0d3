//! A probe as the log stores it.

use bytes::Bytes;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::probe;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::{EventLog, Record};
use prost::Message;
use std::time::Duration;

/// Whose events they are, in the field `adapter`.
const ADAPTER: &str = "hub";

/// An adapter's way through one partition.
pub struct Route {
    /// The adapter.
    pub name: &'static str,
    key: Bytes,
}

impl Route {
    /// The way of an adapter through a partition of the log.
    pub fn new(name: &'static str, partition: u32, log: &dyn EventLog) -> Self {
        let key = probe::key(name, partition, |key| log.partition_of(key));
        Self {
            name,
            key: key.into(),
        }
    }
}

/// What a probe tells beside its route; see `lienthong.event.v1.Probe`.
pub struct Told<'a> {
    /// The partition, for the id alone.
    pub partition: u32,
    /// The process.
    pub instance: &'a str,
    /// From 1.
    pub number: u64,
    /// When the instance began, milliseconds since the Unix epoch.
    pub began_ms: i64,
    /// How long the one before took until it was durable; zero: not known.
    pub previous_durable: Duration,
    /// How many the log refused for good.
    pub failed: u64,
    /// What is announced.
    pub follows: Follows,
}

/// What follows a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// The next one after about so long.
    After(Duration),
    /// None: the instance ends.
    Nothing,
}

/// The record of a probe that is made now.
pub fn record(route: &Route, told: &Told<'_>) -> Record {
    let recorded_ms = now_millis();
    let now = from_millis(recorded_ms);
    let (name, partition) = (route.name, told.partition);
    let header = pb::Header {
        id: format!("probe-{name}-{partition}-{}-{}", told.number, told.began_ms),
        source: format!("urn:lienthong:hub:{}", told.instance),
        occurred_time: Some(now),
        ..pb::Header::default()
    };
    let probe = pb::Probe {
        route: name.to_owned(),
        instance: told.instance.to_owned(),
        number: told.number,
        began_time: Some(from_millis(told.began_ms)),
        every_ms: match told.follows {
            Follows::After(every) => u32::try_from(every.as_millis()).unwrap_or(u32::MAX),
            Follows::Nothing => 0,
        },
        previous_durable_us: u64::try_from(told.previous_durable.as_micros()).unwrap_or(u64::MAX),
        failed: told.failed,
    };
    let event = pb::Event {
        header: Some(header),
        recorded_time: Some(now),
        adapter: ADAPTER.to_owned(),
        payload: Some(Payload::Probe(probe)),
        ..pb::Event::default()
    };
    Record {
        key: route.key.clone(),
        value: event.encode_to_vec().into(),
        recorded_ms,
    }
}
