//! Kills the hub at random moments while several systems report to it, starts it again on the
//! same data, and proves after every round that nothing acknowledged was lost, that nothing took
//! effect twice, and that the views are those that a rebuild gives.

mod check;
mod ledger;
mod load;

use crate::hub::{self, Hub, Options};
use crate::wire;
use ledger::Ledger;
use lienthong_contract::pb::operations::v1::RebuildViewRequest;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_stream::StreamExt;

/// An error in words.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// What to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How often to kill.
    pub rounds: u32,
    /// Decides every random choice but the machine's own timing.
    pub seed: u64,
    /// The hub's data directory; must be new.
    pub data: PathBuf,
    /// Longest time under load before the kill, milliseconds; at least 20.
    pub longest_ms: u64,
    /// The library that keeps the views' checkpoints, `sled` or `redb`; none: the default.
    pub store: Option<String>,
}

/// What the hub was doing when it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    /// Taking in events.
    Load,
    /// The same, with a checkpoint every 20 ms.
    Checkpoints,
    /// Starting: opening the log, loading the views.
    StartUp,
    /// Taking in events while a view is rebuilt.
    Rebuild,
}

impl During {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            During::Load => "load",
            During::Checkpoints => "checkpoints",
            During::StartUp => "start-up",
            During::Rebuild => "rebuild",
        }
    }
}

/// One kill and what was found after it.
#[derive(Debug, Clone)]
pub struct Round {
    /// From 1.
    pub number: u32,
    /// What it was doing.
    pub during: During,
    /// From the beginning of that until the kill, milliseconds.
    pub killed_after_ms: u64,
    /// Different events acknowledged since the first round.
    pub acknowledged: u64,
    /// Events checked one by one after this kill.
    pub checked: u64,
    /// Acknowledged events that their case does not have.
    pub lost: u64,
    /// Events that their case has more than once.
    pub doubled: u64,
    /// Digests compared with a rebuild beside the running view.
    pub digests: u64,
    /// Those that differ.
    pub different: u64,
    /// From starting the process again until it listened, milliseconds.
    pub restart_ms: u64,
    /// Anything else that is wrong, in words.
    pub strange: Vec<String>,
}

/// Everything found.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The rounds in order.
    pub rounds: Vec<Round>,
    /// Different events sent.
    pub sent: u64,
    /// Sendings, resends included.
    pub attempts: u64,
    /// Different events acknowledged.
    pub acknowledged: u64,
    /// Acknowledgements whose position in the log holds that event.
    pub positions: u64,
    /// Acknowledgements whose position does not.
    pub misplaced: u64,
    /// Different events of work in the log, and as the path statistics count them.
    pub counted: (u64, u64),
}

impl Summary {
    /// Whether anything is wrong.
    pub fn is_clean(&self) -> bool {
        let clean = |round: &Round| {
            round.lost + round.doubled + round.different == 0
                && round.digests > 0
                && round.strange.is_empty()
        };
        self.rounds.iter().all(clean)
            && self.misplaced == 0
            && self.positions >= self.acknowledged
            && self.counted.0 == self.counted.1
    }
}

/// Kills `rounds` times and checks after each. `tell` gets every round when it is done.
///
/// # Errors
/// If the hub does not start, or a system is refused without the hub having been killed.
pub async fn run(settings: &Settings, tell: &mut dyn FnMut(&Round)) -> Result<Summary, Fault> {
    let mut dice = StdRng::seed_from_u64(settings.seed);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut summary = Summary::default();
    for number in 1..=settings.rounds {
        let during = match number % 5 {
            2 => During::Checkpoints,
            3 => During::StartUp,
            4 => During::Rebuild,
            _ => During::Load,
        };
        let killed_after_ms = match during {
            During::StartUp => one_start_up(settings, &ledger, number, &mut dice).await?,
            _ => one_load(settings, &ledger, number, during, &mut dice).await?,
        };
        let hub = hub::start(&options(settings, During::Load)?)?;
        let restart_ms = millis(hub.listening_after);
        let found = check::after_restart(&hub, &ledger, number, &mut dice).await?;
        hub.kill()?;
        let round = Round {
            number,
            during,
            killed_after_ms,
            acknowledged: ledger::lock(&ledger).acknowledged(),
            checked: found.checked,
            lost: found.lost,
            doubled: found.doubled,
            digests: found.digests,
            different: found.different,
            restart_ms,
            strange: found.strange,
        };
        tell(&round);
        summary.rounds.push(round);
    }
    at_the_end(settings, &ledger, &mut summary).await?;
    Ok(summary)
}

/// Loads the hub and kills it; milliseconds under load.
async fn one_load(
    settings: &Settings,
    ledger: &Arc<Mutex<Ledger>>,
    round: u32,
    during: During,
    dice: &mut StdRng,
) -> Result<u64, Fault> {
    let hub = hub::start(&options(settings, during)?)?;
    let load = load::start(&hub.addresses.adapters_grpc, ledger, round, dice).await?;
    let began = Instant::now();
    let wait = Duration::from_millis(dice.random_range(20..=settings.longest_ms.max(20)));
    if during == During::Rebuild {
        tokio::time::sleep(wait / 2).await;
        let view = ["case", "horizontal", "vertical"][dice.random_range(0..3)];
        rebuild(&hub, view).await?;
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..60))).await;
    } else {
        tokio::time::sleep(wait).await;
    }
    let after = began.elapsed();
    load.expect_the_kill();
    hub.kill()?;
    load.end().await?;
    Ok(millis(after))
}

/// Loads the hub a little, kills it, and kills it again while it starts; milliseconds of the start.
async fn one_start_up(
    settings: &Settings,
    ledger: &Arc<Mutex<Ledger>>,
    round: u32,
    dice: &mut StdRng,
) -> Result<u64, Fault> {
    one_load(settings, ledger, round, During::Load, dice).await?;
    let options = options(settings, During::Load)?;
    let usual = millis(hub::start(&options)?.listening_after).max(10);
    let wait = dice.random_range(1..=usual);
    hub::start_and_kill(&options, Duration::from_millis(wait))?;
    Ok(wait)
}

/// Starts a rebuild and lets it run on its own.
async fn rebuild(hub: &Hub, view: &str) -> Result<(), Fault> {
    let channel = wire::connect(&hub.addresses.gateway).await?;
    let request = RebuildViewRequest { view: view.into() };
    let answers = OperationsServiceClient::new(channel)
        .rebuild_view(request)
        .await?;
    let mut answers = answers.into_inner();
    tokio::spawn(async move { while let Some(Ok(_)) = answers.next().await {} });
    Ok(())
}

/// Checks every event there is, counts, drains, and reads the whole log.
async fn at_the_end(
    settings: &Settings,
    ledger: &Arc<Mutex<Ledger>>,
    summary: &mut Summary,
) -> Result<(), Fault> {
    let options = options(settings, During::Load)?;
    let hub = hub::start(&options)?;
    let found = check::everything(&hub, ledger).await?;
    if let Some(last) = summary.rounds.last_mut() {
        last.checked += found.checked;
        last.lost += found.lost;
        last.doubled += found.doubled;
        last.strange.extend(found.strange);
    }
    let counted = check::counted_events(&hub).await?;
    let code = hub.drain()?;
    if code != Some(0) {
        return Err(format!("the hub exited with {code:?} when it was drained").into());
    }
    let held = check::log(&log_folder(&options), ledger).await?;
    let ledger = ledger::lock(ledger);
    summary.sent = ledger.sent();
    summary.attempts = ledger.attempts();
    summary.acknowledged = ledger.acknowledged();
    summary.positions = held.positions;
    summary.misplaced = held.misplaced;
    summary.counted = (held.different_steps, counted);
    Ok(())
}

fn options(settings: &Settings, during: During) -> std::io::Result<Options> {
    let mut options = Options::new(&settings.data)?;
    let every = if during == During::Checkpoints {
        "20"
    } else {
        "200"
    };
    for (name, value) in [
        (
            "LIENTHONG_LOG__SEGMENT_BYTES",
            check::SEGMENT_BYTES.to_string(),
        ),
        ("LIENTHONG_VIEWS__CHECKPOINT_EVERY_MS", every.to_owned()),
        ("LIENTHONG_LOGGING__FILTER", "warn".to_owned()),
    ] {
        options.environment.push((name.to_owned(), value));
    }
    if let Some(store) = &settings.store {
        let name = "LIENTHONG_VIEWS__STORE".to_owned();
        options.environment.push((name, store.clone()));
    }
    Ok(options)
}

fn log_folder(options: &Options) -> PathBuf {
    Path::new(&options.data).join("log")
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
