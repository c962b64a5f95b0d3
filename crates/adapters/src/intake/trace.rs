//! The trace of a call, carried into the events it brings.
//!
//! ```text
//! ministry --call--> Service/Method --send T--> record (traceparent) . . > process T
//!                    (server span)   (producer)                 a link, not a parent
//! ```
//! A chunk of a traced call has a producer span, from its first event read until all of them are
//! durable, and its events store that span's context. Of a call that is not traced nothing is made:
//! its events store the context that the caller sent, if any.

use axum::http::HeaderMap;
use lienthong_contract::cloudevents::{self, is_traceparent};
use lienthong_telemetry::messaging::{self, Message};
use lienthong_telemetry::{log, trace};
use tonic::metadata::MetadataMap;
use tracing::Span;

/// The call that events come by.
#[derive(Debug, Clone)]
pub struct Call {
    /// The call's own span; disabled if it is not traced.
    span: Span,
    /// What the caller sent; empty if it sent none of the form of W3C Trace Context.
    traceparent: String,
    /// Who calls.
    pub by: Caller,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The source itself, with what it has to tell now.
    Source,
    /// An operator, with what had been rejected: how late its source was is not known any more.
    Operator,
}

impl Call {
    /// A source's call over gRPC, to be made in the call's span.
    pub fn of_source(metadata: &MetadataMap) -> Self {
        Self::new(carried(metadata), Caller::Source)
    }

    /// An operator's, likewise.
    pub fn of_operator(metadata: &MetadataMap) -> Self {
        Self::new(carried(metadata), Caller::Operator)
    }

    /// A source's request over HTTP, with the span that was made for it.
    pub fn of_request(headers: &HeaderMap, span: Span) -> Self {
        Self {
            span,
            traceparent: carried_by_request(headers),
            by: Caller::Source,
        }
    }

    /// Nothing that is traced, of nobody who brought a context.
    pub fn untraced() -> Self {
        Self {
            span: Span::none(),
            traceparent: String::new(),
            by: Caller::Source,
        }
    }

    fn new(traceparent: String, by: Caller) -> Self {
        Self {
            span: Span::current(),
            traceparent,
            by,
        }
    }

    /// Begins to send a chunk.
    pub fn send(&self) -> Sending {
        let span = match self.span.is_disabled() {
            true => Span::none(),
            false => self.span.in_scope(|| messaging::send_span(&log::get().events, 0, None)),
        };
        Sending { span }
    }

    /// What the events of a chunk store: the context of its sending if that is recorded, else the
    /// caller's.
    pub fn traceparent(&self, sending: &Sending) -> String {
        let own = trace::traceparent(&sending.span);
        match own.is_empty() {
            true => self.traceparent.clone(),
            false => own,
        }
    }
}

/// The `traceparent` of a request over HTTP; empty if it has none of that form.
fn carried_by_request(headers: &HeaderMap) -> String {
    well_formed(headers.get("traceparent").map(|value| value.to_str().ok()))
}

fn carried(metadata: &MetadataMap) -> String {
    well_formed(metadata.get("traceparent").map(|value| value.to_str().ok()))
}

fn well_formed(told: Option<Option<&str>>) -> String {
    told.flatten()
        .filter(|text| is_traceparent(text))
        .map_or_else(String::new, str::to_owned)
}

/// The sending of a chunk: its span, which ends when this is dropped.
#[derive(Debug)]
pub struct Sending {
    span: Span,
}

impl Sending {
    /// Of nothing that is traced.
    pub fn untraced() -> Self {
        Self { span: Span::none() }
    }

    /// Says how many events the chunk has, and which, if it is the stored event `one` alone.
    pub fn tell(&self, count: usize, one: Option<&[u8]>) {
        if self.span.is_disabled() {
            return;
        }
        let told = one.and_then(cloudevents::read);
        let message = told.map(|told| Message {
            id: told.id,
            conversation_id: told.correlation_id,
        });
        messaging::tell(&self.span, count as u64, message);
    }

    /// Says that it failed, with the name of an error of the catalogue.
    pub fn fail(&self, reason: &'static str) {
        trace::fail(&self.span, reason);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_carried_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for (told, stored) in [(good, good), ("00-zero", ""), ("", "")] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", told.parse().unwrap());
            assert_eq!(carried_by_request(&headers), stored);
            let call = Call::of_source(&MetadataMap::from_headers(headers));
            assert_eq!(call.traceparent(&Sending::untraced()), stored);
        }
        let call = Call::of_source(&MetadataMap::new());
        assert_eq!(call.traceparent(&Sending::untraced()), "");
    }
}
