//! A client that reports through several adapters of each system: what one does not take is sent
//! to the next, until it is acknowledged.

use super::Doors;
use crate::measure::codec::BytesCodec;
use crate::wire::BatchAnswer;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::{Outcome, Position, Rejection, outcome};
use lienthong_simulator::system::System;
use prost::Message as _;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

/// How long a call may take before it is taken for lost.
const CALL_PATIENCE: Duration = Duration::from_secs(15);
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What all connections of a load met.
#[derive(Debug)]
pub struct Heard {
    told: Mutex<Told>,
}

/// What was heard until now.
#[derive(Debug, Clone)]
pub struct Told {
    /// Calls put on the wire.
    pub attempts: u64,
    /// Calls answered with a position.
    pub acknowledgements: u64,
    /// Calls that failed, by gRPC code.
    pub errors: BTreeMap<String, u64>,
    /// Longest time between two acknowledgements of any connection.
    pub longest_gap: Duration,
    last: Instant,
}

impl Default for Heard {
    fn default() -> Self {
        let told = Told {
            attempts: 0,
            acknowledgements: 0,
            errors: BTreeMap::new(),
            longest_gap: Duration::ZERO,
            last: Instant::now(),
        };
        Self {
            told: Mutex::new(told),
        }
    }
}

impl Heard {
    /// What was heard until now; the time since the last acknowledgement is not part of it.
    pub fn told(&self) -> Told {
        self.lock().clone()
    }

    fn sent(&self) {
        self.lock().attempts += 1;
    }

    fn acknowledged(&self) {
        let mut told = self.lock();
        told.acknowledgements += 1;
        told.longest_gap = told.longest_gap.max(told.last.elapsed());
        told.last = Instant::now();
    }

    fn failed(&self, code: Code) {
        let code = format!("{code:?}");
        *self.lock().errors.entry(code).or_default() += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of an event that was sent until it was answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// It is durable there.
    At(Position),
    /// It was refused for good.
    Refused(Box<Rejection>),
}

/// Connections of one client to every adapter, one a process; the first choice among several
/// adapters of a system differs from client to client.
pub struct Sender {
    doors: Arc<Doors>,
    channels: HashMap<String, Channel>,
    turn: usize,
    heard: Arc<Heard>,
}

impl Sender {
    /// Prepares the connections; nothing is sent yet.
    ///
    /// # Errors
    /// If an address is none.
    pub fn new(doors: Arc<Doors>, turn: usize, heard: Arc<Heard>) -> Result<Self, Status> {
        let mut channels = HashMap::new();
        for address in doors.adapters.values().flatten() {
            if !channels.contains_key(address) {
                channels.insert(address.clone(), lazy(address)?);
            }
        }
        Ok(Self {
            doors,
            channels,
            turn,
            heard,
        })
    }

    /// Sends an event once to one of the system's adapters; `turn` counts the attempts.
    ///
    /// # Errors
    /// The status of the call, `DEADLINE_EXCEEDED` if none came in time.
    pub async fn once(&self, system: System, frame: &Bytes, turn: usize) -> Result<Answer, Status> {
        let addresses = self.doors.adapters.get(&system);
        let addresses = addresses.map(Vec::as_slice).unwrap_or_default();
        let address = addresses
            .get((self.turn + turn) % addresses.len().max(1))
            .ok_or_else(|| Status::invalid_argument("the fleet has no adapter of the system"))?;
        let channel = self.channels[address].clone();
        self.heard.sent();
        let called = tokio::time::timeout(CALL_PATIENCE, call(channel, system, frame.clone()));
        let answer = called
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("the call was not answered")));
        match &answer {
            Ok(Answer::At(_)) => self.heard.acknowledged(),
            Ok(Answer::Refused(_)) => {}
            Err(status) => self.heard.failed(status.code()),
        }
        answer
    }

    /// Sends an event until it is acknowledged or refused for good, going on to the next adapter
    /// after each failure. `attempts` counts every sending.
    ///
    /// # Errors
    /// The last status once `patience` is over, or one that will not pass.
    pub async fn deliver(
        &self,
        system: System,
        frame: &Bytes,
        patience: Duration,
        attempts: &mut u32,
    ) -> Result<Answer, Status> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        for turn in 0.. {
            *attempts += 1;
            match self.once(system, frame, turn).await {
                Ok(answer) => return Ok(answer),
                Err(status) if !may_pass(&status) || began.elapsed() > patience => {
                    return Err(status);
                }
                Err(status) => {
                    tokio::time::sleep(asked(&status).unwrap_or(pause).min(LONGEST_PAUSE)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        Err(Status::internal("there are no more turns"))
    }
}

fn lazy(address: &str) -> Result<Channel, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    let endpoint = endpoint
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(2));
    Ok(endpoint.connect_lazy())
}

async fn call(channel: Channel, system: System, frame: Bytes) -> Result<Answer, Status> {
    let mut grpc = tonic::client::Grpc::new(channel);
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    let answer = grpc
        .unary(Request::new(frame), system.report_path(), BytesCodec)
        .await;
    match answer {
        Ok(answer) => {
            let answer = BatchAnswer::decode(answer.into_inner())
                .map_err(|error| Status::data_loss(error.to_string()))?;
            read(answer.outcomes.into_iter().next().unwrap_or_default())
        }
        // A batch of which nothing was accepted is refused as a call.
        Err(status) if status.code() == Code::InvalidArgument => {
            Ok(Answer::Refused(Box::new(Rejection {
                reason: status
                    .get_details_error_info()
                    .map(|info| info.reason)
                    .unwrap_or_default(),
                ..Rejection::default()
            })))
        }
        Err(status) => Err(status),
    }
}

fn read(outcome: Outcome) -> Result<Answer, Status> {
    match outcome.result {
        Some(outcome::Result::Position(position)) => Ok(Answer::At(position)),
        Some(outcome::Result::Rejection(rejection)) => Ok(Answer::Refused(Box::new(rejection))),
        None => Err(Status::data_loss("the answer has no outcome")),
    }
}

/// Whether a status may pass by itself; a lost connection shows as any of these.
fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
    )
}

fn asked(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}
