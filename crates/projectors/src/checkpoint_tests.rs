#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::store::{StoreKind, open};
use crate::testing::events::{Told, accepted, received};
use crate::testing::lanes::{Save, feed_all, lanes, save, tables};

/// A saved lane of the case view that holds two parts, and its store.
async fn saved(dir: &std::path::Path) -> (Owner, Box<dyn Store>) {
    let told = ["A-1", "A-2"].map(|code| {
        let first = Told::new(&format!("{code}-1"), code, "LT-1", 0, received());
        let second = Told::new(&format!("{code}-2"), code, "LT-1", 9, accepted());
        [first.records(), second.records()].concat()
    });
    let (lanes, _) = lanes(told.concat());
    feed_all(&lanes).await;
    let lane = lanes.all().find(|lane| lane.next() > 0).unwrap();
    let mut store = open(StoreKind::Redb, dir).unwrap();
    let how = Save {
        written: Size::EMPTY,
        kill_after: None,
        meanwhile: 0,
    };
    save(&lanes, lane, store.as_mut(), how).await.unwrap();
    (lane.owner, store)
}

fn rows(store: &mut dyn Store) -> Vec<Row> {
    let mut rows = Vec::new();
    store
        .load(&mut |number, bytes| {
            rows.push((number, bytes.to_vec()));
            true
        })
        .unwrap();
    rows
}

#[tokio::test]
async fn a_content_that_was_changed_does_not_prove_itself_wherever_it_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store) = saved(dir.path()).await;
    assert!(load(store.as_mut(), owner, &tables()).unwrap().is_some());
    let mut by_digest = 0;
    for (number, bytes) in rows(store.as_mut()) {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            store.put(vec![(number, changed)]).unwrap();
            store.commit().unwrap();
            match load(store.as_mut(), owner, &tables()) {
                Err(Unproven::Digest { .. }) => by_digest += 1,
                Err(_) => {}
                Ok(_) => panic!("byte {at} of row {number} was changed and nothing is said"),
            }
            store.put(vec![(number, bytes.clone())]).unwrap();
            store.commit().unwrap();
        }
    }
    assert!(by_digest > 50, "{by_digest}");
    assert!(load(store.as_mut(), owner, &tables()).unwrap().is_some());
}

#[tokio::test]
async fn a_checkpoint_of_another_lane_or_number_of_partitions_does_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store) = saved(dir.path()).await;
    let others = [
        Owner {
            view: View::Vertical,
            ..owner
        },
        Owner {
            partition: owner.partition + 1,
            ..owner
        },
        Owner {
            partitions: owner.partitions + 1,
            ..owner
        },
    ];
    for other in others {
        let refused = load(store.as_mut(), other, &tables()).err().unwrap();
        assert!(matches!(refused, Unproven::Other(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_checkpoint_of_other_status_tables_does_not_count_and_names_both() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store) = saved(dir.path()).await;
    let changed = crate::testing::lanes::changed("DVCLT", "4", "10");
    let refused = load(store.as_mut(), owner, &changed).err().unwrap();
    assert!(matches!(refused, Unproven::Other(_)), "{refused}");
    let words = refused.to_string();
    for version in [tables().fingerprint(), changed.fingerprint()] {
        assert!(words.contains(version), "{words}");
    }
    assert!(load(store.as_mut(), owner, &tables()).unwrap().is_some());
}
