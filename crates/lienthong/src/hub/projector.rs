//! A process that keeps a share of the views' partitions, as groups over the log give them, and
//! answers gateways about it.

use super::advertise::Advertised;
use super::build;
use super::views::Given;
use crate::exit::Failure;
use lienthong_contract::reference::Current;
use lienthong_projectors::View;
use lienthong_projectors::cluster::{self, Local, ServeConfig, ServeError};
use lienthong_projectors::instance::{self, Config, Handles, Instance, Snapshots};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the process keeps.
#[derive(Clone)]
pub struct Share {
    /// Its partitions.
    pub instance: Arc<Instance>,
    reference: Current,
}

/// Takes a place in the group of each view.
///
/// # Errors
/// If it has no address that gateways could use, or a folder cannot be written.
pub async fn start(
    views: &BTreeSet<View>,
    given: Given<'_>,
    shutdown: CancellationToken,
) -> Result<Share, Failure> {
    let reference = given.reference.clone();
    let handles = Handles {
        log: given.logs.events.clone(),
        groups: given.groups()?,
        reference: reference.clone(),
    };
    let config = config(views, &given)?;
    let (instance, address) = (config.instance.clone(), config.address.clone());
    let started = instance::start(config, handles, shutdown).await;
    tracing::info!(%instance, %address, "taking a share of the views");
    Ok(Share {
        instance: started.map_err(Failure::failed)?,
        reference,
    })
}

fn config(views: &BTreeSet<View>, given: &Given<'_>) -> Result<Config, Failure> {
    let whole = build::projectors(given.settings);
    let settings = &given.settings.projector;
    let advertised = Advertised {
        of: "projector",
        advertise: &settings.advertise,
        instance: &settings.instance,
        bound: given.address,
    };
    let address = advertised.address()?;
    let instance = advertised.name(&address);
    let shared = !settings.snapshots.as_os_str().is_empty();
    Ok(Config {
        dir: whole.dir,
        store: whole.store,
        checkpoint_every: whole.checkpoint_every,
        views: views.iter().copied().collect(),
        snapshots: shared.then(|| Snapshots {
            dir: settings.snapshots.clone(),
            every: Duration::from_secs(settings.snapshot_every_s),
        }),
        group_prefix: build::group_prefix(given.settings)?,
        instance,
        address,
        session: Duration::from_millis(given.settings.log.kafka.session_timeout_ms),
    })
}

/// Serves gateways until `shutdown`.
pub fn serve(
    listener: TcpListener,
    share: &Share,
    shutdown: CancellationToken,
) -> impl Future<Output = Result<(), ServeError>> + use<> {
    let local = Local {
        kept: share.instance.clone(),
        operations: share.instance.clone(),
        reference: share.reference.clone(),
    };
    cluster::serve(listener, ServeConfig::default(), local, shutdown)
}
