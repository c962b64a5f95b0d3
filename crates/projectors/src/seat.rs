//! A seat in the group of one view: opens the lanes of the partitions that the group gives, closes
//! those of the partitions that it takes away, and tells the group what is stored.
//!
//! ```text
//! given      | opened: checkpoint, snapshot or log's start .. caught up: answers questions
//! taken away | answers no more | last checkpoint, last snapshot, last word to the group | closed
//! ```
//! A partition that comes back while it is being closed is opened once that is done, so that a
//! folder never has two writers. For a moment the old and the new owner of a partition may both
//! keep it; both only read the log.

use crate::checkpoint::Owner;
use crate::generations::Generations;
use crate::hosted::Hosted;
use crate::lane::Lane;
use crate::lanes::Running;
use crate::runner::{self, Readiness, Runner};
use crate::snapshots::Folder;
use crate::store::StoreKind;
use crate::views::View;
use lienthong_contract::reference::Current;
use lienthong_eventlog::{Change, EventLog, GroupError, Groups, Member, Membership};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How often the group is told what is stored, if that has moved.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// Pause before what failed is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What lanes are opened from.
pub struct Opening {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The reference data in force: rows are made with it, and a lane keeps the status tables of
    /// when it is opened.
    pub reference: Current,
    /// Folder of the checkpoints.
    pub dir: PathBuf,
    /// Which library keeps them.
    pub store: StoreKind,
    /// About how often one is written.
    pub checkpoint_every: Duration,
    /// Folder of the snapshots, and how old the last may become.
    pub snapshots: Option<(PathBuf, Duration)>,
}

/// A seat to be taken.
pub struct Seat {
    /// The view.
    pub view: View,
    /// Who takes it.
    pub member: Member,
    /// The groups.
    pub groups: Arc<dyn Groups>,
    /// What it opens lanes from.
    pub opening: Arc<Opening>,
    /// Where opened lanes are found by others.
    pub hosted: Arc<Hosted>,
    /// When to leave.
    pub stop: CancellationToken,
}

/// A lane that was opened, until its runner has ended.
struct Open {
    lane: Arc<Lane>,
    stop: CancellationToken,
    /// Whether it was told to end.
    closing: bool,
    /// What the group was told last.
    told: Option<u64>,
}

/// The seat's share of the partitions.
struct Share {
    seat: Seat,
    given: BTreeSet<u32>,
    open: BTreeMap<u32, Open>,
    /// One for each open lane; ends with its runner.
    runners: JoinSet<u32>,
    /// After a failure nothing is opened before this.
    not_before: Instant,
}

/// Keeps the seat until told to leave; returns when every lane is closed and the group was told.
///
/// # Errors
/// [`GroupError::Refused`]: trying again does not help. The lanes are closed all the same.
pub async fn keep(seat: Seat) -> Result<(), GroupError> {
    let Some(mut membership) = join(&seat).await? else {
        return Ok(());
    };
    let stop = seat.stop.clone();
    let mut share = Share {
        seat,
        given: BTreeSet::new(),
        open: BTreeMap::new(),
        runners: JoinSet::new(),
        not_before: Instant::now(),
    };
    let mut ticks = tokio::time::interval(TELL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // After an error the membership is given time to try again.
    let mut quiet_until = Instant::now();
    let ended = loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break Ok(()),
            Some(Ok(partition)) = share.runners.join_next() => {
                share.ended(partition, membership.as_ref());
            }
            change = next(membership.as_mut(), quiet_until) => match change {
                Ok(change) => share.change(change, membership.as_ref()),
                Err(refused) if !refused.is_retryable() => break Err(refused),
                Err(error) => {
                    warn!(%error, "the share of a view is uncertain; it is kept");
                    quiet_until = Instant::now() + RETRY;
                }
            },
            _ = ticks.tick() => share.tell(membership.as_ref()),
        }
        share.reconcile();
    };
    share.given.clear();
    share.reconcile();
    while let Some(ended) = share.runners.join_next().await {
        if let Ok(partition) = ended {
            share.ended(partition, membership.as_ref());
        }
    }
    membership.leave().await;
    ended
}

/// None: told to leave before the group took the member.
async fn join(seat: &Seat) -> Result<Option<Box<dyn Membership>>, GroupError> {
    loop {
        let joined = tokio::select! {
            () = seat.stop.cancelled() => return Ok(None),
            joined = seat.groups.join(seat.member.clone()) => joined,
        };
        match joined {
            Ok(membership) => return Ok(Some(membership)),
            Err(error) if error.is_retryable() => {
                warn!(%error, "a group could not be joined; it is tried again");
            }
            Err(refused) => return Err(refused),
        }
        tokio::select! {
            () = seat.stop.cancelled() => return Ok(None),
            () = sleep(RETRY) => {}
        }
    }
}

/// The next change, not looked for before `from`. Cancel-safe.
async fn next(membership: &mut dyn Membership, from: Instant) -> Result<Change, GroupError> {
    sleep_until(from).await;
    membership.next().await
}

impl Share {
    fn change(&mut self, change: Change, membership: &dyn Membership) {
        let view = self.seat.view;
        match change {
            Change::Assigned(partitions) => {
                info!(view = view.name(), ?partitions, "partitions were given");
                self.given.extend(partitions);
            }
            Change::Revoked(partitions) => {
                info!(
                    view = view.name(),
                    ?partitions,
                    "partitions were taken away"
                );
                // While the group may still listen.
                self.tell(membership);
                for partition in &partitions {
                    self.given.remove(partition);
                }
            }
        }
        self.seat.hosted.set_given(view, self.given.clone());
    }

    /// Closes what is no longer given and opens what is.
    fn reconcile(&mut self) {
        for (partition, open) in &mut self.open {
            if !self.given.contains(partition) && !open.closing {
                self.seat.hosted.remove(self.seat.view, *partition);
                open.closing = true;
                open.stop.cancel();
            }
        }
        let missing = |partition: &&u32| !self.open.contains_key(*partition);
        let missing: Vec<u32> = self.given.iter().filter(missing).copied().collect();
        for partition in missing {
            if Instant::now() < self.not_before {
                return;
            }
            if let Err(error) = self.open(partition) {
                let view = self.seat.view.name();
                error!(view, partition, %error,
                    "a partition could not be opened; it is tried again. Fix: give the views a folder that this user can write");
                self.not_before = Instant::now() + RETRY;
            }
        }
    }

    fn open(&mut self, partition: u32) -> io::Result<()> {
        let Seat {
            view,
            opening,
            hosted,
            ..
        } = &self.seat;
        let owner = Owner {
            view: *view,
            partition,
            partitions: opening.log.partitions(),
        };
        let lane = Arc::new(Lane::new(
            owner,
            opening.reference.now().mappings.clone(),
            None,
        ));
        lane.follow(self.seat.opening.reference.clone());
        let stop = self.seat.stop.child_token();
        let (runner, commands) = mpsc::channel(1);
        let snapshots = opening.snapshots.as_ref();
        let (ended, waits) = oneshot::channel::<()>();
        let to_run = Runner {
            lane: lane.clone(),
            log: opening.log.clone(),
            generations: Generations::new(&opening.dir, opening.store, owner)?,
            checkpoint_every: opening.checkpoint_every,
            snapshots: snapshots.map(|(dir, every)| Folder::new(dir, *every, owner)),
            readiness: Readiness::CaughtUp,
            commands,
            shutdown: stop.clone(),
        };
        runner::spawn(to_run, Box::new(ended))?;
        self.runners.spawn(async move {
            // Nothing is ever sent: the thread drops its end when the runner has ended.
            let _ = waits.await;
            partition
        });
        hosted.insert(Running {
            lane: lane.clone(),
            runner,
        });
        let open = Open {
            lane,
            stop,
            closing: false,
            told: None,
        };
        self.open.insert(partition, open);
        Ok(())
    }

    /// Deals with the end of a runner, asked for or not.
    fn ended(&mut self, partition: u32, membership: &dyn Membership) {
        let Some(mut open) = self.open.remove(&partition) else {
            return;
        };
        open.tell(partition, membership);
        if !open.closing && !self.seat.stop.is_cancelled() {
            let view = self.seat.view;
            error!(
                view = view.name(),
                partition, "a runner broke off; the partition is opened again"
            );
            self.seat.hosted.remove(view, partition);
            self.not_before = Instant::now() + RETRY;
        }
    }

    /// Tells the group what is stored of every lane.
    fn tell(&mut self, membership: &dyn Membership) {
        for (partition, open) in &mut self.open {
            open.tell(*partition, membership);
        }
    }
}

impl Open {
    fn tell(&mut self, partition: u32, membership: &dyn Membership) {
        let stored = self.lane.stored();
        if let Some(next) = stored
            && stored != self.told
        {
            membership.commit(partition, next);
            self.told = stored;
        }
    }
}
