//! What goes through a log, as OpenTelemetry's messaging conventions name it: operations and
//! messages as metrics, and spans of which the consumer's are linked to the producers'.
//!
//! ```text
//! call --> send T (PRODUCER)         its traceparent goes with the record
//!              :  linked
//!          poll T (CLIENT), process T (CONSUMER): traces of their own
//! ```
//! Metrics are by batch, never by message. Spans are made only where a trace is recorded.

mod series;
mod spans;

pub use series::Series;
pub(crate) use series::observe;
pub use spans::{LINKS, hand_out_span, poll_span, process_span, send_span, tell};

use series::{Operation, series};
use std::sync::Arc;

/// Where messages go and come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

/// Batches that are sent to a destination.
pub fn sending(to: &Destination) -> Arc<Series> {
    series(Operation::Send, to, None)
}

/// Batches of a partition that are given to a consumer.
pub fn polling(from: &Destination, group: &str, partition: u32) -> Arc<Series> {
    series(Operation::Poll, from, Some((group, partition)))
}

/// Batches of a partition that are processed.
pub fn processing(from: &Destination, group: &str, partition: u32) -> Arc<Series> {
    series(Operation::Process, from, Some((group, partition)))
}

#[cfg(test)]
#[path = "messaging_tests.rs"]
mod tests;
