//! A process that serves until it is told to end: logging, addresses, signals, the drain.

use crate::config::{Loaded, LogFormat};
use crate::exit::{Exit, Failure};
use crate::hub::{self, Addresses, Hub, Listeners, Service};
use crate::print::out;
use crate::telemetry;
use lienthong_contract::reference::Files;
use lienthong_telemetry::export::Exporting;
use lienthong_telemetry::logging;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How long blocking work may take at the very end.
const LAST_WORK: Duration = Duration::from_secs(5);

/// What a process does.
pub struct Process {
    /// What it serves.
    pub service: Service,
    /// Tables beside those of the settings.
    pub tables: Files,
    /// Where its real addresses are written as JSON.
    pub addresses_file: Option<PathBuf>,
    /// When they are.
    pub told: Told,
    /// What is shown once it is ready.
    pub show: Show,
}

/// When the addresses are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Once calls are taken: another process may wait for them to become ready itself.
    Listening,
    /// Once the views have loaded.
    Ready,
}

/// Shows something until the token is cancelled.
pub type Show = Box<dyn FnOnce(Addresses, CancellationToken) -> Shown + Send>;
/// See [`Show`].
pub type Shown = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// Shows where the process listens.
pub fn addresses(addresses: Addresses, stop: CancellationToken) -> Shown {
    Box::pin(async move {
        out(&format!("Liên Thông\n{addresses}"))?;
        stop.cancelled().await;
        Ok(())
    })
}

/// Runs the process to its end. `screen`: whether standard output is drawn anew all the time.
///
/// # Errors
/// What could not be started, or did not end well.
pub fn run(process: Process, loaded: &Loaded, screen: bool) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let exporting = {
        let _within = runtime.enter();
        telemetry::start(&loaded.settings)?
    };
    init_logging(loaded, screen)?;
    let ended = runtime.block_on(serve(process, loaded, exporting));
    runtime.shutdown_timeout(LAST_WORK);
    ended
}

/// A screen that is drawn anew would be torn by every line of the log, so there only
/// warnings are written, unless the operator chose otherwise.
///
/// # Errors
/// If the filter is none.
pub fn init_logging(loaded: &Loaded, screen: bool) -> Result<(), Failure> {
    let settings = &loaded.settings.logging;
    let format = match settings.format {
        LogFormat::Text => logging::Format::Text,
        LogFormat::Json => logging::Format::Json,
    };
    let quiet = screen && loaded.is_default("logging.filter");
    let filter = if quiet { "warn" } else { &settings.filter };
    logging::init(format, filter).map_err(|error| Failure::new(Exit::Usage, error))
}

async fn serve(mut process: Process, loaded: &Loaded, exporting: Exporting) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let settings = &loaded.settings;
    let tables = std::mem::take(&mut process.tables);
    let service = &process.service;
    let listeners = Listeners::bind(settings, service).await?;
    let addresses = listeners.addresses()?;
    let starting = hub::start(settings, service, listeners, tables);
    let mut hub = tokio::select! {
        started = starting => started?,
        () = signals.next() => return Err(Failure::failed("ended before it had started")),
    };
    tracing::info!(addresses = %addresses.line(), "taking calls; loading");
    let file = process.addresses_file.as_deref();
    if process.told == Told::Listening {
        write(file, &addresses)?;
    }
    let stop = CancellationToken::new();
    let mut shown = JoinSet::new();
    shown.spawn(show(hub.loading(), process, addresses, stop.clone()));
    let fault = tokio::select! {
        fault = hub.failed() => Some(fault),
        Some(ended) = shown.join_next() => fault_of(ended),
        () = signals.next() => None,
    };
    stop.cancel();
    let ending = Ending {
        hub,
        shown,
        fault,
        exporting,
    };
    drain(ending, signals).await
}

/// What is left when a process ends.
struct Ending {
    hub: Hub,
    shown: JoinSet<Result<(), Failure>>,
    fault: Option<Failure>,
    exporting: Exporting,
}

/// Shows once the process is ready; ends with `stop`.
async fn show(
    loading: impl Future<Output = ()>,
    process: Process,
    addresses: Addresses,
    stop: CancellationToken,
) -> Result<(), Failure> {
    tokio::select! {
        () = loading => {}
        () = stop.cancelled() => return Ok(()),
    }
    if process.told == Told::Ready {
        write(process.addresses_file.as_deref(), &addresses)?;
    }
    (process.show)(addresses, stop).await
}

fn write(file: Option<&Path>, addresses: &Addresses) -> Result<(), Failure> {
    file.map_or(Ok(()), |file| addresses.write(file))
}

/// Drains, and exports what was measured last; a second signal ends it at once.
async fn drain(mut ending: Ending, mut signals: Signals) -> Result<(), Failure> {
    tracing::info!("draining");
    let drain = async {
        let last = ending.shown.join_next().await.and_then(fault_of);
        let drained = ending.hub.drain().await;
        telemetry::flush(ending.exporting).await;
        match ending.fault.or(last) {
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

/// What asks a process to end.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// If the system does not allow it.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
