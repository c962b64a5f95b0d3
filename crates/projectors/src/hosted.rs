//! The lanes that this process keeps now. A group gives it partitions and takes them away; whoever
//! asks gets what is here at that moment.

use crate::lane::Lane;
use crate::lanes::Running;
use crate::runner::Command;
use crate::views::View;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::{mpsc, watch};

/// The lanes that this process keeps.
pub struct Hosted {
    views: Vec<View>,
    kept: RwLock<Kept>,
    /// Counts what changed in `kept`.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    running: BTreeMap<(View, u32), Running>,
    /// What each view's group gave; a view without an entry has not been told yet.
    given: BTreeMap<View, BTreeSet<u32>>,
}

/// What a process that loads waits for.
enum Missing {
    /// The group's word, or that a partition it gave is opened.
    Partition,
    /// That a lane has caught up.
    Ready(Arc<Lane>),
}

impl Hosted {
    /// Nothing yet, of these views.
    pub fn new(views: Vec<View>) -> Self {
        Self {
            views,
            kept: RwLock::default(),
            changes: watch::Sender::new(0),
        }
    }

    /// The views of which partitions may be kept here, in the order of [`View::ALL`].
    pub fn views(&self) -> &[View] {
        &self.views
    }

    /// The lane of a partition; none if it is not kept here.
    pub fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        let kept = self.kept();
        let running = kept.running.get(&(view, partition))?;
        Some(running.lane.clone())
    }

    /// Every lane, by view and partition.
    pub fn lanes(&self) -> Vec<Arc<Lane>> {
        let kept = self.kept();
        let running = kept.running.values();
        running.map(|running| running.lane.clone()).collect()
    }

    /// How to ask the runner of a partition; none if it is not kept here.
    pub fn runner(&self, view: View, partition: u32) -> Option<mpsc::Sender<Command>> {
        let kept = self.kept();
        let running = kept.running.get(&(view, partition))?;
        Some(running.runner.clone())
    }

    /// The lanes of a view with their runners, by partition.
    pub fn running(&self, view: View) -> Vec<Running> {
        let kept = self.kept();
        let of_view = kept.running.range((view, 0)..=(view, u32::MAX));
        of_view.map(|(_, running)| running.clone()).collect()
    }

    /// Follows what is kept: the number changes with it.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether every view's group has said what is to be kept here, and all of it has caught up
    /// with the log as it was when it came.
    pub fn is_loaded(&self) -> bool {
        self.missing().is_none()
    }

    /// Waits until [`Hosted::is_loaded`].
    pub async fn loaded(&self) {
        let mut changes = self.watch();
        loop {
            changes.mark_unchanged();
            match self.missing() {
                None => return,
                Some(Missing::Partition) => {
                    // The sender is ours.
                    let _ = changes.changed().await;
                }
                Some(Missing::Ready(lane)) => {
                    let mut ready = lane.watch_ready();
                    tokio::select! {
                        _ = ready.wait_for(|ready| *ready) => {}
                        _ = changes.changed() => {}
                    }
                }
            }
        }
    }

    fn missing(&self) -> Option<Missing> {
        let kept = self.kept();
        for view in &self.views {
            let Some(given) = kept.given.get(view) else {
                return Some(Missing::Partition);
            };
            for partition in given {
                match kept.running.get(&(*view, *partition)) {
                    None => return Some(Missing::Partition),
                    Some(running) if !running.lane.is_ready() => {
                        return Some(Missing::Ready(running.lane.clone()));
                    }
                    Some(_) => {}
                }
            }
        }
        None
    }

    /// Notes what the group of a view has given.
    pub(crate) fn set_given(&self, view: View, given: BTreeSet<u32>) {
        self.kept_mut().given.insert(view, given);
        self.tell();
    }

    /// Keeps a lane from now on.
    pub(crate) fn insert(&self, running: Running) {
        let owner = running.lane.owner;
        let key = (owner.view, owner.partition);
        self.kept_mut().running.insert(key, running);
        self.tell();
    }

    /// Keeps a lane no more.
    pub(crate) fn remove(&self, view: View, partition: u32) {
        self.kept_mut().running.remove(&(view, partition));
        self.tell();
    }

    fn tell(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}
