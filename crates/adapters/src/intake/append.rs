//! From a sealed chunk to the positions of its events, and from there to the answers.

use super::sealed::{Refusal, Sealed, Slot};
use super::stages::Moments;
use super::trace::Sending;
use super::{Adapter, draining};
use lienthong_contract::pb::event::v1::{Outcome, Position as WirePosition, Rejection, outcome};
use lienthong_contract::pb::operations::v1::RejectedContent;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{AppendError, Position};
use lienthong_telemetry::ingest;
use std::collections::BTreeMap;
use std::time::Instant;

/// A chunk with what the log said.
pub struct Appended {
    /// The chunk; events too large for the log are set aside in it.
    pub chunk: Sealed,
    /// The positions of its records, or why none was acknowledged.
    pub positions: Result<Vec<Position>, AppendError>,
}

impl Appended {
    /// The chunk and the positions of its records.
    ///
    /// # Errors
    /// What its sender is told of the append that failed.
    pub fn durable(self) -> Result<(Sealed, Vec<Position>), Failure> {
        match self.positions {
            Ok(positions) => Ok((self.chunk, positions)),
            Err(error) => {
                let failure = failure(&error);
                self.chunk.sending.fail(failure.reason.name());
                Err(failure)
            }
        }
    }
}

/// Makes a chunk durable, and measures it if it is. An event that the log is too small for is
/// refused alone.
pub async fn append(adapter: &Adapter, mut chunk: Sealed) -> Appended {
    loop {
        let handed = Instant::now();
        match adapter.log.append(chunk.records()).await {
            Err(AppendError::TooLarge { limit, .. }) if chunk.refuse_larger_than(limit) > 0 => {}
            Err(error) => {
                let positions = Err(error);
                return Appended { chunk, positions };
            }
            Ok(positions) => {
                chunk.sending = Sending::untraced();
                let moments = Moments {
                    taken: chunk.taken,
                    handed,
                    durable: Instant::now(),
                };
                adapter.stages.measure(&chunk, moments);
                let positions = Ok(positions);
                return Appended { chunk, positions };
            }
        }
    }
}

/// Answers each event of a chunk whose other events are durable at `positions`; those set aside
/// are durable in the rejected log before this returns, or have number 0.
pub async fn settle(adapter: &Adapter, chunk: Sealed, positions: &[Position]) -> Vec<Outcome> {
    let mut slots = chunk.slots;
    let numbers = keep(adapter, &mut slots).await;
    let mut numbers = numbers.into_iter();
    let mut accepted = 0;
    let mut refused: BTreeMap<&'static str, u64> = BTreeMap::new();
    let outcomes = slots
        .into_iter()
        .map(|slot| match slot {
            Slot::Ready { id, span, .. } => {
                accepted += 1;
                recorded(id, positions.get(span).copied())
            }
            Slot::Refused(refusal) => {
                *refused.entry(refusal.failure.reason.name()).or_default() += 1;
                rejected(*refusal, numbers.next().unwrap_or(0))
            }
        })
        .collect();
    ingest::accepted(adapter.name, accepted);
    for (reason, count) in refused {
        ingest::rejected(adapter.name, reason, count);
    }
    outcomes
}

/// Keeps what was set aside; one number for each refusal, in order, 0 for what could not be kept.
async fn keep(adapter: &Adapter, slots: &mut [Slot]) -> Vec<u64> {
    let mut contents: Vec<RejectedContent> = Vec::new();
    let mut kept: Vec<bool> = Vec::new();
    for slot in slots {
        if let Slot::Refused(refusal) = slot {
            let content = refusal.content.take();
            kept.push(content.is_some());
            contents.extend(content);
        }
    }
    if contents.is_empty() {
        return vec![0; kept.len()];
    }
    let stored = adapter.rejected.keep(contents).await;
    if let Some(error) = stored.failure {
        let count = stored.numbers.iter().filter(|number| **number == 0).count();
        let adapter = adapter.name;
        tracing::warn!(adapter, count, %error, "rejected messages could not be kept");
    }
    let mut numbers = stored.numbers.into_iter();
    kept.into_iter()
        .map(|kept| if kept { numbers.next().unwrap_or(0) } else { 0 })
        .collect()
}

fn recorded(id: String, position: Option<Position>) -> Outcome {
    Outcome {
        id,
        result: position.map(|position| outcome::Result::Position(wire(position))),
    }
}

fn rejected(refusal: Refusal, rejected_number: u64) -> Outcome {
    let rejection = Rejection {
        reason: refusal.failure.reason.name().to_owned(),
        violations: refusal.failure.violations,
        rejected_number,
    };
    Outcome {
        id: refusal.id,
        result: Some(outcome::Result::Rejection(rejection)),
    }
}

/// A position as the contract writes it.
pub fn wire(position: Position) -> WirePosition {
    WirePosition {
        partition: position.partition,
        offset: position.offset,
    }
}

/// What a client is told of an append that failed. The paths of the log's files stay here.
fn failure(error: &AppendError) -> Failure {
    match error {
        AppendError::Overloaded {
            queued_bytes,
            limit,
            ..
        } => Failure::new(
            Reason::LogOverloaded,
            format!("{queued_bytes} of {limit} bytes are queued"),
        )
        .with("queued_bytes", queued_bytes)
        .with("limit_bytes", limit),
        AppendError::DiskFull { .. } => {
            Failure::new(Reason::LogDiskFull, "no space is left for the event log")
        }
        AppendError::TooLarge { size, limit } => Failure::new(
            Reason::EventTooLarge,
            format!("an event has {size} bytes, the log takes {limit}"),
        )
        .with("limit_bytes", limit),
        AppendError::BatchTooLarge { size, limit } => Failure::new(
            Reason::BatchSize,
            format!("the call has {size} bytes for one partition, the log's queue takes {limit}"),
        )
        .with("limit_bytes", limit),
        AppendError::Closed => draining(),
        AppendError::Io { .. } | AppendError::Unavailable { .. } => {
            Failure::new(Reason::LogUnavailable, "the event log cannot be written")
        }
        // The hub's own clock stands before 1970 or after 9999.
        AppendError::RecordedTime { .. } => Failure::new(Reason::Internal, error.to_string()),
    }
}
