//! From settings to the configuration of each part.

use super::Service;
use crate::config::{Home, Settings, Store};
use crate::exit::{Exit, Failure};
use lienthong_contract::reference::{self, TableFile};
use lienthong_domain::agency::Registry;
use lienthong_domain::status::Mappings;
use std::time::Duration;

/// Reference data, checked before anything is opened.
pub struct Reference {
    /// The agencies.
    pub registry: Registry,
    /// The status tables.
    pub mappings: Mappings,
}

/// Reads every table.
///
/// # Errors
/// The first thing wrong with a file.
pub fn reference(settings: &Settings, agencies: Vec<TableFile>) -> Result<Reference, Failure> {
    Ok(Reference {
        registry: registry(settings, agencies)?,
        mappings: mappings(settings)?,
    })
}

/// The shipped units with the agencies of `agencies` and of the operator's files.
fn registry(settings: &Settings, mut agencies: Vec<TableFile>) -> Result<Registry, Failure> {
    let usage = |error| Failure::new(Exit::Usage, format!("reference.agencies: {error}"));
    for file in &settings.reference.agencies {
        agencies.push(TableFile::open(file).map_err(usage)?);
    }
    reference::registry(&agencies).map_err(usage)
}

/// The status tables that ship with the hub, and the operator's own.
fn mappings(settings: &Settings) -> Result<Mappings, Failure> {
    let usage = |error| Failure::new(Exit::Usage, format!("reference.statuses: {error}"));
    let files: Result<Vec<_>, _> = settings
        .reference
        .statuses
        .iter()
        .map(|file| TableFile::open(file).map_err(usage))
        .collect();
    reference::status_mappings(&files?).map_err(usage)
}

/// What the names of our groups begin with.
///
/// # Errors
/// If the log's home has no groups.
pub fn group_prefix(settings: &Settings) -> Result<String, Failure> {
    match &settings.log.home {
        Home::Kafka(cluster) => Ok(cluster.prefix.clone()),
        Home::Embedded => Err(Failure::failed("the embedded log has no groups")),
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

/// How the adapters of the service run.
pub fn adapters(settings: &Settings, service: &Service) -> lienthong_adapters::Config {
    let defaults = lienthong_adapters::Config::default();
    let codes = settings.adapters.dossier_codes;
    lienthong_adapters::Config {
        systems: service.systems().unwrap_or_default(),
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
