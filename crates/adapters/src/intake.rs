//! The way every message takes, whichever system sent it: draft, chunk, append, answer.
//!
//! ```text
//! wire message -> Draft -> Chunk (checked, encoded) -> EventLog::append -> Outcome
//!                             |                                              ^
//!                             +--- not well-formed -> rejected log ----------+
//! ```

pub mod append;
pub mod batch;
pub mod chunk;
pub mod observed;
pub mod sealed;
pub mod stages;
pub mod stream;
pub mod trace;

use crate::config::Limits;
use crate::rejected::RejectedLog;
use lienthong_contract::check::Rules;
use lienthong_contract::pb::event::v1::{Header, Observation, event::Payload};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::EventLog;
use stages::Stages;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// One event as a message told it, before any check.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What every message says.
    pub header: Option<Header>,
    /// What happened; none also for a payload that the system's contract does not have.
    pub payload: Option<Payload>,
    /// What the message shows beside its protected part. None: what its persons' numbers show.
    pub observed: Option<Vec<Observation>>,
}

/// What one adapter works with.
pub struct Adapter {
    /// Its name in metrics and in the rejected log.
    pub name: &'static str,
    /// Its name in the events it records.
    pub recorded_as: &'static str,
    /// Content type under which a rejected message is kept: the full protobuf name.
    pub message: &'static str,
    /// The rules of its events.
    pub rules: Rules,
    /// Where events become durable.
    pub log: Arc<dyn EventLog>,
    /// How long the first stages take, of all adapters of the process.
    pub stages: Arc<Stages>,
    /// Where rejected messages become durable.
    pub rejected: Arc<RejectedLog>,
    /// Bounds.
    pub limits: Limits,
    /// Cancelled once nothing more is taken in.
    pub draining: CancellationToken,
}

impl Adapter {
    /// Refuses while the hub drains.
    ///
    /// # Errors
    /// `DRAINING`.
    pub fn must_be_serving(&self) -> Result<(), Failure> {
        if self.draining.is_cancelled() {
            Err(draining())
        } else {
            Ok(())
        }
    }
}

/// The refusal of whoever calls while the hub drains.
pub fn draining() -> Failure {
    Failure::new(Reason::Draining, "the hub is shutting down")
}
