//! The gateways that subscribers go to: whichever is there, another after each failure.

use super::diary::lock;
use crate::wire;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Pause of a client after a connection ended.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// Where a gateway listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Door {
    /// gRPC, `host:port`.
    pub grpc: String,
    /// HTTP of server-sent events, `host:port`.
    pub http: String,
}

/// The gateways there are, as a load balancer would know them.
#[derive(Debug, Clone, Default)]
pub struct Gateways(Arc<Mutex<Vec<Door>>>);

impl Gateways {
    /// Sets which there are.
    pub fn set(&self, doors: Vec<Door>) {
        *lock(&self.0) = doors;
    }

    /// One of them, by turn.
    ///
    /// # Errors
    /// If there is none.
    pub fn of_turn(&self, turn: usize) -> Result<Door, Status> {
        let doors = lock(&self.0);
        doors
            .get(turn % doors.len().max(1))
            .cloned()
            .ok_or_else(|| Status::unavailable("there is no gateway"))
    }

    /// A connection to one of them, by turn.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn connect(&self, turn: usize) -> Result<Channel, Status> {
        let door = self.of_turn(turn)?;
        let connected = tokio::time::timeout(CONNECT, wire::connect(&door.grpc)).await;
        connected.unwrap_or_else(|_| Err(Status::unavailable("nobody answered in time")))
    }
}

/// Waits as a client does that is to try again.
pub async fn pause(status: Option<&Status>) {
    let asked = status.and_then(|status| status.get_details_retry_info()?.retry_delay);
    tokio::time::sleep(asked.unwrap_or(PAUSE).min(Duration::from_millis(500))).await;
}

/// Whether a failure is one that a client goes on after: a connection that broke shows as any of
/// these, and `NOT_FOUND` is not among them.
pub fn may_pass(status: &Status) -> bool {
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

/// The reason of a status, or its code.
pub fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(|| format!("{:?}", status.code()), |info| info.reason)
}
