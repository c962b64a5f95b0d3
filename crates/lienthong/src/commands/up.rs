//! `lienthong up`: the hub as one process, until it is told to end.

use crate::cli::Shared;
use crate::config::{Given, Loaded, LogFormat};
use crate::demo;
use crate::exit::{Exit, Failure};
use crate::hub::{self, Addresses, Listeners};
use crate::print::out;
use clap::Args;
use lienthong_contract::reference::demo_agencies;
use lienthong_telemetry::logging;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long blocking work may take at the very end.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Arguments of `up`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Address of the gRPC adapters [setting: adapters.grpc_listen]
    #[arg(long, value_name = "IP:PORT")]
    adapters_grpc: Option<SocketAddr>,
    /// Address of the QCVN 120 endpoint [setting: adapters.http_listen]
    #[arg(long, value_name = "IP:PORT")]
    adapters_http: Option<SocketAddr>,
    /// Address of the gateway [setting: gateway.listen]
    #[arg(long, value_name = "IP:PORT")]
    gateway: Option<SocketAddr>,
    /// Address of metrics and probes [setting: metrics.listen]
    #[arg(long, value_name = "IP:PORT")]
    metrics: Option<SocketAddr>,
    /// Write the real addresses to this file as JSON once the hub serves
    #[arg(long, value_name = "FILE")]
    addresses_file: Option<PathBuf>,
    #[command(flatten)]
    demo: demo::Arguments,
}

impl Arguments {
    fn given(&self) -> Vec<Given> {
        [
            (
                "--adapters-grpc",
                "adapters.grpc_listen",
                self.adapters_grpc,
            ),
            (
                "--adapters-http",
                "adapters.http_listen",
                self.adapters_http,
            ),
            ("--gateway", "gateway.listen", self.gateway),
            ("--metrics", "metrics.listen", self.metrics),
        ]
        .into_iter()
        .filter_map(|(flag, key, address)| {
            address.map(|address| Given::by_flag(flag, key, address.to_string()))
        })
        .collect()
    }
}

/// # Errors
/// What could not be started, or did not end well.
pub fn run(arguments: Arguments, shared: &Shared, began: Instant) -> Result<(), Failure> {
    let loaded = shared.load(arguments.given())?;
    init_logging(&loaded, arguments.demo.draws_a_screen())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(&arguments, &loaded, began));
    runtime.shutdown_timeout(LAST_WORK);
    ended
}

/// A screen that is drawn anew would be torn by every line of the log, so there only
/// warnings are written, unless the operator chose otherwise.
fn init_logging(loaded: &Loaded, screen: bool) -> Result<(), Failure> {
    let settings = &loaded.settings.logging;
    let format = match settings.format {
        LogFormat::Text => logging::Format::Text,
        LogFormat::Json => logging::Format::Json,
    };
    let quiet = screen && loaded.is_default("logging.filter");
    let filter = if quiet { "warn" } else { &settings.filter };
    logging::init(format, filter).map_err(|error| Failure::new(Exit::Usage, error))
}

async fn serve(arguments: &Arguments, loaded: &Loaded, began: Instant) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let settings = &loaded.settings;
    let listeners = Listeners::bind(settings).await?;
    let addresses = listeners.addresses()?;
    let agencies = match arguments.demo.demo {
        true => vec![demo_agencies()],
        false => Vec::new(),
    };
    let mut hub = hub::start(settings, listeners, agencies).await?;
    tracing::info!(
        adapters_grpc = %addresses.adapters_grpc,
        adapters_http = %addresses.adapters_http,
        gateway = %addresses.gateway,
        metrics = %addresses.metrics,
        "taking calls; the views are loading"
    );
    let stop = CancellationToken::new();
    let mut shown = JoinSet::new();
    shown.spawn(show(
        Shown {
            addresses,
            addresses_file: arguments.addresses_file.clone(),
            demo: arguments.demo.clone(),
            began,
        },
        hub.loading(),
        stop.clone(),
    ));
    let fault = tokio::select! {
        fault = hub.failed() => Some(fault),
        Some(ended) = shown.join_next() => fault_of(ended),
        () = signals.next() => None,
    };
    stop.cancel();
    tracing::info!("draining");
    let drain = async {
        let last = shown.join_next().await.and_then(fault_of);
        let drained = hub.drain().await;
        match fault.or(last) {
            Some(fault) => Err(fault),
            None => drained.and_then(|()| out("Drained. Everything acknowledged is durable.")),
        }
    };
    tokio::select! {
        ended = drain => ended,
        () = signals.next() => {
            let durable = "everything acknowledged is durable";
            Err(Failure::failed(format!("ended at once by a second signal; {durable}")))
        }
    }
}

fn fault_of(ended: Result<Result<(), Failure>, JoinError>) -> Option<Failure> {
    match ended {
        Ok(ended) => ended.err(),
        Err(panic) => Some(Failure::failed(panic)),
    }
}

/// What is shown once the hub serves.
struct Shown {
    addresses: Addresses,
    addresses_file: Option<PathBuf>,
    demo: demo::Arguments,
    began: Instant,
}

/// Tells the addresses once the views have loaded, and runs the demonstration if asked to;
/// ends with `stop`.
async fn show(
    shown: Shown,
    loading: impl Future<Output = ()>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    tokio::select! {
        () = loading => {}
        () = stop.cancelled() => return Ok(()),
    }
    if let Some(file) = &shown.addresses_file {
        shown.addresses.write(file)?;
    }
    if shown.demo.demo {
        return demo::run(shown.demo, shown.addresses, shown.began, stop).await;
    }
    out(&format!("Liên Thông\n{}", shown.addresses))?;
    stop.cancelled().await;
    Ok(())
}

/// What asks the process to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
