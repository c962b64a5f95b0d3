//! What a process has of the views.

use super::Service;
use super::build;
use super::logs::Logs;
use super::projector::{self, Share};
use crate::config::Settings;
use crate::exit::Failure;
use lienthong_contract::ports::{Performance, Quality, Questions, ViewOperations};
use lienthong_contract::reference::Current;
use lienthong_eventlog::Groups;
use lienthong_projectors::Projectors;
use lienthong_projectors::cluster::{self, Cluster, Remote};
use lienthong_telemetry::endpoint::Readiness;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether a process can answer.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What a process has of the views.
#[derive(Clone)]
pub enum Views {
    /// Nothing: it takes events in.
    None,
    /// All of them.
    Whole(Arc<Projectors>),
    /// Some partitions of some of them.
    Share(Share),
    /// Those that other processes keep.
    Elsewhere(Arc<Cluster>),
}

/// What a gateway asks of the views.
pub struct Ports {
    /// Questions over the views.
    pub questions: Arc<dyn Questions>,
    /// What an operator asks.
    pub operations: Arc<dyn ViewOperations>,
    /// Questions of how procedures are settled.
    pub performance: Arc<dyn Performance>,
    /// Questions about what does not fit.
    pub quality: Arc<dyn Quality>,
}

/// What views are made from.
pub struct Given<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// The logs.
    pub logs: &'a Logs,
    /// The reference data in force.
    pub reference: Current,
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
        Service::Projector(views) => {
            let share = projector::start(views, given, shutdown).await;
            share.map(Views::Share)
        }
        Service::Gateway => elsewhere(given, shutdown).map(Views::Elsewhere),
    }
}

async fn whole(given: Given<'_>, shutdown: CancellationToken) -> Result<Arc<Projectors>, Failure> {
    let handles = lienthong_projectors::Handles {
        log: given.logs.events.clone(),
        reference: given.reference,
    };
    let config = build::projectors(given.settings);
    lienthong_projectors::start(config, handles, shutdown)
        .await
        .map_err(Failure::failed)
}

fn elsewhere(given: Given<'_>, shutdown: CancellationToken) -> Result<Arc<Cluster>, Failure> {
    let config = cluster::Config {
        group_prefix: build::group_prefix(given.settings)?,
    };
    let handles = cluster::Handles {
        log: given.logs.events.clone(),
        groups: given.groups()?,
        reference: given.reference,
        connect: Arc::new(Remote),
    };
    let cluster = Arc::new(Cluster::new(config, handles));
    cluster::watch(cluster.clone(), shutdown);
    Ok(cluster)
}

impl Given<'_> {
    /// The groups over the log.
    ///
    /// # Errors
    /// If its home has none.
    pub fn groups(&self) -> Result<Arc<dyn Groups>, Failure> {
        let groups = self.logs.groups.clone();
        groups.ok_or_else(|| Failure::failed("this home of the log has no groups"))
    }
}

impl Views {
    /// What a gateway asks; none where there is nothing to ask.
    pub fn ports(&self) -> Option<Ports> {
        match self {
            Self::None | Self::Share(_) => None,
            Self::Whole(projectors) => Some(Ports {
                questions: projectors.clone(),
                operations: projectors.clone(),
                performance: projectors.clone(),
                quality: projectors.clone(),
            }),
            Self::Elsewhere(cluster) => Some(Ports {
                questions: cluster.clone(),
                operations: cluster.clone(),
                performance: cluster.clone(),
                quality: cluster.clone(),
            }),
        }
    }

    /// Waits until they answer: loaded and caught up, or, where others keep them, each partition
    /// kept by a process that answers.
    pub async fn loaded(&self) {
        match self {
            Self::None => {}
            Self::Whole(projectors) => projectors.loaded().await,
            Self::Share(share) => share.instance.loaded().await,
            Self::Elsewhere(cluster) => {
                while cluster.check_owned().await.is_err() {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    /// Keeps a projector's readiness true to the share it has now, until `stop`. A gateway stays
    /// ready while a partition moves: it refuses what needs that partition with a retry hint, and
    /// answers the rest.
    pub async fn follow(&self, readiness: Readiness, stop: CancellationToken) {
        self.loaded().await;
        readiness.set(true);
        let Self::Share(share) = self else {
            return stop.cancelled().await;
        };
        let mut looks = tokio::time::interval(LOOK_EVERY);
        while !stop.is_cancelled() {
            readiness.set(share.instance.is_loaded());
            tokio::select! {
                _ = looks.tick() => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Waits until they end though nobody told them to; says why.
    pub async fn broken(&self) -> String {
        if let Self::Share(share) = self
            && let Err(ended) = share.instance.finished().await
        {
            return ended.to_string();
        }
        std::future::pending().await
    }

    /// Waits until they have written their last checkpoint, once they were told to end.
    ///
    /// # Errors
    /// If they had ended before.
    pub async fn finished(&self) -> Result<(), String> {
        match self {
            Self::None | Self::Elsewhere(_) => Ok(()),
            Self::Whole(projectors) => {
                projectors.finished().await;
                Ok(())
            }
            Self::Share(share) => {
                let ended = share.instance.finished().await;
                ended.map_err(|error| error.to_string())
            }
        }
    }
}
