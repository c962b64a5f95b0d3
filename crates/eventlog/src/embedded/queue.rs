//! The bounded queue in front of a partition's writer, and the one answer of an append call.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::format::framed_len;
use super::locks;
use crate::{AppendError, Record};

/// Records of one call for one partition.
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// Bytes they take in a segment.
    pub(super) bytes: usize,
    pub(super) call: Arc<Call>,
}

impl Batch {
    pub(super) fn new(records: Vec<Record>, call: Arc<Call>) -> Self {
        let bytes = records.iter().map(framed_len).sum();
        Self {
            records,
            bytes,
            call,
        }
    }
}

/// The first offset each partition gave to a call's records.
pub(super) type FirstOffsets = Vec<(u32, u64)>;

/// An append call that waits for every partition it touches.
pub(super) struct Call {
    state: Mutex<CallState>,
}

struct CallState {
    waiting_for: usize,
    first_offsets: FirstOffsets,
    failure: Option<AppendError>,
    answer: Option<oneshot::Sender<Result<FirstOffsets, AppendError>>>,
}

impl Call {
    /// A call that touches so many partitions, and where its answer will come.
    pub(super) fn new(
        partitions: usize,
    ) -> (
        Arc<Self>,
        oneshot::Receiver<Result<FirstOffsets, AppendError>>,
    ) {
        let (sender, receiver) = oneshot::channel();
        let state = CallState {
            waiting_for: partitions,
            first_offsets: Vec::with_capacity(partitions),
            failure: None,
            answer: Some(sender),
        };
        let call = Self {
            state: Mutex::new(state),
        };
        (Arc::new(call), receiver)
    }

    /// Takes one partition's outcome; the last one sends the answer. The first failure counts.
    pub(super) fn resolve(&self, partition: u32, outcome: Result<u64, AppendError>) {
        let mut state = locks::lock(&self.state);
        match outcome {
            Ok(first) => state.first_offsets.push((partition, first)),
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
            None => Ok(std::mem::take(&mut state.first_offsets)),
        };
        drop(state);
        // The caller may have gone: what is stored stays stored.
        let _ = answer.send(result);
    }
}

/// Batches that wait for a partition's writer. Bytes count from admission until they are durable
/// or have failed.
pub(super) struct Queue {
    /// Most bytes admitted at a time.
    limit: usize,
    state: Mutex<QueueState>,
    filled: Condvar,
}

#[derive(Default)]
struct QueueState {
    batches: VecDeque<Batch>,
    admitted_bytes: usize,
    closed: bool,
    writer_sleeps: bool,
}

impl Queue {
    /// An empty queue for at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
            filled: Condvar::new(),
        }
    }

    /// Books room for so many bytes, or refuses at once.
    pub(super) fn admit(&self, partition: u32, bytes: usize) -> Result<(), AppendError> {
        let mut state = locks::lock(&self.state);
        if state.closed {
            return Err(AppendError::Closed);
        }
        if bytes > self.limit {
            return Err(AppendError::BatchTooLarge {
                size: bytes,
                limit: self.limit,
            });
        }
        if state.admitted_bytes + bytes > self.limit {
            return Err(AppendError::Overloaded {
                partition,
                queued_bytes: state.admitted_bytes,
                limit: self.limit,
            });
        }
        state.admitted_bytes += bytes;
        Ok(())
    }

    /// Gives back room that was booked.
    pub(super) fn release(&self, bytes: usize) {
        let mut state = locks::lock(&self.state);
        state.admitted_bytes = state.admitted_bytes.saturating_sub(bytes);
    }

    /// Bytes admitted and not yet durable.
    pub(super) fn admitted_bytes(&self) -> usize {
        locks::lock(&self.state).admitted_bytes
    }

    /// Queues a batch for which room was booked; gives it back if the queue was closed meanwhile.
    pub(super) fn push(&self, batch: Batch) -> Result<(), Batch> {
        let mut state = locks::lock(&self.state);
        if state.closed {
            return Err(batch);
        }
        state.batches.push_back(batch);
        if std::mem::take(&mut state.writer_sleeps) {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Everything queued up to `max_bytes`, but at least one batch; waits for the first. `None`
    /// once the queue is closed and empty.
    pub(super) fn take(&self, max_bytes: usize) -> Option<Vec<Batch>> {
        let mut state = locks::lock(&self.state);
        while state.batches.is_empty() {
            if state.closed {
                return None;
            }
            state.writer_sleeps = true;
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_sleeps = false;
        let mut bytes = 0;
        let mut count = 0;
        for batch in &state.batches {
            if count > 0 && bytes + batch.bytes > max_bytes {
                break;
            }
            bytes += batch.bytes;
            count += 1;
        }
        Some(state.batches.drain(..count).collect())
    }

    /// Refuses from now on; what is queued can still be taken.
    pub(super) fn close(&self) {
        locks::lock(&self.state).closed = true;
        self.filled.notify_all();
    }

    /// Refuses from now on and drops what is queued, for a writer that cannot go on. The calls
    /// are answered with [`AppendError::Closed`].
    pub(super) fn abandon(&self, partition: u32) {
        self.close();
        let batches = std::mem::take(&mut locks::lock(&self.state).batches);
        for batch in batches {
            batch.call.resolve(partition, Err(AppendError::Closed));
        }
    }
}
