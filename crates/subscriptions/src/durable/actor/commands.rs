//! What a subscription's task is asked.

use super::Actor;
use super::writing::Asked;
use crate::durable::engine::{Counted, Decision, Parked, Which};
use crate::durable::lag::Live;
use crate::durable::poster::Target;
use crate::durable::seat::{Answer, Ended, Handed, Seat};
use crate::durable::status::Snapshot;
use crate::durable::table::Asking;
use lienthong_contract::pb::subscription::v1::SubscriptionState;
use lienthong_contract::pb::subscription::v1::entry::{
    Changed, Deleted, Moved, SecretRotated, What,
};
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A question or an order, and where the answer goes.
pub enum Command {
    /// How far it is.
    Status(oneshot::Sender<Snapshot>),
    /// Where it is, for the observer of its lag.
    Live(oneshot::Sender<Live>),
    /// Where its events are posted; none without a webhook.
    Target(oneshot::Sender<Option<Target>>),
    /// A seat for a stream.
    Sit {
        /// Empty: one is made up.
        consumer: String,
        /// 0: as many as the subscription allows.
        share: usize,
        /// The consumer's end.
        reply: oneshot::Sender<Seat>,
    },
    /// Some events without a stream.
    Fetch {
        /// Whose they are.
        consumer: String,
        /// At most so many.
        most: usize,
        /// Longest wait for the first.
        wait: Duration,
        /// Answered with none if there are none in time.
        reply: oneshot::Sender<Vec<Handed>>,
    },
    /// What became of events, by a caller without a seat; how many were late is told once all is
    /// durable.
    Answers(Vec<Answer>, oneshot::Sender<u64>),
    /// A change to be recorded.
    Change(Change, oneshot::Sender<Result<(), Failure>>),
    /// Parked cases, at most so many, and how many there are.
    Parked(usize, oneshot::Sender<(Vec<Parked>, usize)>),
    /// Lets parked cases go on; how many is told once it is durable.
    Release(Which, Decision, oneshot::Sender<u64>),
}

/// A change of the subscription that is recorded.
#[derive(Debug, Clone)]
pub enum Change {
    /// Active, paused or disabled, and why.
    State(SubscriptionState, String),
    /// Goes on from these offsets, by partition.
    Move(Vec<u64>),
    /// Ends it.
    Delete,
    /// Another secret of the webhook.
    Secret {
        /// Its generation.
        generation: u32,
        /// Until when the one before signs, too, milliseconds since the epoch.
        old_until_ms: i64,
    },
}

impl Change {
    pub(super) fn what(&self) -> What {
        match self {
            Change::State(state, why) => What::Changed(Changed {
                state: (*state).into(),
                why: why.clone(),
            }),
            Change::Move(positions) => What::Moved(Moved {
                positions: positions.clone(),
            }),
            Change::Delete => What::Deleted(Deleted {}),
            Change::Secret {
                generation,
                old_until_ms,
            } => What::SecretRotated(SecretRotated {
                generation: *generation,
                old_until_ms: *old_until_ms,
            }),
        }
    }
}

impl Actor {
    /// Does what is asked. Whoever asked may have gone before the answer; that is all the same.
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Status(reply) => {
                let _ = reply.send(self.snapshot());
            }
            Command::Live(reply) => {
                let _ = reply.send(self.live());
            }
            Command::Target(reply) => {
                let _ = reply.send(self.target());
            }
            Command::Sit {
                consumer,
                share,
                reply,
            } => {
                let _ = reply.send(self.sit(consumer, share));
            }
            Command::Fetch {
                consumer,
                most,
                wait,
                reply,
            } => self.fetch(&consumer, most, wait, reply),
            Command::Answers(answers, reply) => {
                let now_ms = now_millis();
                self.measure(&answers, now_ms);
                let mut late = 0;
                for answer in answers {
                    let counted = self.engine.answer(None, answer, now_ms);
                    late += u64::from(counted == Counted::Late);
                }
                self.engine.hurry();
                self.writing.acknowledged(self.engine.stamp(), late, reply);
            }
            Command::Change(change, reply) => self.writing.ask(Asked {
                change,
                reply: Some(reply),
            }),
            Command::Parked(most, reply) => {
                let _ = reply.send(self.engine.parked(most));
            }
            Command::Release(which, decision, reply) => {
                let released = self.engine.release(which, decision, now_millis());
                self.writing
                    .acknowledged(self.engine.stamp(), released, reply);
            }
        }
    }

    fn sit(&mut self, consumer: String, share: usize) -> Seat {
        self.unseat(&consumer);
        let most = self.limits.max_in_flight;
        let share = match share {
            0 => most,
            share => share.min(most),
        };
        let (_, seat) = self.table.sit(consumer, share);
        seat
    }

    fn fetch(
        &mut self,
        consumer: &str,
        most: usize,
        wait: Duration,
        reply: oneshot::Sender<Vec<Handed>>,
    ) {
        let now = Instant::now();
        // A stream of the name ends; a fetcher of the name is the same.
        if let Some(id) = self.table.named(consumer)
            && !self.table.is_fetcher(id)
        {
            self.unseat(consumer);
        }
        let asking = Asking {
            most,
            until: now + wait,
            reply,
        };
        self.table.ask(consumer, asking);
    }

    fn unseat(&mut self, consumer: &str) {
        if let Some(id) = self.table.named(consumer) {
            self.table.end(id, Ended::Gone);
            self.engine.leave(id, now_millis());
        }
    }

    fn live(&self) -> Live {
        let mut live = Live {
            positions: self.engine.positions().to_vec(),
            in_flight: self.engine.counts().in_flight as u64,
            consumers: self.table.count(),
            ..Live::default()
        };
        for event in self.engine.unnumbered() {
            live.unnumbered += 1;
            let (at, told) = (event.position, (event.position.offset, event.recorded_ms));
            let first = live.first_unnumbered.entry(at.partition).or_insert(told);
            *first = (*first).min(told);
        }
        live
    }

    fn snapshot(&self) -> Snapshot {
        let counts = self.engine.counts();
        let is_full = self.state == SubscriptionState::Active && self.engine.is_full();
        let (state, why) = match is_full {
            true => (
                SubscriptionState::Full,
                format!(
                    "{} events wait in cases that failed, as many as it may hold; release or skip parked cases",
                    counts.parked + counts.pausing
                ),
            ),
            false => (self.state, self.why.clone()),
        };
        let folded = self.lane.folded();
        let kept = folded.lane.subscriptions.get(&self.name);
        let settled_sequence = kept.map_or(0, |kept| kept.settled_sequence());
        let last_sequence = kept.map_or(0, |kept| kept.last_sequence);
        drop(folded);
        Snapshot {
            subscription: self.subscription.clone(),
            state,
            why,
            created_ms: self.created_ms,
            last_sequence,
            settled_sequence,
            outstanding: counts.outstanding as u64,
            parked: counts.parked as u64,
            in_flight: counts.in_flight as u64,
            positions: self.engine.positions().to_vec(),
            consumers: self.table.consumers(),
        }
    }
}
