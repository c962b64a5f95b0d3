//! Traces: spans that are recorded, their parents and links, as W3C Trace Context.
//!
//! Whether a call is traced is decided once, where it comes in: its caller's decision counts, and
//! without a caller's context the ratio of [`crate::export::Config`]. Nothing is made for what is
//! not traced: such a span is disabled, and costs a look at a flag. Spans carry attributes of
//! [`crate::names`] only, and no event of the hub's own log.

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of every span that is exported; nothing else is.
pub(crate) const TARGET: &str = "lienthong::trace";

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// Characters of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// Whether a `traceparent` is one whose spans are recorded; false for what is none.
pub fn is_sampled(traceparent: &str) -> bool {
    let bytes = traceparent.as_bytes();
    // The flag is the lowest bit of the last digit; the digits before it are read by whoever
    // makes a context of it.
    bytes.len() == LENGTH
        && bytes
            .last()
            .and_then(|digit| (*digit as char).to_digit(16))
            .is_some_and(|flags| flags & 1 == 1)
}

/// The `traceparent` by which others continue a span; empty if the span is not recorded.
pub fn traceparent(span: &Span) -> String {
    if span.is_disabled() {
        return String::new();
    }
    let context = span.context();
    let span = context.span();
    match span.span_context() {
        recorded if recorded.is_valid() && recorded.is_sampled() => written(recorded),
        _ => String::new(),
    }
}

/// Makes a span the child of a context that came from elsewhere. Only before the span is entered;
/// what is no `traceparent` leaves it as it is.
pub fn continue_from(span: &Span, traceparent: &str) {
    if span.is_disabled() {
        return;
    }
    let parent = read(traceparent);
    if parent.span().span_context().is_valid() {
        set_parent(span, parent);
    }
}

/// Makes a span that was not entered yet the child of a context.
pub(crate) fn set_parent(span: &Span, parent: Context) {
    if let Err(why) = span.set_parent(parent) {
        // The span stays, as the root of a trace of its own.
        tracing::debug!(%why, "a span could not be made the child of its caller's");
    }
}

/// The ids of the trace and the span that are current, recorded or not; none if there is none.
pub(crate) fn current_ids() -> Option<(TraceId, SpanId)> {
    Context::map_current(|context| {
        let span = context.span();
        let current = span.span_context();
        let ids = (current.trace_id(), current.span_id());
        current.is_valid().then_some(ids)
    })
}

/// Whether anything is traced at all: if not, nobody needs to look for what to link.
pub fn is_on() -> bool {
    crate::export::tracer().is_some()
}

/// Marks a span as failed, with a class of error of few values.
pub fn fail(span: &Span, error: &'static str) {
    if span.is_disabled() {
        return;
    }
    set(span, [KeyValue::new(crate::names::ERROR_TYPE, error)]);
    span.set_status(opentelemetry::trace::Status::error(error));
}

/// The remote context in a `traceparent`; one without a span if there is none in it.
pub(crate) fn read(traceparent: &str) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &One(traceparent))
}

/// The remote context of a call; none if it brings none.
pub(crate) fn read_headers(headers: &HeaderMap) -> Option<Context> {
    headers.get(TRACEPARENT)?;
    let carrier = Headers(headers);
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
    context.span().span_context().is_valid().then_some(context)
}

/// Writes a context into a call's headers; never an empty `tracestate`.
pub(crate) fn write_headers(context: &Context, headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject_context(context, &mut HeadersMut(headers));
}

/// Whether what runs now belongs to a trace that is recorded.
pub(crate) fn is_current_sampled() -> bool {
    Context::map_current(|context| context.span().span_context().is_sampled())
}

/// Sets attributes of a span that is recorded.
pub(crate) fn set(span: &Span, attributes: impl IntoIterator<Item = KeyValue>) {
    for attribute in attributes {
        span.set_attribute(attribute.key, attribute.value);
    }
}

/// A context as `traceparent`.
fn written(span: &SpanContext) -> String {
    let flags = u8::from(span.is_sampled());
    format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id())
}

/// A carrier of a `traceparent` alone.
struct One<'a>(&'a str);

impl Extractor for One<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACEPARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

struct HeadersMut<'a>(&'a mut HeaderMap);

impl Injector for HeadersMut<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = match key {
            TRACEPARENT => TRACEPARENT,
            TRACESTATE if !value.is_empty() => TRACESTATE,
            _ => return,
        };
        if let Ok(value) = value.parse() {
            self.0.insert(name, value);
        }
    }
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
