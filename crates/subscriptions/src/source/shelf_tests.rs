#![allow(clippy::unwrap_used)]
use super::*;
use bytes::Bytes;

fn block(first: u64, records: u64, bytes: usize) -> Block {
    Block {
        partition: 0,
        first,
        next: first + records,
        entries: Vec::new(),
        bytes: Bytes::from(vec![0; bytes]),
        marks: vec![1; records as usize],
        probes: Vec::new(),
    }
}

fn here(shelf: &Shelf, offset: u64) -> Option<u64> {
    match shelf.find(offset) {
        Found::Here(block) => Some(block.first),
        Found::Earlier | Found::Later => None,
    }
}

#[test]
fn an_empty_shelf_says_what_is_before_and_what_comes_yet() {
    let shelf = Shelf::new(10);
    assert!(matches!(shelf.find(9), Found::Earlier));
    assert!(matches!(shelf.find(10), Found::Later));
    assert_eq!(shelf.first(), 10);
}

#[test]
fn the_newest_blocks_are_kept_within_the_bound() {
    let shelf = Shelf::new(0);
    for nth in 0..10 {
        shelf.push(block(nth * 5, 5, 1_000_000));
    }
    assert_eq!(shelf.first(), 30);
    assert!(matches!(shelf.find(29), Found::Earlier));
    assert_eq!(here(&shelf, 30), Some(30));
    assert_eq!(here(&shelf, 49), Some(45));
    assert!(matches!(shelf.find(50), Found::Later));
}

#[test]
fn what_does_not_follow_takes_the_place_of_everything() {
    let shelf = Shelf::new(0);
    shelf.push(block(0, 5, 10));
    shelf.push(block(100, 5, 10));
    assert!(matches!(shelf.find(3), Found::Earlier));
    assert!(matches!(shelf.find(50), Found::Earlier));
    assert_eq!(here(&shelf, 104), Some(100));
    assert_eq!(shelf.next(), 105);
}
