//! The lanes of the subscription log as every gateway follows them, and how their keeper writes.
//!
//! ```text
//! keeper: append --> [lane 3 of the log] --> followed by every gateway: folded, in order
//!                                                   |
//!                    the keeper, too: only what its own fold took, under its term, has happened
//! ```

use super::journal;
use super::kept;
use lienthong_contract::pb::subscription::v1::Entry;
use lienthong_contract::pb::subscription::v1::entry::What;
use lienthong_eventlog::{AppendError, EventLog, ReadError, Reader, StoredRecord};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Records read at once.
const AT_ONCE: usize = 4_096;
/// Pause before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(200);
/// Most ignored records that are remembered for the keeper that wrote them.
const REMEMBERED: usize = 1_024;

/// One lane, followed.
pub struct Lane {
    /// Its number.
    pub number: u32,
    log: Arc<dyn EventLog>,
    folded: Mutex<Folded>,
    /// Next offset to be folded.
    next: watch::Sender<u64>,
    /// The term in force.
    term: watch::Sender<u64>,
}

/// What the records so far make.
#[derive(Default)]
pub struct Folded {
    /// The subscriptions.
    pub lane: kept::Lane,
    /// Offset of the `Began` of the term in force.
    began: Option<u64>,
    /// Records of the term in force that had no effect, and why, by offset.
    ignored: BTreeMap<u64, String>,
}

/// Why a record did not take effect.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotTaken {
    /// Another gateway keeps the lane now, or this one under a later term.
    #[error("the lane has another keeper")]
    Lost,
    /// It contradicts what was recorded before.
    #[error("the record was ignored: {0}")]
    Ignored(String),
    /// It could not be written; it may have been, nevertheless.
    #[error(transparent)]
    Failed(#[from] AppendError),
}

impl Lane {
    /// A lane of which nothing is folded yet.
    pub fn new(log: Arc<dyn EventLog>, number: u32) -> Self {
        Self {
            number,
            log,
            folded: Mutex::default(),
            next: watch::channel(0).0,
            term: watch::channel(0).0,
        }
    }

    /// What is folded so far.
    pub fn folded(&self) -> MutexGuard<'_, Folded> {
        self.folded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything before this offset is folded.
    pub async fn reach(&self, next: u64) {
        // The sender lives as long as this.
        let _ = self
            .next
            .subscribe()
            .wait_for(|folded| *folded >= next)
            .await;
    }

    /// Waits until a later term than this is in force.
    pub async fn outlived(&self, term: u64) {
        let _ = self.term.subscribe().wait_for(|now| *now > term).await;
    }

    /// Begins a term for a gateway, once everything that is durable is folded.
    ///
    /// Returns the term; none if another gateway began one at the same time.
    ///
    /// # Errors
    /// [`NotTaken::Failed`], or what reading the bounds failed with, as [`BeginError`].
    pub async fn begin(&self, gateway: &str) -> Result<Option<u64>, BeginError> {
        let bounds = self.log.bounds(self.number).await?;
        self.reach(bounds.end).await;
        let term = self.folded().lane.term + 1;
        let began = What::Began(lienthong_contract::pb::subscription::v1::entry::Began {
            gateway: gateway.to_owned(),
        });
        let offset = self.append(term, "", began).await?;
        self.reach(offset + 1).await;
        let mine = self.folded().began == Some(offset);
        Ok(mine.then_some(term))
    }

    /// Writes what happened to a subscription and waits until it has taken effect.
    ///
    /// # Errors
    /// [`NotTaken`].
    pub async fn record(&self, term: u64, name: &str, what: What) -> Result<(), NotTaken> {
        let offset = self.append(term, name, what).await?;
        self.reach(offset + 1).await;
        let mut folded = self.folded();
        if folded.lane.term != term {
            return Err(NotTaken::Lost);
        }
        match folded.ignored.remove(&offset) {
            None => Ok(()),
            Some(why) => Err(NotTaken::Ignored(why)),
        }
    }

    /// Appends, again and again where it is sure that nothing was stored.
    async fn append(&self, term: u64, name: &str, what: What) -> Result<u64, AppendError> {
        let record = journal::record(self.log.as_ref(), self.number, term, name, what);
        loop {
            match self.log.append(vec![record.clone()]).await {
                Ok(positions) => return Ok(positions.first().map_or(0, |at| at.offset)),
                Err(AppendError::Overloaded { .. }) => sleep(PAUSE).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the lane's records from an offset on.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn reader(&self, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.log.reader(self.number, from).await
    }

    /// Folds everything that is durable now, from the lane's first record on.
    ///
    /// # Errors
    /// If it cannot be read, or its beginning is gone.
    pub async fn open(&self) -> Result<Box<dyn Reader>, ReadError> {
        let end = self.log.bounds(self.number).await?.end;
        let mut reader = self.log.reader(self.number, 0).await?;
        while reader.position() < end {
            let records = reader.poll_now(AT_ONCE).await?;
            if records.is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
            self.take(&records);
            tokio::task::yield_now().await;
        }
        Ok(reader)
    }

    /// Folds on until told to stop or the log is closed. A read that failed is tried again.
    pub async fn follow(&self, mut reader: Box<dyn Reader>, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let read = tokio::select! {
                () = stop.cancelled() => return,
                read = reader.next(AT_ONCE) => read,
            };
            match read {
                Ok(records) => {
                    failing = false;
                    self.take(&records);
                }
                Err(ReadError::Closed { .. }) => return,
                Err(error) => {
                    if !failing {
                        tracing::warn!(lane = self.number, %error,
                            "durable subscriptions cannot be followed; trying on");
                    }
                    failing = true;
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn take(&self, records: &[StoredRecord]) {
        let Some(last) = records.last() else {
            return;
        };
        let mut folded = self.folded();
        for record in records {
            folded.take(self.number, record);
        }
        let term = folded.lane.term;
        drop(folded);
        self.next.send_replace(last.offset + 1);
        self.term
            .send_if_modified(|now| std::mem::replace(now, term) != term);
    }
}

impl Folded {
    fn take(&mut self, lane: u32, stored: &StoredRecord) {
        let offset = stored.offset;
        let entry = match Entry::decode(stored.record.value.as_ref()) {
            Ok(entry) => entry,
            Err(error) => {
                tracing::warn!(lane, offset, %error,
                    "a record of the subscription log cannot be read and has no effect");
                return;
            }
        };
        let term = entry.term;
        let begins = matches!(entry.what, Some(What::Began(_)));
        match self.lane.apply(offset, entry) {
            Ok(_) if begins => {
                self.began = Some(offset);
                self.ignored.clear();
            }
            Ok(_) => {}
            Err(why) if term == self.lane.term && !begins => {
                tracing::warn!(lane, offset, %why, "a record of the subscription log has no effect");
                self.ignored.insert(offset, why.to_string());
                if self.ignored.len() > REMEMBERED {
                    self.ignored.pop_first();
                }
            }
            Err(_) => {}
        }
    }
}

/// Why a term did not begin.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The end of the lane is not known.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The record could not be written; it may have been, nevertheless.
    #[error(transparent)]
    Append(#[from] AppendError),
}
