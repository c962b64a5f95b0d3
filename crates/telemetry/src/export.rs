//! The way out by OTLP over gRPC, beside the scrape and from the same instruments.
//!
//! Metrics go periodically, spans in batches, each from a thread of its own: a collector that is
//! slow or away holds up nothing but them. While it is away the spans beyond the queue's bound of
//! 2,048 are dropped; metrics are cumulative, so that the next one that arrives makes good for
//! those that did not. That it is away is logged once, and that it is back.
//!
//! `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS`,
//! `OTEL_EXPORTER_OTLP_TIMEOUT` and `OTEL_BSP_*` are honoured. `OTEL_TRACES_SAMPLER` is not: the
//! decision falls where a call comes in, by [`Config::trace_ratio`].

mod exporters;

use crate::meter;
use axum::http::Uri;
pub(crate) use exporters::Metrics;
use exporters::{Link, Spans};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SdkTracer, SdkTracerProvider,
};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The variable that gives an endpoint where [`Config::endpoint`] is empty.
const ENDPOINT_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// How long a flush may take.
const FLUSH: Duration = Duration::from_secs(5);
/// Shortest time between two exports of metrics.
const OFTEN: Duration = Duration::from_millis(100);

/// What is exported, and where to.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Endpoint of the collector over gRPC, such as `http://127.0.0.1:4317`; empty: that of
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, and without it nothing is exported.
    pub endpoint: String,
    /// About how often metrics go, at least 100 ms.
    pub metrics_every: Duration,
    /// Share of calls without a parent that are traced, 0 to 1.
    pub trace_ratio: f64,
    /// Version of the hub.
    pub version: &'static str,
}

impl Config {
    /// Whether export can be started with it; starts nothing.
    ///
    /// # Errors
    /// Settings that are none, each named with its fix.
    pub fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.trace_ratio) {
            return Err(Error::Ratio(self.trace_ratio));
        }
        if self.metrics_every < OFTEN {
            return Err(Error::Often(self.metrics_every.as_millis()));
        }
        endpoint(&self.endpoint).map_or(Ok(()), |endpoint| check(&endpoint))
    }
}

/// Why export could not be started. None of it goes away by itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ratio is none.
    #[error(
        "telemetry.trace_ratio: {0} is not between 0 and 1. Fix: write a share, such as 0.01 for one call of a hundred"
    )]
    Ratio(f64),
    /// Metrics would go too often.
    #[error("telemetry.metrics_every_ms: {0} is less than 100. Fix: write 100 or more")]
    Often(u128),
    /// The endpoint is none.
    #[error(
        "telemetry.otlp_endpoint: {endpoint:?}: {what}. Fix: write the URL of a collector's gRPC receiver, such as http://127.0.0.1:4317, or leave it empty to export nothing"
    )]
    Endpoint {
        /// As given.
        endpoint: String,
        /// What is wrong with it.
        what: String,
    },
    /// Something was measured before: its figures would never be exported.
    #[error("export was started after the first measurement. Fix: start it first")]
    Late,
    /// Export was started before in this process.
    #[error("export is started already")]
    AlreadyStarted,
}

impl Error {
    /// Always false: settings have to change, or the program.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// What is being exported, until it is flushed.
#[must_use = "what was measured last is lost without a flush"]
#[derive(Debug)]
pub struct Exporting {
    spans: Option<SdkTracerProvider>,
}

/// The ways out of spans; none: nothing is traced.
struct Traces {
    tracer: SdkTracer,
    ratio: f64,
}

static TRACES: OnceLock<Traces> = OnceLock::new();

/// Starts export, once for the process, within its runtime: before anything is measured and before
/// [`crate::logging::init`], which attaches the spans.
///
/// # Errors
/// Settings that are none, each named with its fix. A collector that is away is no error.
pub fn start(config: &Config) -> Result<Exporting, Error> {
    config.check()?;
    let resource = resource(config.version);
    let Some(endpoint) = endpoint(&config.endpoint) else {
        meter::configure(resource, None)?;
        return Ok(Exporting { spans: None });
    };
    let wrong = |error: ExporterBuildError| Error::Endpoint {
        endpoint: endpoint.clone(),
        what: error.to_string(),
    };
    let metrics = opentelemetry_otlp::MetricExporter::builder()
        .with_tonic()
        .with_endpoint(&endpoint)
        .build()
        .map_err(wrong)?;
    let metrics = Metrics::new(metrics, Link::new("metrics", &endpoint));
    let reader = PeriodicReader::builder(metrics)
        .with_interval(config.metrics_every)
        .build();
    let spans = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&endpoint)
        .build()
        .map_err(wrong)?;
    let spans = SdkTracerProvider::builder()
        .with_batch_exporter(Spans::new(spans, Link::new("spans", &endpoint)))
        // Roots are made only of calls that were drawn: see `is_drawn`.
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .with_resource(resource.clone())
        .build();
    meter::configure(resource, Some(reader))?;
    let traces = Traces {
        tracer: spans.tracer("lienthong"),
        ratio: config.trace_ratio,
    };
    TRACES.set(traces).map_err(|_| Error::AlreadyStarted)?;
    Ok(Exporting { spans: Some(spans) })
}

impl Exporting {
    /// Exports what was measured and traced until now, and ends the export of spans. Takes at most
    /// some seconds, however the collector fares: what it does not take is dropped. Blocks; not
    /// for a thread that serves.
    pub fn flush(self) {
        let Some(spans) = self.spans else {
            return;
        };
        // Whoever waits for both waits for the slower, not for their sum.
        let metrics = std::thread::spawn(meter::flush);
        let deadline = Instant::now() + FLUSH;
        let spans = spans.shutdown_with_timeout(FLUSH);
        while !metrics.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let metrics = metrics.is_finished().then(|| metrics.join());
        if spans.is_err() || !matches!(metrics, Some(Ok(true))) {
            tracing::warn!("the collector did not take everything that was measured last");
        }
    }
}

/// The tracer; none if nothing is traced.
pub(crate) fn tracer() -> Option<&'static SdkTracer> {
    TRACES.get().map(|traces| &traces.tracer)
}

/// Whether a call without a parent is to be traced.
pub(crate) fn is_drawn() -> bool {
    let Some(traces) = TRACES.get() else {
        return false;
    };
    if traces.ratio >= 1.0 {
        return true;
    }
    // 53 random bits, the most that a share can tell apart.
    let random = RandomIdGenerator::default().new_span_id().to_bytes();
    let share = (u64::from_be_bytes(random) >> 11) as f64 / (1_u64 << 53) as f64;
    share < traces.ratio
}

/// What the environment says, over what the hub says of itself.
fn resource(version: &'static str) -> Resource {
    let detected = Resource::builder().build();
    let said = |key: &'static str| detected.get(&Key::new(key)).map(|value| value.to_string());
    let mut resource = Resource::builder();
    // The detector's own word for nobody having said it.
    if said("service.name").is_none_or(|name| name.starts_with("unknown_service")) {
        resource = resource.with_service_name("lienthong");
    }
    if said("service.version").is_none() {
        resource = resource.with_attribute(KeyValue::new("service.version", version));
    }
    if said("service.instance.id").is_none() {
        resource = resource.with_attribute(KeyValue::new("service.instance.id", instance()));
    }
    resource.build()
}

/// A random UUID of version 4, as the conventions advise.
fn instance() -> String {
    let mut bytes = RandomIdGenerator::default().new_trace_id().to_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let (a, b, c, d, e) = (
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    );
    format!("{a}-{b}-{c}-{d}-{e}")
}

fn endpoint(given: &str) -> Option<String> {
    let given = Some(given.trim().to_owned());
    let given = given.filter(|endpoint| !endpoint.is_empty());
    let variable = || std::env::var(ENDPOINT_VARIABLE).ok();
    let told = given.or_else(variable);
    told.filter(|endpoint| !endpoint.trim().is_empty())
}

fn check(endpoint: &str) -> Result<(), Error> {
    let wrong = |what: &str| Error::Endpoint {
        endpoint: endpoint.to_owned(),
        what: what.to_owned(),
    };
    let uri: Uri = endpoint.parse().map_err(|_| wrong("it is no URL"))?;
    match uri.scheme_str() {
        Some("http") => Ok(()),
        Some("https") => Err(wrong(
            "TLS to a collector is not built in; send to a collector beside the hub, which sends on",
        )),
        _ => Err(wrong("it does not begin with http://")),
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
