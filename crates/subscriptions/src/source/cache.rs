//! Blocks that were read from the log not long ago, since others that catch up may be close behind.

use super::Block;
use super::shelf::cost;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Bytes kept over all partitions, about.
const LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// Blocks by partition and first offset; the one that came first goes first.
#[derive(Default)]
pub(super) struct Cache {
    blocks: BTreeMap<(u32, u64), Arc<Block>>,
    order: VecDeque<(u32, u64)>,
    bytes: usize,
}

impl Cache {
    pub(super) fn find(&self, partition: u32, offset: u64) -> Option<Arc<Block>> {
        let before = self.blocks.range((partition, 0)..=(partition, offset));
        let (_, block) = before.last()?;
        (offset < block.next).then(|| Arc::clone(block))
    }

    pub(super) fn insert(&mut self, block: Arc<Block>) {
        let key = (block.partition, block.first);
        self.bytes += cost(&block);
        match self.blocks.insert(key, block) {
            Some(old) => self.bytes -= cost(&old),
            None => self.order.push_back(key),
        }
        while self.bytes > LIMIT_BYTES && self.blocks.len() > 1 {
            let oldest = self.order.pop_front();
            if let Some(old) = oldest.and_then(|key| self.blocks.remove(&key)) {
                self.bytes -= cost(&old);
            }
        }
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
