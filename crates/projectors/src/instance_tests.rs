#![allow(clippy::unwrap_used, clippy::expect_used)]
//! Instances that share the partitions of every view: they join, leave, restart and fail.

use super::*;
use crate::checkpoint::Owner;
use crate::generations::Generations;
use crate::parking::{Fault, Poison};
use crate::testing::events::{
    Told, accepted, handed_over, poison, received, release, returned_result,
};
use crate::testing::groups::MemoryGroups;
use crate::testing::log::MemoryLog;
use futures_util::StreamExt;
use lienthong_contract::pb::operations::v1::ViewPosition;
use lienthong_contract::ports::ViewOperations;
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::{Current, demo};
use lienthong_eventlog::{Change, Record};
use std::collections::BTreeMap;
use std::fs;
use tempfile::TempDir;

const PARTITIONS: u32 = 4;
const PREFIX: &str = "test";

/// One log, its groups, and a folder for everything.
struct World {
    log: Arc<MemoryLog>,
    groups: Arc<MemoryGroups>,
    folder: TempDir,
    snapshots_every: Option<Duration>,
    store: StoreKind,
}

/// A running instance.
struct Node {
    instance: Arc<Instance>,
    name: &'static str,
    stop: CancellationToken,
}

type Digests = BTreeMap<(String, u32), (u64, String)>;

impl World {
    fn new(records: Vec<Record>) -> Self {
        let log = MemoryLog::new(PARTITIONS);
        log.put(records);
        Self {
            log,
            groups: MemoryGroups::new(PARTITIONS),
            folder: tempfile::tempdir().unwrap(),
            // Long: a snapshot is written when a partition is let go.
            snapshots_every: Some(Duration::from_secs(3_600)),
            store: StoreKind::Redb,
        }
    }

    fn without_snapshots(records: Vec<Record>) -> Self {
        Self {
            snapshots_every: None,
            ..Self::new(records)
        }
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn snapshots(&self, view: View, partition: u32) -> PathBuf {
        self.dir("snapshots")
            .join(view.name())
            .join(format!("{partition}-of-{PARTITIONS}"))
    }

    fn handles(&self) -> Handles {
        Handles {
            log: self.log.clone(),
            groups: self.groups.clone(),
            reference: Current::new(demo().unwrap()),
        }
    }

    /// Starts an instance and does not wait.
    async fn begin(&self, name: &'static str, views: &[View]) -> Node {
        let stop = CancellationToken::new();
        let config = Config {
            dir: self.dir(name),
            store: self.store,
            checkpoint_every: Duration::from_millis(5),
            views: views.to_vec(),
            snapshots: self.snapshots_every.map(|every| Snapshots {
                dir: self.dir("snapshots"),
                every,
            }),
            group_prefix: PREFIX.to_owned(),
            instance: name.to_owned(),
            address: format!("{name}:7440"),
            session: Duration::from_secs(30),
        };
        let instance = start(config, self.handles(), stop.clone()).await.unwrap();
        Node {
            instance,
            name,
            stop,
        }
    }

    async fn start(&self, name: &'static str) -> Node {
        let node = self.begin(name, &View::ALL).await;
        node.instance.loaded().await;
        node
    }

    /// Ends an instance for good.
    async fn remove(&self, node: Node) {
        let name = node.name;
        node.close().await;
        self.groups.expire(name);
    }

    /// What one process that keeps everything makes of the log.
    async fn alone(&self) -> Digests {
        let dir = tempfile::tempdir().unwrap();
        let config = crate::Config {
            dir: dir.path().to_owned(),
            store: StoreKind::Redb,
            checkpoint_every: Duration::from_secs(60),
        };
        let handles = crate::Handles {
            log: self.log.clone(),
            reference: self.handles().reference,
        };
        let stop = CancellationToken::new();
        let all = crate::start(config, handles, stop.clone()).await.unwrap();
        all.loaded().await;
        let digests = by_partition(all.positions().await);
        stop.cancel();
        all.finished().await;
        digests
    }

    /// What these instances hold together once they have taken everything; each partition of each
    /// view is held by one of them.
    async fn together(&self, nodes: &[&Node]) -> Digests {
        let taken = tokio::time::timeout(Duration::from_secs(60), self.taken(nodes));
        taken.await.expect("the instances never take everything");
        let mut all = Digests::new();
        for node in nodes {
            for (key, found) in by_partition(node.instance.positions().await) {
                assert!(all.insert(key.clone(), found).is_none(), "{key:?} is twice");
            }
        }
        all
    }

    async fn taken(&self, nodes: &[&Node]) {
        for view in View::ALL {
            for partition in 0..PARTITIONS {
                let lane = owner_of(nodes, view, partition).await;
                let end = self.log.end(partition);
                let mut next = lane.watch_next();
                next.wait_for(|next| *next >= end).await.unwrap();
            }
        }
    }

    fn committed(&self, view: View, partition: u32) -> Option<u64> {
        let group = group(PREFIX, view);
        self.groups.committed_of(&group, partition)
    }

    /// Position of the checkpoint in a folder that nobody uses.
    fn stored(&self, name: &str, view: View, partition: u32) -> Option<u64> {
        let owner = Owner {
            view,
            partition,
            partitions: PARTITIONS,
        };
        let folders = Generations::new(&self.dir(name), self.store, owner).unwrap();
        let found = folders
            .load(&crate::testing::lanes::tables(), &|_| Ok(()))
            .unwrap();
        found.proven.map(|(state, _)| state.next)
    }
}

impl Node {
    async fn close(self) {
        self.stop.cancel();
        self.instance.finished().await.unwrap();
    }

    fn partitions(&self, view: View) -> Vec<u32> {
        let lanes = self.instance.lanes();
        let of_view = lanes.iter().filter(|lane| lane.owner.view == view);
        of_view.map(|lane| lane.owner.partition).collect()
    }
}

fn by_partition(positions: Vec<ViewPosition>) -> Digests {
    let entry = |one: ViewPosition| ((one.view, one.partition), (one.next_offset, one.digest));
    positions.into_iter().map(entry).collect()
}

/// The one lane of a partition, once it is ready and no other instance keeps it.
async fn owner_of(nodes: &[&Node], view: View, partition: u32) -> Arc<Lane> {
    loop {
        let lanes = nodes
            .iter()
            .filter_map(|node| node.instance.lane(view, partition));
        let lanes: Vec<_> = lanes.collect();
        if let [lane] = &lanes[..]
            && lane.is_ready()
        {
            return lane.clone();
        }
        pause().await;
    }
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        pause().await;
    }
    panic!("never: {what}");
}

fn dossiers(numbers: std::ops::Range<usize>) -> Vec<Record> {
    let dossier = |number| {
        let code = format!("D-{number}");
        let told = |step: &str, minute, payload| {
            Told::new(&format!("{number}-{step}"), &code, "", minute, payload).records()
        };
        [
            told("received", 0, received()),
            told("handed", 5, handed_over("H56.03")),
            told("accepted", 9, accepted()),
            told("returned", 30, returned_result()),
        ]
        .concat()
    };
    numbers.flat_map(dossier).collect()
}

fn damage(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(file, bytes).unwrap();
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every partition of every view.
fn everywhere() -> impl Iterator<Item = (View, u32)> {
    let partitions = |view| (0..PARTITIONS).map(move |partition| (view, partition));
    View::ALL.into_iter().flat_map(partitions)
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_share_every_view_and_hold_together_what_one_process_holds() {
    let world = World::new(dossiers(0..200));
    let first = world.start("a").await;
    assert_eq!(first.partitions(View::Case), [0, 1, 2, 3]);
    let second = world.start("b").await;
    assert_eq!(
        world.together(&[&first, &second]).await,
        world.alone().await
    );
    world.log.put(dossiers(150..300));
    let third = world.start("c").await;
    let nodes = [&first, &second, &third];
    assert_eq!(world.together(&nodes).await, world.alone().await);
    for view in View::ALL {
        let shares = nodes.map(|node| node.partitions(view).len());
        assert!(
            shares.iter().all(|share| (1..=2).contains(share)),
            "{shares:?}"
        );
    }
    for (view, partition) in everywhere() {
        let end = world.log.end(partition);
        let told = || world.committed(view, partition) == Some(end);
        until("the group knows of every event", told).await;
    }
    for node in [first, second, third] {
        node.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_keeps_only_the_views_that_it_is_named() {
    let world = World::new(dossiers(0..20));
    let node = world.begin("a", &[View::Vertical, View::Vertical]).await;
    node.instance.loaded().await;
    assert_eq!(node.instance.views(), [View::Vertical]);
    assert_eq!(node.partitions(View::Vertical).len(), 4);
    assert!(node.instance.lane(View::Case, 0).is_none());
    let refused = node.instance.rebuild("case").await.err().unwrap();
    assert_eq!(refused.reason, Reason::ViewUnknown);
    node.close().await;
    let config = Config {
        dir: world.dir("none"),
        store: StoreKind::Redb,
        checkpoint_every: Duration::from_secs(1),
        views: Vec::new(),
        snapshots: None,
        group_prefix: PREFIX.to_owned(),
        instance: "none".to_owned(),
        address: String::new(),
        session: Duration::from_secs(30),
    };
    let refused = start(config, world.handles(), CancellationToken::new()).await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("case, horizontal, vertical"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_moves_goes_on_from_the_snapshot_of_its_last_owner() {
    let world = World::new(dossiers(0..200));
    let first = world.start("a").await;
    let second = world.start("b").await;
    world.together(&[&first, &second]).await;
    let moved: Vec<(View, u32)> = everywhere()
        .filter(|(view, partition)| first.instance.lane(*view, *partition).is_some())
        .collect();
    assert_eq!(moved.len(), 6);
    let left_at: Vec<u64> = (0..PARTITIONS).map(|one| world.log.end(one)).collect();
    world.remove(first).await;
    for partition in 0..PARTITIONS {
        world.log.take_lowest_read(partition);
    }
    world.log.put(dossiers(200..260));
    assert_eq!(
        world.together(&[&second]).await,
        world.alone_reading().await
    );
    for (partition, left_at) in left_at.into_iter().enumerate() {
        let lowest = world.log.take_lowest_read(partition as u32);
        assert_eq!(lowest, Some(left_at));
    }
    // The snapshot is in the local store now.
    second.close().await;
    for (view, partition) in moved {
        let end = world.log.end(partition);
        assert_eq!(world.stored("b", view, partition), Some(end));
        assert_eq!(world.committed(view, partition), Some(end));
    }
}

impl World {
    /// As [`World::alone`], over a copy of the log: the reads do not count.
    async fn alone_reading(&self) -> Digests {
        let log = MemoryLog::new(PARTITIONS);
        for partition in 0..PARTITIONS {
            log.put(self.log.records(partition));
        }
        let copy = World {
            log,
            groups: self.groups.clone(),
            folder: tempfile::tempdir().unwrap(),
            snapshots_every: None,
            store: self.store,
        };
        copy.alone().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_whose_snapshots_do_not_count_is_made_again_from_the_log() {
    for case in ["none", "absent", "damaged", "torn", "foreign", "ahead"] {
        let mut world = World::new(dossiers(0..60));
        if case == "none" {
            world.snapshots_every = None;
        }
        let first = world.start("a").await;
        world.remove(first).await;
        match case {
            "absent" => fs::remove_dir_all(world.dir("snapshots")).unwrap(),
            "foreign" | "ahead" => {
                let numbers = if case == "foreign" { 500..560 } else { 0..30 };
                let log = MemoryLog::new(PARTITIONS);
                log.put(dossiers(numbers));
                world.log = log;
            }
            "damaged" | "torn" => {
                for (view, partition) in everywhere() {
                    let written = files(&world.snapshots(view, partition));
                    assert_eq!(written.len(), 1);
                    match case {
                        "damaged" => damage(&written[0]),
                        _ => {
                            let file = fs::File::options().write(true).open(&written[0]).unwrap();
                            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
                        }
                    }
                }
            }
            _ => {}
        }
        for partition in 0..PARTITIONS {
            world.log.take_lowest_read(partition);
        }
        let second = world.start("b").await;
        let together = world.together(&[&second]).await;
        for partition in 0..PARTITIONS {
            assert_eq!(world.log.take_lowest_read(partition), Some(0), "{case}");
        }
        assert_eq!(together, world.alone().await, "{case}");
        second.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_before_the_damaged_one_is_used() {
    let world = World::new(dossiers(0..60));
    world.remove(world.start("a").await).await;
    let older: Vec<u64> = (0..PARTITIONS).map(|one| world.log.end(one)).collect();
    world.log.put(dossiers(60..120));
    world.remove(world.start("b").await).await;
    for (view, partition) in everywhere() {
        let folder = world.snapshots(view, partition);
        assert_eq!(files(&folder).len(), 2);
        damage(&folder.join(format!("{}.snapshot", world.log.end(partition))));
    }
    for partition in 0..PARTITIONS {
        world.log.take_lowest_read(partition);
    }
    let third = world.start("c").await;
    let together = world.together(&[&third]).await;
    for (partition, older) in older.into_iter().enumerate() {
        let lowest = world.log.take_lowest_read(partition as u32);
        assert_eq!(lowest, Some(older));
    }
    assert_eq!(together, world.alone().await);
    third.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_taken_away_is_not_there_and_comes_back_from_its_checkpoint() {
    let world = World::without_snapshots(dossiers(0..100));
    let first = world.start("a").await;
    world.together(&[&first]).await;
    let second = world.start("b").await;
    let gone: Vec<u32> = second.partitions(View::Case);
    assert_eq!(gone.len(), 2);
    until("it is closed", || {
        let is_there = |partition: &u32| first.instance.lane(View::Case, *partition).is_some();
        !gone.iter().any(is_there)
    })
    .await;
    let asked = first.instance.runner(View::Case, gone[0]);
    assert!(asked.is_none());
    assert_eq!(first.partitions(View::Case).len(), 2);
    let parked = first.instance.parked("case").await.unwrap();
    assert!(parked.is_empty());
    world.together(&[&first, &second]).await;
    for partition in &gone {
        world.log.take_lowest_read(*partition);
    }
    let left_at: Vec<u64> = gone.iter().map(|one| world.log.end(*one)).collect();
    world.log.put(dossiers(100..130));
    // The other one's reads are over before it goes.
    world.together(&[&first, &second]).await;
    world.remove(second).await;
    for partition in &gone {
        world.log.take_lowest_read(*partition);
    }
    let together = world.together(&[&first]).await;
    for (partition, left_at) in gone.iter().zip(left_at) {
        let lowest = world.log.take_lowest_read(*partition);
        assert_eq!(lowest, Some(left_at));
    }
    assert_eq!(together, world.alone().await);
    first.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_moves_nothing_and_goes_on_from_the_checkpoint() {
    for store in [StoreKind::Redb, StoreKind::Sled] {
        let mut world = World::without_snapshots(dossiers(0..100));
        world.store = store;
        let first = world.start("a").await;
        let second = world.start("b").await;
        world.together(&[&first, &second]).await;
        let shares = View::ALL.map(|view| first.partitions(view));
        let told = world.groups.changes("b").len();
        first.close().await;
        let left_at: Vec<u64> = (0..PARTITIONS).map(|one| world.log.end(one)).collect();
        for (view, partition) in everywhere().filter(|(_, one)| shares[0].contains(one)) {
            let stored = world.stored("a", view, partition);
            assert_eq!(stored, world.committed(view, partition));
            assert_eq!(stored, Some(left_at[partition as usize]));
        }
        for partition in 0..PARTITIONS {
            world.log.take_lowest_read(partition);
        }
        world.log.put(dossiers(100..120));
        let first = world.start("a").await;
        let together = world.together(&[&first, &second]).await;
        assert_eq!(View::ALL.map(|view| first.partitions(view)), shares);
        assert_eq!(world.groups.changes("b").len(), told);
        for (partition, left_at) in left_at.into_iter().enumerate() {
            let lowest = world.log.take_lowest_read(partition as u32);
            assert_eq!(lowest, Some(left_at));
        }
        assert_eq!(together, world.alone().await);
        first.close().await;
        second.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_comes_back_at_once_is_opened_after_it_was_closed() {
    let world = World::new(dossiers(0..100));
    let node = world.start("a").await;
    world.together(&[&node]).await;
    let before = node.instance.lane(View::Case, 2).unwrap();
    for round in 0..5 {
        for view in View::ALL {
            let group = group(PREFIX, view);
            let change = |change: Change| world.groups.tell(&group, "a", Ok(change));
            change(Change::Revoked(vec![2, 3]));
            change(Change::Assigned(vec![2]));
            change(Change::Revoked(vec![2]));
            change(Change::Assigned(vec![3, 2]));
        }
        world.log.put(dossiers(100 + round * 10..110 + round * 10));
    }
    until("it is another lane", || {
        let now = node.instance.lane(View::Case, 2);
        now.is_some_and(|now| !Arc::ptr_eq(&now, &before))
    })
    .await;
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    node.close().await;
    for (view, partition) in everywhere() {
        let end = world.log.end(partition);
        assert_eq!(world.stored("a", view, partition), Some(end));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_passes_ends_nothing() {
    let world = World::new(dossiers(0..50));
    let away = |view: View| GroupError::Unavailable {
        group: group(PREFIX, view),
        what: "no coordinator".to_owned(),
    };
    world.groups.refuse("a", vec![away(View::Case)]);
    let node = world.start("a").await;
    for view in View::ALL {
        let group = group(PREFIX, view);
        world.groups.tell(&group, "a", Err(away(view)));
    }
    world.log.put(dossiers(50..80));
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    let second = world.start("b").await;
    assert_eq!(world.together(&[&node, &second]).await, world.alone().await);
    assert!(node.instance.is_loaded());
    node.close().await;
    second.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_the_instance_with_its_fix_and_everything_stored() {
    let world = World::new(dossiers(0..50));
    let node = world.start("a").await;
    world.together(&[&node]).await;
    let of_case = group(PREFIX, View::Case);
    let refused = GroupError::Refused {
        group: of_case.clone(),
        what: "another process is a".to_owned(),
        fix: "give each instance a name of its own".to_owned(),
    };
    world.groups.tell(&of_case, "a", Err(refused.clone()));
    let ended = node.instance.finished().await.unwrap_err();
    assert!(!ended.is_retryable());
    assert!(ended.to_string().contains("a name of its own"), "{ended}");
    assert!(node.instance.lanes().is_empty());
    assert!(
        !node.stop.is_cancelled(),
        "the process ends by its own word"
    );
    for (view, partition) in everywhere() {
        let end = world.log.end(partition);
        assert_eq!(world.stored("a", view, partition), Some(end));
    }
    world.groups.refuse("b", vec![refused]);
    let node = world.begin("b", &View::ALL).await;
    assert!(node.instance.finished().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_to_the_group_that_is_not_in_the_store() {
    let world = World::new(Vec::new());
    let node = world.start("a").await;
    let lane = world.dir("a").join("case/1");
    until("the empty partition is told", || {
        world.committed(View::Case, 1) == Some(0)
    })
    .await;
    fs::remove_dir_all(&lane).unwrap();
    fs::write(&lane, "in the way").unwrap();
    world.log.put(dossiers(0..50));
    world.together(&[&node]).await;
    let end = world.log.end(1);
    assert!(end > 0);
    for other in [View::Horizontal, View::Vertical] {
        until("the others are told", || {
            world.committed(other, 1) == Some(end)
        })
        .await;
    }
    assert_eq!(world.committed(View::Case, 1), Some(0));
    fs::remove_file(&lane).unwrap();
    fs::create_dir(&lane).unwrap();
    until("it is told once it is stored", || {
        world.committed(View::Case, 1) == Some(end)
    })
    .await;
    node.close().await;
    assert_eq!(world.stored("a", View::Case, 1), Some(end));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_written_as_the_view_moves_on_and_the_last_two_stay() {
    let mut world = World::new(dossiers(0..20));
    world.snapshots_every = Some(Duration::from_millis(20));
    let node = world.start("a").await;
    let furthest = |(view, partition)| {
        let files = files(&world.snapshots(view, partition));
        let next = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u64>().ok();
        files.iter().filter_map(next).max()
    };
    for round in 1..4 {
        let before: Vec<_> = everywhere().map(furthest).collect();
        tokio::time::sleep(Duration::from_millis(25)).await;
        world.log.put(dossiers(round * 40..round * 40 + 40));
        let moved = || {
            everywhere()
                .map(furthest)
                .zip(&before)
                .all(|(now, before)| now > *before)
        };
        until("every partition has a later snapshot", moved).await;
    }
    world.together(&[&node]).await;
    node.close().await;
    for (view, partition) in everywhere() {
        let files = files(&world.snapshots(view, partition));
        assert_eq!(files.len(), 2, "{files:?}");
        assert_eq!(furthest((view, partition)), Some(world.log.end(partition)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_snapshots_that_fails_harms_nothing_else() {
    let world = World::new(dossiers(0..50));
    for (view, partition) in everywhere() {
        let in_the_way = world.snapshots(view, partition);
        fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
        fs::write(in_the_way, "in the way").unwrap();
    }
    let node = world.start("a").await;
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    node.close().await;
    for (view, partition) in everywhere() {
        let end = world.log.end(partition);
        assert_eq!(world.stored("a", view, partition), Some(end));
        assert_eq!(world.committed(view, partition), Some(end));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_before_the_log_has_said_how_far_it_goes() {
    let world = World::new(dossiers(0..50));
    world.remove(world.start("a").await).await;
    world.log.set_down(true);
    let node = world.begin("b", &View::ALL).await;
    until("every partition is opened", || {
        node.instance.lanes().len() == 12
    })
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!node.instance.is_loaded());
    assert!(node.instance.lanes().iter().all(|lane| !lane.is_ready()));
    // Where they go on is not known yet, so that their positions say nothing.
    assert!(node.instance.lag().await.unwrap().is_empty());
    world.log.set_down(false);
    node.instance.loaded().await;
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lag_is_told_when_the_log_does_not_answer_and_never_as_current() {
    let world = World::new(dossiers(0..50));
    let node = world.start("a").await;
    world.together(&[&node]).await;
    let current = node.instance.lag().await.unwrap();
    assert!(current.iter().all(|lag| lag.status == "current"));
    world.log.set_down(true);
    let lags = node.instance.lag().await.unwrap();
    assert_eq!(lags.len(), 12);
    for (lag, before) in lags.iter().zip(&current) {
        assert_eq!(lag.status, "stalled");
        assert!(lag.reason.contains("is not known"), "{}", lag.reason);
        assert_eq!(lag.next_offset, before.next_offset);
    }
    world.log.set_down(false);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_view_takes_the_place_of_its_snapshots() {
    let world = World::new(dossiers(0..50));
    let node = world.start("a").await;
    world.together(&[&node]).await;
    let wrong = node.instance.lane(View::Case, 0).unwrap();
    let fault = Poison {
        fault: Fault::Unreadable,
        detail: String::new(),
    };
    wrong.state_mut().parking.park(b"nothing", 0, 0, fault);
    world.log.put(dossiers(50..60));
    world.together(&[&node]).await;
    // Stored and copied with its fault, and proven by its digest.
    world.remove(node).await;
    let node = world.start("b").await;
    assert_ne!(world.together(&[&node]).await, world.alone().await);
    let told = node.instance.rebuild("case").await.unwrap();
    let told: Vec<_> = told.map(Result::unwrap).collect().await;
    assert!(told.last().unwrap().done);
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    world.remove(node).await;
    let node = world.start("c").await;
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_breaks_off_is_started_again() {
    let world = World::new(dossiers(0..50));
    let node = world.start("a").await;
    world.together(&[&node]).await;
    world.log.panic_once();
    world.log.put(dossiers(50..80));
    until("a partition is gone", || node.instance.lanes().len() == 11).await;
    assert!(!node.instance.is_loaded());
    assert_eq!(world.together(&[&node]).await, world.alone().await);
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_never_share_a_folder_of_checkpoints() {
    let world = World::new(dossiers(0..50));
    let node = world.start("a").await;
    let config = Config {
        dir: world.dir("a"),
        store: StoreKind::Redb,
        checkpoint_every: Duration::from_millis(5),
        views: vec![View::Case],
        snapshots: None,
        group_prefix: PREFIX.to_owned(),
        instance: "b".to_owned(),
        address: "b:7440".to_owned(),
        session: Duration::from_secs(30),
    };
    let start_second = || start(config.clone(), world.handles(), CancellationToken::new());
    let refused = start_second().await.err().unwrap();
    assert!(refused.is_retryable());
    assert!(
        refused.to_string().contains("a folder of its own"),
        "{refused}"
    );
    node.close().await;
    world.groups.expire("a");
    let second = start_second().await.unwrap();
    second.loaded().await;
    assert_eq!(second.lanes().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_rebuilt_verified_and_shown_to_operators() {
    let mut records = dossiers(0..40);
    records.insert(1, poison("D-0"));
    let world = World::new(records);
    let nodes = [world.start("a").await, world.start("b").await];
    world.together(&[&nodes[0], &nodes[1]]).await;
    let mut parked = 0;
    for node in &nodes {
        let lags = node.instance.lag().await.unwrap();
        assert_eq!(lags.len(), 6);
        assert!(lags.iter().all(|lag| lag.lag_events == 0));
        parked += node.instance.parked("").await.unwrap().len();
        let told = node.instance.verify(&[]).await.unwrap();
        let told: Vec<_> = told.map(Result::unwrap).collect().await;
        let comparisons: Vec<_> = told.iter().flat_map(|one| &one.comparisons).collect();
        assert_eq!(comparisons.len(), 6);
        assert!(comparisons.iter().all(|one| one.equal));
        let kept = node.partitions(View::Case);
        let of_case = comparisons.iter().filter(|one| one.view == "case");
        assert_eq!(of_case.map(|one| one.partition).collect::<Vec<_>>(), kept);
        let told = node.instance.rebuild("horizontal").await.unwrap();
        let told: Vec<_> = told.map(Result::unwrap).collect().await;
        assert!(told.last().unwrap().done);
    }
    assert_eq!(parked, 3);
    world.log.put([release("D-0", 1, true)]);
    assert_eq!(
        world.together(&[&nodes[0], &nodes[1]]).await,
        world.alone().await
    );
    let unknown = nodes[0].instance.parked("cases").await.unwrap_err();
    assert_eq!(unknown.reason, Reason::ViewUnknown);
    let [first, second] = nodes;
    // A rebuilt partition moves as any other does.
    world.remove(first).await;
    assert_eq!(world.together(&[&second]).await, world.alone().await);
    second.close().await;
}
