//! From settings to the configuration of each part.

use super::Service;
use crate::config::{Home, Settings, Store};
use crate::exit::{Exit, Failure};
use lienthong_contract::reference::{Files, TableFile, Tables};
use std::path::PathBuf;
use std::time::Duration;

/// Reads every table: what ships with the hub, `more`, and the operator's own files.
///
/// # Errors
/// The first thing wrong with the shape of a file.
pub fn tables(settings: &Settings, more: Files) -> Result<Tables, Failure> {
    let own = &settings.reference;
    let mut files = more;
    let lists = [
        ("agencies", &own.agencies, &mut files.agencies),
        (
            "agency_successions",
            &own.agency_successions,
            &mut files.agency_successions,
        ),
        ("procedures", &own.procedures, &mut files.procedures),
        (
            "procedure_steps",
            &own.procedure_steps,
            &mut files.procedure_steps,
        ),
        ("statuses", &own.statuses, &mut files.statuses),
        ("calendar", &own.calendar, &mut files.calendar),
    ];
    for (key, paths, list) in lists {
        list.extend(open(key, paths)?);
    }
    Tables::load(&files).map_err(|error| Failure::new(Exit::Usage, format!("reference: {error}")))
}

fn open(key: &str, paths: &[PathBuf]) -> Result<Vec<TableFile>, Failure> {
    let usage = |error| Failure::new(Exit::Usage, format!("reference.{key}: {error}"));
    let files = paths.iter().map(|path| TableFile::open(path));
    files.collect::<Result<_, _>>().map_err(usage)
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

/// How the adapters of the service run, and the probes that they send, if any.
pub fn adapters(
    settings: &Settings,
    service: &Service,
    probes: Option<lienthong_adapters::probe::Config>,
) -> lienthong_adapters::Config {
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
        probes,
        ..defaults
    }
}
