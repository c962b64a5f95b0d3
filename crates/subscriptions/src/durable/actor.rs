//! The task of one subscription at the gateway that keeps it: the engine between the event log, the
//! journal and the seats.
//!
//! ```text
//! blocks --filter--> engine --one record at a time--> journal
//!                      |  ^                              |
//!              handed  v  | answers          taken by the fold: may be handed out
//!                     seats
//! ```
//! Everything that happens while a record is under way goes into the next one. Nothing is read
//! while nobody takes part, so that a subscription without consumers costs nothing.

mod commands;
mod reading;
mod timing;
mod writing;

pub use commands::{Change, Command};

use super::Context;
use super::engine::{Counted, Engine, Limits, in_force};
use super::lanes::{Lane, NotTaken};
use super::poster::{End, Target};
use super::seat::{Answer, Ended as SeatEnded, Handed, Outcome};
use super::table::{Allowed, Heard, Table};
use crate::filter::Filter;
use crate::traced;
use lienthong_contract::pb::subscription::v1::{Subscription, SubscriptionState};
use lienthong_contract::time::now_millis;
use reading::{Found, Reading};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use timing::Timing;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use writing::{Writing, Written};

/// Batches of answers that are taken in before anything else is done.
const BATCHES: usize = 64;
/// Pause before a webhook whose task broke off is posted to again.
const REPOST: Duration = Duration::from_secs(5);
/// Longest wait for answers to what is in flight when the gateway goes down.
const DRAIN: Duration = Duration::from_secs(1);
/// The consumer's name of a webhook's seat.
const WEBHOOK: &str = "webhook";

/// Why a task ended.
#[derive(Debug)]
pub enum Ended {
    /// The lane is not kept here any more, or the gateway goes down.
    Over,
    /// The subscription was deleted.
    Deleted,
    /// A record could not be written for sure, or had no effect.
    Broken(NotTaken),
}

/// Everything about one subscription.
pub struct Actor {
    name: String,
    lane: Arc<Lane>,
    term: u64,
    context: Arc<Context>,
    /// With the hub's defaults in it.
    subscription: Subscription,
    incarnation: u64,
    created_ms: i64,
    generation: u32,
    old_until_ms: i64,
    filter: Filter,
    limits: Limits,
    /// Active, paused or disabled.
    state: SubscriptionState,
    why: String,
    /// It is about to be disabled.
    disabling: bool,
    engine: Engine,
    table: Table,
    commands: mpsc::Receiver<Command>,
    reading: Reading,
    writing: Writing,
    timing: Timing,
    /// At most one, which posts to the webhook.
    posting: JoinSet<End>,
    poster: Option<u64>,
    post_from: Instant,
    /// When the gateway goes down: until when answers are waited for.
    drained: Option<Instant>,
}

impl Actor {
    /// What the fold says of a subscription, brought to life; none if there is no such one.
    pub fn new(
        name: String,
        lane: Arc<Lane>,
        term: u64,
        context: Arc<Context>,
        commands: mpsc::Receiver<Command>,
    ) -> Option<Self> {
        let folded = lane.folded();
        let kept = folded.lane.subscriptions.get(&name)?;
        let subscription = in_force(&kept.subscription);
        // It held when the subscription was made; a gateway of an earlier version may not know a
        // dialect of a later one, and must not hand out what was not asked for.
        let filter = match Filter::compile(&subscription.filters, "subscription.filters") {
            Ok(filter) => filter,
            Err(violations) => {
                let what = violations.first().map(|first| first.description.clone());
                tracing::error!(
                    subscription = name,
                    what,
                    "the filters of a durable subscription are not known; it is not served here. Fix: run gateways of one version"
                );
                return None;
            }
        };
        let limits = Limits::of(&subscription);
        let engine = Engine::restore(kept, now_millis(), rand::random());
        let actor = Self {
            incarnation: kept.incarnation,
            created_ms: kept.created_ms,
            generation: kept.generation,
            old_until_ms: kept.old_until_ms,
            state: kept.state,
            why: kept.why.clone(),
            disabling: false,
            name,
            term,
            context,
            subscription,
            filter,
            limits,
            engine,
            table: Table::default(),
            commands,
            reading: Reading::default(),
            writing: Writing::default(),
            timing: Timing::since(kept.created_ms),
            posting: JoinSet::new(),
            poster: None,
            post_from: Instant::now(),
            drained: None,
            lane: lane.clone(),
        };
        drop(folded);
        Some(actor)
    }

    fn is_active(&self) -> bool {
        self.state == SubscriptionState::Active && !self.disabling && self.drained.is_none()
    }

    /// Everything that can be done at once.
    fn step(&mut self) {
        let now_ms = now_millis();
        self.engine.expire(now_ms);
        if self.is_active() {
            self.post();
            self.hand_out(now_ms);
        }
        self.table.tell();
        if self.drained.is_some() {
            self.engine.hurry();
        }
        self.write(now_ms);
        self.read();
        // Last, when it is known whether events are coming.
        let idle = Duration::from_millis(self.limits.ack_timeout_ms.unsigned_abs());
        for gone in self.table.lapse(self.is_coming(), idle) {
            self.engine.leave(gone, now_ms);
            self.write(now_ms);
        }
    }

    fn hand_out(&mut self, now_ms: i64) {
        let allowed: Vec<(u64, Allowed)> = self.table.allowed().collect();
        for (seat, allowed) in allowed {
            let share = match allowed {
                Allowed::InAll(share) => share,
                Allowed::Further(events) => self.engine.in_flight_with(seat) + events,
            };
            self.engine.seat(seat, share);
        }
        let mut portions: BTreeMap<u64, Vec<Handed>> = BTreeMap::new();
        for portion in self.engine.hand_out(now_ms) {
            portions
                .entry(portion.seat)
                .or_default()
                .extend(portion.handed);
        }
        for (seat, events) in portions {
            traced::handed(&self.name, &events);
            if let Err(events) = self.table.hand(seat, events) {
                // Whoever asked has gone meanwhile and was never told of them.
                for event in events {
                    let returned = Answer {
                        sequence: event.sequence,
                        attempt: event.attempt,
                        outcome: Outcome::Returned {
                            retry_after: Duration::ZERO,
                        },
                    };
                    self.engine.answer(Some(seat), returned, now_ms);
                }
            }
        }
    }

    /// Whether events are under way to whoever waits for some.
    fn is_coming(&self) -> bool {
        self.is_active() && (self.writing.is_under_way() || self.reading.is_under_way())
    }

    /// Seats the webhook.
    fn post(&mut self) {
        let Some(webhook) = &self.subscription.webhook else {
            return;
        };
        if !self.posting.is_empty() || Instant::now() < self.post_from {
            return;
        }
        let share = (webhook.max_concurrent as usize).min(self.limits.max_in_flight);
        let (id, seat) = self.table.sit(WEBHOOK.to_owned(), share);
        self.poster = Some(id);
        let target = self.target();
        let poster = self.context.handles.poster.clone();
        self.posting.spawn(async move {
            match target {
                Some(target) => poster.run(target, seat).await,
                None => End::Left,
            }
        });
    }

    fn target(&self) -> Option<Target> {
        Some(Target {
            name: self.name.clone(),
            incarnation: self.incarnation,
            webhook: self.subscription.webhook.clone()?,
            generation: self.generation,
            old_until_ms: self.old_until_ms,
        })
    }

    /// Ends the webhook's seat; its task ends by itself.
    fn unpost(&mut self, why: SeatEnded) {
        if let Some(id) = self.poster.take() {
            self.table.end(id, why);
            self.engine.leave(id, now_millis());
        }
    }

    fn posted(&mut self, end: Result<End, JoinError>) {
        let was_seated = self.poster.is_some();
        self.unpost(SeatEnded::Gone);
        match end {
            // Nobody asked it to.
            Ok(End::Left) if was_seated => self.post_from = Instant::now() + REPOST,
            Ok(End::Left) => {}
            // Who posted has logged it, with the host.
            Ok(End::Disabled(why)) => self.disable(why),
            Err(error) => {
                tracing::error!(subscription = self.name, %error, "posting to a webhook broke off; it is begun again");
                self.post_from = Instant::now() + REPOST;
            }
        }
    }

    fn heard(&mut self, seat: u64, heard: Heard) {
        match heard {
            // Its stream ends once what it acknowledged is durable.
            Heard::Left => {
                self.engine.leave(seat, now_millis());
                self.engine.hurry();
                self.table.leave(seat);
                self.writing.leaving(self.engine.stamp(), seat);
            }
            Heard::Answers(answers) => {
                let now_ms = now_millis();
                self.measure(&answers, now_ms);
                let mut late = 0;
                for answer in answers {
                    let counted = self.engine.answer(Some(seat), answer, now_ms);
                    late += u64::from(counted == Counted::Late);
                }
                self.table.late(seat, late);
            }
        }
    }

    /// When something is to be done although nothing happens.
    fn wakes_at(&self) -> Instant {
        let now = Instant::now();
        let far = now + Duration::from_secs(86_400);
        let idle = Duration::from_millis(self.limits.ack_timeout_ms.unsigned_abs());
        let lapses = self.table.lapses_at(self.is_coming(), idle);
        let engine = self.engine.wake_at().map(|at_ms| {
            // A millisecond later, so that it is due then.
            let after = u64::try_from(at_ms - now_millis() + 1).unwrap_or(0);
            now + Duration::from_millis(after)
        });
        let posts =
            (self.subscription.webhook.is_some() && self.post_from > now).then_some(self.post_from);
        let wakes = [lapses, engine, posts, self.drained, self.reading.again_at()];
        wakes.into_iter().flatten().fold(far, Instant::min)
    }

    /// Whether nothing is left to be waited for after shutdown.
    fn is_drained(&self, now: Instant) -> bool {
        self.drained.is_some_and(|until| {
            (now >= until || self.engine.counts().in_flight == 0) && !self.writing.is_under_way()
        })
    }
}

/// Serves a subscription until its lane is `lost`, the gateway goes down, or it is deleted.
pub async fn run(mut actor: Actor, lost: CancellationToken, shutdown: CancellationToken) -> Ended {
    let ended = serve(&mut actor, &lost, &shutdown).await;
    let why = match &ended {
        Ended::Deleted => SeatEnded::Gone,
        Ended::Over if shutdown.is_cancelled() => SeatEnded::Draining,
        Ended::Over | Ended::Broken(_) => SeatEnded::Moved,
    };
    actor.table.end_all(why);
    // What the webhook's task is about is told to it by its seat; it is not waited for.
    actor.posting.detach_all();
    ended
}

async fn serve(actor: &mut Actor, lost: &CancellationToken, shutdown: &CancellationToken) -> Ended {
    loop {
        actor.step();
        if actor.is_drained(Instant::now()) {
            return Ended::Over;
        }
        let wakes_at = actor.wakes_at();
        tokio::select! {
            biased;
            () = lost.cancelled() => return Ended::Over,
            () = shutdown.cancelled(), if actor.drained.is_none() => {
                actor.drained = Some(Instant::now() + DRAIN);
                actor.engine.pause();
            }
            written = actor.writing.done() => match actor.written(written) {
                Ok(Written::GoesOn) => {}
                Ok(Written::Deleted) => return Ended::Deleted,
                Err(error) => return Ended::Broken(error),
            },
            Some(command) = actor.commands.recv(), if actor.writing.has_room() => {
                actor.command(command);
            }
            (seat, heard) = actor.table.hear() => {
                actor.heard(seat, heard);
                for _ in 1..BATCHES {
                    let Some((seat, heard)) = actor.table.heard() else { break };
                    actor.heard(seat, heard);
                }
            }
            found = actor.reading.done() => match found {
                Found::Growth => {}
                found => actor.found(found),
            },
            Some(end) = actor.posting.join_next() => actor.posted(end),
            () = sleep_until(wakes_at) => {}
        }
    }
}
