//! Serves the adapters until told to stop, and then drains.
//!
//! ```text
//! shutdown -> NOT_SERVING -> notice -> nothing more is taken in -> calls in flight end -> done
//!                                                                  (at most the deadline)
//! ```

use crate::config::{Config, Drain};
use crate::intake::Adapter;
use crate::intake::stages::Stages;
use crate::lanes::{self, Ends, Lane};
use crate::probe;
use crate::qcvn120;
use crate::rejected::{self, OpenError, RejectedLog};
use crate::services::{self, Adapters};
use crate::systems::{System, civil_status, onestop, population, specialised};
use lienthong_contract::check::Rules;
use lienthong_contract::reference::Current;
use lienthong_domain::code::Strictness;
use lienthong_eventlog::EventLog;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// The adapter of packets in metrics and in the rejected log.
const PACKETS: &str = "qcvn120";

/// What the adapters work with.
#[derive(Clone)]
pub struct Handles {
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The rejected log: a log of its own with one partition.
    pub rejected: Arc<dyn EventLog>,
    /// The status tables.
    pub reference: Current,
}

/// Why serving ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rejected log could not be opened.
    #[error(transparent)]
    Rejected(#[from] OpenError),
    /// The descriptors built into this binary do not load.
    #[error("the contracts built into this binary do not load: {0}")]
    Descriptors(#[from] tonic_reflection::server::Error),
    /// A serving thread could not be started.
    #[error("a serving thread could not be started: {0}")]
    Thread(std::io::Error),
    /// The gRPC server failed.
    #[error("the gRPC server failed: {0}")]
    Grpc(#[from] tonic::transport::Error),
    /// The HTTP server failed.
    #[error("the HTTP server failed: {0}")]
    Http(std::io::Error),
    /// A server ended without being told to.
    #[error("the {0} server ended by itself")]
    Ended(&'static str),
}

impl Error {
    /// Whether running again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected(error) => error.is_retryable(),
            Self::Descriptors(_) => false,
            Self::Thread(_) | Self::Grpc(_) | Self::Http(_) | Self::Ended(_) => true,
        }
    }
}

/// Serves gRPC on `grpc` and, where there is an `http`, QCVN 120 packets on it until `shutdown`,
/// then drains. Health says SERVING once this has been polled for the first time.
///
/// # Errors
/// If serving cannot begin, or a server fails.
pub async fn run(
    grpc: TcpListener,
    http: Option<TcpListener>,
    config: Config,
    handles: Handles,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let ends = Ends {
        draining: CancellationToken::new(),
        cut_off: CancellationToken::new(),
    };
    let rejected = Arc::new(RejectedLog::open(handles.rejected.clone()).await?);
    let house = House {
        config,
        handles,
        rejected,
        draining: ends.draining.clone(),
        stages: Arc::default(),
    };
    let adapters = house.adapters();
    let packets = Arc::new(qcvn120::Packets::new(house.packets()));
    let service = rejected::Service::new(
        house.rejected.clone(),
        adapters
            .iter()
            .map(|(system, adapter)| rejected::System {
                adapter: adapter.clone(),
                decode: decoder(*system),
            })
            .collect(),
        // Packets come from one-stop systems, and are served where these are.
        adapters
            .contains_key(&System::Onestop)
            .then(|| packets.clone()),
    );
    let services = services::services(&adapters, service, &house.config.limits).await?;
    let limits = &house.config.limits;
    let lanes: Result<Vec<Lane>, _> = (0..house.config.threads.max(1))
        .map(|index| lanes::start(index, services.routes.clone(), limits, ends.clone()))
        .collect();
    let mut lanes = lanes.map_err(Error::Thread)?;
    let probes = house.probes(http.is_some(), &ends);
    let mut pages = tokio::spawn(serve_packets(http, packets, ends.clone()));

    let doors = lanes.iter().map(|lane| lane.door.clone()).collect();
    let mut accepting = tokio::spawn(lanes::accept(grpc, doors, ends.draining.clone()));

    let early = tokio::select! {
        _ = &mut accepting => Some(Error::Ended("gRPC")),
        ended = &mut pages => Some(of_pages(ended).err().unwrap_or(Error::Ended("HTTP"))),
        () = shutdown.cancelled() => None,
    };
    if let Some(error) = early {
        ends.draining.cancel();
        ends.cut_off.cancel();
        return Err(error);
    }
    services.stop_serving().await;
    let last = Last { pages, probes };
    drain(&house.config.drain, &ends, &mut lanes, last).await
}

/// What ends with the calls.
struct Last {
    pages: JoinHandle<std::io::Result<()>>,
    probes: JoinSet<()>,
}

/// Lets what is in flight end, at most until the deadline.
async fn drain(drain: &Drain, ends: &Ends, lanes: &mut [Lane], last: Last) -> Result<(), Error> {
    tokio::time::sleep(drain.notice).await;
    ends.draining.cancel();
    let cut_off = ends.cut_off.clone();
    let deadline = drain.deadline;
    let clock = tokio::spawn(async move {
        tokio::time::sleep(deadline).await;
        tracing::warn!(
            ?deadline,
            "calls still in flight at the deadline are cut off"
        );
        cut_off.cancel();
    });
    for lane in lanes {
        match (&mut lane.ended).await {
            Ok(served) => served?,
            Err(_) => return Err(Error::Ended("gRPC")),
        }
    }
    let served = of_pages(last.pages.await);
    last.probes.join_all().await;
    clock.abort();
    served
}

/// Without a listener there is nothing to serve, only the end to wait for.
async fn serve_packets(
    listener: Option<TcpListener>,
    packets: Arc<qcvn120::Packets>,
    ends: Ends,
) -> std::io::Result<()> {
    let Some(listener) = listener else {
        ends.draining.cancelled().await;
        return Ok(());
    };
    let server = axum::serve(listener, qcvn120::router(packets))
        .with_graceful_shutdown(ends.draining.cancelled_owned());
    tokio::select! {
        served = server => served,
        () = ends.cut_off.cancelled() => Ok(()),
    }
}

fn of_pages(ended: Result<std::io::Result<()>, tokio::task::JoinError>) -> Result<(), Error> {
    match ended {
        Ok(served) => served.map_err(Error::Http),
        Err(_) => Err(Error::Ended("HTTP")),
    }
}

/// What all adapters share.
struct House {
    config: Config,
    handles: Handles,
    rejected: Arc<RejectedLog>,
    draining: CancellationToken,
    stages: Arc<Stages>,
}

/// What tells one adapter from another.
struct Plate {
    name: &'static str,
    recorded_as: &'static str,
    message: &'static str,
    dossier_codes: Strictness,
}

/// How a rejected message of a system is read again.
fn decoder(system: System) -> rejected::Decode {
    match system {
        System::Onestop => onestop::decode,
        System::CivilStatus => civil_status::decode,
        System::Population => population::decode,
        System::Specialised => specialised::decode,
    }
}

impl House {
    /// The adapters of the systems that are served.
    fn adapters(&self) -> Adapters {
        let codes = &self.config.dossier_codes;
        let of_system = |system: &System| {
            let (message, dossier_codes) = match system {
                System::Onestop => (onestop::MESSAGE, codes.onestop),
                System::CivilStatus => (civil_status::MESSAGE, codes.civil_status),
                System::Population => (population::MESSAGE, codes.population),
                System::Specialised => (specialised::MESSAGE, codes.specialised),
            };
            let plate = Plate {
                name: system.name(),
                recorded_as: system.name(),
                message,
                dossier_codes,
            };
            (*system, self.adapter(plate))
        };
        self.config.systems.iter().map(of_system).collect()
    }

    /// Begins to send probes by each adapter that is served.
    fn probes(&self, takes_packets: bool, ends: &Ends) -> JoinSet<()> {
        let Some(config) = &self.config.probes else {
            return JoinSet::new();
        };
        let systems = &self.config.systems;
        let mut routes: Vec<_> = systems.iter().map(|system| system.name()).collect();
        if takes_packets && systems.contains(&System::Onestop) {
            routes.push(PACKETS);
        }
        probe::start(config, &routes, &self.handles.log, ends)
    }

    /// Packets come from one-stop systems, and are recorded as theirs.
    fn packets(&self) -> Arc<Adapter> {
        self.adapter(Plate {
            name: PACKETS,
            recorded_as: "onestop",
            message: "",
            dossier_codes: self.config.dossier_codes.qcvn120,
        })
    }

    fn adapter(&self, plate: Plate) -> Arc<Adapter> {
        Arc::new(Adapter {
            name: plate.name,
            recorded_as: plate.recorded_as,
            message: plate.message,
            rules: Rules {
                dossier_codes: plate.dossier_codes,
                reference: self.handles.reference.clone(),
            },
            log: self.handles.log.clone(),
            stages: self.stages.clone(),
            rejected: self.rejected.clone(),
            limits: self.config.limits.clone(),
            draining: self.draining.clone(),
        })
    }
}
