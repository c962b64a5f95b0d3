//! One process of the hub: all of it (`up`), or one of its services (`serve`). What has a listener
//! is started: views first, then subscriptions, then gateway and adapters, then metrics. It is drained in the order
//! of `drain`.

mod adapters;
mod advertise;
pub mod build;
mod catalog;
mod drain;
pub mod fits;
mod gateway;
mod listeners;
pub mod logs;
mod probe;
mod projector;
mod service;
mod subscriptions;
mod views;
mod webhook_key;

pub use listeners::{Addresses, Listeners};
pub use service::Service;

use crate::config::Settings;
use crate::exit::Failure;
use crate::runbooks;
use lienthong_catalog::Catalog;
use lienthong_contract::reference::Files;
use lienthong_telemetry::endpoint::{self, Readiness};
use logs::Logs;
use std::sync::Arc;
use subscriptions::Subscriptions;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use views::Views;

/// How a server ended: its name, and its error if it had one.
type Ended = (&'static str, Result<(), String>);

/// The running process.
pub struct Hub {
    logs: Logs,
    /// Keeps the reference data up with the catalogue log.
    _catalog: Arc<Catalog>,
    views: Views,
    /// What a gateway tells subscribers.
    subscriptions: Option<Subscriptions>,
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
    views: CancellationToken,
    source: CancellationToken,
    metrics: CancellationToken,
}

/// Starts every part of the service. Calls are taken at once; [`Hub::loading`] says when they are
/// answered.
///
/// # Errors
/// What could not be started, with its fix.
pub async fn start(
    settings: &Settings,
    service: &Service,
    listeners: Listeners,
    tables: Files,
) -> Result<Hub, Failure> {
    let addresses = listeners.addresses()?;
    let tables = build::tables(settings, tables)?;
    logs::check_home(settings, service)?;
    logs::check(settings)?;
    probe::check(settings)?;
    let plan = match service.is_gateway() {
        true => Some(subscriptions::plan(settings, addresses.gateway)?),
        false => None,
    };
    let logs = logs::open(settings, service).await?;
    let catalog = catalog::open(&logs, tables).await?;
    let reference = catalog.current();
    let stops = Stops::default();
    let mut doors = JoinSet::new();
    let views = views::start(
        service,
        views::Given {
            settings,
            logs: &logs,
            reference: reference.clone(),
            address: addresses.projector,
        },
        stops.views.clone(),
    )
    .await?;
    if let (Some(listener), Views::Share(share)) = (listeners.projector, &views) {
        let projector = projector::serve(listener, share, stops.doors.clone());
        doors.spawn(named("projector", projector));
    }
    let subscriptions = match plan {
        Some(plan) => {
            let given = subscriptions::Given {
                logs: &logs,
                reference: reference.clone(),
                questions: views.ports().map(|ports| ports.questions),
            };
            let ends = subscriptions::Ends {
                streams: stops.doors.clone(),
                source: stops.source.clone(),
            };
            Some(subscriptions::start(plan, given, ends).await?)
        }
        None => None,
    };
    if let (Some(listener), Some(subscriptions)) = (listeners.gateway, &subscriptions) {
        let given = gateway::Given {
            views: &views,
            logs: &logs,
            subscriptions,
            catalog: catalog.clone(),
        };
        let gateway = gateway::serve(listener, given, stops.doors.clone())?;
        doors.spawn(named("gateway", gateway));
    }
    if let (Some(listener), Some(subscriptions)) = (listeners.gateway_http, &subscriptions) {
        let events = subscriptions.serve_http(listener, stops.doors.clone());
        doors.spawn(named("gateway's HTTP", events));
    }
    if let Some(grpc) = listeners.adapters_grpc {
        let doors_of = adapters::Doors {
            grpc,
            http: listeners.adapters_http,
        };
        let probes = probe::sender(settings, addresses.adapters_grpc);
        let config = build::adapters(settings, service, probes);
        let adapters = adapters::serve(doors_of, config, reference, &logs, stops.doors.clone())?;
        doors.spawn(named("adapters", adapters));
    }
    let readiness = Readiness::default();
    let mut metrics = JoinSet::new();
    let followed = follow(views.clone(), readiness.clone(), stops.doors.clone());
    doors.spawn(followed);
    let endpoint = endpoint::run(
        listeners.metrics,
        readiness.clone(),
        runbooks::PAGES,
        stops.metrics.clone(),
    );
    metrics.spawn(named("metrics", endpoint));
    Ok(Hub {
        logs,
        _catalog: catalog,
        views,
        subscriptions,
        readiness,
        doors,
        metrics,
        stops,
    })
}

/// Keeps the readiness true; ends with the doors.
async fn follow(views: Views, readiness: Readiness, stop: CancellationToken) -> Ended {
    tokio::select! {
        () = views.follow(readiness, stop.clone()) => {}
        () = stop.cancelled() => {}
    }
    ("readiness", Ok(()))
}

async fn named<E: std::fmt::Display>(
    name: &'static str,
    server: impl Future<Output = Result<(), E>>,
) -> Ended {
    (name, server.await.map_err(|error| error.to_string()))
}

impl Hub {
    /// Waits until the process can answer: its views have loaded and read the log as it was at
    /// the start. `/readyz` says so from then on.
    pub fn loading(&self) -> impl Future<Output = ()> + Send + 'static {
        let views = self.views.clone();
        async move { views.loaded().await }
    }

    /// Waits until a part ends though nobody told it to: a fault.
    pub async fn failed(&mut self) -> Failure {
        let ended = tokio::select! {
            ended = self.doors.join_next() => ended,
            ended = self.metrics.join_next() => ended,
            why = self.views.broken() => return Failure::failed(why),
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
