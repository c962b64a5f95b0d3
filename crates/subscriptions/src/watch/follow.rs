//! Follows one partition as a subscriber does and hands every block to the rooms.

use super::probes::Probes;
use super::sources::Sources;
use crate::source::Blocks;
use lienthong_eventlog::ReadError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Pause before a read that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Who follows a partition.
pub struct Follower {
    /// The log.
    pub blocks: Arc<dyn Blocks>,
    /// The partition.
    pub partition: u32,
    /// Where it goes on.
    pub next: u64,
    /// Told of every block.
    pub sources: Arc<Sources>,
    /// Told of every block.
    pub probes: Arc<Probes>,
}

/// Follows until `shutdown`.
pub async fn run(mut follower: Follower, shutdown: CancellationToken) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = follower.follow() => {}
    }
}

impl Follower {
    async fn follow(&mut self) {
        let mut others = vec![u64::MAX; self.blocks.partitions() as usize];
        loop {
            match self.blocks.block(self.partition, self.next).await {
                Ok(Some(block)) => {
                    // A block may begin before the place that was asked for.
                    self.sources.take(&block, self.next);
                    self.probes.take(&block, self.next);
                    self.next = block.next;
                }
                Ok(None) => {
                    self.sources.at_end(self.partition);
                    if let Some(mine) = others.get_mut(self.partition as usize) {
                        *mine = self.next;
                    }
                    self.blocks.grown(&others).await;
                }
                Err(ReadError::OutOfRange { asked, start, .. }) if asked < start => {
                    self.next = start;
                }
                // The source of the blocks says why.
                Err(_) => {
                    self.sources.behind(self.partition);
                    sleep(PAUSE).await;
                }
            }
        }
    }
}
