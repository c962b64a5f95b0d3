//! A process that keeps a share of the views' partitions, as groups over the log give them, and
//! answers gateways about it.

use super::build;
use super::views::Given;
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use lienthong_contract::reference::Current;
use lienthong_projectors::View;
use lienthong_projectors::cluster::{self, Local, ServeConfig, ServeError};
use lienthong_projectors::instance::{self, Config, Handles, Instance, Snapshots};
use std::collections::BTreeSet;
use std::net::SocketAddr;
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
    let address = address(given.settings, given.address)?;
    let instance = match settings.instance.as_str() {
        // A name of Kafka's knows no colons and brackets.
        "" => address.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-"),
        name => name.to_owned(),
    };
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

/// Where gateways reach it.
fn address(settings: &Settings, bound: Option<SocketAddr>) -> Result<String, Failure> {
    let refused = |what: &str| {
        let fix = "Fix: set it to a HOST:PORT that gateways can reach";
        let message = format!("projector.advertise: {what}. {fix}");
        Failure::new(Exit::Usage, message)
    };
    let told = settings.projector.advertise.as_str();
    if !told.is_empty() {
        let port = told
            .rsplit_once(':')
            .map(|(host, port)| (host, port.parse::<u16>()));
        return match port {
            Some((host, Ok(1..))) if !host.is_empty() => Ok(told.to_owned()),
            _ => Err(refused(&format!("`{told}` is no HOST:PORT"))),
        };
    }
    match bound {
        Some(bound) if !bound.ip().is_unspecified() => Ok(bound.to_string()),
        _ => Err(refused(
            "projector.listen takes calls on every address, which tells gateways none",
        )),
    }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn address_of(advertise: &str, bound: &str) -> Result<String, String> {
        let mut settings = Settings::default();
        settings.projector.advertise = advertise.to_owned();
        let bound = bound.parse().unwrap();
        address(&settings, Some(bound)).map_err(|failure| failure.to_string())
    }

    #[test]
    fn gateways_are_told_the_advertised_address_or_the_one_listened_on() {
        let told = |advertise, bound| address_of(advertise, bound).unwrap();
        assert_eq!(told("", "10.0.0.1:7440"), "10.0.0.1:7440");
        assert_eq!(
            told("projector-0.hub:7440", "0.0.0.0:7440"),
            "projector-0.hub:7440"
        );
        for (advertise, bound) in [
            ("", "0.0.0.0:7440"),
            ("", "[::]:7440"),
            ("projector-0", "10.0.0.1:7440"),
            (":7440", "10.0.0.1:7440"),
            ("projector-0:0", "10.0.0.1:7440"),
        ] {
            let refused = address_of(advertise, bound).unwrap_err();
            assert!(refused.starts_with("projector.advertise"), "{refused}");
        }
    }
}
