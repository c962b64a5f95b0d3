//! Drives a hub with a scenario, as the systems of two provinces and three ministries would.

use crate::client::{self, Connection, Options, Retry};
use crate::message::Message;
use crate::positions::Reached;
use crate::scenario::{self, Fault, Plan, Scenario, TimedEvent};
use crate::system::System;
use lienthong_contract::pb::event::v1::{Outcome, Position, outcome::Result as Answer};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::codegen::http::Uri;

/// Time between two turns of the sender.
const TURN: Duration = Duration::from_millis(20);
/// Turns between two reports of progress.
const REPORT_EVERY: u32 = 10;
/// Messages that may wait for one system's stream; then the sender waits.
const QUEUE: usize = 256;
/// How long answers are waited for once the demonstration is to end.
const LAST_ANSWERS: Duration = Duration::from_secs(2);
/// Codes named in a summary.
const EXAMPLES: usize = 5;

/// Where the hub is.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// The adapters of each system, such as `http://127.0.0.1:7410`. Several share the system's
    /// cases, and take over from one that is lost.
    pub adapters: BTreeMap<System, Vec<Uri>>,
}

/// What to play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// Which procedures.
    pub scenario: Scenario,
    /// Decides everything that chance decides.
    pub seed: u64,
    /// Number of the run; see [`scenario::run_number`]. Another number, other codes; the same
    /// number with the same seed and present sends the same events, which take effect once.
    pub run: u32,
    /// Cases, 1 to 10,000.
    pub cases: u32,
    /// Events a second over all systems, at least 1.
    pub rate: u32,
    /// The scenario's present, milliseconds since the Unix epoch.
    pub now_ms: i64,
}

impl Config {
    /// The demonstration as it is without options: 400 cases of every procedure, 150 events
    /// a second.
    pub fn new(seed: u64, now_ms: i64) -> Self {
        Self {
            scenario: Scenario::Mixed,
            seed,
            run: scenario::run_number(now_ms),
            cases: 400,
            rate: 150,
            now_ms,
        }
    }
}

/// How far the demonstration is, in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// To be sent in all, what is sent twice on purpose included.
    pub planned: u64,
    /// Sent for the first time.
    pub sent: u64,
    /// Answered with a position.
    pub acknowledged: u64,
    /// Answered with a rejection.
    pub rejected: u64,
    /// Sent again because an answer did not come.
    pub resent: u64,
    /// Of those sent: the same event once more, on purpose.
    pub duplicates: u64,
}

/// What the demonstration did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// How far it came.
    pub progress: Progress,
    /// Messages that break the contract, of those planned.
    pub malformed: u64,
    /// Cases begun.
    pub cases: u64,
    /// Codes of cases that went a long way, to look at.
    pub examples: Vec<String>,
    /// The highest position of each partition.
    pub positions: Vec<Position>,
}

/// Why a demonstration did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was generated.
    #[error(transparent)]
    Scenario(#[from] scenario::Error),
    /// A system's events did not reach the hub.
    #[error("the {system} system: {error}")]
    Client {
        /// Which system.
        system: &'static str,
        /// Why.
        error: client::Error,
    },
    /// A stream's task ended without a result.
    #[error("a stream ended unexpectedly: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the same demonstration may succeed later as it is.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Client { error, .. } if error.is_retryable())
    }
}

/// Generates the scenario and sends it, each system on a stream of its own to each of its
/// adapters; the events of a case keep to one stream, and so their order. Ends when all is
/// answered, or soon after `shutdown` with what was done until then. `on_progress` is called
/// five times a second and at the end.
///
/// # Errors
/// See [`Error`]; what was acknowledged stays.
pub async fn run(
    endpoints: Endpoints,
    config: Config,
    on_progress: impl Fn(Progress) + Send + Sync + 'static,
    shutdown: CancellationToken,
) -> Result<Summary, Error> {
    let events = scenario::generate(&Plan {
        scenario: config.scenario,
        seed: config.seed,
        run: config.run,
        cases: config.cases,
        now_ms: config.now_ms,
    })?;
    send(endpoints, events, config.rate, on_progress, shutdown).await
}

/// Sends events in the order given, `rate` a second, as [`run`] does those of its scenario.
///
/// # Errors
/// See [`Error`]; what was acknowledged stays.
pub async fn send(
    endpoints: Endpoints,
    events: Vec<TimedEvent>,
    rate: u32,
    on_progress: impl Fn(Progress) + Send + Sync + 'static,
    shutdown: CancellationToken,
) -> Result<Summary, Error> {
    let mut summary = summary_of(&events);
    let reached = Arc::new(Mutex::new(Reached::default()));
    let mut streams = JoinSet::new();
    let mut queues = Queues::new();
    let mut connections = Connections::default();
    for (system, addresses) in &endpoints.adapters {
        for first in 0..addresses.len() {
            let (queue, messages) = mpsc::channel(QUEUE);
            queues.entry(*system).or_default().push(queue);
            let connection = connections.to(addresses, first);
            streams.spawn(one_stream(connection, *system, messages, reached.clone()));
        }
    }
    let mut progress = Told {
        base: summary.progress,
        connection: connections.any(),
        duplicates: 0,
    };
    tokio::select! {
        () = pace(rate, events, &queues, &mut progress, &on_progress) => {}
        () = shutdown.cancelled() => {}
        Some(ended) = streams.join_next() => ended??,
    }
    drop(queues);
    let finished = async {
        while let Some(ended) = streams.join_next().await {
            ended??;
        }
        Ok::<(), Error>(())
    };
    tokio::select! {
        finished = finished => finished?,
        () = async { shutdown.cancelled().await; tokio::time::sleep(LAST_ANSWERS).await } => {}
    }
    summary.progress = progress.now();
    on_progress(summary.progress);
    summary.positions = reached
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .positions();
    Ok(summary)
}

/// The queues of each system's streams.
type Queues = BTreeMap<System, Vec<mpsc::Sender<Message>>>;

/// Connections by the addresses they turn to, in this order; all count together.
#[derive(Default)]
struct Connections(BTreeMap<Vec<String>, Connection>);

impl Connections {
    /// A connection to the address numbered `first`, and to those after it once it is lost.
    fn to(&mut self, addresses: &[Uri], first: usize) -> Connection {
        let mut addresses = addresses.to_vec();
        addresses.rotate_left(first);
        let name = addresses.iter().map(Uri::to_string).collect();
        if let Some(known) = self.0.get(&name) {
            return known.clone();
        }
        let options = Options {
            retry: Retry {
                give_up_after: Duration::from_secs(300),
                ..Retry::default()
            },
            others: addresses.split_off(1),
            ..Options::new(addresses.remove(0))
        };
        let connection = match self.any() {
            Some(other) => other.beside(options),
            None => Connection::new(options),
        };
        self.0.insert(name, connection.clone());
        connection
    }

    fn any(&self) -> Option<&Connection> {
        self.0.values().next()
    }
}

async fn one_stream(
    connection: Connection,
    system: System,
    messages: mpsc::Receiver<Message>,
    reached: Arc<Mutex<Reached>>,
) -> Result<(), Error> {
    let mut on_outcome = |_: &Message, outcome: Outcome| {
        if let Some(Answer::Position(position)) = outcome.result {
            reached
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .note(position);
        }
    };
    client::stream(&connection, system, messages, &mut on_outcome)
        .await
        .map_err(|error| Error::Client {
            system: system.name(),
            error,
        })
}

/// Hands `rate` messages a second to the streams, in the order of their arrival. A stream
/// that does not keep up holds all back: the scenario's order is worth more than its speed.
async fn pace(
    rate: u32,
    events: Vec<TimedEvent>,
    queues: &Queues,
    progress: &mut Told<'_>,
    on_progress: &(dyn Fn(Progress) + Send + Sync),
) {
    let per_turn = f64::from(rate.max(1)) * TURN.as_secs_f64();
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut due, mut turn) = (0.0, 0u32);
    let mut events = events.into_iter();
    while events.len() > 0 {
        turns.tick().await;
        due += per_turn;
        for event in events.by_ref().take(due as usize) {
            due -= 1.0;
            progress.duplicates += u64::from(is_repeated(&event));
            if let Some(queue) = queue_of(queues, &event) {
                // A closed queue: its stream ended, and `run` is about to say why.
                let _ = queue.send(event.message).await;
            }
        }
        turn = turn.wrapping_add(1);
        if turn % REPORT_EVERY == 0 {
            on_progress(progress.now());
        }
    }
}

/// The events of a case keep to one of a system's streams.
fn queue_of<'a>(queues: &'a Queues, event: &TimedEvent) -> Option<&'a mpsc::Sender<Message>> {
    let queues = queues.get(&event.message.system())?;
    let mut hasher = DefaultHasher::new();
    event.case_code.hash(&mut hasher);
    queues.get((hasher.finish() % queues.len() as u64) as usize)
}

/// What there is to tell while the demonstration runs.
struct Told<'a> {
    base: Progress,
    connection: Option<&'a Connection>,
    duplicates: u64,
}

impl Told<'_> {
    fn now(&self) -> Progress {
        let counts = self.connection.map(Connection::counts).unwrap_or_default();
        Progress {
            sent: counts.sent,
            acknowledged: counts.acknowledged,
            rejected: counts.rejected,
            resent: counts.resent,
            duplicates: self.duplicates,
            ..self.base
        }
    }
}

fn summary_of(events: &[TimedEvent]) -> Summary {
    let mut by_case: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        *by_case.entry(&event.case_code).or_default() += 1;
    }
    let longest: BTreeSet<(usize, &str)> = by_case
        .iter()
        .map(|(code, count)| (*count, *code))
        .collect();
    Summary {
        progress: Progress {
            planned: events.len() as u64,
            ..Progress::default()
        },
        malformed: events
            .iter()
            .filter(|event| event.fault == Some(Fault::Malformed))
            .count() as u64,
        cases: by_case.len() as u64,
        examples: longest
            .iter()
            .rev()
            .take(EXAMPLES)
            .map(|(_, code)| (*code).to_owned())
            .collect(),
        positions: Vec::new(),
    }
}

fn is_repeated(event: &TimedEvent) -> bool {
    matches!(event.fault, Some(Fault::Duplicate | Fault::Resent))
}

#[cfg(test)]
#[path = "demo_tests.rs"]
mod tests;
