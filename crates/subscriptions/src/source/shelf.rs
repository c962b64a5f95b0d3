//! The latest blocks of one partition, for everybody who keeps up.

use super::Block;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Bytes kept of a partition, about; the newest block is kept whatever its size.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// What an entry costs beside its bytes, roughly: facets and places.
const ENTRY_BYTES: usize = 768;
/// What a block costs beside its entries, roughly.
const BLOCK_BYTES: usize = 256;

/// Consecutive blocks, the newest last.
pub(super) struct Shelf {
    blocks: RwLock<Blocks>,
    /// The first offset there is, so that who keeps up is told apart without the lock.
    first: AtomicU64,
}

struct Blocks {
    blocks: VecDeque<Arc<Block>>,
    next: u64,
    bytes: usize,
}

/// Where an offset is.
pub(super) enum Found {
    /// Here.
    Here(Arc<Block>),
    /// Before the first block.
    Earlier,
    /// It comes yet.
    Later,
}

impl Shelf {
    /// An empty shelf for what begins at this offset.
    pub(super) fn new(next: u64) -> Self {
        let blocks = Blocks {
            blocks: VecDeque::new(),
            next,
            bytes: 0,
        };
        Self {
            blocks: RwLock::new(blocks),
            first: AtomicU64::new(next),
        }
    }

    /// The first offset there is.
    pub(super) fn first(&self) -> u64 {
        self.first.load(Ordering::Acquire)
    }

    /// The offset after the last block.
    pub(super) fn next(&self) -> u64 {
        self.blocks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .next
    }

    pub(super) fn find(&self, offset: u64) -> Found {
        let shelf = self.blocks.read().unwrap_or_else(PoisonError::into_inner);
        if offset >= shelf.next {
            return Found::Later;
        }
        let after = shelf.blocks.partition_point(|block| block.first <= offset);
        let block = after.checked_sub(1).and_then(|at| shelf.blocks.get(at));
        block.map_or(Found::Earlier, |block| Found::Here(Arc::clone(block)))
    }

    /// Puts the next block on the shelf and lets old ones go. One that does not follow the last
    /// takes the place of everything: what is between is gone.
    pub(super) fn push(&self, block: Block) {
        let mut shelf = self.blocks.write().unwrap_or_else(PoisonError::into_inner);
        if block.first != shelf.next {
            shelf.blocks.clear();
            shelf.bytes = 0;
        }
        shelf.next = block.next;
        shelf.bytes += cost(&block);
        shelf.blocks.push_back(Arc::new(block));
        while shelf.bytes > LIMIT_BYTES && shelf.blocks.len() > 1 {
            if let Some(old) = shelf.blocks.pop_front() {
                shelf.bytes -= cost(&old);
            }
        }
        let first = shelf.blocks.front().map_or(shelf.next, |block| block.first);
        self.first.store(first, Ordering::Release);
    }
}

/// Bytes of memory that a block takes, roughly.
pub(super) fn cost(block: &Block) -> usize {
    BLOCK_BYTES + block.bytes.len() + block.entries.len() * ENTRY_BYTES
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;
