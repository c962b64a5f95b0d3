#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

fn rows(store: &mut dyn Store) -> Vec<Row> {
    let mut rows = Vec::new();
    store
        .load(&mut |number, value| {
            rows.push((number, value.to_vec()));
            true
        })
        .unwrap();
    rows
}

#[test]
fn committed_rows_come_back_in_order_and_the_rest_does_not() {
    for kind in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(kind, dir.path()).unwrap();
        assert_eq!(rows(store.as_mut()), []);
        store.put(vec![(1 << 40, vec![3]), (0, vec![1])]).unwrap();
        store.put(vec![(7, vec![2]), (0, vec![9])]).unwrap();
        store.commit().unwrap();
        store.put(vec![(0, vec![8]), (8, vec![8])]).unwrap();
        let committed = [(0, vec![9]), (7, vec![2]), (1 << 40, vec![3])];
        drop(store);
        let mut store = open(kind, dir.path()).unwrap();
        assert_eq!(rows(store.as_mut()), committed, "{}", kind.name());
        store.put(vec![(5, vec![5])]).unwrap();
        store.abandon();
        store.commit().unwrap();
        assert_eq!(rows(store.as_mut()), committed, "{}", kind.name());
    }
}

#[test]
fn a_visit_ends_when_it_says_so() {
    for kind in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(kind, dir.path()).unwrap();
        store.put((0..10).map(|n| (n, vec![0])).collect()).unwrap();
        store.commit().unwrap();
        let mut seen = 0;
        store
            .load(&mut |_, _| {
                seen += 1;
                seen < 3
            })
            .unwrap();
        assert_eq!(seen, 3, "{}", kind.name());
    }
}

#[test]
fn what_is_no_database_is_an_error_and_no_panic() {
    for kind in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        for name in ["checkpoint.redb", "db", "conf"] {
            std::fs::write(dir.path().join(name), [0xa5; 5_000]).unwrap();
        }
        let opened = open(kind, dir.path());
        let read = opened.and_then(|mut store| store.load(&mut |_, _| true));
        assert!(read.is_err(), "{}", kind.name());
    }
}

#[test]
fn a_large_commit_that_is_broken_off_does_not_pass_for_a_checkpoint() {
    for kind in StoreKind::ALL {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(kind, dir.path()).unwrap();
        store.put(vec![(0, vec![1]), (1, vec![1])]).unwrap();
        store.commit().unwrap();
        let many = |value: u8| (0..2_500).map(|number| (number, vec![value])).collect();
        store.put(many(2)).unwrap();
        drop(store);
        let mut store = open(kind, dir.path()).unwrap();
        let broken = rows(store.as_mut());
        let is_old = broken == [(0, vec![1]), (1, vec![1])];
        assert!(is_old || broken[0].0 != 0, "{}", kind.name());
        store.put(many(3)).unwrap();
        store.commit().unwrap();
        let whole: Vec<Row> = many(3);
        assert_eq!(rows(store.as_mut()), whole, "{}", kind.name());
    }
}
