//! The logs of a process, in either home.

mod kafka;

use super::Service;
use crate::config::{Cluster, Home, Log, Settings};
use crate::exit::{Exit, Failure};
use lienthong_eventlog::embedded::{self, OpenError};
use lienthong_eventlog::{EventLog, Groups};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use kafka::open as open_kafka;

/// Bytes of a segment of the catalogue log.
const CATALOG_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes of a segment of the rejected log.
const REJECTED_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;
/// Folders of a data directory.
const EVENTS: &str = "log";
const REJECTED: &str = "rejected";
const CATALOG: &str = "catalog";

/// The open logs.
pub struct Logs {
    /// The event log.
    pub events: Arc<dyn EventLog>,
    /// The rejected log, where the process takes events in.
    pub rejected: Option<Arc<dyn EventLog>>,
    /// The catalogue log.
    pub catalog: Arc<dyn EventLog>,
    /// Groups over the event log, where processes share it.
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
}

/// Opens what the service needs.
///
/// # Errors
/// If a log cannot be used, or the service needs a home that processes can share.
pub async fn open(settings: &Settings, service: &Service) -> Result<Logs, Failure> {
    let takes_events = service.systems().is_some();
    match &settings.log.home {
        Home::Embedded if *service != Service::Whole => Err(alone()),
        Home::Embedded => embedded(settings).await,
        Home::Kafka(cluster) => shared(settings, cluster, takes_events).await,
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
    Ok(Logs {
        events: open(Which::Events).await?,
        rejected: Some(open(Which::Rejected).await?),
        catalog: open(Which::Catalog).await?,
        groups: None,
    })
}

async fn shared(
    settings: &Settings,
    cluster: &Cluster,
    takes_events: bool,
) -> Result<Logs, Failure> {
    let events = open_kafka(&settings.log, cluster, Which::Events).await?;
    let rejected = match takes_events {
        true => Some(open_kafka(&settings.log, cluster, Which::Rejected).await?),
        false => None,
    };
    let catalog = open_kafka(&settings.log, cluster, Which::Catalog).await?;
    Ok(Logs {
        events: events.log,
        rejected: rejected.map(|opened| opened.log),
        catalog: catalog.log,
        groups: Some(events.groups),
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
    }
}

/// Opens a log of a data directory.
///
/// # Errors
/// If the directory cannot be used: locked, of another shape, or not writable.
pub async fn open_embedded(config: embedded::Config) -> Result<Arc<dyn EventLog>, Failure> {
    let opening = tokio::task::spawn_blocking(move || embedded::open(config));
    match opening.await.map_err(Failure::failed)? {
        Ok(log) => Ok(log),
        Err(OpenError::Setting { field, what }) => {
            Err(Failure::new(Exit::Usage, format!("log.{field}: {what}")))
        }
        Err(other) => Err(Failure::failed(other)),
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
