//! The body of a request: the event as a CloudEvent in JSON, as events over HTTP tell it, with what
//! durable subscriptions tell besides.

use crate::cloudevent::{Durable, render};
use crate::durable::seat::Handed;

/// The body, else why there is none, in words.
pub(super) fn of(handed: &Handed) -> Result<String, String> {
    let durable = Durable {
        sequence: handed.sequence,
        attempt: handed.attempt,
        day: handed.day.to_string(),
    };
    let facets = handed.event.facets.as_deref();
    let body = render(&handed.event.delivery, facets, Some(&durable));
    body.map_err(|error| format!("the event cannot be written as JSON: {error}"))
}
