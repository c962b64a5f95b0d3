#![allow(clippy::unwrap_used)]
use super::*;
use bytes::Bytes;

fn block(partition: u32, first: u64, bytes: usize) -> Arc<Block> {
    Arc::new(Block {
        partition,
        first,
        next: first + 10,
        entries: Vec::new(),
        bytes: Bytes::from(vec![0; bytes]),
        marks: vec![1; 10],
        probes: Vec::new(),
    })
}

#[test]
fn a_block_is_found_by_every_offset_of_its_range_and_by_no_other() {
    let mut cache = Cache::default();
    cache.insert(block(1, 20, 10));
    cache.insert(block(1, 40, 10));
    for offset in 20..30 {
        assert_eq!(cache.find(1, offset).unwrap().first, 20);
    }
    for (partition, offset) in [(1, 19), (1, 30), (1, 39), (1, 50), (0, 25), (2, 25)] {
        assert!(
            cache.find(partition, offset).is_none(),
            "{partition} {offset}"
        );
    }
}

#[test]
fn what_came_first_goes_first_and_the_bound_holds() {
    let mut cache = Cache::default();
    for nth in 0..40 {
        cache.insert(block(0, nth * 10, 1_000_000));
        cache.insert(block(0, nth * 10, 1_000_000));
        assert!(cache.bytes <= LIMIT_BYTES);
    }
    assert!(cache.find(0, 0).is_none());
    assert!(cache.find(0, 395).is_some());
    assert_eq!(cache.order.len(), cache.blocks.len());
}
