//! A consumer's place at a durable subscription, whoever the consumer is: a stream, a fetch, or
//! the webhook of the subscription.

use crate::source::Ready;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// An event handed out. Until it is answered, no other event of its case is.
#[derive(Debug, Clone)]
pub struct Handed {
    /// Its number in the subscription, from 1.
    pub sequence: u64,
    /// 1 for the first time.
    pub attempt: u32,
    /// The day in whose manifest it counts, ISO 8601.
    pub day: Arc<str>,
    /// The event.
    pub event: Ready,
}

/// What a consumer says about an event that it was handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// See [`Handed::sequence`].
    pub sequence: u64,
    /// See [`Handed::attempt`].
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It failed, which counts.
    Failed {
        /// When to hand it out again; none: by the subscription's back-off.
        retry_after: Option<Duration>,
        /// In words, without personal data.
        reason: String,
    },
    /// It was not tried and does not count as failed; hand it out again after this pause.
    Returned {
        /// The pause.
        retry_after: Duration,
    },
}

/// What a seat is told.
#[derive(Debug)]
pub enum Told {
    /// Events, each of another case.
    Handed(Vec<Handed>),
    /// So many answers came too late.
    Late(u64),
    /// Of the sequence numbers from the first to the second, both inclusive, those that were not
    /// settled were withdrawn by a move.
    Withdrawn(u64, u64),
    /// The seat ends; nothing follows.
    Ended(Ended),
}

/// Why a seat ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The gateway goes down.
    Draining,
    /// Another gateway keeps the subscription now.
    Moved,
    /// The subscription was deleted, or the consumer's name taken.
    Gone,
}

/// The consumer's end. Dropping it leaves: what was handed out and not answered is handed out
/// again, to another consumer at once.
#[derive(Debug)]
pub struct Seat {
    /// What the subscription tells; bounded by the seat's share of what may be in flight.
    pub told: mpsc::Receiver<Told>,
    /// What the consumer answers.
    pub answers: mpsc::Sender<Vec<Answer>>,
}
