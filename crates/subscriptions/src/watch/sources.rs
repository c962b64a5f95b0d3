//! Those who report, as their events arrive.

use super::{Config, Handles};
use crate::source::Block;
use lienthong_contract::pb::operations::v1::{SourceLag, StageLag};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What is known of sources.
pub struct Sources {}

impl Sources {
    /// Nothing is known yet.
    pub fn new(_config: &Config, _handles: &Handles) -> Arc<Self> {
        Arc::new(Self {})
    }

    /// Takes what a block has from an offset on.
    pub fn take(&self, _block: &Block, _from: u64) {}

    /// A partition was read to its end.
    pub fn at_end(&self, _partition: u32) {}

    /// A partition cannot be read.
    pub fn behind(&self, _partition: u32) {}

    /// See `Watched::sources`.
    pub fn lags(&self, _now_ms: i64) -> Vec<SourceLag> {
        Vec::new()
    }

    /// See `Watched::stages`.
    pub fn stages(&self, _now_ms: i64) -> Vec<StageLag> {
        Vec::new()
    }
}

/// What is done by the clock, until `shutdown`.
pub async fn run(_sources: Arc<Sources>, shutdown: CancellationToken) {
    shutdown.cancelled().await;
}
