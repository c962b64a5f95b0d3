//! Looks at every subscription by a clock of its own.

use super::log::Log;
use super::shown::{self, Shown};
use super::standing::{Live, Standing};
use super::told::{Seen, told};
use super::tracker::Tracker;
use super::{EVERY, PATIENCE};
use crate::durable::actor::Command;
use crate::durable::keeper::Place;
use crate::durable::lanes::Lane;
use crate::durable::peers::Peers;
use crate::durable::{Context, kept::Kept};
use crate::filter::Filter;
use futures_util::{StreamExt, stream};
use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_contract::time::now_millis;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

/// Longest wait for a subscription's own task.
const TASK_PATIENCE: Duration = Duration::from_millis(250);
/// How often the log is asked what it holds and keeps, and the group who keeps what.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// Subscriptions that are looked at at once.
const AT_ONCE: usize = 16;
/// Why a subscription has no keeper.
const NOBODY: &str = "no gateway that answers keeps it now; told from its journal";

/// The observer of all subscriptions of a gateway.
pub struct Observer {
    context: Arc<Context>,
    address: String,
    places: Vec<Arc<Place>>,
    log: Log,
    trackers: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Tracker>>>>,
    /// For scrapes.
    shown: Arc<Shown>,
}

/// A subscription that is kept here.
pub struct KeptHere {
    /// Its lane.
    pub lane: Arc<Lane>,
    /// Its name.
    pub name: String,
    /// How to ask its task.
    pub ask: mpsc::Sender<Command>,
}

impl Observer {
    /// Has looked at nothing yet.
    pub fn new(context: Arc<Context>, address: String, places: Vec<Arc<Place>>) -> Arc<Self> {
        Arc::new(Self {
            context,
            address,
            places,
            log: Log::default(),
            trackers: Mutex::default(),
            shown: Arc::default(),
        })
    }

    /// Looks at everything again and again until `shutdown`.
    pub async fn run(self: Arc<Self>, peers: Option<Arc<Peers>>, shutdown: CancellationToken) {
        shown::show(&self.shown);
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = self.sample() => {}
            () = self.ask(peers) => {}
        }
        shown::hide();
    }

    async fn sample(&self) {
        let mut times = interval(EVERY);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            let looks = stream::iter(self.kept())
                .map(|kept| async move { self.look(&kept, now_millis()).await });
            let lags: Vec<_> = looks.buffer_unordered(AT_ONCE).collect().await;
            self.shown.kept(lags.into_iter().flatten());
            let known: HashSet<String> = self.known().into_iter().map(|(_, name)| name).collect();
            self.trackers().retain(|name, _| known.contains(name));
        }
    }

    async fn ask(&self, peers: Option<Arc<Peers>>) {
        let mut times = interval(ASK_EVERY);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            self.log.ask(self.context.handles.events.as_ref()).await;
            let Some(peers) = &peers else { continue };
            let lanes = timeout(PATIENCE, peers.kept_lanes()).await;
            let Ok(Ok(lanes)) = lanes else { continue };
            let mut unkept = Vec::new();
            for (lane, name) in self.known() {
                if !lanes.contains(&lane.number) {
                    unkept.extend(self.unkept(&lane, &name, now_millis()).await);
                }
            }
            self.shown.unkept(unkept);
        }
    }

    /// Subscriptions that are kept here.
    pub fn kept(&self) -> Vec<KeptHere> {
        let offices = self.places.iter().filter_map(|place| place.office());
        let kept = offices.flat_map(|office| {
            let lane = office.lane.clone();
            let everything = office.everything().into_iter();
            everything.map(move |(name, ask)| KeptHere {
                lane: lane.clone(),
                name,
                ask,
            })
        });
        kept.collect()
    }

    /// Every subscription that is known here, whoever keeps it.
    pub fn known(&self) -> Vec<(Arc<Lane>, String)> {
        let mut known = Vec::new();
        for place in &self.places {
            let folded = place.lane.folded();
            let names = folded.lane.subscriptions.keys();
            known.extend(names.map(|name| (place.lane.clone(), name.clone())));
        }
        known
    }

    /// How late a subscription of this gateway is now; none: it was deleted, or its filters are not
    /// known here.
    pub async fn look(&self, kept: &KeptHere, now_ms: i64) -> Option<SubscriptionLag> {
        // Asked first: what gets its number meanwhile is then found twice and never missed.
        let live = live(&kept.ask).await;
        self.told(&kept.lane, &kept.name, live, None, now_ms).await
    }

    /// How late a subscription is that no gateway is known to keep, from its journal.
    pub async fn unkept(
        &self,
        lane: &Arc<Lane>,
        name: &str,
        now_ms: i64,
    ) -> Option<SubscriptionLag> {
        self.told(lane, name, None, Some(NOBODY), now_ms).await
    }

    async fn told(
        &self,
        lane: &Arc<Lane>,
        name: &str,
        live: Option<Live>,
        unkept: Option<&str>,
        now_ms: i64,
    ) -> Option<SubscriptionLag> {
        let (standing, tracker) = {
            let folded = lane.folded();
            let kept = folded.lane.subscriptions.get(name)?;
            (Standing::of(kept, now_ms), self.tracker(name, kept)?)
        };
        let mut tracker = tracker.lock().await;
        let blocks = self.context.handles.blocks.as_ref();
        let log = self.log.known();
        let found = tracker
            .look(blocks, &log, &standing, live.as_ref(), now_ms)
            .await;
        tracker.sample(&found, now_ms);
        let seen = Seen {
            name,
            standing: &standing,
            live: live.as_ref(),
            found: &found,
            tracker: &tracker,
            unkept,
            gateway: if unkept.is_some() { "" } else { &self.address },
        };
        Some(told(&seen, now_ms))
    }

    /// The tracker of this life of a name.
    fn tracker(&self, name: &str, kept: &Kept) -> Option<Arc<tokio::sync::Mutex<Tracker>>> {
        let mut trackers = self.trackers();
        if let Some(tracker) = trackers.get(name)
            && tracker
                .try_lock()
                .map_or(true, |tracker| tracker.incarnation == kept.incarnation)
        {
            return Some(tracker.clone());
        }
        let filters = &kept.subscription.filters;
        let filter = Filter::compile(filters, "subscription.filters").ok()?;
        let tracker = Tracker::new(kept.incarnation, filter);
        let tracker = Arc::new(tokio::sync::Mutex::new(tracker));
        trackers.insert(name.to_owned(), tracker.clone());
        Some(tracker)
    }

    fn trackers(&self) -> MutexGuard<'_, HashMap<String, Arc<tokio::sync::Mutex<Tracker>>>> {
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a subscription's task says, if it does in time.
async fn live(ask: &mpsc::Sender<Command>) -> Option<Live> {
    let (reply, answer) = oneshot::channel();
    let asked = async {
        ask.send(Command::Live(reply)).await.ok()?;
        answer.await.ok()
    };
    timeout(TASK_PATIENCE, asked).await.ok()?
}
