//! The same scenario through one process on the embedded log and through separate services on
//! Kafka: every answer must be the same.

use crate::broker::Home;
use crate::fleet::answers::{self, Answers};
use crate::fleet::asker::Asker;
use crate::fleet::{Doors, Fleet, Shape, load};
use crate::instance::Instance;
use crate::kill::Fault;
use crate::tables;
use std::time::{Duration, Instant};

/// Differences that are shown.
const SHOWN: usize = 20;
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to compare.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Decides the scenario.
    pub seed: u64,
    /// Cases, 1 to 10,000.
    pub cases: u32,
    /// The separate services.
    pub shape: Shape,
}

/// One of the two hubs.
#[derive(Debug, Clone)]
pub struct Side {
    /// Different events acknowledged.
    pub acknowledged: usize,
    /// Events refused, as those that break the contract must be.
    pub refused: usize,
    /// Seconds from the first event sent to the last acknowledged.
    pub took: Duration,
    /// Everything it answers.
    pub answers: Answers,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// One process on the embedded log.
    pub one: Side,
    /// Separate services on Kafka.
    pub separate: Side,
    /// Where they differ, in words; empty: nowhere.
    pub differences: Vec<String>,
}

impl Comparison {
    /// Whether both were told the same, much was told, and all answers agree.
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
            && self.one.acknowledged > 0
            && self.one.acknowledged == self.separate.acknowledged
            && self.one.refused == self.separate.refused
            && self.one.answers.cases > 0
    }
}

/// Plays the scenario to both hubs and compares.
///
/// # Errors
/// If a hub does not start or does not answer.
pub async fn compare(home: &Home, settings: &Settings) -> Result<Comparison, Fault> {
    let partitions = home.partitions.to_string();
    let one = {
        let folder = tempfile::tempdir()?;
        let tables = tables::demo(folder.path())?;
        let tables = tables.iter().map(|(name, value)| (&name[..], &value[..]));
        let mut environment: Vec<(&str, &str)> = tables.collect();
        environment.push(("LIENTHONG_LOG__PARTITIONS", &partitions));
        let hub = Instance::start_with(&environment)?;
        let side = play(&Doors::of_one(&hub.hub.addresses), settings).await?;
        hub.stop()?;
        side
    };
    let fleet = Fleet::start(home, settings.shape, &[]).await?;
    let separate = play(&fleet.doors(), settings).await?;
    fleet.drain().await?;
    let differences = one.answers.differences(&separate.answers, SHOWN);
    Ok(Comparison {
        one,
        separate,
        differences,
    })
}

/// Plays the scenario to a hub and asks it everything.
///
/// # Errors
/// If it does not take every event or does not answer.
pub async fn play(doors: &Doors, settings: &Settings) -> Result<Side, Fault> {
    let began = Instant::now();
    let chains = load::chains(settings.seed, 0, settings.cases, true)?;
    let ledger = load::all(doors, chains, 8).await?;
    let took = began.elapsed();
    let asker = Asker::new(doors, PATIENCE)?;
    asker.caught_up(&ledger.reached()).await?;
    Ok(Side {
        acknowledged: ledger.acknowledged(),
        refused: ledger.refused(),
        took,
        answers: answers::all(&asker).await?,
    })
}
