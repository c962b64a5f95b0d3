//! What goes through a log, as OpenTelemetry's messaging conventions name it: operations and
//! messages as metrics, and spans of which the consumer's are linked to the producers'.
//!
//! ```text
//! call --> send T (PRODUCER)         its traceparent goes with the record
//!              :  linked
//!          poll T (CLIENT), process T (CONSUMER): traces of their own
//! ```
//! Metrics are by batch, never by message. Spans are made only where a trace is recorded.

mod spans;

pub use spans::{LINKS, hand_out_span, poll_span, process_span, send_span, tell};

use crate::meter::instruments;
use crate::names;
use opentelemetry::KeyValue;

/// Where messages go and come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// `kafka`, or `lienthong` for the embedded log.
    pub system: &'static str,
    /// The topic, or the embedded log's folder name.
    pub name: String,
}

/// The one message of a span of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its `source` and `id`.
    pub id: &'a str,
    /// The correlation id; empty: it has none.
    pub conversation_id: &'a str,
}

/// An operation: its name and its type in the conventions.
#[derive(Debug, Clone, Copy)]
struct Operation {
    name: &'static str,
    kind: &'static str,
}

const SEND: Operation = Operation {
    name: "send",
    kind: "send",
};
const POLL: Operation = Operation {
    name: "poll",
    kind: "receive",
};
const PROCESS: Operation = Operation {
    name: "process",
    kind: "process",
};

/// Records that a batch of `count` messages was sent, in so many seconds, or failed with `error`,
/// a class of few values. Failed ones count as messages that were tried, as the conventions ask.
pub fn sent(to: &Destination, count: u64, seconds: f64, error: Option<&'static str>) {
    let attributes = attributes(to, SEND, error);
    instruments().operation.record(seconds, &attributes);
    instruments().sent.add(count, &attributes);
}

/// Records that a batch of `count` messages of a partition was given to a consumer.
pub fn polled(
    from: &Destination,
    group: &str,
    partition: u32,
    count: u64,
    seconds: f64,
    error: Option<&'static str>,
) {
    let mut attributes = attributes(from, POLL, error);
    attributes.extend(consumer(group, partition));
    instruments().operation.record(seconds, &attributes);
    if count > 0 {
        instruments().consumed.add(count, &attributes);
    }
}

/// Records that a batch of a partition was processed; one of no messages is none.
pub fn processed(
    from: &Destination,
    group: &str,
    partition: u32,
    count: u64,
    seconds: f64,
    error: Option<&'static str>,
) {
    if count == 0 {
        return;
    }
    let mut attributes = attributes(from, PROCESS, error);
    attributes.extend(consumer(group, partition));
    instruments().process.record(seconds, &attributes);
}

fn attributes(
    destination: &Destination,
    operation: Operation,
    error: Option<&'static str>,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(7);
    attributes.extend([
        KeyValue::new(names::MESSAGING_SYSTEM, destination.system),
        KeyValue::new(names::MESSAGING_OPERATION_NAME, operation.name),
        KeyValue::new(names::MESSAGING_OPERATION_TYPE, operation.kind),
        KeyValue::new(names::MESSAGING_DESTINATION, destination.name.clone()),
    ]);
    attributes.extend(error.map(|error| KeyValue::new(names::ERROR_TYPE, error)));
    attributes
}

/// The conventions have a partition as text.
fn consumer(group: &str, partition: u32) -> [KeyValue; 2] {
    [
        KeyValue::new(names::MESSAGING_GROUP, group.to_owned()),
        KeyValue::new(names::PARTITION, partition.to_string()),
    ]
}

#[cfg(test)]
#[path = "messaging_tests.rs"]
mod tests;
