//! The last committed blocks of a partition, kept in memory so that readers who are caught up
//! never touch the file.

use std::collections::VecDeque;

use bytes::Bytes;

/// Bytes kept per partition, bookkeeping included; the newest block is kept whatever its size.
const LIMIT_BYTES: usize = 4 * 1024 * 1024;
/// What a block costs besides its bytes, roughly.
const BLOCK_OVERHEAD: usize = 128;

/// Frames that were committed together.
#[derive(Clone, Debug)]
pub(super) struct Block {
    /// Offset of its first record.
    pub(super) first_offset: u64,
    /// Offset after its last record.
    pub(super) next_offset: u64,
    /// The frames.
    pub(super) bytes: Bytes,
}

/// Consecutive blocks, the newest last.
#[derive(Debug, Default)]
pub(super) struct Tail {
    blocks: VecDeque<Block>,
    bytes: usize,
}

impl Tail {
    /// Takes in the block that follows the newest one and lets old ones go.
    pub(super) fn push(&mut self, block: Block) {
        self.bytes += cost(&block);
        self.blocks.push_back(block);
        while self.bytes > LIMIT_BYTES && self.blocks.len() > 1 {
            if let Some(old) = self.blocks.pop_front() {
                self.bytes -= cost(&old);
            }
        }
    }

    /// The block that holds an offset.
    pub(super) fn block_with(&self, offset: u64) -> Option<Block> {
        let after = self
            .blocks
            .partition_point(|block| block.first_offset <= offset);
        let block = self.blocks.get(after.checked_sub(1)?)?;
        (offset < block.next_offset).then(|| block.clone())
    }
}

fn cost(block: &Block) -> usize {
    block.bytes.len() + BLOCK_OVERHEAD
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keeps_the_newest_blocks_within_its_bound() {
        let mut tail = Tail::default();
        for i in 0..100 {
            tail.push(Block {
                first_offset: i * 10,
                next_offset: i * 10 + 10,
                bytes: Bytes::from(vec![0; 1_000_000]),
            });
        }
        assert!(tail.block_with(955).is_none());
        assert!(tail.block_with(1_000).is_none());
        for offset in 960..1_000 {
            assert_eq!(
                tail.block_with(offset).unwrap().first_offset,
                offset / 10 * 10
            );
        }
    }

    #[test]
    fn keeps_one_block_larger_than_the_bound() {
        let mut tail = Tail::default();
        tail.push(Block {
            first_offset: 0,
            next_offset: 1,
            bytes: Bytes::from(vec![0; LIMIT_BYTES * 2]),
        });
        assert!(tail.block_with(0).is_some());
    }
}
