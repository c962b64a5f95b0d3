//! The logs of a process, in either home.

mod kafka;
mod names;
mod observed;

use super::Service;
use super::fits::{unfit, within};
use crate::config::{Cluster, Home, Log, Settings};
use crate::exit::{Exit, Failure};
use lienthong_eventlog::embedded::{self, OpenError};
use lienthong_eventlog::{EventLog, Groups};
use lienthong_subscriptions::durable::LANES;
use names::Names;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use kafka::{config as kafka_config, open as open_kafka};

/// Bytes of a segment of the catalogue log.
const CATALOG_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a segment of the subscription log.
const SUBSCRIPTIONS_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a segment of the rejected log.
const REJECTED_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// Milliseconds that a projector may be away: what Kafka's brokers can be told to take.
const KAFKA_SESSION_MS: RangeInclusive<u64> = 1_000..=3_600_000;
/// Folders of a data directory.
const EVENTS: &str = "log";
const REJECTED: &str = "rejected";
const CATALOG: &str = "catalog";
const SUBSCRIPTIONS: &str = "subscriptions";
/// Services that read, as their consumer groups are called.
const ADAPTER: &str = "adapter";
const GATEWAY: &str = "gateway";

/// The open logs.
pub struct Logs {
    /// The event log.
    pub events: Arc<dyn EventLog>,
    /// The same, as a gateway reads it for its subscribers.
    pub gateways_events: Arc<dyn EventLog>,
    /// The rejected log, where the process takes events in.
    pub rejected: Option<Arc<dyn EventLog>>,
    /// The catalogue log.
    pub catalog: Arc<dyn EventLog>,
    /// Groups over the event log, where processes share it.
    pub groups: Option<Arc<dyn Groups>>,
    /// Where durable subscriptions are kept, where the process is a gateway.
    pub subscriptions: Option<Subscriptions>,
}

/// The log of durable subscriptions.
pub struct Subscriptions {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Groups over it, where processes share it.
    pub groups: Option<Arc<dyn Groups>>,
}

/// Which of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The event log.
    Events,
    /// The rejected log: one partition, kept until an operator removes it.
    Rejected,
    /// The catalogue log: one partition, kept for ever.
    Catalog,
    /// The subscription log: [`LANES`] partitions, kept for ever.
    Subscriptions,
}

impl Which {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Events,
        Self::Rejected,
        Self::Catalog,
        Self::Subscriptions,
    ];

    /// Its name for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Rejected => "rejected",
            Self::Catalog => "catalog",
            Self::Subscriptions => "subscriptions",
        }
    }
}

/// Whether the service can run on the home of the log.
///
/// # Errors
/// [`Exit::Usage`] if it needs a home that processes can share.
pub fn check_home(settings: &Settings, service: &Service) -> Result<(), Failure> {
    match &settings.log.home {
        Home::Embedded if *service != Service::Whole => Err(alone()),
        Home::Embedded | Home::Kafka(_) => Ok(()),
    }
}

/// Whether what the settings say of the logs is within its ranges; opens nothing.
///
/// # Errors
/// [`Exit::Usage`] for a setting that does not fit, with what would.
pub fn check(settings: &Settings) -> Result<(), Failure> {
    let keep = &settings.log;
    if let Home::Kafka(_) = &keep.home {
        let session = keep.kafka.session_timeout_ms;
        within("log.kafka.session_timeout_ms", session, KAFKA_SESSION_MS)?;
    }
    Which::ALL
        .into_iter()
        .try_for_each(|which| match &keep.home {
            Home::Embedded => embedded_config(keep, &settings.data_dir, which)
                .check()
                .map_err(unopened),
            Home::Kafka(cluster) => kafka::check(keep, cluster, which),
        })
}

/// Opens what the service needs, on a home that [`check`] found fit.
///
/// # Errors
/// If a log cannot be used.
pub async fn open(settings: &Settings, service: &Service) -> Result<Logs, Failure> {
    match &settings.log.home {
        Home::Embedded => embedded(settings).await,
        Home::Kafka(cluster) => shared(settings, cluster, service).await,
    }
}

fn alone() -> Failure {
    let why = "log.home = embedded: the embedded log belongs to one process, so its services cannot run apart";
    let fix =
        "Fix: run `lienthong up`, or set log.home (LIENTHONG_LOG) to kafka://HOST:PORT/PREFIX";
    Failure::new(Exit::Usage, format!("{why}. {fix}"))
}

async fn embedded(settings: &Settings) -> Result<Logs, Failure> {
    let open = |which| open_embedded(embedded_config(&settings.log, &settings.data_dir, which));
    let names = Names::new(&settings.log.home);
    let events = open(Which::Events).await?;
    Ok(Logs {
        gateways_events: names.read_by(GATEWAY, events.clone(), Which::Events),
        events: names.of_events(events),
        rejected: Some(names.read_by(ADAPTER, open(Which::Rejected).await?, Which::Rejected)),
        catalog: names.read_by(CATALOG, open(Which::Catalog).await?, Which::Catalog),
        groups: None,
        subscriptions: Some(Subscriptions {
            log: names.read_by(
                GATEWAY,
                open(Which::Subscriptions).await?,
                Which::Subscriptions,
            ),
            groups: None,
        }),
    })
}

async fn shared(
    settings: &Settings,
    cluster: &Cluster,
    service: &Service,
) -> Result<Logs, Failure> {
    let open = |which| open_kafka(&settings.log, cluster, which);
    let needed = async |needed: bool, which| match needed {
        true => open(which).await.map(Some),
        false => Ok(None),
    };
    let events = open(Which::Events).await?;
    let rejected = needed(service.systems().is_some(), Which::Rejected).await?;
    let catalog = open(Which::Catalog).await?;
    let subscriptions = needed(service.is_gateway(), Which::Subscriptions).await?;
    let names = Names::new(&settings.log.home);
    Ok(Logs {
        gateways_events: names.read_by(GATEWAY, events.log.clone(), Which::Events),
        events: names.of_events(events.log),
        rejected: rejected.map(|opened| names.read_by(ADAPTER, opened.log, Which::Rejected)),
        catalog: names.read_by(CATALOG, catalog.log, Which::Catalog),
        groups: Some(events.groups),
        subscriptions: subscriptions.map(|opened| Subscriptions {
            log: names.read_by(GATEWAY, opened.log, Which::Subscriptions),
            groups: Some(opened.groups),
        }),
    })
}

/// How a log of a data directory is opened.
pub fn embedded_config(keep: &Log, data_dir: &Path, which: Which) -> embedded::Config {
    match which {
        Which::Events => embedded::Config {
            partitions: keep.partitions,
            segment_bytes: keep.segment_bytes,
            retention_age: age(keep),
            retention_bytes: bytes(keep),
            queue_bytes: keep.queue_bytes,
            ..embedded::Config::new(data_dir.join(EVENTS))
        },
        Which::Rejected => embedded::Config {
            partitions: 1,
            segment_bytes: REJECTED_SEGMENT_BYTES,
            ..embedded::Config::new(data_dir.join(REJECTED))
        },
        Which::Catalog => embedded::Config {
            partitions: 1,
            segment_bytes: CATALOG_SEGMENT_BYTES,
            ..embedded::Config::new(data_dir.join(CATALOG))
        },
        Which::Subscriptions => embedded::Config {
            partitions: LANES,
            segment_bytes: SUBSCRIPTIONS_SEGMENT_BYTES,
            ..embedded::Config::new(data_dir.join(SUBSCRIPTIONS))
        },
    }
}

/// Opens a log of a data directory.
///
/// # Errors
/// If the directory cannot be used: locked, of another shape, or not writable.
pub async fn open_embedded(config: embedded::Config) -> Result<Arc<dyn EventLog>, Failure> {
    let opening = tokio::task::spawn_blocking(move || embedded::open(config));
    opening
        .await
        .map_err(Failure::failed)?
        .map(|log| log as Arc<dyn EventLog>)
        .map_err(unopened)
}

fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::Setting { field, what } => unfit(&format!("log.{field}"), &what),
        other => Failure::failed(other),
    }
}

/// The age at which events go; none: never.
fn age(keep: &Log) -> Option<Duration> {
    (keep.retention_hours > 0)
        .then(|| Duration::from_secs(keep.retention_hours.saturating_mul(3_600)))
}

/// The bytes of a partition above which its oldest events go; none: never.
fn bytes(keep: &Log) -> Option<u64> {
    (keep.retention_bytes > 0).then_some(keep.retention_bytes)
}
