//! Who keeps which partition: found through the groups of the log, proven by asking.
//!
//! ```text
//! group of the view --> members and their addresses --> each: what do you keep? --> table
//!                                                       (asked again after a second, and at once
//!                                                        when an owner says no or does not answer)
//! ```
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
use lienthong_eventlog::{GroupError, Groups, Owner};
use std::collections::HashMap;
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

/// Who keeps which partition of which view.
pub struct Directory {
    group_prefix: String,
    partitions: u32,
    groups: Arc<dyn Groups>,
    connect: Arc<dyn Connect>,
    /// By view: the table, and when it was made.
    tables: [tokio::sync::Mutex<Option<(Instant, Table)>>; View::ALL.len()],
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
            group_prefix,
            partitions,
            groups,
            connect,
            tables: Default::default(),
            peers: Mutex::default(),
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
                    Err(failure) if failure.reason == Reason::ViewUnowned => {
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

    /// A table made after a moment; none: a recent one will do. Calls that fail together share
    /// one new table.
    async fn table_since(&self, view: View, moment: Option<Instant>) -> Table {
        let mut known = self.tables[view as usize].lock().await;
        if let Some((made, table)) = known.as_ref()
            && moment.map_or(made.elapsed() < FRESH, |moment| *made > moment)
        {
            return table.clone();
        }
        let began = Instant::now();
        match self.make(view).await {
            Ok(table) => {
                *known = Some((began, table.clone()));
                table
            }
            Err(error) => {
                // Whoever was there may still be; each of them says itself what it keeps.
                warn!(view = view.name(), %error, "the members of a view's group cannot be listed");
                let nobody = || Arc::new(vec![None; self.partitions as usize]);
                let last = known.as_ref();
                let table = last.map_or_else(nobody, |(_, table)| table.clone());
                *known = Some((began, table.clone()));
                table
            }
        }
    }

    async fn make(&self, view: View) -> Result<Table, GroupError> {
        let name = group(&self.group_prefix, view);
        let members = tokio::time::timeout(GROUPS_PATIENCE, self.groups.owners(&name)).await;
        let members = members.unwrap_or_else(|_| {
            Err(GroupError::Unavailable {
                group: name,
                what: "its members were not named in time".to_owned(),
            })
        })?;
        let asked = members.into_iter().map(|member| {
            let peer = self.peer(&member.address);
            what_it_keeps(member, peer).boxed()
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
        Ok(Arc::new(holders.collect()))
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

    /// How far each partition of a view was when its last owner said so; for those that nobody
    /// keeps.
    ///
    /// # Errors
    /// `LOG_UNAVAILABLE`.
    pub async fn committed(&self, view: View) -> Result<Vec<Option<u64>>, Failure> {
        let committed = self
            .groups
            .committed(&group(&self.group_prefix, view))
            .await;
        committed.map_err(|error| Failure::new(Reason::LogUnavailable, error.to_string()))
    }
}

/// A member's own word.
async fn what_it_keeps(
    member: Owner,
    peer: Result<Arc<dyn Peer>, Failure>,
) -> Result<(Holder, Vec<LaneStatus>), Failure> {
    let peer = peer?;
    let told = tokio::time::timeout(PATIENCE, peer.lanes()).await;
    let lanes = told
        .unwrap_or_else(|_| Err(silent(&member.instance)))?
        .lanes;
    let address = member.address;
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

fn silent(instance: &str) -> Failure {
    Failure::new(
        Reason::ViewUnowned,
        format!("instance {instance} did not say in time what it keeps"),
    )
}
