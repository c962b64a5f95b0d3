//! The door of a process that keeps some partitions of some views, for a log that several
//! processes share. The groups over the log's partitions say which; see [`crate::start`] for a
//! process that keeps everything.
//!
//! ```text
//! log --> seat of "case"       in group PREFIX.projector.case        --> lanes 0, 2
//!     --> seat of "horizontal" in group PREFIX.projector.horizontal  --> lanes 1, 3
//! ```
//! A lane goes on from its checkpoint in this process's folder, or from a snapshot that stands
//! further, or from the log's start. Folders of partitions that have gone stay: they are a cache
//! that proves itself if they come back.

mod operations;

use crate::hosted::Hosted;
use crate::lane::Lane;
use crate::lanes::Occupied;
use crate::runner::Command;
use crate::seat::{self, Opening, Seat};
use crate::store::StoreKind;
use crate::views::View;
use crate::{figures, metrics};
use lienthong_contract::reference::Current;
use lienthong_eventlog::{EventLog, GroupError, Groups, Member};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// How an instance runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of this instance's checkpoints; made if missing.
    pub dir: PathBuf,
    /// Which library keeps them.
    pub store: StoreKind,
    /// About how often a changed partition is checkpointed.
    pub checkpoint_every: Duration,
    /// The views of which it keeps partitions; at least one.
    pub views: Vec<View>,
    /// None: a partition that moves is made again from the log.
    pub snapshots: Option<Snapshots>,
    /// The group of a view is `<group_prefix>.projector.<view>`.
    pub group_prefix: String,
    /// See [`Member::instance`].
    pub instance: String,
    /// See [`Member::address`].
    pub address: String,
    /// See [`Member::session`].
    pub session: Duration,
}

/// Where instances leave what helps another to take a partition over.
#[derive(Debug, Clone)]
pub struct Snapshots {
    /// A folder that all instances share; made if missing.
    pub dir: PathBuf,
    /// How old the last snapshot of a partition that has moved on may become.
    pub every: Duration,
}

/// What an instance uses.
#[derive(Clone)]
pub struct Handles {
    /// The log that the views are made of.
    pub log: Arc<dyn EventLog>,
    /// The groups over its partitions.
    pub groups: Arc<dyn Groups>,
    /// Levels and areas of agencies, joined when a question is asked.
    pub reference: Current,
}

/// Why an instance could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is nothing to keep.
    #[error("an instance needs a view. Fix: name one or more of case, horizontal, vertical")]
    NoViews,
    /// A folder cannot be made or written.
    #[error("{dir}: {source}. Fix: give {what} a folder that this user can write")]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What it is for.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has its checkpoints there.
    #[error(
        "{dir}: another instance keeps its checkpoints there. Fix: give each instance a folder of its own"
    )]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
}

impl StartError {
    /// Whether starting again as it is may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StartError::InUse { .. })
    }
}

/// Why an instance ended before it was told to.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Ended {
    /// A group does not take the instance as it is.
    #[error(transparent)]
    Refused(#[from] GroupError),
    /// Something that should not happen.
    #[error("a seat in a group broke off: {0}")]
    Broken(String),
}

impl Ended {
    /// Whether starting again as it is may succeed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Ended::Refused(error) => error.is_retryable(),
            Ended::Broken(_) => true,
        }
    }
}

/// A running instance.
pub struct Instance {
    hosted: Arc<Hosted>,
    log: Arc<dyn EventLog>,
    reference: Current,
    /// By view, in the order of [`View::ALL`].
    occupied: [Occupied; View::ALL.len()],
    stop: CancellationToken,
    ended: watch::Receiver<Option<Result<(), Ended>>>,
}

/// The group in which instances share the partitions of a view.
#[must_use]
pub fn group(prefix: &str, view: View) -> String {
    format!("{prefix}.projector.{}", view.name())
}

/// Takes a seat in the group of each view, in the background, and keeps the partitions that it is
/// given until `shutdown`. Must be called inside a tokio runtime that outlives
/// [`Instance::finished`].
///
/// # Errors
/// [`StartError`].
pub async fn start(
    mut config: Config,
    handles: Handles,
    shutdown: CancellationToken,
) -> Result<Arc<Instance>, StartError> {
    config.views.sort_unstable();
    config.views.dedup();
    if config.views.is_empty() {
        return Err(StartError::NoViews);
    }
    let mut locks = Vec::new();
    for view in &config.views {
        let dir = config.dir.join(view.name());
        make(&dir, "the views")?;
        locks.push(lock(dir)?);
        if let Some(snapshots) = &config.snapshots {
            make(&snapshots.dir.join(view.name()), "the snapshots")?;
        }
    }
    let stop = shutdown.child_token();
    let hosted = Arc::new(Hosted::new(config.views.clone()));
    let seats = seats(config, &handles, &hosted, &stop);
    let (tell, ended) = watch::channel(None);
    let shown = CancellationToken::new();
    let now = hosted.clone();
    metrics::watch(Arc::new(move || now.lanes()), handles.log.clone(), &shown);
    let now = hosted.clone();
    figures::keep_lanes_fresh(move || now.lanes(), shown.clone());
    let on_failure = stop.clone();
    tokio::spawn(async move {
        let result = keep(seats, &on_failure).await;
        shown.cancel();
        drop(locks);
        tell.send_replace(Some(result));
    });
    Ok(Arc::new(Instance {
        hosted,
        log: handles.log,
        reference: handles.reference,
        occupied: Default::default(),
        stop,
        ended,
    }))
}

fn make(dir: &Path, what: &'static str) -> Result<(), StartError> {
    std::fs::create_dir_all(dir).map_err(|source| StartError::Folder {
        dir: dir.to_owned(),
        what,
        source,
    })
}

/// Makes sure that no other process uses the folder of a view while the file is open: it would
/// find checkpoints that do not open, and throw them away.
fn lock(dir: PathBuf) -> Result<File, StartError> {
    let file = File::create(dir.join("lock"));
    let locked = file
        .map_err(TryLockError::Error)
        .and_then(|file| file.try_lock().map(|()| file));
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => StartError::InUse { dir },
        TryLockError::Error(source) => StartError::Folder {
            dir,
            what: "the views",
            source,
        },
    })
}

fn seats(
    config: Config,
    handles: &Handles,
    hosted: &Arc<Hosted>,
    stop: &CancellationToken,
) -> Vec<Seat> {
    let opening = Arc::new(Opening {
        log: handles.log.clone(),
        reference: handles.reference.clone(),
        dir: config.dir,
        store: config.store,
        checkpoint_every: config.checkpoint_every,
        snapshots: config
            .snapshots
            .map(|snapshots| (snapshots.dir, snapshots.every)),
    });
    let seat = |view: &View| Seat {
        view: *view,
        member: Member {
            group: group(&config.group_prefix, *view),
            instance: config.instance.clone(),
            address: config.address.clone(),
            session: config.session,
        },
        groups: handles.groups.clone(),
        opening: opening.clone(),
        hosted: hosted.clone(),
        stop: stop.clone(),
    };
    config.views.iter().map(seat).collect()
}

/// Keeps every seat to its end. When one fails, all are left, and the first failure is told.
async fn keep(seats: Vec<Seat>, stop: &CancellationToken) -> Result<(), Ended> {
    let mut tasks: JoinSet<_> = seats.into_iter().map(seat::keep).collect();
    let mut first = Ok(());
    while let Some(ended) = tasks.join_next().await {
        let ended = ended
            .map_err(|panic: JoinError| Ended::Broken(panic.to_string()))
            .and_then(|ended| ended.map_err(Ended::from));
        if ended.is_err() {
            stop.cancel();
            first = first.and(ended);
        }
    }
    first
}

impl Instance {
    /// What is kept here now.
    pub fn hosted(&self) -> &Arc<Hosted> {
        &self.hosted
    }

    /// The lane of a partition; none if it is not kept here.
    pub fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        self.hosted.lane(view, partition)
    }

    /// Every lane kept here, by view and partition.
    pub fn lanes(&self) -> Vec<Arc<Lane>> {
        self.hosted.lanes()
    }

    /// How to ask the runner of a partition; none if it is not kept here.
    pub fn runner(&self, view: View, partition: u32) -> Option<mpsc::Sender<Command>> {
        self.hosted.runner(view, partition)
    }

    /// The log.
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// Levels and areas of agencies.
    pub fn reference(&self) -> &Current {
        &self.reference
    }

    /// The views of which partitions are kept here, in the order of [`View::ALL`].
    pub fn views(&self) -> &[View] {
        self.hosted.views()
    }

    /// Waits until the groups have given this instance its share and all of it has caught up with
    /// the log as it was when it came. Never returns if the instance ends before.
    pub async fn loaded(&self) {
        self.hosted.loaded().await;
    }

    /// Whether the groups have given this instance its share and all of it has caught up.
    pub fn is_loaded(&self) -> bool {
        self.hosted.is_loaded()
    }

    /// Waits until, after shutdown, every lane has written its last checkpoint and the groups know
    /// of it.
    ///
    /// # Errors
    /// [`Ended`], without shutdown: the process should tell it and end. The lanes have written
    /// their last checkpoints all the same.
    pub async fn finished(&self) -> Result<(), Ended> {
        let mut ended = self.ended.clone();
        let told = ended.wait_for(Option::is_some).await;
        match told.as_deref() {
            Ok(Some(result)) => result.clone(),
            _ => Err(Ended::Broken("it was dropped".to_owned())),
        }
    }
}

#[cfg(test)]
#[path = "instance_tests.rs"]
mod tests;
