//! Keeps a lane while it is this gateway's: begins a term, runs a task for each subscription of
//! the lane, and begins anew when a record could not be written for sure.
//!
//! ```text
//! given --> Began{term} taken by the fold --> tasks serve --> taken away, or a later term seen
//!             ^                                  |                      |
//!             +------ a record failed -----------+               tasks end at once
//! ```
//! A record whose append failed may still come to lie in the log. Under a later term it has no
//! effect, so that nothing needs to be known about it.

use super::Context;
use super::actor::{self, Actor, Command, Ended};
use super::lanes::{Lane, NotTaken};
use lienthong_contract::pb::subscription::v1::entry::{Created, What};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Pause before a term is begun again.
const PAUSE: Duration = Duration::from_millis(500);
/// The same after another gateway began one: the group is about to tell this gateway that the lane
/// is not its own any more, and must have the time to.
const YIELD: Duration = Duration::from_secs(10);
/// Commands that wait for one subscription.
const COMMANDS: usize = 64;
/// Subscriptions that wait to be taken up.
const NEW: usize = 16;

/// A lane and, while it is kept here, the office that keeps it.
pub struct Place {
    /// The lane, followed whether it is kept here or not.
    pub lane: Arc<Lane>,
    office: RwLock<Option<Arc<Office>>>,
    /// Whether there is an office.
    open: watch::Sender<bool>,
}

/// What keeps a lane under one term.
pub struct Office {
    /// The lane.
    pub lane: Arc<Lane>,
    /// The term.
    pub term: u64,
    /// One subscription is made at a time.
    pub making: tokio::sync::Mutex<()>,
    serving: Mutex<BTreeMap<String, mpsc::Sender<Command>>>,
    new: mpsc::Sender<(String, oneshot::Sender<()>)>,
    /// Ends the office: a record could not be written for sure.
    broken: CancellationToken,
}

impl Place {
    /// Nobody keeps it here yet.
    pub fn new(lane: Arc<Lane>) -> Self {
        Self {
            lane,
            office: RwLock::default(),
            open: watch::channel(false).0,
        }
    }

    /// What keeps the lane here; none if it is not kept here now.
    pub fn office(&self) -> Option<Arc<Office>> {
        let office = self.office.read().unwrap_or_else(PoisonError::into_inner);
        office.clone()
    }

    /// Waits until the lane is kept here.
    pub async fn opened(&self) {
        // The sender lives as long as this.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    fn put(&self, office: Arc<Office>) {
        *self.office.write().unwrap_or_else(PoisonError::into_inner) = Some(office);
        self.open.send_replace(true);
    }

    /// Unless a later one is there already.
    fn take(&self, office: &Arc<Office>) {
        let mut now = self.office.write().unwrap_or_else(PoisonError::into_inner);
        if now.take_if(|now| Arc::ptr_eq(now, office)).is_some() {
            self.open.send_replace(false);
        }
    }
}

impl Office {
    /// How to ask the task of a subscription; none if there is no such subscription.
    pub fn serving(&self, name: &str) -> Option<mpsc::Sender<Command>> {
        self.all().get(name).cloned()
    }

    /// The names of all subscriptions with how to ask them.
    pub fn everything(&self) -> Vec<(String, mpsc::Sender<Command>)> {
        let all = self.all();
        let pairs = all.iter();
        pairs
            .map(|(name, ask)| (name.clone(), ask.clone()))
            .collect()
    }

    /// Records a new subscription and has it taken up. The caller holds [`Office::making`].
    ///
    /// # Errors
    /// [`NotTaken`]; the office ends unless another's has begun.
    pub async fn create(&self, created: Created) -> Result<(), NotTaken> {
        let name = created.subscription.as_ref().map(|made| made.name.clone());
        let name = name.unwrap_or_default();
        let recorded = self
            .lane
            .record(self.term, &name, What::Created(created))
            .await;
        if let Err(NotTaken::Failed(_)) = recorded {
            self.broken.cancel();
        }
        recorded?;
        let (taken_up, waits) = oneshot::channel();
        if self.new.send((name, taken_up)).await.is_err() || waits.await.is_err() {
            return Err(NotTaken::Lost);
        }
        Ok(())
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, mpsc::Sender<Command>>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an office ended.
enum Closed {
    /// The lane was taken away, or the gateway goes down.
    Over,
    /// Another gateway has begun a term.
    Outlived,
    /// A term has to begin.
    Again,
}

/// Keeps a lane until it is `taken` away, or until everything is recorded after `shutdown`.
pub async fn keep(
    place: Arc<Place>,
    context: Arc<Context>,
    taken: CancellationToken,
    shutdown: CancellationToken,
) {
    loop {
        let begun = tokio::select! {
            () = taken.cancelled() => return,
            () = shutdown.cancelled() => return,
            term = begin(&place.lane, &context.gateway) => term,
        };
        let closed = serve(&place, begun, &context, &taken, &shutdown).await;
        let pause = match closed {
            Closed::Over => return,
            Closed::Outlived => YIELD,
            Closed::Again => PAUSE,
        };
        tokio::select! {
            () = taken.cancelled() => return,
            () = shutdown.cancelled() => return,
            () = sleep(pause) => {}
        }
    }
}

/// Tries until a term is this gateway's.
async fn begin(lane: &Lane, gateway: &str) -> u64 {
    let mut failing = false;
    loop {
        match lane.begin(gateway).await {
            Ok(Some(term)) => return term,
            Ok(None) => {}
            Err(error) => {
                if !failing {
                    tracing::warn!(lane = lane.number, %error,
                        "durable subscriptions cannot be kept; trying on");
                }
                failing = true;
            }
        }
        sleep(PAUSE).await;
    }
}

/// Runs an office to its end.
async fn serve(
    place: &Place,
    term: u64,
    context: &Arc<Context>,
    taken: &CancellationToken,
    shutdown: &CancellationToken,
) -> Closed {
    let (new, mut news) = mpsc::channel::<(String, oneshot::Sender<()>)>(NEW);
    let office = Arc::new(Office {
        lane: place.lane.clone(),
        term,
        making: tokio::sync::Mutex::default(),
        serving: Mutex::default(),
        new,
        broken: CancellationToken::new(),
    });
    let lost = taken.child_token();
    let mut tasks = Tasks {
        office: office.clone(),
        context: context.clone(),
        lost: lost.clone(),
        shutdown: shutdown.clone(),
        running: JoinSet::new(),
        names: HashMap::new(),
    };
    let names: Vec<String> = place
        .lane
        .folded()
        .lane
        .subscriptions
        .keys()
        .cloned()
        .collect();
    for name in names {
        tasks.start(name);
    }
    tracing::info!(
        lane = place.lane.number,
        term,
        "durable subscriptions of a lane are kept here"
    );
    place.put(office.clone());
    let closed = loop {
        tokio::select! {
            () = taken.cancelled() => break Closed::Over,
            () = shutdown.cancelled() => break Closed::Over,
            () = place.lane.outlived(term) => break Closed::Outlived,
            () = office.broken.cancelled() => break Closed::Again,
            Some((name, taken_up)) = news.recv() => {
                tasks.start(name);
                // Whoever made it may have gone.
                let _ = taken_up.send(());
            }
            Some(ended) = tasks.running.join_next_with_id() => {
                if tasks.ended(ended) {
                    break Closed::Again;
                }
            }
        }
    };
    place.take(&office);
    if !shutdown.is_cancelled() {
        lost.cancel();
    }
    while tasks.running.join_next().await.is_some() {}
    let outlived = place.lane.folded().lane.term > term;
    let closed = match closed {
        Closed::Again if outlived => Closed::Outlived,
        closed => closed,
    };
    tracing::info!(
        lane = place.lane.number,
        term,
        "durable subscriptions of a lane are left"
    );
    closed
}

/// The tasks of an office.
struct Tasks {
    office: Arc<Office>,
    context: Arc<Context>,
    lost: CancellationToken,
    shutdown: CancellationToken,
    running: JoinSet<Ended>,
    names: HashMap<tokio::task::Id, (String, mpsc::Sender<Command>)>,
}

impl Tasks {
    fn start(&mut self, name: String) {
        let (ask, commands) = mpsc::channel(COMMANDS);
        let actor = Actor::new(
            name.clone(),
            self.office.lane.clone(),
            self.office.term,
            self.context.clone(),
            commands,
        );
        let Some(actor) = actor else {
            return;
        };
        let run = actor::run(actor, self.lost.clone(), self.shutdown.clone());
        let task = self.running.spawn(run);
        self.names.insert(task.id(), (name.clone(), ask.clone()));
        self.office.all().insert(name, ask);
    }

    /// Whether a new term has to begin.
    fn ended(&mut self, ended: Result<(tokio::task::Id, Ended), tokio::task::JoinError>) -> bool {
        let (id, again) = match ended {
            Ok((id, Ended::Deleted | Ended::Over)) => (id, false),
            Ok((id, Ended::Broken(error))) => {
                tracing::warn!(lane = self.office.lane.number, %error,
                    "a durable subscription could not be recorded; its lane begins anew");
                (id, true)
            }
            Err(panic) => {
                tracing::error!(lane = self.office.lane.number, error = %panic,
                    "the task of a durable subscription broke off; its lane begins anew");
                (panic.id(), true)
            }
        };
        if let Some((name, ask)) = self.names.remove(&id) {
            let mut serving = self.office.all();
            // There may be one of the same name, made anew.
            if serving.get(&name).is_some_and(|now| now.same_channel(&ask)) {
                serving.remove(&name);
            }
        }
        again
    }
}
