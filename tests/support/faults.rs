//! Fault runs: a fleet under constant load, one thing that goes wrong, and what is left after it.

mod act;

use crate::broker::{Cluster, Home};
use crate::fleet::asker::Asker;
use crate::fleet::check::{self, Found};
use crate::fleet::staleness::{self, Worst};
use crate::fleet::{Fleet, Shape, load};
use crate::kill::Fault;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// SIGKILL of the broker that leads most partitions; started again after eight seconds.
    BrokerKill,
    /// Clean restart of all brokers, one after another.
    BrokerRolling,
    /// SIGSTOP of the broker that leads most partitions, for 30 seconds.
    BrokerPause,
    /// SIGKILL of every adapter in turn, each started again after a second.
    AdapterKill,
    /// The same of every projector.
    ProjectorKill,
    /// The same of every gateway.
    GatewayKill,
    /// A projector is added and later removed.
    ProjectorScale,
    /// Adapters are killed, and clients send their whole case again after each error.
    ResendAll,
    /// One adapter, one projector and one gateway are killed, each started again at once.
    EachOnce,
}

impl Scenario {
    /// As the command line calls it.
    pub fn name(self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self);
        value.map_or(String::new(), |value| value.get_name().to_owned())
    }

    /// Whether it needs brokers of its own.
    pub fn is_of_brokers(self) -> bool {
        matches!(
            self,
            Scenario::BrokerKill | Scenario::BrokerRolling | Scenario::BrokerPause
        )
    }
}

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The services.
    pub shape: Shape,
    /// Decides the load.
    pub seed: u64,
    /// Events a second.
    pub rate: u32,
    /// Clients.
    pub connections: usize,
    /// Length of the load, at least; it goes on while the fault does.
    pub length: Duration,
    /// How long a projector may be away before its partitions go to others.
    pub session: Duration,
    /// Where the services' output is kept, a folder a scenario.
    pub keep: PathBuf,
}

/// One run and what was found.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The scenario's name.
    pub scenario: String,
    /// Seconds under load.
    pub seconds: f64,
    /// Different events sent.
    pub sent: u64,
    /// Sendings of the load, resends included.
    pub attempts: u64,
    /// Different events acknowledged.
    pub acknowledged: u64,
    /// Acknowledged events a second.
    pub rate: f64,
    /// Longest time between two acknowledgements of any client, in seconds.
    pub longest_silence_s: f64,
    /// How old the views got.
    pub staleness: Worst,
    /// Calls of the load that failed, by gRPC code.
    pub errors: BTreeMap<String, u64>,
    /// What is left.
    pub found: Found,
}

impl Row {
    /// Whether nothing is wrong and there was load.
    pub fn is_clean(&self) -> bool {
        self.found.is_clean() && self.acknowledged > 0 && self.staleness.probes > 0
    }
}

/// Starts a fleet on `home`, lets one scenario happen under load, and checks what is left.
/// `cluster` is needed for what happens to brokers.
///
/// # Errors
/// If a service does not start or does not answer in the end.
pub async fn run(
    home: &Home,
    cluster: Option<&Cluster>,
    scenario: Scenario,
    settings: &Settings,
) -> Result<Row, Fault> {
    let session = settings.session.as_millis().to_string();
    let environment = [("LIENTHONG_LOG__KAFKA__SESSION_TIMEOUT_MS", session.as_str())];
    let mut fleet = Fleet::start(home, settings.shape, &environment).await?;
    let ended = under_load(&mut fleet, cluster, scenario, settings).await;
    fleet.keep_outputs(&settings.keep.join(scenario.name()))?;
    ended
}

async fn under_load(
    fleet: &mut Fleet,
    cluster: Option<&Cluster>,
    scenario: Scenario,
    settings: &Settings,
) -> Result<Row, Fault> {
    let doors = fleet.doors();
    let options = load::Options {
        seed: settings.seed,
        rate: settings.rate,
        connections: settings.connections,
        resend_all: scenario == Scenario::ResendAll,
    };
    let began = Instant::now();
    let watch = staleness::watch(&doors, fleet.home().partitions)?;
    let load = load::start(&doors, &options)?;
    tokio::time::sleep(settings.length / 6).await;
    let acted = act::act(fleet, cluster, scenario, settings.length).await;
    let rest = settings.length.saturating_sub(began.elapsed());
    if acted.is_ok() {
        tokio::time::sleep(rest.max(settings.length / 6)).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let heard = load.heard.clone();
    let mut ledger = load.end().await?;
    let told = heard.told();
    acted?;
    let staleness = watch.end(&mut ledger).await?;
    let log = fleet.home().log().await?;
    let asker = Arc::new(Asker::new(&doors, Duration::from_secs(90))?);
    let mut found = check::everything(log.as_ref(), asker, &ledger).await?;
    found.strange.extend(fleet.fallen());
    let acknowledged = ledger.acknowledged() as u64;
    Ok(Row {
        scenario: scenario.name(),
        seconds,
        sent: ledger.sent() as u64,
        attempts: told.attempts,
        acknowledged,
        rate: acknowledged as f64 / seconds,
        longest_silence_s: told.longest_gap.as_secs_f64(),
        staleness,
        errors: told.errors,
        found,
    })
}
