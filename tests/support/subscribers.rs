//! Subscribes in every way at once while events come in and things go wrong, and proves at the end
//! that everybody was told everything, in order, and nothing twice without a cause.
//!
//! What an adapter acknowledged must be told; what was sent and not acknowledged may be.

pub mod act;
pub mod check;
pub mod consumer;
pub mod diary;
pub mod doors;
pub mod expected;
pub mod prove;
pub mod receiver;
pub mod sse;
pub mod stream;
pub mod wanted;
pub mod ways;

use crate::broker::{Cluster, Home};
use crate::fleet::{Doors, Fleet, Shape, load};
use crate::hub::{self, Options};
use crate::kill::Fault;
use crate::tables;
pub use act::Scenario;
use act::Target;
use check::Verdict;
use diary::lock;
use doors::{Gateways, may_pass, pause};
use expected::Sendings;
use lienthong_contract::pb::subscription::v1::release_parked_case_request::Decision;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    GetSubscriptionRequest, ReleaseParkedCaseRequest, SubscriptionStatus,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tonic::transport::Channel;
use ways::{Kind, Ways};

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Decides the load and what the subscribers do.
    pub seed: u64,
    /// Events a second.
    pub rate: u32,
    /// Senders.
    pub connections: usize,
    /// Services, where they are separate.
    pub shape: Shape,
    /// Times that the scenario happens, at least 1.
    pub times: u32,
    /// What a disturbance takes to settle before the next.
    pub settled: Duration,
    /// Load before the first and after the last time.
    pub margin: Duration,
    /// Longest wait for the subscribers after the load.
    pub patience: Duration,
    /// Where the processes' output is kept, a folder a scenario.
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
    /// Sendings, resends included.
    pub attempts: u64,
    /// Different events acknowledged.
    pub acknowledged: u64,
    /// Calls of the load that failed, by gRPC code.
    pub errors: BTreeMap<String, u64>,
    /// Seconds after the load until every subscriber had everything.
    pub complete_after_s: f64,
    /// By way of subscribing.
    pub ways: Vec<Verdict>,
    /// Anything wrong with the processes, in words.
    pub strange: Vec<String>,
}

impl Row {
    /// Whether nothing is wrong and there was load.
    pub fn is_clean(&self) -> bool {
        self.acknowledged > 0
            && self.strange.is_empty()
            && !self.ways.is_empty()
            && self.ways.iter().all(Verdict::is_clean)
    }
}

/// Settings of a hub that the checker needs.
const ENVIRONMENT: [(&str, &str); 5] = [
    ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_PRIVATE", "true"),
    ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_HTTP", "true"),
    (
        "LIENTHONG_GATEWAY__WEBHOOKS__KEY",
        "a key of the checker, long enough for it",
    ),
    ("LIENTHONG_GATEWAY__STREAM_MAX_AGE_S", "25"),
    ("LIENTHONG_LOG__KAFKA__SESSION_TIMEOUT_MS", "6000"),
];

/// Lets a scenario happen to a hub of one process in a new folder.
///
/// # Errors
/// If the hub does not start or does not answer in the end.
pub async fn embedded(data: &Path, scenario: Scenario, settings: &Settings) -> Result<Row, Fault> {
    let mut options = Options::new(&data.join("data"))?;
    std::fs::create_dir_all(data)?;
    options.environment.extend(tables::demo(data)?);
    let mut set = |name: &str, value: &str| {
        let pair = (name.to_owned(), value.to_owned());
        options.environment.push(pair);
    };
    set("LIENTHONG_LOG__SEGMENT_BYTES", "16777216");
    for (name, value) in ENVIRONMENT {
        set(name, value);
    }
    let hub = hub::start(&options)?;
    // The same ports after a restart, as behind an address that stays.
    let addresses = hub.addresses.clone();
    for (door, address) in [
        ("ADAPTERS__GRPC_LISTEN", &addresses.adapters_grpc),
        ("GATEWAY__LISTEN", &addresses.gateway),
        ("GATEWAY__HTTP_LISTEN", &addresses.gateway_http),
    ] {
        let pair = (format!("LIENTHONG_{door}"), address.clone());
        options.environment.push(pair);
    }
    let doors = Doors::of_one(&addresses);
    let output = options.data.join("hub.out");
    let target = Target::One(Box::new(Some(hub)), options);
    let ended = under_load(target, &doors, scenario, settings).await;
    let keep = settings.keep.join(scenario.name());
    std::fs::create_dir_all(&keep)?;
    std::fs::copy(output, keep.join("hub.out"))?;
    ended
}

/// Lets a scenario happen to separate services on Kafka.
///
/// # Errors
/// If a service does not start or does not answer in the end.
pub async fn services(
    home: &Home,
    cluster: Option<&Cluster>,
    scenario: Scenario,
    settings: &Settings,
) -> Result<Row, Fault> {
    let fleet = Fleet::start(home, settings.shape, &ENVIRONMENT).await?;
    let doors = fleet.doors();
    let target = Target::Many(Box::new(fleet), cluster);
    under_load(target, &doors, scenario, settings).await
}

async fn under_load(
    mut target: Target<'_>,
    doors: &Doors,
    scenario: Scenario,
    settings: &Settings,
) -> Result<Row, Fault> {
    let ended = observed(&mut target, doors, scenario, settings).await;
    if let Target::Many(fleet, _) = &target {
        fleet.keep_outputs(&settings.keep.join(scenario.name()))?;
    }
    let mut row = ended?;
    match target {
        Target::One(hub, _) => {
            let hub = *hub;
            let code = tokio::task::spawn_blocking(|| hub.map(hub::Hub::drain)).await?;
            match code.transpose()?.flatten() {
                Some(0) => {}
                code => row.strange.push(format!("the hub exited with {code:?}")),
            }
        }
        Target::Many(mut fleet, _) => {
            row.strange.extend(fleet.fallen());
            if let Err(fault) = fleet.drain().await {
                row.strange.push(fault.to_string());
            }
        }
    }
    Ok(row)
}

async fn observed(
    target: &mut Target<'_>,
    doors: &Doors,
    scenario: Scenario,
    settings: &Settings,
) -> Result<Row, Fault> {
    let gateways = Gateways::default();
    gateways.set(target.doors());
    let mut ways = Ways::new(gateways.clone(), settings.seed);
    ways.start().await?;
    let options = load::Options {
        seed: settings.seed,
        rate: settings.rate,
        connections: settings.connections,
        resend_all: true,
    };
    let began = Instant::now();
    let load = load::start(doors, &options)?;
    tokio::time::sleep(settings.margin).await;
    ways.join().await?;
    let mut outages = Vec::new();
    let mut acted = Ok(());
    for _ in 0..settings.times.max(1) {
        if acted.is_ok() {
            acted = act::act(target, &gateways, scenario, settings.settled, &mut outages).await;
        }
    }
    tokio::time::sleep(settings.margin).await;
    let seconds = began.elapsed().as_secs_f64();
    let heard = load.heard.clone();
    let ledger = load.end().await?;
    let told = heard.told();
    acted?;
    ways.cure();
    let sendings = Sendings::of(&ledger, &mut lock(&ways.names))?;
    let waited = Instant::now();
    let parked = complete(&ways, &sendings, settings.patience).await;
    let complete_after_s = waited.elapsed().as_secs_f64();
    // What is told too often comes late.
    tokio::time::sleep(Duration::from_secs(3)).await;
    ways.end().await;
    let mut verdicts = Vec::new();
    for way in &ways.ways {
        let mut verdict = ways.judge(way, &sendings, &outages);
        if let Kind::Durable(name) = &way.kind {
            verdict.parked = parked.get(name).copied().unwrap_or_default();
            prove(&ways, name, way, &mut verdict).await?;
        }
        verdicts.push(verdict);
    }
    Ok(Row {
        scenario: scenario.name(),
        seconds,
        sent: ledger.sent() as u64,
        attempts: told.attempts,
        acknowledged: ledger.acknowledged() as u64,
        errors: told.errors,
        complete_after_s,
        ways: verdicts,
        strange: Vec::new(),
    })
}

/// Waits until every way has what it must have, and lets parked cases go on; how many there were,
/// by subscription.
async fn complete(ways: &Ways, sendings: &Sendings, patience: Duration) -> BTreeMap<String, u64> {
    let began = Instant::now();
    let mut parked: BTreeMap<String, u64> = BTreeMap::new();
    let expected: Vec<_> = ways
        .ways
        .iter()
        .map(|way| ways.expected(way, sendings).must)
        .collect();
    for turn in 0.. {
        for way in &ways.ways {
            if let Kind::Durable(name) = &way.kind
                && let Ok(channel) = ways.gateways.connect(turn).await
                && let Ok(released) = release(&channel, name).await
            {
                *parked.entry(name.clone()).or_default() += released;
            }
        }
        let mut pairs = ways.ways.iter().zip(&expected);
        let all = pairs.all(|(way, must)| Ways::missing(way, must) == 0);
        if all || began.elapsed() > patience {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    parked
}

async fn release(channel: &Channel, name: &str) -> Result<u64, tonic::Status> {
    let request = ReleaseParkedCaseRequest {
        name: name.to_owned(),
        partition_key: String::new(),
        decision: Decision::Retry as i32,
        all: true,
    };
    let mut client = SubscriptionsClient::new(channel.clone());
    let released = client.release_parked_case(request).await?;
    Ok(released.into_inner().released)
}

/// What the hub itself says of a durable subscription at the end, beside what was told.
async fn prove(
    ways: &Ways,
    name: &str,
    way: &ways::Way,
    verdict: &mut Verdict,
) -> Result<(), Fault> {
    let notes = lock(&way.diary).notes.clone();
    let mut last = None;
    for turn in 0..20 {
        let channel = ways.gateways.connect(turn).await?;
        match status(&channel, name).await {
            Ok(status) => {
                let numbers = prove::numbers(&notes);
                let highest = numbers.keys().max().copied().unwrap_or_default();
                let all = status.outstanding == 0 && status.unread_records == 0;
                if !all || status.last_sequence != highest || status.settled_sequence != highest {
                    verdict.say(format!("told {highest} numbers, the hub says {status:?}"));
                }
                return prove::ask(&channel, name, &notes, &ways.names, verdict).await;
            }
            Err(status) if may_pass(&status) => {
                pause(Some(&status)).await;
                last = Some(status);
            }
            Err(status) => return Err(status.into()),
        }
    }
    Err(format!("{name} has no keeper: {last:?}").into())
}

async fn status(channel: &Channel, name: &str) -> Result<SubscriptionStatus, tonic::Status> {
    let request = GetSubscriptionRequest {
        name: name.to_owned(),
    };
    let mut client = SubscriptionsClient::new(channel.clone());
    let answer = client.get_subscription(request).await?.into_inner();
    answer
        .status
        .ok_or_else(|| tonic::Status::data_loss("an answer without status"))
}
