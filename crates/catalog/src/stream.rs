//! The catalogue of a process: opened once, followed as long as it lives.

use crate::batch::decode;
use crate::fold::{self, Fold};
use lienthong_contract::pb::catalog::v1::RecordedChange;
use lienthong_contract::reference::{Current, LoadError, Tables};
use lienthong_contract::time::from_millis;
use lienthong_eventlog::{EventLog, ReadError, Reader, StoredRecord};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The only partition.
pub(crate) const PARTITION: u32 = 0;
/// Records read at once.
const AT_ONCE: usize = 1_024;
/// Pause before a read that failed is tried again.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// The catalogue.
pub struct Catalog {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) fold: Arc<Mutex<Fold>>,
    current: Current,
    /// The next offset to be folded.
    pub(crate) folded: watch::Receiver<u64>,
    /// Lets one recording through at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Follows the log as long as this lives.
    _follower: JoinSet<()>,
}

/// Why the catalogue could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It has more than one partition, so that its changes have no order.
    #[error("the catalogue log has {0} partitions; open it with 1")]
    Partitions(u32),
    /// Its beginning is gone.
    #[error(
        "the catalogue log begins at offset {0}, so changes are missing; restore it, and keep it without retention"
    )]
    Truncated(u64),
    /// It could not be read.
    #[error("the catalogue log could not be read: {0}")]
    Read(#[from] ReadError),
    /// The tables of the files do not hold together.
    #[error("reference: {0}")]
    Tables(#[from] LoadError),
    /// The machine had no thread to build the tables.
    #[error("the tables could not be built: {0}")]
    Build(#[from] tokio::task::JoinError),
}

impl OpenError {
    /// Whether opening it again may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_retryable())
    }
}

impl Catalog {
    /// Folds the whole log over `tables`, those of the files, puts the outcome in force, and
    /// follows the log from there on.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(log: Arc<dyn EventLog>, tables: Tables) -> Result<Self, OpenError> {
        if log.partitions() != 1 {
            return Err(OpenError::Partitions(log.partitions()));
        }
        let bounds = log.bounds(PARTITION).await?;
        if bounds.start > 0 {
            return Err(OpenError::Truncated(bounds.start));
        }
        let mut reader = log.reader(PARTITION, 0).await?;
        let mut stored = Vec::new();
        while reader.position() < bounds.end {
            stored.extend(reader.poll_now(AT_ONCE).await?);
        }
        let folding = tokio::task::spawn_blocking(move || fold::whole(&tables, &stored));
        let (fold, reference) = folding.await??;
        let current = Current::new(reference);
        let (tell, folded) = watch::channel(fold.next());
        let fold = Arc::new(Mutex::new(fold));
        let mut follower = JoinSet::new();
        follower.spawn(follow(reader, fold.clone(), current.clone(), tell));
        Ok(Self {
            log,
            fold,
            current,
            folded,
            turn: tokio::sync::Mutex::new(()),
            _follower: follower,
        })
    }

    /// The reference data in force, kept up with the log.
    pub fn current(&self) -> Current {
        self.current.clone()
    }

    /// At most `most` changes from an offset on, those of one table if one is given, and the offset
    /// to go on from, 0 at the end.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn list(
        &self,
        from: u64,
        most: usize,
        table: Option<&str>,
    ) -> Result<(Vec<RecordedChange>, u64), ReadError> {
        let end = *self.folded.borrow();
        let mut reader = self.log.reader(PARTITION, from.min(end)).await?;
        let mut changes = Vec::new();
        while reader.position() < end {
            for stored in reader.poll_now(AT_ONCE).await? {
                let wanted = stored.offset < end && changes.len() < most;
                if !wanted {
                    let more = stored.offset < end;
                    return Ok((changes, if more { stored.offset } else { 0 }));
                }
                if let Some(change) = self.recorded(&stored, table) {
                    changes.push(change);
                }
            }
        }
        Ok((changes, 0))
    }

    fn recorded(&self, stored: &StoredRecord, table: Option<&str>) -> Option<RecordedChange> {
        let change = decode(stored)?.change?;
        if table.is_some_and(|table| table != change.table) {
            return None;
        }
        Some(RecordedChange {
            change: Some(change),
            recorded_time: Some(from_millis(stored.record.recorded_ms)),
            offset: stored.offset,
            refused: self.fold().refusal(stored.offset).unwrap_or_default(),
        })
    }

    pub(crate) fn fold(&self) -> MutexGuard<'_, Fold> {
        locked(&self.fold)
    }
}

fn locked(fold: &Mutex<Fold>) -> MutexGuard<'_, Fold> {
    fold.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads on until the log is closed. A read that failed is tried again; until it succeeds the
/// tables stay as they are.
async fn follow(
    mut reader: Box<dyn Reader>,
    fold: Arc<Mutex<Fold>>,
    current: Current,
    tell: watch::Sender<u64>,
) {
    let mut failing = false;
    loop {
        match reader.next(AT_ONCE).await {
            Ok(stored) => {
                failing = false;
                let (fold, current) = (fold.clone(), current.clone());
                let taking = tokio::task::spawn_blocking(move || take(&fold, &stored, &current));
                match taking.await {
                    Ok(next) => {
                        tell.send_replace(next);
                    }
                    Err(error) => {
                        tracing::error!(%error, "the catalogue cannot be followed any more");
                        return;
                    }
                }
            }
            Err(ReadError::Closed { .. }) => return,
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "the catalogue cannot be followed; trying on");
                }
                failing = true;
                tokio::time::sleep(READ_PAUSE).await;
            }
        }
    }
}

/// Folds records and puts what they make in force; the next offset.
fn take(fold: &Mutex<Fold>, stored: &[StoredRecord], current: &Current) -> u64 {
    let mut fold = locked(fold);
    for stored in stored {
        match fold.take(stored) {
            Ok(Some(reference)) => {
                let version = reference.version.as_str();
                tracing::info!(version, "the reference data changed");
                current.set(reference);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "a change of the catalogue was left out"),
        }
    }
    fold.next()
}
