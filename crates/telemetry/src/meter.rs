//! The instruments, made once for the process, and the registry that a scrape reads.

use crate::export::{Error, Metrics};
use crate::names;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, PeriodicReader, SdkMeterProvider, Stream};
use prometheus::{Registry, TextEncoder};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Most series of a metric: 256 partitions of five views beside 1,000 subscriptions fit.
const SERIES: usize = 4_096;
/// Most series of a metric of probes: five routes by 256 partitions by seven stages.
const SERIES_OF_PROBES: usize = 10_240;

/// The process's instruments.
pub(crate) struct Instruments {
    pub(crate) rpc_duration: Histogram<f64>,
    pub(crate) rpc_client_duration: Histogram<f64>,
    pub(crate) operation: Histogram<f64>,
    pub(crate) process: Histogram<f64>,
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
    provider: SdkMeterProvider,
}

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();
/// What [`configure`] said, until the instruments are made of it.
static CONFIGURED: Mutex<Option<Configured>> = Mutex::new(None);

struct Configured {
    resource: Resource,
    export: Option<PeriodicReader<Metrics>>,
}

/// Says where figures go besides the scrape, before the first is measured: the instruments are made
/// then, and a way out that came later would lack what was counted before.
///
/// # Errors
/// [`Error::Late`] if something was measured already.
pub(crate) fn configure(
    resource: Resource,
    export: Option<PeriodicReader<Metrics>>,
) -> Result<(), Error> {
    if INSTRUMENTS.get().is_some() {
        return Err(Error::Late);
    }
    *configured() = Some(Configured { resource, export });
    // Made now, so that export begins though nothing is measured yet.
    instruments();
    Ok(())
}

/// The instruments; the first use makes them.
pub(crate) fn instruments() -> &'static Instruments {
    INSTRUMENTS.get_or_init(|| make(configured().take()))
}

/// Exports what was measured until now; whether it arrived. Blocks.
pub(crate) fn flush() -> bool {
    instruments().provider.force_flush().is_ok()
}

fn configured() -> MutexGuard<'static, Option<Configured>> {
    CONFIGURED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything measured, in the Prometheus text format. Reads memory only.
///
/// # Errors
/// Words for a person, if the exporter could not be made or the figures not be written.
pub fn scrape() -> Result<String, String> {
    let instruments = instruments();
    if let Some(why) = &instruments.broken {
        return Err(why.clone());
    }
    TextEncoder::new()
        .encode_to_string(&instruments.registry.gather())
        .map_err(|error| error.to_string())
}

fn make(configured: Option<Configured>) -> Instruments {
    let registry = Registry::new();
    let mut builder = SdkMeterProvider::builder().with_view(bounded);
    match configured {
        Some(configured) => {
            builder = builder.with_resource(configured.resource);
            if let Some(export) = configured.export {
                builder = builder.with_reader(export);
            }
        }
        None => {
            let resource = Resource::builder().with_service_name("lienthong");
            builder = builder.with_resource(resource.build());
        }
    }
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
    crate::messaging::observe(&meter);
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
        rpc_client_duration: seconds(
            names::RPC_CLIENT_DURATION,
            "Duration of a call that this process made, to the end of its answer",
            &names::DURATION_BUCKETS,
        ),
        operation: seconds(
            names::MESSAGING_OPERATION_DURATION,
            "Duration of an operation of a messaging client",
            &names::DURATION_BUCKETS,
        ),
        process: seconds(
            names::MESSAGING_PROCESS_DURATION,
            "Duration of processing a batch",
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
        provider,
    }
}

/// The bound of a metric's series; what is beyond goes to one series marked as the overflow.
fn bounded(instrument: &Instrument) -> Option<Stream> {
    let limit = match instrument.name() {
        names::PROBE_ROUNDTRIP | names::PROBE_LOST => SERIES_OF_PROBES,
        _ => SERIES,
    };
    Stream::builder().with_cardinality_limit(limit).build().ok()
}
