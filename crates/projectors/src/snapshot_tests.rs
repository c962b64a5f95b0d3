#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::store::{Row, StoreKind};
use std::fs;
use std::path::PathBuf;

fn rows() -> Vec<Row> {
    vec![
        (0, vec![1, 2, 3]),
        (7, Vec::new()),
        (1 << 40, vec![9; 300]),
        (END - 1, vec![4]),
    ]
}

/// A snapshot of a store of these rows.
fn written(dir: &Path) -> PathBuf {
    let mut store = store::open(StoreKind::Redb, &dir.join("store")).unwrap();
    store.put(rows()).unwrap();
    store.commit().unwrap();
    store.put(vec![(5, vec![5])]).unwrap();
    store.abandon();
    let path = dir.join("file");
    write(store.as_mut(), &mut File::create(&path).unwrap()).unwrap();
    path
}

fn read_back(path: &Path) -> Result<Vec<Row>, store::Error> {
    let mut rows = Vec::new();
    open(path)?.load(&mut |number, bytes| {
        rows.push((number, bytes.to_vec()));
        true
    })?;
    Ok(rows)
}

#[test]
fn the_committed_rows_come_back_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path());
    assert_eq!(read_back(&path).unwrap(), rows());
}

#[test]
fn a_file_that_was_changed_cut_or_grown_anywhere_does_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path());
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, changed).unwrap();
        assert!(read_back(&path).is_err(), "byte {at} was changed");
        fs::write(&path, &whole[..at]).unwrap();
        assert!(read_back(&path).is_err(), "cut at {at}");
    }
    fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(read_back(&path).is_err());
    fs::write(&path, &whole).unwrap();
    assert!(read_back(&path).is_ok());
}

#[test]
fn a_snapshot_is_never_changed_and_a_visit_ends_when_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path());
    let mut store = open(&path).unwrap();
    assert!(store.put(rows()).is_err());
    assert!(store.commit().is_err());
    let mut seen = 0;
    let visit = &mut |_, _: &[u8]| {
        seen += 1;
        seen < 2
    };
    store.load(visit).unwrap();
    assert_eq!(seen, 2);
    assert!(store.load(&mut |_, _| true).is_err(), "it is read once");
}
