//! Several systems at once, unary and streaming, with early, late and named links, resends of what
//! was not acknowledged, and resends of what was.

use super::Fault;
use super::ledger::{Dossier, Ledger, lock};
use crate::facts::{Fact, link, source, step};
use crate::wire;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::event::v1::{Outcome, outcome};
use lienthong_simulator::system::System;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;

/// Connections at once: each system once in batches and once as a stream.
pub const WORKERS: u32 = 8;
/// Steps of work of a dossier; the link, where there is one, is number `STEPS`.
pub const STEPS: u32 = 5;
/// Messages of a stream on their way at once.
const WINDOW: usize = 64;

/// Names one event of the load; everything about it follows from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The round it was first sent in.
    pub round: u32,
    /// The connection that sends it.
    pub worker: u32,
    /// The worker's dossier, from 0 in each round.
    pub number: u32,
    /// 0 to [`STEPS`].
    pub step: u32,
}

impl Key {
    /// The dossier it is about.
    pub fn dossier(self) -> Dossier {
        (self.round, self.worker, self.number)
    }

    /// Whether it is a link and no step of work.
    pub fn is_link(self) -> bool {
        self.step == STEPS
    }

    /// The source's id.
    pub fn id(self) -> String {
        format!(
            "{}-{}-{}-{}",
            self.round, self.worker, self.number, self.step
        )
    }

    /// From the source's id.
    pub fn parse(id: &str) -> Option<Self> {
        let mut parts = id.split('-').map(|part| part.parse().ok());
        Some(Self {
            round: parts.next()??,
            worker: parts.next()??,
            number: parts.next()??,
            step: parts.next()??,
        })
    }

    /// The message.
    pub fn fact(self) -> Fact {
        let code = code(self.dossier());
        let case = case_code(self.dossier());
        let payload = if self.is_link() {
            link(Relation::Case, &case)
        } else {
            step("work")
        };
        let minutes = i64::from(self.step);
        let fact = Fact::new(system(self.worker), &self.id(), &code, minutes, payload)
            .by(&format!("H56.15.{:02}", self.worker + 1));
        match linking(self.dossier()) {
            Linking::Named => fact.case(&case),
            Linking::NamedLate if self.step >= 3 => fact.case(&case),
            _ => fact,
        }
    }
}

/// How a dossier is tied to its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linking {
    /// By a link sent first.
    Early,
    /// By a link sent last.
    Late,
    /// By the header of every event.
    Named,
    /// By the header of the later events.
    NamedLate,
}

fn linking((_, _, number): Dossier) -> Linking {
    match number % 4 {
        0 => Linking::Early,
        1 => Linking::Late,
        2 => Linking::Named,
        _ => Linking::NamedLate,
    }
}

/// The events of a dossier in the order they are sent.
fn events(dossier: Dossier) -> Vec<Key> {
    let (round, worker, number) = dossier;
    let key = |step| Key {
        round,
        worker,
        number,
        step,
    };
    let mut keys: Vec<Key> = (0..STEPS).map(key).collect();
    match linking(dossier) {
        Linking::Early => keys.insert(0, key(STEPS)),
        Linking::Late => keys.push(key(STEPS)),
        Linking::Named | Linking::NamedLate => {}
    }
    keys
}

/// The dossier's code.
pub fn code((round, worker, number): Dossier) -> String {
    format!(
        "H56.15.{:02}-261008-{:08}",
        worker + 1,
        u64::from(round) * 100_000 + u64::from(number)
    )
}

/// The case that the dossiers of one number of all workers belong to.
pub fn case_code((round, _, number): Dossier) -> String {
    format!("LT-{round}-{number}")
}

/// The system that a worker speaks for.
pub fn system(worker: u32) -> System {
    System::ALL[worker as usize % System::ALL.len()]
}

/// The source that a worker's events name.
pub fn source_of(worker: u32) -> &'static str {
    source(system(worker))
}

/// A load that goes on until the hub is gone.
pub struct Load {
    workers: JoinSet<Result<(), Fault>>,
    kill_is_due: Arc<AtomicBool>,
}

impl Load {
    /// From now on a connection that breaks is no fault.
    pub fn expect_the_kill(&self) {
        self.kill_is_due.store(true, Ordering::SeqCst);
    }

    /// Waits for the workers to notice that the hub is gone.
    ///
    /// # Errors
    /// If a worker was refused while the hub was there.
    pub async fn end(mut self) -> Result<(), Fault> {
        while let Some(ended) = self.workers.join_next().await {
            ended??;
        }
        Ok(())
    }
}

/// Starts the workers.
///
/// # Errors
/// If the hub cannot be reached.
pub async fn start(
    address: &str,
    ledger: &Arc<Mutex<Ledger>>,
    round: u32,
    dice: &mut StdRng,
) -> Result<Load, Fault> {
    let kill_is_due = Arc::new(AtomicBool::new(false));
    let mut workers = JoinSet::new();
    for number in 0..WORKERS {
        let channel = wire::connect(address).await?;
        let worker = Worker {
            number,
            round,
            next: 0,
            queue: lock(ledger).unacknowledged(number).into(),
            dice: StdRng::seed_from_u64(dice.random()),
            ledger: ledger.clone(),
        };
        let due = kill_is_due.clone();
        workers.spawn(async move {
            let streams = number >= WORKERS / 2;
            let ended = if streams {
                worker.stream(channel).await
            } else {
                worker.unary(channel).await
            };
            match ended {
                Err(_) if due.load(Ordering::SeqCst) => Ok(()),
                Err(fault) => Err(format!("worker {number}: {fault}").into()),
                Ok(()) => Err(format!("worker {number} ended by itself").into()),
            }
        });
    }
    Ok(Load {
        workers,
        kill_is_due,
    })
}

/// One connection of one system.
struct Worker {
    number: u32,
    round: u32,
    next: u32,
    /// To be sent next.
    queue: VecDeque<Key>,
    dice: StdRng,
    ledger: Arc<Mutex<Ledger>>,
}

impl Worker {
    /// The next event to send, noted as sent: every fifth time something sent before, else what was
    /// not acknowledged when the hub was killed, then new dossiers.
    fn next(&mut self) -> Key {
        let mut ledger = lock(&self.ledger);
        let again = self.dice.random_range(0..5) == 0;
        let earlier = ledger.any_of(self.number, &mut self.dice).filter(|_| again);
        let key = match earlier.or_else(|| self.queue.pop_front()) {
            Some(key) => key,
            None => {
                let mut events = events((self.round, self.number, self.next));
                self.next += 1;
                let first = events.remove(0);
                self.queue.extend(events);
                first
            }
        };
        ledger.sending(key);
        key
    }

    /// Batches of 1 to 16, one after the other.
    async fn unary(mut self, channel: Channel) -> Result<(), Fault> {
        loop {
            let size = self.dice.random_range(1..=16);
            let facts: Vec<Fact> = (0..size).map(|_| self.next().fact()).collect();
            for outcome in wire::report(&channel, &facts).await? {
                note(&self.ledger, &outcome)?;
            }
            tokio::time::sleep(Duration::from_millis(self.dice.random_range(1..10))).await;
        }
    }

    /// One stream for as long as the hub lives.
    async fn stream(mut self, channel: Channel) -> Result<(), Fault> {
        let (sender, receiver) = tokio::sync::mpsc::channel(WINDOW);
        let (ledger, system) = (self.ledger.clone(), system(self.number));
        let feeder = tokio::spawn(async move {
            for sent in 1_u32.. {
                if sender.send(wire::item(&self.next().fact())).await.is_err() {
                    return;
                }
                if sent.is_multiple_of(16) {
                    let pause = self.dice.random_range(1..20);
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                }
            }
        });
        let ended = async {
            let items = ReceiverStream::new(receiver);
            let mut answers = wire::open_stream(&channel, system, items).await?;
            while let Some(answer) = answers.next().await {
                note(&ledger, &answer?.outcome.unwrap_or_default())?;
            }
            Ok(())
        }
        .await;
        feeder.abort();
        ended
    }
}

fn note(ledger: &Mutex<Ledger>, outcome: &Outcome) -> Result<(), Fault> {
    match (Key::parse(&outcome.id), &outcome.result) {
        (Some(key), Some(outcome::Result::Position(position))) => {
            lock(ledger).acknowledged_at(key, *position);
            Ok(())
        }
        _ => Err(Status::internal(format!("not acknowledged: {outcome:?}")).into()),
    }
}
