//! Durable subscriptions: the hub keeps their place.
//!
//! ```text
//! calls --> desk --here--> task of the subscription --> journal: a record of its lane
//!             |                     ^
//!             +--elsewhere--> peer  |
//!                                   +-- keeper of the lane <-- group: which lanes are this gateway's
//! ```
//! - [`lanes`]: every gateway folds all lanes of the subscription log; one gateway writes to each.
//! - [`keeper`]: begins a term of a lane and runs a task for each of its subscriptions.
//! - [`lag`]: how late they are, by an observer of its own.
//! - [`actor`]: such a task; what it does next is decided by [`engine`], without I/O.
//! - [`desk`]: answers calls here or at the gateway that keeps the subscription.
//!
//! What has no record has not happened: nothing is handed out before the record that numbers it is
//! folded under the keeper's own term. So a gateway that lost a lane without noticing hands out
//! nothing more, whatever it writes.

mod actor;
pub mod calls;
mod check;
mod consume;
mod desk;
mod encode;
pub mod engine;
mod journal;
mod keeper;
pub mod kept;
mod lag;
mod lanes;
mod membership;
mod peers;
pub mod poster;
mod range;
pub mod seat;
mod status;
mod table;

use crate::source::Blocks;
use keeper::Place;
use lanes::Lane;
use lienthong_eventlog::{EventLog, Groups, Member, ReadError};
use peers::Peers;
use poster::Poster;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Partitions of the subscription log. A subscription lives on the one that its name chooses, and
/// each is kept by one gateway at a time.
pub const LANES: u32 = 8;

/// Which gateway this is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Its name, which no other gateway has and which stays the same over restarts.
    pub gateway: String,
    /// `host:port` by which other gateways reach it; empty: it is alone.
    pub address: String,
    /// How long it may be away before its subscriptions go to others.
    pub session: Duration,
    /// The group in which gateways share the lanes.
    pub group: String,
}

/// What durable subscriptions use.
#[derive(Clone)]
pub struct Handles {
    /// The event log, in blocks.
    pub blocks: Arc<dyn Blocks>,
    /// The same as it is, for what it holds and keeps.
    pub events: Arc<dyn EventLog>,
    /// The subscription log, with [`LANES`] partitions and without retention.
    pub log: Arc<dyn EventLog>,
    /// The groups over its partitions; none: this gateway keeps all of them.
    pub groups: Option<Arc<dyn Groups>>,
    /// What posts to webhooks.
    pub poster: Arc<dyn Poster>,
}

/// Why durable subscriptions could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log is not one of subscriptions.
    #[error(
        "the subscription log has {0} partitions, and must have {LANES}; restore it, or open another"
    )]
    Partitions(u32),
    /// Its beginning is gone.
    #[error(
        "partition {lane} of the subscription log begins at offset {start}, so records are missing; restore it, and keep it without retention"
    )]
    Truncated {
        /// The partition.
        lane: u32,
        /// The first offset that is kept.
        start: u64,
    },
    /// It could not be read.
    #[error("the subscription log could not be read: {0}")]
    Read(#[from] ReadError),
}

impl StartError {
    /// Whether starting again as it is may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_retryable())
    }
}

/// What the parts share.
pub(crate) struct Context {
    handles: Handles,
    /// See [`Config::gateway`].
    gateway: String,
}

/// Running durable subscriptions.
pub struct Durable {
    context: Arc<Context>,
    address: String,
    /// By number of the lane.
    places: Vec<Arc<Place>>,
    /// None: this gateway is alone.
    peers: Option<Arc<Peers>>,
    observer: Arc<lag::Observer>,
    /// Of look-ups by number.
    readers: Arc<Semaphore>,
    shutdown: CancellationToken,
    finished: watch::Receiver<bool>,
}

/// Folds the subscription log and begins to keep its lanes: all of them, before this returns, if
/// the gateway is alone, otherwise those that the group gives, in the background. Must be called
/// inside a tokio runtime that outlives [`Durable::finished`].
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: Config,
    handles: Handles,
    shutdown: CancellationToken,
) -> Result<Arc<Durable>, StartError> {
    let log = handles.log.clone();
    if log.partitions() != LANES {
        return Err(StartError::Partitions(log.partitions()));
    }
    let mut places = Vec::new();
    let mut followers = JoinSet::new();
    let unfollow = CancellationToken::new();
    for number in 0..LANES {
        let start = log.bounds(number).await?.start;
        if start > 0 {
            let lane = number;
            return Err(StartError::Truncated { lane, start });
        }
        let lane = Arc::new(Lane::new(log.clone(), number));
        let reader = lane.open().await?;
        let (followed, stop) = (lane.clone(), unfollow.clone());
        followers.spawn(async move { followed.follow(reader, stop).await });
        places.push(Arc::new(Place::new(lane)));
    }
    let groups = handles.groups.clone();
    let context = Arc::new(Context {
        handles,
        gateway: config.gateway.clone(),
    });
    let (tell, finished) = watch::channel(false);
    let peers = groups
        .clone()
        .map(|groups| Peers::new(groups, config.group.clone(), config.gateway.clone()))
        .map(Arc::new);
    let address = config.address.clone();
    let observer = lag::Observer::new(context.clone(), address, places.clone());
    tokio::spawn(observer.clone().run(peers.clone(), shutdown.clone()));
    let durable = Arc::new(Durable {
        context: context.clone(),
        address: config.address.clone(),
        places: places.clone(),
        peers,
        observer,
        readers: Arc::new(Semaphore::new(range::READERS)),
        shutdown: shutdown.clone(),
        finished,
    });
    let keeping = membership::Keeping {
        places: places.clone(),
        context,
        shutdown,
    };
    let member = Member {
        group: config.group,
        instance: config.gateway,
        address: config.address,
        session: config.session,
    };
    let is_alone = groups.is_none();
    tokio::spawn(async move {
        match groups {
            None => membership::alone(keeping).await,
            Some(groups) => membership::shared(keeping, groups, member).await,
        }
        unfollow.cancel();
        while followers.join_next().await.is_some() {}
        tell.send_replace(true);
    });
    if is_alone {
        for place in places {
            tokio::select! {
                () = place.opened() => {}
                () = durable.finished() => {}
            }
        }
    }
    Ok(durable)
}

impl Durable {
    /// Waits until, after shutdown, what was settled is recorded and every seat was told that the
    /// gateway goes down. With a group this may last as long as the group takes to listen.
    pub async fn finished(&self) {
        // An end without a word is one, too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}

#[cfg(test)]
#[path = "durable_tests/mod.rs"]
mod tests;
