//! Plays a script and looks at random moments.

use super::ground::Ground;
use super::look::{Look, Places, Projector, Sighting, look, places};
use super::now_ms;
use super::peers::Peers;
use super::record::Records;
use super::script::{Act, Kind, Phase, phases};
use super::sender::{Senders, Sent};
use super::subscriber::Subscriber;
use crate::broker::{Cluster, Home};
use crate::fleet::Kind as Service;
use crate::fleet::asker::Asker;
use crate::kill::Fault;
use lienthong_contract::pb::event::v1::Position;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a gateway may take to answer where it stands.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two sights of where everything stands.
const SIGHT: Duration = Duration::from_millis(400);
/// Before and after events are removed: longer than until something is committed.
const SETTLED: Duration = Duration::from_millis(2_500);
/// Events that are removed unread.
const REMOVED: u64 = 12_000;
/// For how long a throttled projector is let run at least: what the timer can tell.
const MOMENT: Duration = Duration::from_millis(1);

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The script.
    pub kind: Kind,
    /// Decides the moments.
    pub seed: u64,
    /// How many moments.
    pub moments: usize,
    /// Where the processes' output is kept.
    pub keep: PathBuf,
}

/// When a phase was, and what was known only then.
#[derive(Debug, Clone)]
pub struct Done {
    /// The phase.
    pub phase: Phase,
    /// Before anything was done, milliseconds since the Unix epoch.
    pub began_ms: f64,
    /// When what is done was done.
    pub since_ms: f64,
    /// The partitions that lost events.
    pub lost: BTreeSet<u32>,
}

/// Everything that is known once a run is over.
pub struct Seen {
    /// How it was done.
    pub settings: Settings,
    /// The phases.
    pub phases: Vec<Done>,
    /// The looks, in order.
    pub looks: Vec<Look>,
    /// Positions, now and then.
    pub sightings: Vec<Sighting>,
    /// The log.
    pub records: Records,
    /// What the sources sent.
    pub sent: HashMap<(u32, u64), Sent>,
    /// The sources.
    pub senders: Arc<Senders>,
    /// The subscriptions.
    pub subscribers: Vec<Arc<Subscriber>>,
    /// What was run beside; none where nothing was.
    pub peers: Option<Peers>,
}

/// What a run keeps while it goes on.
struct Stage {
    ground: Ground,
    asker: Arc<Asker>,
    senders: Arc<Senders>,
    /// The one that has troubles last.
    subscribers: Vec<Arc<Subscriber>>,
    /// Where the views stood when their projector was seen last.
    frozen: Option<Places>,
    is_frozen: Arc<AtomicBool>,
    throttle: Option<CancellationToken>,
    records: Records,
    lost: BTreeSet<u32>,
    /// Dropped, it ends what goes on beside.
    tasks: JoinSet<()>,
}

/// Plays the script of `settings`; on Kafka in this home, with peers beside if there is a cluster to
/// ask with its own tool.
///
/// # Errors
/// If the hub does not start, does not answer where it stands, or something cannot be done to it.
pub async fn run(
    settings: &Settings,
    home: Option<&Home>,
    cluster: Option<&Cluster>,
) -> Result<Seen, Fault> {
    let ground = Ground::start(settings.kind, home).await?;
    let doors = ground.doors();
    let gateway = doors.gateways.first().ok_or("there is no gateway")?.clone();
    let script = phases(settings.kind);
    let first = script.first().ok_or("the script is empty")?;
    let senders = Senders::new(&doors, first.load)?;
    let subscribers = vec![
        Subscriber::create(&gateway, "steady").await?,
        Subscriber::create(&gateway, "troubled").await?,
    ];
    let asker = Arc::new(Asker::new(&doors, PATIENCE)?);
    let mut stage = Stage {
        asker: asker.clone(),
        senders: senders.clone(),
        subscribers: subscribers.clone(),
        frozen: None,
        is_frozen: Arc::default(),
        throttle: None,
        records: Records::default(),
        lost: BTreeSet::new(),
        tasks: senders.start(),
        ground,
    };
    for subscriber in &subscribers {
        stage
            .tasks
            .spawn(subscriber.clone().consume(gateway.clone()));
    }
    let sightings = Arc::new(Mutex::new(Vec::new()));
    stage.watch(&doors, sightings.clone())?;
    let mut peers = match (home, cluster) {
        (Some(home), Some(cluster)) => Some(Peers::start(home, cluster)?),
        _ => None,
    };
    let played = play(settings, &script, &mut stage, peers.as_mut()).await;
    stage.ground.keep_outputs(&settings.keep)?;
    let (phases, looks) = played?;
    stage.tasks.shutdown().await;
    stage.read_log().await?;
    if let Some(peers) = &mut peers {
        peers.end().await?;
    }
    let sightings = std::mem::take(&mut *sightings.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Seen {
        settings: settings.clone(),
        phases,
        looks,
        sightings,
        records: stage.records,
        sent: senders.sent(),
        senders,
        subscribers,
        peers,
    })
}

async fn play(
    settings: &Settings,
    script: &[Phase],
    stage: &mut Stage,
    mut peers: Option<&mut Peers>,
) -> Result<(Vec<Done>, Vec<Look>), Fault> {
    let mut dice = StdRng::seed_from_u64(settings.seed);
    let (mut phases, mut looks) = (Vec::new(), Vec::new());
    let whole: f64 = script.iter().map(|phase| phase.seconds).sum();
    let mut passed = 0.0;
    for (number, phase) in script.iter().enumerate() {
        let share = |seconds: f64| (seconds / whole * settings.moments as f64).round() as usize;
        let count = share(passed + phase.seconds) - share(passed);
        passed += phase.seconds;
        let mut moments: Vec<f64> = (0..count)
            .map(|_| dice.random_range(0.0..phase.seconds))
            .collect();
        moments.sort_by(f64::total_cmp);
        let began_ms = now_ms();
        eprintln!("{}: {count} moments in {} s", phase.name, phase.seconds);
        stage.senders.set_load(phase.load);
        stage.act(phase).await?;
        let since_ms = now_ms();
        phases.push(Done {
            phase: *phase,
            began_ms,
            since_ms,
            lost: stage.lost.clone(),
        });
        if let Some(peers) = peers.as_deref_mut() {
            peers.ask_the_tool();
        }
        for moment in moments {
            until(since_ms + moment * 1e3).await;
            looks.push(look(number, &stage.ground, &stage.asker, stage.projector()).await?);
        }
        until(since_ms + phase.seconds * 1e3).await;
    }
    Ok((phases, looks))
}

async fn until(at_ms: f64) {
    let rest = (at_ms - now_ms()).max(0.0);
    tokio::time::sleep(Duration::from_secs_f64(rest / 1e3)).await;
}

impl Stage {
    fn projector(&self) -> Projector<'_> {
        match (&self.frozen, &self.throttle) {
            (Some(places), _) => Projector::Frozen(places),
            (None, Some(_)) => Projector::Crawls,
            (None, None) => Projector::Works,
        }
    }

    /// Notes where everything stands, again and again, while a projector works.
    fn watch(
        &mut self,
        doors: &crate::fleet::Doors,
        sightings: Arc<Mutex<Vec<Sighting>>>,
    ) -> Result<(), Fault> {
        let asker = Asker::new(doors, Duration::ZERO)?;
        let is_frozen = self.is_frozen.clone();
        self.tasks.spawn(async move {
            loop {
                tokio::time::sleep(SIGHT).await;
                if is_frozen.load(Ordering::SeqCst) {
                    continue;
                }
                let from_ms = now_ms();
                if let Ok(positions) = asker.positions().await {
                    let seen = Sighting {
                        from_ms,
                        until_ms: now_ms(),
                        places: Places::known(positions),
                    };
                    let mut sightings = sightings.lock().unwrap_or_else(PoisonError::into_inner);
                    sightings.push(seen);
                }
            }
        });
        Ok(())
    }

    async fn act(&mut self, phase: &Phase) -> Result<(), Fault> {
        match phase.act {
            Act::Nothing => {}
            Act::ClocksWrong => self.senders.set_clocks(true),
            Act::ClocksRight => self.senders.set_clocks(false),
            Act::Stop => {
                self.freeze().await?;
                self.ground.services()?.signal(Signal::STOP)?;
            }
            Act::Continue => {
                self.ground.services()?.signal(Signal::CONT)?;
                self.thaw();
            }
            Act::Kill => {
                self.freeze().await?;
                self.ground.services()?.fleet.kill(Service::Projector, 1)?;
            }
            Act::Start => {
                let fleet = &mut self.ground.services()?.fleet;
                fleet.start_again(Service::Projector, 1).await?;
                self.thaw();
            }
            Act::Throttle(once_in_ms) => self.throttle(once_in_ms)?,
            Act::Release => self.release(),
            Act::Consumer(manner) => {
                let troubled = self.subscribers.last();
                troubled.ok_or("nobody has troubles")?.set(manner);
            }
            Act::Rebuild => {
                let asker = self.asker.clone();
                self.tasks.spawn(async move {
                    if let Err(status) = asker.rebuild("case").await {
                        eprintln!("the view was not rebuilt: {status}");
                    }
                });
            }
            Act::Restart => {
                let one = self.ground.one()?;
                one.stop().await?;
                one.start_again().await?;
            }
            Act::Lose => self.lose(phase).await?,
        }
        Ok(())
    }

    async fn freeze(&mut self) -> Result<(), Fault> {
        self.is_frozen.store(true, Ordering::SeqCst);
        self.frozen = Some(places(&self.ground, &self.asker, Projector::Works).await?);
        Ok(())
    }

    fn thaw(&mut self) {
        self.frozen = None;
        self.is_frozen.store(false, Ordering::SeqCst);
    }

    fn release(&mut self) {
        if let Some(throttle) = self.throttle.take() {
            throttle.cancel();
        }
    }

    /// Lets the projector run for a moment only, once in so many milliseconds.
    fn throttle(&mut self, once_in_ms: u64) -> Result<(), Fault> {
        self.release();
        let pid = self.ground.services()?.pid()?;
        let released = CancellationToken::new();
        self.throttle = Some(released.clone());
        let pause = Duration::from_millis(once_in_ms) - MOMENT;
        self.tasks.spawn(async move {
            while !released.is_cancelled() {
                let _ = crate::process::signal(pid, Signal::STOP);
                tokio::time::sleep(pause).await;
                let _ = crate::process::signal(pid, Signal::CONT);
                tokio::time::sleep(MOMENT).await;
            }
        });
        Ok(())
    }

    /// Events come in that no view reads, and go again.
    async fn lose(&mut self, phase: &Phase) -> Result<(), Fault> {
        let idle = super::script::Load {
            per_second: 0,
            ..phase.load
        };
        self.senders.set_load(idle);
        tokio::time::sleep(SETTLED).await;
        let before = places(&self.ground, &self.asker, Projector::Works).await?;
        match &mut self.ground {
            Ground::Services(services) => {
                services.fleet.kill(Service::Projector, 1)?;
                let sent = self.senders.send(REMOVED).await?;
                consumed(&self.subscribers, &sent).await?;
                self.records.read(services.log().await?.as_ref()).await?;
                let partition = 0;
                let of_it = sent.iter().filter(|at| at.partition == partition);
                let last = of_it.map(|at| at.offset).max();
                let last = last.ok_or("no event came to lie on partition 0")?;
                services.remove(partition, last).await?;
                let fleet = &mut services.fleet;
                fleet.start_again(Service::Projector, 1).await?;
            }
            Ground::One(one) => {
                one.stop().await?;
                let kept = one.scratch("views-kept");
                copy(&one.views(), &kept)?;
                one.start_again().await?;
                let sent = self.senders.send(REMOVED).await?;
                consumed(&self.subscribers, &sent).await?;
                one.stop().await?;
                let log = one.log()?;
                self.records.read(log.as_ref()).await?;
                log.close().await?;
                drop(log);
                let gone = |place: &(String, u32), start: u64| {
                    before
                        .next
                        .get(place)
                        .is_some_and(|(_, most)| start > *most)
                };
                one.enforce_retention(|partition, start| {
                    let mut places = before.next.keys();
                    places.any(|place| place.1 == partition && gone(place, start))
                })
                .await?;
                std::fs::remove_dir_all(one.views())?;
                copy(&kept, &one.views())?;
                one.start_again().await?;
            }
        }
        let after = places(&self.ground, &self.asker, Projector::Works).await?;
        for ((_, partition), (_, most)) in &before.next {
            if after
                .bounds
                .get(partition)
                .is_some_and(|(start, _)| start > most)
            {
                self.lost.insert(*partition);
            }
        }
        if self.lost.is_empty() {
            return Err("nothing that was unread was removed".into());
        }
        self.senders.set_load(phase.load);
        Ok(())
    }

    async fn read_log(&mut self) -> Result<(), Fault> {
        match &mut self.ground {
            Ground::Services(services) => {
                let log = services.log().await?;
                self.records.read(log.as_ref()).await
            }
            Ground::One(one) => {
                one.stop().await?;
                let log = one.log()?;
                self.records.read(log.as_ref()).await
            }
        }
    }
}

/// Waits until every subscriber is done with these events: subscriptions lose none.
async fn consumed(subscribers: &[Arc<Subscriber>], sent: &[Position]) -> Result<(), Fault> {
    let give_up = Instant::now() + PATIENCE;
    for subscriber in subscribers {
        loop {
            let done = subscriber.done_ms();
            let is_done = |at: &Position| done.contains_key(&(at.partition, at.offset));
            if sent.iter().all(is_done) {
                break;
            }
            if Instant::now() > give_up {
                return Err(format!("{} did not get everything", subscriber.name).into());
            }
            tokio::time::sleep(SIGHT).await;
        }
    }
    // The last acknowledgements are under way.
    tokio::time::sleep(SETTLED).await;
    Ok(())
}

fn copy(from: &std::path::Path, to: &std::path::Path) -> Result<(), Fault> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
