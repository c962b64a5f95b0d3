//! Who keeps which partition: found through the groups of the log, proven by asking.
//!
//! ```text
//! group of the view --> members and their addresses --> each: what do you keep? --> table
//!                                                       (made again after a second, and at once
//!                                                        when an owner says no or does not answer)
//! ```
//! While a table is made again the last one serves: an owner that has changed says so itself. Those
//! whom the last table names are asked as well as the group's members, for a broker that goes may
//! take a group's metadata with it for some seconds, and no projector minds.
//!
//! The members' own word counts, not what the group gave them: while partitions move, one that has
//! been given a partition may not have begun, and one that is to give it up may still keep it. Of
//! two that keep a partition the one that is ready counts, then the one that has read further.

use super::kept::of_lane;
use super::peer::{Call, Peer};
use crate::instance::group;
use crate::views::View;
use futures_util::future::{FutureExt, join_all};
use lienthong_contract::pb::projection::v1::LaneStatus;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{GroupError, Groups};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tracing::warn;

/// How long the table counts.
const FRESH: Duration = Duration::from_secs(1);
/// How long a member may take to say what it keeps.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the groups may take to name their members.
const GROUPS_PATIENCE: Duration = Duration::from_secs(3);
/// A connection that nobody asked for so long is given up.
const UNUSED: Duration = Duration::from_secs(600);

/// Reaches instances.
pub trait Connect: Send + Sync {
    /// The instance at an address. Does not wait.
    ///
    /// # Errors
    /// `INTERNAL` if that is no address.
    fn connect(&self, address: &str) -> Result<Arc<dyn Peer>, Failure>;
}

/// An instance that keeps a partition.
#[derive(Clone)]
pub struct Holder {
    /// Where it is.
    pub address: String,
    /// How to ask it.
    pub peer: Arc<dyn Peer>,
}

/// By partition: who keeps it.
pub type Table = Arc<Vec<Option<Holder>>>;

/// An instance, and when it was last looked for.
type Known = (Instant, Arc<dyn Peer>);

/// The table of one view.
#[derive(Default)]
struct Slot {
    /// The last, and when its making began.
    known: Mutex<Option<(Instant, Table)>>,
    /// Held by whoever makes the next.
    making: tokio::sync::Mutex<()>,
}

/// Who keeps which partition of which view.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    group_prefix: String,
    partitions: u32,
    groups: Arc<dyn Groups>,
    connect: Arc<dyn Connect>,
    /// By view.
    tables: [Slot; View::ALL.len()],
    /// By address, with when each was last looked for.
    peers: Mutex<HashMap<String, Known>>,
}

impl Directory {
    /// Of the groups `<prefix>.projector.<view>`.
    pub fn new(
        group_prefix: String,
        partitions: u32,
        groups: Arc<dyn Groups>,
        connect: Arc<dyn Connect>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                group_prefix,
                partitions,
                groups,
                connect,
                tables: Default::default(),
                peers: Mutex::default(),
            }),
        }
    }

    /// Who keeps each partition of a view.
    pub async fn table(&self, view: View) -> Table {
        self.table_since(view, None).await
    }

    /// Asks the instance that keeps a partition; if it does not keep it any more or cannot be
    /// reached, looks once who does now.
    ///
    /// # Errors
    /// `VIEW_UNOWNED`, and those of the call.
    pub async fn ask<T>(
        &self,
        view: View,
        partition: u32,
        call: Call<'_, T>,
    ) -> Result<T, Failure> {
        let mut failed_at = None;
        loop {
            let table = self.table_since(view, failed_at).await;
            let failure = match table.get(partition as usize).and_then(Option::as_ref) {
                None => unowned(view, partition),
                Some(holder) => match call(holder.peer.clone()).await {
                    // One that shuts down gives up what it keeps; the caller's hub does not.
                    Err(failure)
                        if matches!(failure.reason, Reason::ViewUnowned | Reason::Draining) =>
                    {
                        of_lane(Reason::ViewUnowned, view, partition, failure.message)
                    }
                    answer => return answer,
                },
            };
            if failed_at.is_some() {
                return Err(failure);
            }
            failed_at = Some(Instant::now());
        }
    }

    /// A table made after a moment; none: the last one will do, and is made again in the background
    /// if it is no longer fresh. Calls that fail together share one new table.
    async fn table_since(&self, view: View, moment: Option<Instant>) -> Table {
        let inner = &self.inner;
        let slot = &inner.tables[view as usize];
        match (slot.known(), moment) {
            (Some((made, table)), None) if made.elapsed() < FRESH => return table,
            (Some((_, table)), None) => {
                let inner = inner.clone();
                tokio::spawn(async move {
                    // Whoever makes one already makes it for all.
                    if let Ok(_making) = inner.tables[view as usize].making.try_lock() {
                        inner.renew(view).await;
                    }
                });
                return table;
            }
            _ => {}
        }
        let _making = slot.making.lock().await;
        match slot.known() {
            Some((made, table)) if moment.is_none_or(|moment| made > moment) => table,
            _ => inner.renew(view).await,
        }
    }

    /// How far each partition of a view was when its last owner said so; for those that nobody
    /// keeps.
    ///
    /// # Errors
    /// `LOG_UNAVAILABLE`.
    pub async fn committed(&self, view: View) -> Result<Vec<Option<u64>>, Failure> {
        let group = group(&self.inner.group_prefix, view);
        let committed = self.inner.groups.committed(&group).await;
        committed.map_err(|error| Failure::new(Reason::LogUnavailable, error.to_string()))
    }
}

impl Slot {
    fn known(&self) -> Option<(Instant, Table)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }
}

impl Inner {
    /// Makes the table again.
    async fn renew(&self, view: View) -> Table {
        let began = Instant::now();
        let table = self.make(view).await;
        let slot = &self.tables[view as usize];
        let mut known = slot.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((began, table.clone()));
        table
    }

    /// Whom to ask: the group's members, and those whom the last table names.
    async fn candidates(&self, view: View) -> BTreeSet<String> {
        let name = group(&self.group_prefix, view);
        let members = tokio::time::timeout(GROUPS_PATIENCE, self.groups.owners(&name)).await;
        let members = members.unwrap_or_else(|_| {
            Err(GroupError::Unavailable {
                group: name,
                what: "its members were not named in time".to_owned(),
            })
        });
        let members = members.unwrap_or_else(|error| {
            warn!(view = view.name(), %error, "the members of a view's group cannot be listed; those known last are asked");
            Vec::new()
        });
        // One that has just joined has no address to show yet.
        let members = members.into_iter().map(|member| member.address);
        let mut candidates: BTreeSet<String> =
            members.filter(|address| !address.is_empty()).collect();
        let last = self.tables[view as usize].known();
        let holders = last.iter().flat_map(|(_, table)| table.iter().flatten());
        candidates.extend(holders.map(|holder| holder.address.clone()));
        candidates
    }

    async fn make(&self, view: View) -> Table {
        let asked = self.candidates(view).await.into_iter().map(|address| {
            let peer = self.peer(&address);
            what_it_keeps(address, peer).boxed()
        });
        let mut best: Vec<Option<(LaneStatus, Holder)>> = vec![None; self.partitions as usize];
        for told in join_all(asked).await {
            let (holder, lanes) = match told {
                Ok(told) => told,
                Err(failure) => {
                    warn!(view = view.name(), %failure, "a projector instance does not answer");
                    continue;
                }
            };
            for lane in lanes.into_iter().filter(|lane| lane.view == view.name()) {
                let Some(place) = best.get_mut(lane.partition as usize) else {
                    continue;
                };
                let rank = |lane: &LaneStatus| (lane.ready, lane.next_offset);
                if place
                    .as_ref()
                    .is_none_or(|(known, _)| rank(known) < rank(&lane))
                {
                    *place = Some((lane, holder.clone()));
                }
            }
        }
        let holders = best.into_iter().map(|one| one.map(|(_, holder)| holder));
        Arc::new(holders.collect())
    }

    /// The instance at an address, connected once.
    fn peer(&self, address: &str) -> Result<Arc<dyn Peer>, Failure> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|_, (used, _)| used.elapsed() < UNUSED);
        let peer = match peers.get(address) {
            Some((_, peer)) => peer.clone(),
            None => self.connect.connect(address)?,
        };
        peers.insert(address.to_owned(), (Instant::now(), peer.clone()));
        Ok(peer)
    }
}

/// An instance's own word.
async fn what_it_keeps(
    address: String,
    peer: Result<Arc<dyn Peer>, Failure>,
) -> Result<(Holder, Vec<LaneStatus>), Failure> {
    let peer = peer?;
    let told = tokio::time::timeout(PATIENCE, peer.lanes()).await;
    let lanes = told.unwrap_or_else(|_| Err(silent(&address)))?.lanes;
    Ok((Holder { address, peer }, lanes))
}

/// Nobody keeps a partition.
pub fn unowned(view: View, partition: u32) -> Failure {
    let message = format!(
        "no instance keeps partition {partition} of the view {}",
        view.name()
    );
    of_lane(Reason::ViewUnowned, view, partition, message)
}

fn silent(address: &str) -> Failure {
    Failure::new(
        Reason::ViewUnowned,
        format!("the instance at {address} did not say in time what it keeps"),
    )
}
