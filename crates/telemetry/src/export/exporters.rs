//! OTLP's exporters, which say once that the collector is away, and once that it is back.

use opentelemetry_otlp::{MetricExporter, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::SpanData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether the collector takes what it is sent.
#[derive(Debug)]
pub struct Link {
    what: &'static str,
    endpoint: String,
    away: AtomicBool,
}

impl Link {
    /// Presumes that it does.
    pub fn new(what: &'static str, endpoint: &str) -> Self {
        Self {
            what,
            endpoint: endpoint.to_owned(),
            away: AtomicBool::new(false),
        }
    }

    /// Logs a change.
    fn note(&self, exported: OTelSdkResult) -> OTelSdkResult {
        let is_away = exported.is_err();
        let (what, endpoint) = (self.what, &self.endpoint);
        match (&exported, self.away.swap(is_away, Ordering::Relaxed)) {
            (Err(error), false) => {
                tracing::warn!(what, endpoint, %error, "the collector takes nothing; trying on, silently");
            }
            (Ok(()), true) => tracing::info!(what, endpoint, "the collector is back"),
            _ => {}
        }
        exported
    }
}

/// Sends metrics.
pub struct Metrics {
    inner: MetricExporter,
    link: Link,
}

impl Metrics {
    /// Over that link.
    pub fn new(inner: MetricExporter, link: Link) -> Self {
        Self { inner, link }
    }
}

impl PushMetricExporter for Metrics {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.link.note(self.inner.export(metrics).await)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

/// Sends spans.
#[derive(Debug)]
pub struct Spans {
    inner: SpanExporter,
    link: Link,
}

impl Spans {
    /// Over that link.
    pub fn new(inner: SpanExporter, link: Link) -> Self {
        Self { inner, link }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.link.note(self.inner.export(batch).await)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
