//! One append call and its records on their way to the brokers.

use super::config::Header;
use super::window::RECORD_OVERHEAD;
use crate::{AppendError, Record};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;

/// The offsets of a call's records in the order given, or why it failed.
pub(super) type Answer = Result<Vec<u64>, AppendError>;

/// An append call, answered once when the last of its records is settled.
pub(super) struct Call {
    /// As given by the caller.
    pub(super) records: Vec<Record>,
    /// When it fails if it was not delivered by then.
    pub(super) deadline: Instant,
    state: Mutex<State>,
}

struct State {
    offsets: Vec<u64>,
    waiting_for: usize,
    failure: Option<AppendError>,
    answer: Option<oneshot::Sender<Answer>>,
}

/// One record of a call, from when it is sent until it is settled.
pub(super) struct Waiting {
    /// The call it belongs to.
    pub(super) call: Arc<Call>,
    /// Which of the call's records it is.
    pub(super) index: usize,
    /// Where it goes.
    pub(super) partition: u32,
    /// Its place among all records of this log, in which it is sent again if it must be.
    pub(super) order: u64,
    /// Sent with it.
    pub(super) headers: Vec<Header>,
    /// What is booked for it.
    pub(super) bytes: usize,
}

impl Call {
    /// A call, and where its answer will come.
    pub(super) fn new(
        records: Vec<Record>,
        deadline: Instant,
    ) -> (Arc<Self>, oneshot::Receiver<Answer>) {
        let (sender, receiver) = oneshot::channel();
        let state = State {
            offsets: vec![0; records.len()],
            waiting_for: records.len(),
            failure: None,
            answer: Some(sender),
        };
        let call = Self {
            records,
            deadline,
            state: Mutex::new(state),
        };
        (Arc::new(call), receiver)
    }

    /// Takes one record's outcome; the last one sends the answer. The first failure counts.
    pub(super) fn settle(&self, index: usize, outcome: Result<u64, AppendError>) {
        let mut state = self.state();
        match outcome {
            Ok(offset) => {
                if let Some(slot) = state.offsets.get_mut(index) {
                    *slot = offset;
                }
            }
            Err(error) => state.failure = state.failure.take().or(Some(error)),
        }
        state.waiting_for = state.waiting_for.saturating_sub(1);
        if state.waiting_for > 0 {
            return;
        }
        let Some(answer) = state.answer.take() else {
            return;
        };
        let result = match state.failure.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut state.offsets)),
        };
        drop(state);
        // The caller may have gone: what is stored stays stored.
        let _ = answer.send(result);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is booked for a record with these headers, in bytes.
pub(super) fn cost(record: &Record, headers: &[Header]) -> usize {
    let headers: usize = headers.iter().map(|h| h.name.len() + h.value.len()).sum();
    record.key.len() + record.value.len() + headers + RECORD_OVERHEAD
}
