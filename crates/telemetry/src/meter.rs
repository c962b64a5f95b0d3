//! The instruments, made once for the process, and the registry that a scrape reads.

use crate::names;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use std::sync::OnceLock;

/// The process's instruments.
pub(crate) struct Instruments {
    pub(crate) rpc_duration: Histogram<f64>,
    pub(crate) accepted: Counter<u64>,
    pub(crate) rejected: Counter<u64>,
    pub(crate) stage: Histogram<f64>,
    pub(crate) end_to_end: Histogram<f64>,
    pub(crate) probe_roundtrip: Histogram<f64>,
    pub(crate) probes_sent: Counter<u64>,
    pub(crate) probes_lost: Counter<u64>,
    registry: Registry,
    /// Why nothing is exported, if so; a scrape then says it instead of showing nothing.
    broken: Option<String>,
    // Dropping the provider ends collection.
    _provider: SdkMeterProvider,
}

/// The instruments; the first use makes them.
pub(crate) fn instruments() -> &'static Instruments {
    static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();
    INSTRUMENTS.get_or_init(make)
}

/// Everything measured, in the Prometheus text format. Reads memory only.
///
/// # Errors
/// Words for a person, if the exporter could not be made or the figures not be written.
pub(crate) fn scrape() -> Result<String, String> {
    let instruments = instruments();
    if let Some(why) = &instruments.broken {
        return Err(why.clone());
    }
    TextEncoder::new()
        .encode_to_string(&instruments.registry.gather())
        .map_err(|error| error.to_string())
}

fn make() -> Instruments {
    let registry = Registry::new();
    let resource = Resource::builder().with_service_name("lienthong").build();
    let mut builder = SdkMeterProvider::builder().with_resource(resource);
    let mut broken = None;
    match opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
    {
        Ok(exporter) => builder = builder.with_reader(exporter),
        Err(error) => broken = Some(format!("metrics cannot be exported: {error}")),
    }
    let provider = builder.build();
    let meter = provider.meter("lienthong");
    crate::observed::observe(&meter);
    let seconds = |name, description, buckets: &[f64]| {
        let histogram = meter.f64_histogram(name).with_unit("s");
        let histogram = histogram.with_description(description);
        histogram.with_boundaries(buckets.to_vec()).build()
    };
    Instruments {
        rpc_duration: seconds(
            names::RPC_SERVER_DURATION,
            "Duration of a call, from its headers to the end of its answer",
            &names::DURATION_BUCKETS,
        ),
        stage: seconds(
            names::STAGE_DURATION,
            "How long a stage of the way took, by its owner",
            &names::STAGE_BUCKETS,
        ),
        end_to_end: seconds(
            names::END_TO_END,
            "From recorded until questions see it or a subscriber acknowledged it",
            &names::STAGE_BUCKETS,
        ),
        probe_roundtrip: seconds(
            names::PROBE_ROUNDTRIP,
            "From the making of a probe until it reached a stage",
            &names::STAGE_BUCKETS,
        ),
        probes_sent: meter
            .u64_counter(names::PROBE_SENT)
            .with_description("Probes that were sent")
            .build(),
        probes_lost: meter
            .u64_counter(names::PROBE_LOST)
            .with_description("Probes that did not reach a stage in time")
            .build(),
        accepted: meter
            .u64_counter(names::INGEST_ACCEPTED)
            .with_description("Events acknowledged, that is durable in the log")
            .build(),
        rejected: meter
            .u64_counter(names::INGEST_REJECTED)
            .with_description("Messages refused as not well-formed")
            .build(),
        registry,
        broken,
        _provider: provider,
    }
}
