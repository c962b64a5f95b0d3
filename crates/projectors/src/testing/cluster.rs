//! A gateway and its instances in one process: lanes without runners, shared out by hand.

use super::lanes::{owner, tables};
use super::log::MemoryLog;
use crate::cluster::{Cluster, Config, Connect, Handles, Kept, Local, Peer};
use crate::diff;
use crate::feed::catch_up;
use crate::lane::Lane;
use crate::lanes::{Lanes, Occupied, Running};
use crate::operations;
use crate::rebuild::Subject;
use crate::views::View;
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use lienthong_contract::pb::operations::v1::{
    DiffViewsRequest, DiffViewsResponse, ParkedDossier, RebuildProgress, VerifyViewsResponse,
    ViewLag, ViewPosition,
};
use lienthong_contract::ports::ViewOperations;
use lienthong_contract::reason::Reason;
use lienthong_contract::reference::{Current, demo};
use lienthong_contract::status::Failure;
use lienthong_eventlog::{EventLog, GroupError, Groups, Member, Membership, Owner};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Read once: it takes a while.
static REFERENCE: LazyLock<Current> = LazyLock::new(|| Current::new(demo().unwrap()));

pub fn reference_once() -> Current {
    REFERENCE.clone()
}

/// What one instance keeps.
#[derive(Default)]
pub struct Share {
    pub lanes: Mutex<BTreeMap<(View, u32), Arc<Lane>>>,
}

impl Kept for Share {
    fn lane(&self, view: View, partition: u32) -> Option<Arc<Lane>> {
        self.lanes.lock().unwrap().get(&(view, partition)).cloned()
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        self.lanes.lock().unwrap().values().cloned().collect()
    }
}

impl Share {
    /// Keeps a partition: a lane that has read nothing.
    pub fn begin(&self, view: View, partition: u32) -> Arc<Lane> {
        let lane = Arc::new(Lane::new(owner(view, partition), tables(), None));
        lane.set_ready();
        let mut lanes = self.lanes.lock().unwrap();
        lanes.insert((view, partition), lane.clone());
        lane
    }
}

/// An operator's calls over a share; nothing is rebuilt where there are no runners.
struct Operations {
    share: Arc<Share>,
    log: Arc<MemoryLog>,
}

#[async_trait]
impl ViewOperations for Operations {
    async fn positions(&self) -> Vec<ViewPosition> {
        operations::positions(&self.share.lanes(), &reference_once())
    }

    async fn lag(&self) -> Result<Vec<ViewLag>, Failure> {
        Ok(crate::lag::told(&self.share.lanes(), self.log.as_ref()).await)
    }

    async fn parked(&self, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
        operations::parked(&self.share.lanes(), view)
    }

    async fn rebuild(
        &self,
        _: &str,
    ) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
        Err(Failure::new(Reason::Internal, "there is no runner"))
    }

    async fn verify(
        &self,
        _: &[String],
    ) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
        Err(Failure::new(Reason::Internal, "there is no runner"))
    }

    async fn diff(
        &self,
        request: DiffViewsRequest,
    ) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure> {
        let lanes = self.share.lanes().into_iter();
        let lanes = lanes.filter(|lane| lane.owner.view == View::Case);
        let running = lanes.map(|lane| Running {
            lane,
            runner: mpsc::channel(1).0,
        });
        let subject = Subject {
            view: View::Case,
            running: running.collect(),
            busy: Occupied::default().occupy(View::Case)?,
        };
        let question = diff::Question::read(&request, reference_once().now())?;
        let log: Arc<dyn EventLog> = self.log.clone();
        diff::diff(subject, question, &log, &CancellationToken::new()).await
    }
}

/// Instances by address, and what the groups say of them.
#[derive(Default)]
pub struct Town {
    pub peers: Mutex<BTreeMap<String, Arc<dyn Peer>>>,
    /// By group.
    pub committed: Mutex<BTreeMap<String, Vec<Option<u64>>>>,
    /// What the groups answer instead of their members.
    pub members_away: Mutex<Option<Result<Vec<Owner>, GroupError>>>,
}

impl Connect for Town {
    fn connect(&self, address: &str) -> Result<Arc<dyn Peer>, Failure> {
        let peers = self.peers.lock().unwrap();
        let found = peers.get(address).cloned();
        found.ok_or_else(|| Failure::new(Reason::ViewUnowned, "nobody is there"))
    }
}

#[async_trait]
impl Groups for Town {
    async fn join(&self, _: Member) -> Result<Box<dyn Membership>, GroupError> {
        Err(GroupError::Unavailable {
            group: String::new(),
            what: "nobody joins here".to_owned(),
        })
    }

    async fn owners(&self, _: &str) -> Result<Vec<Owner>, GroupError> {
        if let Some(away) = self.members_away.lock().unwrap().clone() {
            return away;
        }
        let peers = self.peers.lock().unwrap();
        let owner = |address: &String| Owner {
            instance: address.clone(),
            address: address.clone(),
            partitions: Vec::new(),
        };
        Ok(peers.keys().map(owner).collect())
    }

    async fn committed(&self, group: &str) -> Result<Vec<Option<u64>>, GroupError> {
        Ok(self
            .committed
            .lock()
            .unwrap()
            .get(group)
            .cloned()
            .unwrap_or_default())
    }
}

/// Several instances over one log.
pub struct Village {
    pub shares: Vec<Arc<Share>>,
    pub town: Arc<Town>,
    pub log: Arc<MemoryLog>,
}

impl Village {
    /// `given` says which of the instances keeps a partition of a view, if there are any.
    pub fn new(log: &Arc<MemoryLog>, instances: usize, given: impl Fn(View, u32) -> usize) -> Self {
        let shares: Vec<Arc<Share>> = (0..instances).map(|_| Arc::default()).collect();
        for view in View::ALL {
            for partition in 0..log.partitions() * u32::from(instances > 0) {
                shares[given(view, partition)].begin(view, partition);
            }
        }
        let village = Self {
            shares,
            town: Arc::default(),
            log: log.clone(),
        };
        for at in 0..instances {
            village.open(at);
        }
        village
    }

    /// An instance can be reached.
    pub fn open(&self, at: usize) {
        let mut peers = self.town.peers.lock().unwrap();
        peers.insert(format!("instance-{at}"), Arc::new(self.local(at)));
    }

    pub fn local(&self, at: usize) -> Local {
        Local {
            kept: self.shares[at].clone(),
            operations: Arc::new(Operations {
                share: self.shares[at].clone(),
                log: self.log.clone(),
            }),
            reference: reference_once(),
        }
    }

    pub fn gateway(&self) -> Cluster {
        self.gateway_through(self.town.clone())
    }

    pub fn gateway_through(&self, connect: Arc<dyn Connect>) -> Cluster {
        let config = Config {
            group_prefix: "lienthong".to_owned(),
        };
        let handles = Handles {
            log: self.log.clone(),
            groups: self.town.clone(),
            reference: reference_once(),
            connect,
        };
        Cluster::new(config, handles)
    }

    pub fn lanes(&self) -> Vec<Arc<Lane>> {
        self.shares.iter().flat_map(|share| share.lanes()).collect()
    }

    /// Feeds every lane up to the log's end.
    pub async fn feed_all(&self) {
        self.feed_part(1, 1).await;
    }

    /// Feeds every lane up to such a part of the log.
    pub async fn feed_part(&self, part: u64, of: u64) {
        for lane in self.lanes() {
            let to = self.log.end(lane.owner.partition) * part / of;
            feed(&self.log, &lane, to).await;
        }
    }
}

pub async fn feed(log: &MemoryLog, lane: &Lane, to: u64) {
    let stop = CancellationToken::new();
    catch_up(lane, log, to, &stop).await.unwrap();
}

/// Feeds the lanes of one process likewise.
pub async fn feed_part(lanes: &Lanes, log: &MemoryLog, part: u64, of: u64) {
    for lane in lanes.all() {
        feed(log, lane, log.end(lane.owner.partition) * part / of).await;
    }
}
