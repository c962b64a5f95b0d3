#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::store::{self, StoreKind};
use crate::testing::events::{Told, accepted, received};
use crate::testing::lanes::{Save, feed_all, lanes, save, tables};
use crate::views::View;
use crate::views::names::Size;

/// A store with a checkpoint at its position.
async fn saved(dir: &Path) -> (Owner, Box<dyn Store>, u64) {
    let told = [("1", received()), ("2", accepted())]
        .map(|(id, payload)| Told::new(id, "A-1", "", 0, payload).records());
    let (lanes, _) = lanes(told.concat());
    feed_all(&lanes).await;
    let lane = lanes.all().find(|lane| lane.next() > 0).unwrap();
    let mut store = store::open(StoreKind::Redb, dir).unwrap();
    let how = Save {
        written: Size::EMPTY,
        kill_after: None,
        meanwhile: 0,
    };
    save(&lanes, lane, store.as_mut(), how).await.unwrap();
    (lane.owner, store, lane.next())
}

fn names(folder: &Folder) -> Vec<String> {
    let entries = fs::read_dir(&folder.dir).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

const EVERY: Duration = Duration::from_secs(300);

#[tokio::test]
async fn only_a_state_that_fits_and_stands_further_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store, next) = saved(&dir.path().join("store")).await;
    let folder = Folder::new(dir.path(), EVERY, owner);
    let all = |_: &State| Ok(());
    assert!(
        folder.load(0, &tables(), &all).is_none(),
        "there is no folder yet"
    );
    folder.write(store.as_mut(), next).unwrap();
    assert_eq!(folder.load(0, &tables(), &all).unwrap().next, next);
    assert!(folder.load(next, &tables(), &all).is_none());
    let none = |_: &State| Err("it is of another log".to_owned());
    assert!(folder.load(0, &tables(), &none).is_none());
    let kept = folder.dir.join(format!("{next}.snapshot"));
    assert!(kept.exists(), "it is not ours to remove");
    // A name that says more than the content holds.
    fs::rename(kept, folder.dir.join("99.snapshot")).unwrap();
    assert!(folder.load(0, &tables(), &all).is_none());
}

#[tokio::test]
async fn a_snapshot_of_another_lane_does_not_count_wherever_it_lies() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store, next) = saved(&dir.path().join("store")).await;
    Folder::new(dir.path(), EVERY, owner)
        .write(store.as_mut(), next)
        .unwrap();
    let other = Owner {
        view: View::Vertical,
        ..owner
    };
    let there = Folder::new(dir.path(), EVERY, owner).dir;
    let here = Folder::new(dir.path(), EVERY, other);
    fs::create_dir_all(here.dir.parent().unwrap()).unwrap();
    fs::rename(there, &here.dir).unwrap();
    assert_eq!(names(&here).len(), 1);
    assert!(here.load(0, &tables(), &|_| Ok(())).is_none());
}

#[tokio::test]
async fn the_last_two_written_stay_however_far_the_others_stand() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store, _) = saved(&dir.path().join("store")).await;
    let folder = Folder::new(dir.path(), EVERY, owner);
    let age = |name: &str, seconds: u64| {
        let modified = SystemTime::now() - Duration::from_secs(seconds);
        let file = File::options()
            .write(true)
            .open(folder.dir.join(name))
            .unwrap();
        file.set_modified(modified).unwrap();
    };
    folder.write(store.as_mut(), 900).unwrap();
    age("900.snapshot", 30);
    folder.write(store.as_mut(), 10).unwrap();
    age("10.snapshot", 20);
    // Unfinished: one is being written elsewhere, one was left by who died.
    for name in [".5-x.unfinished", ".6-x.unfinished"] {
        fs::write(folder.dir.join(name), "half").unwrap();
    }
    age(".6-x.unfinished", 7_200);
    fs::write(folder.dir.join("notes.txt"), "an operator's").unwrap();
    folder.write(store.as_mut(), 20).unwrap();
    let left = [".5-x.unfinished", "10.snapshot", "20.snapshot", "notes.txt"];
    assert_eq!(names(&folder), left);
}

#[tokio::test]
async fn a_snapshot_that_cannot_be_written_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (owner, mut store, next) = saved(&dir.path().join("store")).await;
    let folder = Folder::new(dir.path(), EVERY, owner);
    // The final name is taken by something that no file replaces.
    fs::create_dir_all(folder.dir.join(format!("{next}.snapshot/x"))).unwrap();
    let refused = folder.write(store.as_mut(), next).unwrap_err();
    assert!(matches!(refused, Error::Io(_)), "{refused}");
    assert_eq!(names(&folder), [format!("{next}.snapshot")]);
}
