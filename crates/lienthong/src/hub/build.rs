//! From settings to the configuration of each part.

use crate::config::{Settings, Store};
use crate::exit::{Exit, Failure};
use lienthong_contract::reference::{self, TableFile};
use lienthong_domain::agency::Registry;
use lienthong_domain::status::Mappings;
use lienthong_eventlog::EventLog;
use lienthong_eventlog::embedded::{self, OpenError};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a segment of the rejected log.
const REJECTED_SEGMENT_BYTES: u64 = 16 * 1024 * 1024;

/// The shipped units with the agencies of `agencies` and of the operator's files.
///
/// # Errors
/// The first thing wrong with a file.
pub fn registry(settings: &Settings, mut agencies: Vec<TableFile>) -> Result<Registry, Failure> {
    let usage = |error| Failure::new(Exit::Usage, format!("reference.agencies: {error}"));
    for file in &settings.reference.agencies {
        agencies.push(TableFile::open(file).map_err(usage)?);
    }
    reference::registry(&agencies).map_err(usage)
}

/// The status tables that ship with the hub, and the operator's own.
///
/// # Errors
/// The first thing wrong with a file.
pub fn mappings(settings: &Settings) -> Result<Mappings, Failure> {
    let usage = |error| Failure::new(Exit::Usage, format!("reference.statuses: {error}"));
    let files: Result<Vec<_>, _> = settings
        .reference
        .statuses
        .iter()
        .map(|file| TableFile::open(file).map_err(usage))
        .collect();
    reference::status_mappings(&files?).map_err(usage)
}

/// Opens the event log and the rejected log.
///
/// # Errors
/// If a directory cannot be used: locked, of another shape, or not writable.
pub async fn logs(settings: &Settings) -> Result<(Arc<dyn EventLog>, Arc<dyn EventLog>), Failure> {
    let keep = &settings.log;
    let config = embedded::Config {
        partitions: keep.partitions,
        segment_bytes: keep.segment_bytes,
        retention_age: (keep.retention_hours > 0)
            .then(|| Duration::from_secs(keep.retention_hours.saturating_mul(3_600))),
        retention_bytes: (keep.retention_bytes > 0).then_some(keep.retention_bytes),
        queue_bytes: keep.queue_bytes,
        ..embedded::Config::new(settings.data_dir.join("log"))
    };
    let log = open(config).await?;
    // What was rejected is small, and kept until an operator removes it.
    let config = embedded::Config {
        partitions: 1,
        segment_bytes: REJECTED_SEGMENT_BYTES,
        ..embedded::Config::new(settings.data_dir.join("rejected"))
    };
    Ok((log, open(config).await?))
}

async fn open(config: embedded::Config) -> Result<Arc<dyn EventLog>, Failure> {
    let opening = tokio::task::spawn_blocking(move || embedded::open(config));
    match opening.await.map_err(Failure::failed)? {
        Ok(log) => Ok(log),
        Err(error) => Err(unopened(error)),
    }
}

fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::Setting { field, what } => {
            Failure::new(Exit::Usage, format!("log.{field}: {what}"))
        }
        other => Failure::failed(other),
    }
}

/// How the projectors run.
pub fn projectors(settings: &Settings) -> lienthong_projectors::Config {
    lienthong_projectors::Config {
        dir: settings.data_dir.join("views"),
        store: match settings.views.store {
            Store::Sled => lienthong_projectors::StoreKind::Sled,
            Store::Redb => lienthong_projectors::StoreKind::Redb,
        },
        checkpoint_every: Duration::from_millis(settings.views.checkpoint_every_ms),
    }
}

/// How the adapters run.
pub fn adapters(settings: &Settings) -> lienthong_adapters::Config {
    let defaults = lienthong_adapters::Config::default();
    let codes = settings.adapters.dossier_codes;
    lienthong_adapters::Config {
        dossier_codes: lienthong_adapters::DossierCodes {
            onestop: codes.onestop.into(),
            civil_status: codes.civil_status.into(),
            population: codes.population.into(),
            specialised: codes.specialised.into(),
            qcvn120: codes.qcvn120.into(),
        },
        threads: match settings.adapters.threads {
            0 => defaults.threads,
            given => given,
        },
        ..defaults
    }
}
