//! What a process of the hub tells of itself: from settings to the crate's configuration.

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use lienthong_telemetry::export::{self, Config, Error, Exporting};
use lienthong_telemetry::owners::{self, Owners};
use lienthong_telemetry::stage;
use std::time::Duration;

/// Starts export and says whose stages are whose: first of all, within the runtime.
///
/// # Errors
/// Settings that are none, each with its fix.
pub fn start(settings: &Settings) -> Result<Exporting, Failure> {
    let exporting = export::start(&config(settings)).map_err(unfit)?;
    let settings = &settings.telemetry;
    if !settings.stages {
        stage::leave_out();
    }
    let whose = &settings.owners;
    owners::set(Owners {
        adapters: whose.adapters.clone(),
        log: whose.log.clone(),
        projectors: whose.projectors.clone(),
        gateways: whose.gateways.clone(),
    });
    Ok(exporting)
}

/// Whether export could be started; starts nothing.
///
/// # Errors
/// As [`start`].
pub fn check(settings: &Settings) -> Result<(), Failure> {
    config(settings).check().map_err(unfit)
}

fn config(settings: &Settings) -> Config {
    let settings = &settings.telemetry;
    Config {
        endpoint: settings.otlp_endpoint.clone(),
        metrics_every: Duration::from_millis(settings.metrics_every_ms),
        trace_ratio: settings.trace_ratio,
        version: env!("CARGO_PKG_VERSION"),
    }
}

fn unfit(error: Error) -> Failure {
    Failure::new(Exit::Usage, error)
}

/// Exports what is left; a collector that is away is waited for some seconds at most.
pub async fn flush(exporting: Exporting) {
    // It blocks. If it breaks down there is nothing left to export with.
    let _ = tokio::task::spawn_blocking(|| exporting.flush()).await;
}
