//! The hub's own probes: how long they took, and which were lost.

use crate::meter::instruments;
use crate::names;
use opentelemetry::KeyValue;

fn way(route: &'static str, partition: u32, stage: &str) -> [KeyValue; 3] {
    [
        KeyValue::new(names::ROUTE, route),
        KeyValue::new(names::PARTITION, partition.to_string()),
        KeyValue::new(names::STAGE, stage.to_owned()),
    ]
}

/// Counts a probe that was sent.
pub fn sent(route: &'static str, partition: u32) {
    let attributes = &way(route, partition, "adapter")[..2];
    instruments().probes_sent.add(1, attributes);
}

/// Records how long a probe took, in seconds, until it was durable (`log`), a question to a view
/// saw it (`queryable/VIEW`), or a subscriber had it (`subscriber`).
pub fn reached(route: &'static str, partition: u32, stage: &str, seconds: f64) {
    let attributes = way(route, partition, stage);
    instruments()
        .probe_roundtrip
        .record(seconds.max(0.0), &attributes);
}

/// Counts probes that did not reach a stage in time; 0 makes the series appear.
pub fn lost(route: &'static str, partition: u32, stage: &str, count: u64) {
    let attributes = way(route, partition, stage);
    instruments().probes_lost.add(count, &attributes);
}
