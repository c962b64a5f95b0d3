//! A constant load from a seeded scenario over many connections.
//!
//! Cases are dealt out to slots. A slot sends the events of its case one after the other, each
//! only after the one before was acknowledged, so that the order of a case is known; the rate comes
//! from many cases at once. What no slot is free to send is not made up for later.

use super::Doors;
use super::ledger::{Chain, Ledger, Planned, Record, Sent};
use super::sender::{Answer, Heard, Sender};
use crate::kill::Fault;
use lienthong_simulator::scenario::{self, Fault as Wrong, Plan, Scenario};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Cases that one connection has under way.
const SLOTS: usize = 24;
/// Cases of one run of the scenario.
const CASES_A_RUN: u32 = 1_000;
/// Between two turns of the pacer.
const TURN: Duration = Duration::from_millis(5);
/// How long an event is sent again before the run is given up.
const PATIENCE: Duration = Duration::from_secs(120);
/// The scenario's present: fixed, so that the same seed gives the same events.
pub const NOW_MS: i64 = 1_793_000_000_000;

/// What to send and how hard.
#[derive(Debug, Clone)]
pub struct Options {
    /// Decides every random choice but the machine's own timing.
    pub seed: u64,
    /// Events a second over all connections.
    pub rate: u32,
    /// Clients, each with connections of its own; at least 1.
    pub connections: usize,
    /// Whether a client that met an error sends its whole case again, and gives some calls up.
    pub resend_all: bool,
}

/// A running load.
pub struct Load {
    slots: JoinSet<Result<Vec<Record>, Fault>>,
    pacer: tokio::task::AbortHandle,
    pacing: JoinSet<()>,
    stop: Arc<AtomicBool>,
    permits: Arc<Semaphore>,
    /// What the clients met.
    pub heard: Arc<Heard>,
}

/// The cases of a seeded scenario, each with its events in the order of their arrival. Messages
/// that break the contract are left in only if `malformed`.
///
/// # Errors
/// If the plan is out of range.
pub fn chains(seed: u64, run: u32, cases: u32, malformed: bool) -> Result<Vec<Chain>, Fault> {
    let events = scenario::generate(&Plan {
        scenario: Scenario::Mixed,
        seed,
        run,
        cases,
        now_ms: NOW_MS,
    })?;
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut chains: Vec<Chain> = Vec::new();
    for event in events {
        if event.fault == Some(Wrong::Malformed) && !malformed {
            continue;
        }
        let next = chains.len();
        let at = *place.entry(event.case_code.clone()).or_insert(next);
        if at == next {
            chains.push(Chain {
                case_code: event.case_code,
                events: Vec::new(),
            });
        }
        chains[at].events.push(Planned::new(event.message)?);
    }
    Ok(chains)
}

/// Starts the load; it goes on until [`Load::end`].
///
/// # Errors
/// If the scenario cannot be played or an address is none.
pub fn start(doors: &Doors, options: &Options) -> Result<Load, Fault> {
    let cases = endless(options.seed)?;
    let heard = Arc::new(Heard::default());
    let doors = Arc::new(doors.clone());
    let stop = Arc::new(AtomicBool::new(false));
    let permits = Arc::new(Semaphore::new(0));
    let mut slots = JoinSet::new();
    for connection in 0..options.connections.max(1) {
        let sender = Arc::new(Sender::new(doors.clone(), connection, heard.clone())?);
        for number in 0..SLOTS {
            let slot = Slot {
                sender: sender.clone(),
                permits: permits.clone(),
                stop: stop.clone(),
                resend_all: options.resend_all,
                dice: StdRng::seed_from_u64(
                    options.seed ^ ((connection * SLOTS + number) as u64) << 20,
                ),
            };
            slots.spawn(slot.run(cases.clone()));
        }
    }
    let mut pacing = JoinSet::new();
    let pacer = pacing.spawn(pace(options.rate, permits.clone()));
    Ok(Load {
        slots,
        pacer,
        pacing,
        stop,
        permits,
        heard,
    })
}

/// Sends these cases as fast as they are taken and waits for the last answer.
///
/// # Errors
/// If an event is neither acknowledged nor refused in time.
pub async fn all(doors: &Doors, chains: Vec<Chain>, connections: usize) -> Result<Ledger, Fault> {
    let heard = Arc::new(Heard::default());
    let doors = Arc::new(doors.clone());
    let waiting = Arc::new(Mutex::new(chains));
    let mut slots = JoinSet::new();
    for connection in 0..connections.max(1) {
        let sender = Arc::new(Sender::new(doors.clone(), connection, heard.clone())?);
        for _ in 0..4 {
            let mut slot = Slot {
                sender: sender.clone(),
                permits: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
                stop: Arc::new(AtomicBool::new(false)),
                resend_all: false,
                dice: StdRng::seed_from_u64(0),
            };
            let waiting = waiting.clone();
            slots.spawn(async move {
                let mut records = Vec::new();
                while let Some(chain) = next_of(&waiting) {
                    records.push(slot.case(chain).await?);
                }
                Ok::<_, Fault>(records)
            });
        }
    }
    let mut ledger = Ledger::default();
    while let Some(ended) = slots.join_next().await {
        ledger.records.extend(ended??);
    }
    Ok(ledger)
}

fn next_of(waiting: &Mutex<Vec<Chain>>) -> Option<Chain> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.pop()
}

impl Load {
    /// Sends no more cases, waits for the last answers, and gives what was sent.
    ///
    /// # Errors
    /// If an event was neither acknowledged nor refused in time.
    pub async fn end(mut self) -> Result<Ledger, Fault> {
        self.stop.store(true, Ordering::SeqCst);
        self.pacer.abort();
        while self.pacing.join_next().await.is_some() {}
        // Those who wait for their turn are let through and see that it is over.
        self.permits.add_permits(1 << 20);
        let mut ledger = Ledger::default();
        while let Some(ended) = self.slots.join_next().await {
            ledger.records.extend(ended??);
        }
        Ok(ledger)
    }
}

/// Gives out `rate` permits a second; what nobody takes within half a second is gone.
async fn pace(rate: u32, permits: Arc<Semaphore>) {
    let most = (rate / 2).max(1) as usize;
    let mut turns = tokio::time::interval(TURN);
    let began = tokio::time::Instant::now();
    let mut given = 0_u64;
    loop {
        turns.tick().await;
        let due = (began.elapsed().as_secs_f64() * f64::from(rate)) as u64;
        let more = (due - given) as usize;
        given = due;
        let room = most.saturating_sub(permits.available_permits());
        permits.add_permits(more.min(room));
    }
}

/// Where slots get their cases.
type Cases = Arc<tokio::sync::Mutex<mpsc::Receiver<Chain>>>;

/// Cases without an end: when a scenario is told, the next run of it begins. They are made ahead, on
/// a thread of their own, so that making them holds nobody up.
fn endless(seed: u64) -> Result<Cases, Fault> {
    let first = chains(seed, 0, CASES_A_RUN, false)?;
    let (made, cases) = mpsc::channel(CASES_A_RUN as usize);
    std::thread::Builder::new()
        .name("cases".to_owned())
        .spawn(move || {
            let mut ready = Ok(first);
            for run in 1.. {
                let Ok(chains_of_run) = ready else {
                    return;
                };
                for chain in chains_of_run {
                    if made.blocking_send(chain).is_err() {
                        return;
                    }
                }
                ready = chains(seed, run, CASES_A_RUN, false);
            }
        })?;
    Ok(Arc::new(tokio::sync::Mutex::new(cases)))
}

/// Sends case after case.
struct Slot {
    sender: Arc<Sender>,
    permits: Arc<Semaphore>,
    stop: Arc<AtomicBool>,
    resend_all: bool,
    dice: StdRng,
}

impl Slot {
    async fn run(mut self, cases: Cases) -> Result<Vec<Record>, Fault> {
        let mut records = Vec::new();
        while !self.stop.load(Ordering::SeqCst) {
            let chain = cases.lock().await.recv().await;
            let chain = chain.ok_or("there are no more cases")?;
            records.push(self.case(chain).await?);
        }
        Ok(records)
    }

    async fn case(&mut self, chain: Chain) -> Result<Record, Fault> {
        let mut record = Record {
            case_code: chain.case_code,
            sent: Vec::with_capacity(chain.events.len()),
        };
        for at in 0..chain.events.len() {
            self.permits.acquire().await?.forget();
            if self.stop.load(Ordering::SeqCst) {
                break;
            }
            let planned = &chain.events[at];
            record.sent.push(Sent::of(planned));
            if self.resend_all {
                self.stubborn(&chain.events[..=at], &mut record.sent)
                    .await?;
            } else if let Some(sent) = record.sent.last_mut() {
                self.one(planned, sent).await?;
            }
        }
        Ok(record)
    }

    async fn one(&self, planned: &Planned, sent: &mut Sent) -> Result<(), Fault> {
        let (system, frame) = (planned.message.system(), planned.message.frame());
        let attempts = &mut sent.attempts;
        let delivered = self.sender.deliver(system, frame, PATIENCE, attempts).await;
        note(sent, delivered.map_err(|status| gave_up(sent, &status))?);
        Ok(())
    }

    /// Sends the last event; after any error everything of the case, from its first event. Some
    /// calls are given up before their answer, which is an error like any other.
    async fn stubborn(&mut self, events: &[Planned], sent: &mut [Sent]) -> Result<(), Fault> {
        let began = tokio::time::Instant::now();
        let mut from = events.len() - 1;
        for turn in 0.. {
            let mut failed = None;
            for at in from..events.len() {
                let (message, sent) = (&events[at].message, &mut sent[at]);
                sent.attempts += 1;
                let call = self.sender.once(message.system(), message.frame(), turn);
                let patience = match self.dice.random_range(0..100) {
                    0 => Duration::from_micros(self.dice.random_range(0..5_000)),
                    _ => PATIENCE,
                };
                match tokio::time::timeout(patience, call).await {
                    Ok(Ok(answer)) => note(sent, answer),
                    Ok(Err(status)) => failed = Some(gave_up(sent, &status)),
                    Err(_) => failed = Some("the client gave the call up".into()),
                }
                if failed.is_some() {
                    break;
                }
            }
            match failed {
                None => return Ok(()),
                Some(fault) if began.elapsed() > PATIENCE => return Err(fault),
                Some(_) => from = 0,
            }
            tokio::time::sleep(Duration::from_millis(self.dice.random_range(5..100))).await;
        }
        Ok(())
    }
}

fn note(sent: &mut Sent, answer: Answer) {
    match answer {
        Answer::At(position) => sent.acknowledged.push(position),
        Answer::Refused(_) => sent.refused = true,
    }
}

fn gave_up(sent: &Sent, status: &tonic::Status) -> Fault {
    let (id, attempts) = (&sent.identity.id, sent.attempts);
    format!("{id} was not taken in {attempts} attempts: {status}").into()
}
