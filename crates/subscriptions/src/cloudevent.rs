//! An event as structured CloudEvents JSON 1.0, for those who read HTTP.
//!
//! ```json
//! {"specversion": "1.0", "type": "vn.lienthong.dossier.received.v1", "source": "urn:...",
//!  "id": "...", "time": "...", ..., "procedure": "1.001193", "agency": "H56.15.03",
//!  "datacontenttype": "application/json", "data": {"header": {...}, "received": {...}}}
//! ```
//! - Context attributes are those of [`Attribute`], by their names, and those of the record's
//!   headers that filters do not see: `traceparent`. An attribute with several values is told by its
//!   first: the procedure code as the source wrote it, the acting agency's own unit, the class of
//!   the procedure before that of the exchange, the code of the case if the source named it. Filters
//!   see all of them, and `data` tells all that does not come from reference data.
//! - `data` is `lienthong.event.v1.Event` without its protected part, by the proto JSON mapping to
//!   the letter: camelCase, 64-bit numbers as text, times by RFC 3339.
//! - A durable subscription adds `subscriptionsequence` (ten digits or more with leading zeros,
//!   since sequences compare as text), `attempt` and `manifestday`.

use crate::facets::{self, Attribute, Facets};
use bytes::Bytes;
use lienthong_contract::{cloudevents, json};
use prost::Message;
use serde_json::Value;
use std::fmt::Write;

/// Content type of one event.
pub const CONTENT_TYPE: &str = "application/cloudevents+json; charset=UTF-8";
/// Content type of a list of them.
pub const BATCH_CONTENT_TYPE: &str = "application/cloudevents-batch+json; charset=UTF-8";

/// What `data` is.
const EVENT: &str = "lienthong.event.v1.Event";

/// What a durable subscription tells of an event besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// Number of the event in the subscription, from 1.
    pub sequence: u64,
    /// 1 for the first time.
    pub attempt: u32,
    /// The day in whose manifest it counts, ISO 8601.
    pub day: String,
}

/// Why an event has no JSON: it was not made by [`crate::source`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no `Delivery`.
    #[error("the bytes are no delivery: {0}")]
    NotADelivery(#[from] prost::DecodeError),
    /// What it delivers is no event of this version.
    #[error("what is delivered is no event of this version")]
    NotAnEvent,
    /// The event does not have the form of the proto file.
    #[error(transparent)]
    NoJson(#[from] json::Error),
}

/// The parts of a `Delivery` that are needed, the event as it is.
#[derive(Clone, PartialEq, prost::Message)]
struct Parts {
    #[prost(bytes = "bytes", tag = "1")]
    event: Bytes,
    #[prost(string, tag = "4")]
    partition_key: String,
}

/// Writes one event on one line. `delivery` is an encoded `Delivery`, whose event has no protected
/// part. Without `facets` what comes from reference data is not told.
///
/// # Errors
/// [`Error`], of bytes that are no delivery.
pub fn render(
    delivery: &[u8],
    facets: Option<&Facets>,
    durable: Option<&Durable>,
) -> Result<String, Error> {
    let Parts {
        event,
        partition_key,
    } = Parts::decode(delivery)?;
    let data = json::text_of_bytes(EVENT, &event)?;
    let mut text = String::with_capacity(data.len() + 1_024);
    text.push_str(r#"{"specversion":"1.0""#);
    match facets {
        Some(facets) => context(&mut text, facets),
        None => {
            let told = facets::told_by(&partition_key, &event).ok_or(Error::NotAnEvent)?;
            context(&mut text, &told);
        }
    }
    let told = cloudevents::read(&event).ok_or(Error::NotAnEvent)?;
    if cloudevents::is_traceparent(told.traceparent) {
        attribute(&mut text, "traceparent", told.traceparent);
    }
    if let Some(durable) = durable {
        let sequence = format!("{:010}", durable.sequence);
        attribute(&mut text, "subscriptionsequence", &sequence);
        // An integer in CloudEvents JSON is a number. Writing to a string cannot fail.
        let _ = write!(text, r#","attempt":{}"#, durable.attempt);
        attribute(&mut text, "manifestday", &durable.day);
    }
    attribute(&mut text, "datacontenttype", "application/json");
    text.push_str(r#","data":"#);
    text.push_str(&data);
    text.push('}');
    Ok(text)
}

fn context(text: &mut String, facets: &Facets) {
    for of in Attribute::ALL {
        if let Some(value) = facets.first(of) {
            attribute(text, of.name(), value);
        }
    }
}

fn attribute(text: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail. JSON escapes every line break.
    let _ = write!(text, r#","{name}":{}"#, Value::from(value));
}

#[cfg(test)]
#[path = "cloudevent_tests.rs"]
mod tests;
