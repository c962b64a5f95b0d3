//! The hub as one process: registry, log, projectors, gateway, adapters, metrics, started in
//! that order and drained in the order of `drain`.

mod build;
mod drain;
mod listeners;

pub use listeners::{Addresses, Listeners};

use crate::config::Settings;
use crate::exit::Failure;
use lienthong_contract::reference::TableFile;
use lienthong_eventlog::EventLog;
use lienthong_projectors::Projectors;
use lienthong_telemetry::endpoint::{self, Readiness};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How a server ended: its name, and its error if it had one.
type Ended = (&'static str, Result<(), String>);

/// The running hub.
pub struct Hub {
    log: Arc<dyn EventLog>,
    rejected: Arc<dyn EventLog>,
    projectors: Arc<Projectors>,
    readiness: Readiness,
    /// Gateway and adapters: they take calls and end first, together.
    doors: JoinSet<Ended>,
    /// Answers probes to the last.
    metrics: JoinSet<Ended>,
    stops: Stops,
}

/// What ends each part.
#[derive(Default)]
struct Stops {
    doors: CancellationToken,
    projectors: CancellationToken,
    metrics: CancellationToken,
}

/// Starts every part. Calls are taken at once; [`Hub::loaded`] says when the views answer.
///
/// # Errors
/// What could not be started, with its fix.
pub async fn start(
    settings: &Settings,
    listeners: Listeners,
    agencies: Vec<TableFile>,
) -> Result<Hub, Failure> {
    let registry = build::registry(settings, agencies)?;
    let mappings = build::mappings(settings)?;
    let (log, rejected) = build::logs(settings).await?;

    let stops = Stops::default();
    let handles = lienthong_projectors::Handles {
        log: log.clone(),
        registry: Arc::new(registry),
    };
    let config = build::projectors(settings);
    let projectors = lienthong_projectors::start(config, handles, stops.projectors.clone())
        .await
        .map_err(Failure::failed)?;

    let mut doors = JoinSet::new();
    let handles = lienthong_gateway::Handles {
        questions: projectors.clone(),
        operations: projectors.clone(),
        log: log.clone(),
    };
    let config = lienthong_gateway::Config::default();
    let (listener, stop) = (listeners.gateway, stops.doors.clone());
    let gateway = lienthong_gateway::run(listener, config, handles, stop);
    doors.spawn(named("gateway", gateway));

    let handles = lienthong_adapters::Handles {
        log: log.clone(),
        rejected: rejected.clone(),
        mappings,
    };
    let config = build::adapters(settings);
    let (grpc, http, stop) = (
        listeners.adapters_grpc,
        listeners.adapters_http,
        stops.doors.clone(),
    );
    let adapters = lienthong_adapters::run(grpc, http, config, handles, stop);
    doors.spawn(named("adapters", adapters));

    let readiness = Readiness::default();
    let mut metrics = JoinSet::new();
    let endpoint = endpoint::run(listeners.metrics, readiness.clone(), stops.metrics.clone());
    metrics.spawn(named("metrics", endpoint));
    Ok(Hub {
        log,
        rejected,
        projectors,
        readiness,
        doors,
        metrics,
        stops,
    })
}

async fn named<E: std::fmt::Display>(
    name: &'static str,
    server: impl Future<Output = Result<(), E>>,
) -> Ended {
    (name, server.await.map_err(|error| error.to_string()))
}

impl Hub {
    /// Waits until the views have loaded and read the log as it was at the start; the hub is
    /// ready from then on.
    pub fn loading(&self) -> impl Future<Output = ()> + Send + 'static {
        let (projectors, readiness) = (self.projectors.clone(), self.readiness.clone());
        async move {
            projectors.loaded().await;
            readiness.set(true);
        }
    }

    /// Waits until a server ends though nobody told it to: a fault.
    pub async fn failed(&mut self) -> Failure {
        let ended = tokio::select! {
            ended = self.doors.join_next() => ended,
            ended = self.metrics.join_next() => ended,
        };
        match ended {
            Some(Ok((name, Err(why)))) => Failure::failed(format!("the {name} failed: {why}")),
            Some(Ok((name, Ok(())))) => Failure::failed(format!("the {name} ended by itself")),
            Some(Err(panic)) => Failure::failed(format!("a server broke down: {panic}")),
            None => Failure::failed("a server ended before"),
        }
    }
}

#[cfg(test)]
#[path = "hub_tests.rs"]
mod tests;
