//! What all readers of a source share.

use super::repeats;
use super::shelf::Shelf;
use lienthong_contract::reference::Current;
use lienthong_eventlog::{EventLog, ReadError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

pub(super) struct Shared {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) reference: Current,
    pub(super) partitions: Vec<Partition>,
    /// Told whenever a partition grew or failed.
    pub(super) grown: watch::Sender<()>,
}

/// What is known of one partition.
pub(super) struct Partition {
    pub(super) shelf: Shelf,
    pub(super) repeats: repeats::Found,
    /// Whose turn it is to look for repeats in what lies before a place.
    pub(super) looking_back: tokio::sync::Mutex<()>,
    end: AtomicU64,
    /// Why what comes next cannot be read, though trying again will not help.
    failed: Mutex<Option<ReadError>>,
}

impl Partition {
    /// A partition of which the shelf is to begin at `first`.
    pub(super) fn new(first: u64, end: u64) -> Self {
        Self {
            shelf: Shelf::new(first),
            repeats: repeats::Found::default(),
            looking_back: tokio::sync::Mutex::default(),
            end: AtomicU64::new(end),
            failed: Mutex::new(None),
        }
    }

    /// Every offset below it is durable; more may be.
    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Records up to here are known to be durable.
    pub(super) fn grow(&self, end: u64) {
        self.end.fetch_max(end, Ordering::AcqRel);
    }

    pub(super) fn failed(&self) -> Option<ReadError> {
        let failed = self.failed.lock();
        failed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_failed(&self, error: Option<ReadError>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}
