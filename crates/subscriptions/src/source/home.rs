//! The source: followers, shelves, and readings for who is behind.

use super::catch_up::CatchUp;
use super::shared::{Partition, Shared};
use super::shelf::Found;
use super::{Block, Blocks, follower, place};
use async_trait::async_trait;
use futures_util::future::pending;
use lienthong_contract::pb::subscription::v1::Start;
use lienthong_contract::reference::Current;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{EventLog, ReadError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// Records of each partition that are put on the shelf at the start, so that subscribers who were
/// connected just before find their place.
const RECENT: u64 = 2_048;
/// How often readings that were left are looked for.
const SWEEP: Duration = Duration::from_secs(30);

/// The event log, read once for all subscribers of this process.
///
/// Memory: of each partition a shelf of about 4 MiB and the fingerprints of up to 131,072 events
/// (about 2.4 MB); for all together 16 MiB of blocks read from the log, and eight readings.
pub struct Source {
    pub(super) shared: Arc<Shared>,
    pub(super) catch_up: Arc<CatchUp>,
}

/// Begins to follow every partition. The first events are there once what lies before them, up to
/// two chunks of each partition, was looked through for repeats; until then readers wait.
///
/// # Errors
/// If the bounds of a partition cannot be read.
pub async fn start(
    log: Arc<dyn EventLog>,
    reference: Current,
    shutdown: CancellationToken,
) -> Result<Arc<Source>, ReadError> {
    let mut partitions = Vec::new();
    for partition in 0..log.partitions() {
        let bounds = log.bounds(partition).await?;
        let first = bounds.end.saturating_sub(RECENT).max(bounds.start);
        partitions.push(Partition::new(first, bounds.end));
    }
    let shared = Arc::new(Shared {
        log,
        reference,
        partitions,
        grown: watch::Sender::new(()),
    });
    for partition in 0..shared.log.partitions() {
        let shared = Arc::clone(&shared);
        tokio::spawn(follower::run(shared, partition, shutdown.clone()));
    }
    let catch_up = Arc::new(CatchUp::new(Arc::clone(&shared)));
    tokio::spawn(sweep(Arc::clone(&catch_up), shutdown));
    Ok(Arc::new(Source { shared, catch_up }))
}

async fn sweep(catch_up: Arc<CatchUp>, shutdown: CancellationToken) {
    let mut times = interval(SWEEP);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = times.tick() => catch_up.close_idle(),
        }
    }
}

impl Source {
    /// Waits until an offset is durable, as far as known.
    pub(super) async fn grown_past(&self, partition: u32, offset: u64) {
        let mut positions = vec![u64::MAX; self.shared.partitions.len()];
        positions[partition as usize] = offset;
        self.grown(&positions).await;
    }
}

#[async_trait]
impl Blocks for Source {
    fn partitions(&self) -> u32 {
        self.shared.log.partitions()
    }

    fn ends(&self) -> Vec<u64> {
        self.shared.partitions.iter().map(Partition::end).collect()
    }

    async fn block(&self, partition: u32, offset: u64) -> Result<Option<Arc<Block>>, ReadError> {
        let partitions = self.partitions();
        let Some(state) = self.shared.partitions.get(partition as usize) else {
            return Err(ReadError::NoSuchPartition {
                partition,
                partitions,
            });
        };
        let mut grown = self.shared.grown.subscribe();
        loop {
            match state.shelf.find(offset) {
                Found::Here(block) => return Ok(Some(block)),
                Found::Earlier => return self.catch_up.block(partition, offset).await.map(Some),
                Found::Later => {}
            }
            if let Some(error) = state.failed() {
                return Err(error);
            }
            if offset >= state.end() {
                return Ok(None);
            }
            // Durable, but the follower has yet to come there.
            if grown.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }

    fn is_recent(&self, partition: u32, offset: u64) -> bool {
        let state = self.shared.partitions.get(partition as usize);
        state.is_some_and(|state| offset >= state.shelf.first())
    }

    async fn grown(&self, positions: &[u64]) {
        let mut grown = self.shared.grown.subscribe();
        loop {
            let mut both = self.shared.partitions.iter().zip(positions);
            if both.any(|(state, position)| state.end() > *position) {
                return;
            }
            if grown.changed().await.is_err() {
                pending::<()>().await;
            }
        }
    }

    async fn place(&self, start: &Start) -> Result<Vec<u64>, Failure> {
        place::place(self, start).await
    }

    async fn token(&self, positions: &[u64]) -> Result<String, Failure> {
        place::token(self, positions).await
    }
}
