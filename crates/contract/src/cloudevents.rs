//! A stored event as a CloudEvent 1.0 in binary mode of the Kafka binding: the value is the
//! event's protobuf, the headers say what it is, so that a consumer can route it unread.
//!
//! | header | value |
//! |---|---|
//! | `ce_specversion` | `1.0` |
//! | `ce_id`, `ce_source` | the header's `id` and `source`; together unique |
//! | `ce_type` | `vn.lienthong.dossier.<payload>.v1`, of a probe `vn.lienthong.hub.probe.v1`; see [`kinds`] |
//! | `ce_subject` | the dossier code |
//! | `ce_time` | when it happened, RFC 3339 in UTC |
//! | `ce_dataschema` | `urn:lienthong:proto:` and the full name of the value's message |
//! | `content-type` | `application/protobuf` |
//! | `ce_partitionkey` | the record's key |
//! | `ce_recordedtime` | when the hub took it in, RFC 3339 in UTC |
//! | `ce_correlationid`, `ce_causationid` | as the source told them |
//! | `ce_sequence` | ten digits with leading zeros, since sequences compare as text |
//! | `traceparent` | that of the call that brought it |
//!
//! A header without a value is left out, never empty; an event stores no `tracestate`, so none is
//! written. The protected part of the event is skipped unread: no personal data can get here.

mod kinds;
mod read;

pub use kinds::schema;
pub use read::{Moment, Told, read, traceparent};

/// A header of a record.
pub type Attribute = (&'static str, String);

/// The content type of every value.
const CONTENT_TYPE: &str = "application/protobuf";
/// The version of the specification.
const SPECIFICATION: &str = "1.0";
/// The version of W3C Trace Context that is carried, and its length.
const TRACE_VERSION: &str = "00";
const TRACE_LENGTH: usize = 55;

/// The headers of a record of the event log; none if its value is no event that this version
/// knows, so that it is no CloudEvent either.
#[must_use]
pub fn attributes(key: &[u8], value: &[u8]) -> Option<Vec<Attribute>> {
    let told = read(value)?;
    let kind = told.kind()?;
    if told.id.is_empty() || told.source.is_empty() {
        return None;
    }
    let key = std::str::from_utf8(key).ok()?;
    let mut attributes = Vec::with_capacity(14);
    let mut add = |name, value: &str| {
        if !value.is_empty() {
            attributes.push((name, value.to_owned()));
        }
    };
    add("ce_specversion", SPECIFICATION);
    add("ce_id", told.id);
    add("ce_source", told.source);
    add("ce_type", kind);
    add("ce_subject", told.dossier_code);
    add("ce_dataschema", kinds::schema());
    add("content-type", CONTENT_TYPE);
    add("ce_partitionkey", key);
    add("ce_correlationid", told.correlation_id);
    add("ce_causationid", told.causation_id);
    if is_traceparent(told.traceparent) {
        add("traceparent", told.traceparent);
    }
    attributes.extend(derived(&told));
    Some(attributes)
}

/// What is written otherwise than the event has it.
fn derived(told: &Told<'_>) -> impl Iterator<Item = Attribute> + use<> {
    let time = told.occurred.and_then(rfc3339);
    let recorded = told.recorded.and_then(rfc3339);
    let sequence = sequence(told.sequence);
    [
        ("ce_time", time),
        ("ce_recordedtime", recorded),
        ("ce_sequence", sequence),
    ]
    .into_iter()
    .filter_map(|(name, value)| value.map(|value| (name, value)))
}

/// A sequence as the header has it; none for 0, which is not numbered.
pub fn sequence(number: u32) -> Option<String> {
    (number > 0).then(|| format!("{number:010}"))
}

/// A moment as the headers have it; none if it is out of range.
pub fn rfc3339(moment: Moment) -> Option<String> {
    let time = jiff::Timestamp::new(moment.seconds, moment.nanos).ok()?;
    (0..1_000_000_000)
        .contains(&moment.nanos)
        .then(|| time.to_string())
}

/// Whether a text is a `traceparent` of W3C Trace Context, version 00:
/// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, ids not all zero.
#[must_use]
pub fn is_traceparent(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |length: usize| {
        parts.next().filter(|part| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
    };
    let known_shape = part(2) == Some(TRACE_VERSION);
    let ids = [part(32), part(16)];
    let ids_told = ids
        .iter()
        .all(|id| id.is_some_and(|id| id.bytes().any(|byte| byte != b'0')));
    let flagged = part(2).is_some();
    known_shape && ids_told && flagged && text.len() == TRACE_LENGTH
}

#[cfg(test)]
#[path = "cloudevents_tests.rs"]
mod tests;
