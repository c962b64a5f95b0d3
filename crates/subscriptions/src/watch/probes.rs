//! The hub's own probes, as they arrive.

use super::{Config, Handles};
use crate::source::Block;
use lienthong_contract::pb::operations::v1::{ProbeLag, StageLag};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What is known of probes.
pub struct Probes {}

impl Probes {
    /// Nothing is known yet.
    pub fn new(_config: &Config, _handles: &Handles) -> Arc<Self> {
        Arc::new(Self {})
    }

    /// Takes what a block has from an offset on.
    pub fn take(&self, _block: &Block, _from: u64) {}

    /// See `Watched::probes`.
    pub fn lags(&self, _now_ms: i64) -> Vec<ProbeLag> {
        Vec::new()
    }

    /// See `Watched::stages`.
    pub fn stages(&self, _now_ms: i64) -> Vec<StageLag> {
        Vec::new()
    }
}

/// What is done by the clock, until `shutdown`.
pub async fn run(_probes: Arc<Probes>, shutdown: CancellationToken) {
    shutdown.cancelled().await;
}
