//! The spans of messaging.

use super::series::{Operation, attributes, consumer};
use super::{Destination, Message};
use crate::export;
use crate::names;
use crate::trace::{self, TARGET};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Link, Span as _, SpanKind, TraceContextExt, Tracer};
use std::time::{Duration, SystemTime};
use tracing::{Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Most spans of producers that a span of a consumer is linked to.
pub const LINKS: usize = 128;

/// A span of sending `count` messages, a child of the span that is current; disabled if that is
/// not recorded. `one`: the message, if there is but one; 0: how many is not known yet, see [`tell`].
pub fn send_span(to: &Destination, count: u64, one: Option<Message<'_>>) -> Span {
    if !trace::is_current_sampled() {
        return Span::none();
    }
    let name = named(Operation::Send, to);
    let span = info_span!(target: TARGET, "send", otel.name = name, otel.kind = "producer");
    trace::set(&span, attributes(Operation::Send, to, None));
    if count > 0 {
        tell(&span, count, one);
    }
    span
}

/// Says how many messages a span of sending has, and which, if there is but one.
pub fn tell(span: &Span, count: u64, one: Option<Message<'_>>) {
    match one {
        _ if span.is_disabled() => {}
        Some(message) => trace::set(span, of_one(message)),
        None => trace::set(span, [of_many(count)]),
    }
}

/// A span of processing `count` messages of a partition, linked to the spans that sent them, which
/// are told by their `traceparent`s. None if none of those is recorded. It is a trace of its own.
pub fn process_span(
    from: &Destination,
    group: &str,
    partition: u32,
    count: u64,
    links: &mut dyn Iterator<Item = &str>,
) -> Option<Span> {
    let span = processing(from, count, links)?;
    trace::set(&span, consumer(group, partition));
    Some(span)
}

/// A span of handing `count` messages of any partition to a subscriber, linked as
/// [`process_span`]; `subscription`: its name, of a durable one.
pub fn hand_out_span(
    from: &Destination,
    group: &str,
    subscription: Option<&str>,
    count: u64,
    links: &mut dyn Iterator<Item = &str>,
) -> Option<Span> {
    let span = processing(from, count, links)?;
    let [group, _] = consumer(group, 0);
    let name = subscription.map(|name| KeyValue::new(names::SUBSCRIPTION, name.to_owned()));
    trace::set(&span, std::iter::once(group).chain(name));
    Some(span)
}

fn processing(
    from: &Destination,
    count: u64,
    links: &mut dyn Iterator<Item = &str>,
) -> Option<Span> {
    let links = linked(links);
    if links.is_empty() {
        return None;
    }
    let name = named(Operation::Process, from);
    let span = info_span!(target: TARGET, parent: None, "process", otel.name = name, otel.kind = "consumer");
    trace::set(&span, attributes(Operation::Process, from, None));
    trace::set(&span, [of_many(count)]);
    for link in links {
        span.add_link(link.span_context);
    }
    Some(span)
}

/// Exports a span of a poll that has ended just now and took so many seconds, linked as
/// [`process_span`]; nothing if none of the spans that sent the messages is recorded.
pub fn poll_span(
    from: &Destination,
    group: &str,
    partition: u32,
    count: u64,
    seconds: f64,
    links: &mut dyn Iterator<Item = &str>,
) {
    let Some(tracer) = export::tracer() else {
        return;
    };
    let links = linked(links);
    if links.is_empty() {
        return;
    }
    let ended = SystemTime::now();
    let took = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let mut attributes = attributes(Operation::Poll, from, None);
    attributes.extend(consumer(group, partition));
    attributes.push(of_many(count));
    let builder = tracer
        .span_builder(named(Operation::Poll, from))
        .with_kind(SpanKind::Client)
        .with_start_time(ended.checked_sub(took).unwrap_or(ended))
        .with_attributes(attributes)
        .with_links(links);
    let root = opentelemetry::Context::new();
    builder
        .start_with_context(tracer, &root)
        .end_with_timestamp(ended);
}

fn named(operation: Operation, destination: &Destination) -> String {
    format!("{} {}", operation.name(), destination.name)
}

/// The first [`LINKS`] spans that are recorded; several messages of one span make one link.
fn linked(traceparents: &mut dyn Iterator<Item = &str>) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut last = "";
    for traceparent in traceparents {
        if traceparent == last || !trace::is_sampled(traceparent) {
            continue;
        }
        last = traceparent;
        let context = trace::read(traceparent);
        let producer = context.span().span_context().clone();
        let known = |link: &Link| link.span_context == producer;
        if producer.is_valid() && !links.iter().any(known) {
            links.push(Link::with_context(producer));
        }
        if links.len() == LINKS {
            break;
        }
    }
    links
}

fn of_one(message: Message<'_>) -> impl Iterator<Item = KeyValue> {
    let conversation = Some(message.conversation_id).filter(|id| !id.is_empty());
    let conversation =
        conversation.map(|id| KeyValue::new(names::MESSAGING_CONVERSATION_ID, id.to_owned()));
    let id = KeyValue::new(names::MESSAGING_MESSAGE_ID, message.id.to_owned());
    std::iter::once(id).chain(conversation)
}

fn of_many(count: u64) -> KeyValue {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    KeyValue::new(names::MESSAGING_BATCH_COUNT, count)
}
