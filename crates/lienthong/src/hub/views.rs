//! What a process has of the views.

use super::Service;
use super::build;
use super::logs::Logs;
use crate::config::Settings;
use crate::exit::Failure;
use lienthong_contract::ports::{Questions, ViewOperations};
use lienthong_domain::agency::Registry;
use lienthong_projectors::Projectors;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What a process has of the views.
#[derive(Clone)]
pub enum Views {
    /// Nothing: it takes events in.
    None,
    /// All of them.
    Whole(Arc<Projectors>),
}

/// What views are made from.
pub struct Given<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The logs.
    pub logs: &'a Logs,
    /// The agencies.
    pub registry: Registry,
    /// Where a projector listens.
    pub address: Option<SocketAddr>,
}

/// Starts what the service keeps.
///
/// # Errors
/// What could not be started.
pub async fn start(
    service: &Service,
    given: Given<'_>,
    shutdown: CancellationToken,
) -> Result<Views, Failure> {
    match service {
        Service::Adapters(_) => Ok(Views::None),
        Service::Whole => whole(given, shutdown).await.map(Views::Whole),
    }
}

async fn whole(given: Given<'_>, shutdown: CancellationToken) -> Result<Arc<Projectors>, Failure> {
    let handles = lienthong_projectors::Handles {
        log: given.logs.events.clone(),
        registry: Arc::new(given.registry),
    };
    let config = build::projectors(given.settings);
    lienthong_projectors::start(config, handles, shutdown)
        .await
        .map_err(Failure::failed)
}

impl Views {
    /// What a gateway asks; none where there is nothing to ask.
    pub fn ports(&self) -> Option<(Arc<dyn Questions>, Arc<dyn ViewOperations>)> {
        match self {
            Self::None => None,
            Self::Whole(projectors) => Some((projectors.clone(), projectors.clone())),
        }
    }

    /// Waits until they answer.
    pub async fn loaded(&self) {
        match self {
            Self::None => {}
            Self::Whole(projectors) => projectors.loaded().await,
        }
    }

    /// Waits until they have written their last checkpoint, once they were told to end.
    pub async fn finished(&self) {
        match self {
            Self::None => {}
            Self::Whole(projectors) => projectors.finished().await,
        }
    }
}
