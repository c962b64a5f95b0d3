//! The hub's own log: lines for a terminal, or JSON for a collector, on standard error.
//!
//! A line of JSON has `timestamp` (RFC 3339, UTC), `level`, `target`, `message` and its fields side
//! by side, and `trace_id` and `span_id` (lower hex, as W3C Trace Context has them) if it belongs
//! to a call that is traced, or whose caller named a trace: then the ids are the caller's.

use crate::export;
use crate::trace::{TARGET, current_ids};
use opentelemetry_sdk::trace::SdkTracer;
use std::fmt;
use std::io::IsTerminal;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::fmt::format::{Format as Form, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error(
        "logging.filter {filter:?}: {what}. Fix: write a level (error, warn, info, debug, trace), or target=level pairs separated by commas"
    )]
    Filter {
        /// As given.
        filter: String,
        /// What the parser said.
        what: String,
    },
    /// Logging was set up before in this process.
    #[error("logging is set up already")]
    AlreadySet,
}

/// Sets up logging for the process, and the way of spans to [`export`] if that was started.
///
/// # Errors
/// A filter that does not parse, or a second call.
pub fn init(format: Format, filter: &str) -> Result<(), Error> {
    let filter = parse(filter)?;
    let lines = match format {
        Format::Text => tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .with_writer(std::io::stderr)
            .boxed(),
        Format::Json => json(std::io::stderr),
    };
    subscriber(lines, filter)
        .try_init()
        .map_err(|_| Error::AlreadySet)
}

fn subscriber(lines: Lines, filter: EnvFilter) -> impl Subscriber + Send + Sync {
    // Spans are exported, not written. Without a hint all that no one reads would be looked at.
    let not_traced =
        filter_fn(|metadata| !is_traced(metadata)).with_max_level_hint(LevelFilter::TRACE);
    let lines = lines.with_filter(filter.and(not_traced));
    let spans = export::tracer().map(|tracer| spans(tracer.clone()));
    tracing_subscriber::registry().with(lines).with(spans)
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

fn json<W>(writer: W) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .map_event_format(WithIds)
        .with_writer(writer)
        .boxed()
}

/// The layer that gives spans to the tracer: ours alone, without thread, place and idleness.
pub(crate) fn spans<S>(tracer: SdkTracer) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let only_ours: FilterFn = FilterFn::new(is_traced as fn(&Metadata<'_>) -> bool)
        .with_max_level_hint(LevelFilter::INFO);
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_level(false)
        .with_target(false)
        .with_filter(only_ours)
}

fn is_traced(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == TARGET
}

/// Lines of JSON that begin with the ids of the trace and the span that are current.
struct WithIds(Form<Json>);

impl<S> FormatEvent<S, JsonFields> for WithIds
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some((trace, span)) = current_ids() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        let rest = line.strip_prefix('{').ok_or(fmt::Error)?;
        write!(
            writer,
            r#"{{"trace_id":"{trace}","span_id":"{span}",{rest}"#
        )
    }
}

fn parse(filter: &str) -> Result<EnvFilter, Error> {
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Error::Filter {
            filter: filter.to_owned(),
            what: error.to_string(),
        })
}

#[cfg(test)]
#[path = "logging_tests.rs"]
mod tests;
