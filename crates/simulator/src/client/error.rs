//! Why events did not reach the hub.

use tonic::{Code, Status};

/// Why events did not reach the hub.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hub refused the call, and sending it again would not help.
    #[error("the hub refused the call with {:?}: {}", .0.code(), .0.message())]
    Refused(Box<Status>),
    /// The hub did not take anything for as long as was to be waited.
    #[error("the hub took nothing for {waited_s} s; last: {:?}: {}", last.code(), last.message())]
    GaveUp {
        /// Seconds since the last answer.
        waited_s: u64,
        /// The last failure.
        last: Box<Status>,
    },
    /// The hub answered something that its contract does not allow.
    #[error(
        "the hub answered {answered:?} to event {sent:?}; it must answer in order, one outcome an event"
    )]
    OutOfOrder {
        /// Id of the oldest event without an answer; empty: none waited.
        sent: String,
        /// Id in the answer; empty: the answer held no result.
        answered: String,
    },
    /// A message of one system was given to the stream of another.
    #[error("a message of {message} was given to the stream of {stream}")]
    WrongSystem {
        /// The message's system.
        message: &'static str,
        /// The stream's system.
        stream: &'static str,
    },
}

impl Error {
    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::GaveUp { .. })
    }
}

/// Whether a status may pass by itself. A lost connection shows as any of UNKNOWN, INTERNAL
/// and CANCELLED, so those count too; patience bounds them.
pub(super) fn is_transient(status: &Status) -> bool {
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
