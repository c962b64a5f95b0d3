//! The span of a request over HTTP, by the conventions of HTTP; calls over gRPC have theirs from
//! [`crate::rpc`].

use crate::trace::{self, TARGET};
use crate::{export, names};
use axum::http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::trace::TraceContextExt;
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A span of a request by `method` to `route`, which is the pattern of the path and never what a
/// caller wrote: a child of the caller's span, whose decision counts; without one it is drawn.
/// Disabled if it is not to be traced.
pub fn span(method: &'static str, route: &'static str, headers: &HeaderMap) -> Span {
    let caller = trace::read_headers(headers);
    let is_traced = match &caller {
        Some(caller) => caller.span().span_context().is_sampled() && export::tracer().is_some(),
        None => export::is_drawn(),
    };
    if !is_traced {
        return Span::none();
    }
    let name = format!("{method} {route}");
    let span =
        info_span!(target: TARGET, parent: None, "request", otel.name = name, otel.kind = "server");
    if let Some(caller) = caller {
        trace::set_parent(&span, caller);
    }
    let attributes = [
        KeyValue::new(names::HTTP_METHOD, method),
        KeyValue::new(names::HTTP_ROUTE, route),
    ];
    trace::set(&span, attributes);
    span
}

/// A span of a request that brings an event to the webhook of a subscription, linked to the span
/// that sent it, which `sender` tells; disabled if that is not recorded. It is a trace of its own.
pub fn sent(subscription: &str, sender: &str) -> Span {
    if !trace::is_sampled(sender) {
        return Span::none();
    }
    let span =
        info_span!(target: TARGET, parent: None, "request", otel.name = "POST", otel.kind = "client");
    let attributes = [
        KeyValue::new(names::HTTP_METHOD, "POST"),
        KeyValue::new(names::SUBSCRIPTION, subscription.to_owned()),
    ];
    trace::set(&span, attributes);
    span.add_link(trace::read(sender).span().span_context().clone());
    span
}

/// Says how the request was answered.
pub fn answered(span: &Span, status: u16) {
    if span.is_disabled() {
        return;
    }
    trace::set(span, [KeyValue::new(names::HTTP_STATUS, i64::from(status))]);
    if status >= 500 {
        trace::fail(span, "_OTHER");
    }
}
