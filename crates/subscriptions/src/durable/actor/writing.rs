//! The journal of one subscription: one record at a time, progress and changes in turn.

use super::Actor;
use super::commands::Change;
use super::timing::Timing;
use crate::durable::lanes::NotTaken;
use crate::durable::peers::moving;
use crate::durable::seat::Ended as SeatEnded;
use futures_util::future::BoxFuture;
use lienthong_contract::pb::subscription::v1::SubscriptionState;
use lienthong_contract::pb::subscription::v1::entry::What;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use std::collections::VecDeque;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Changes that may wait; while there are more, no commands are taken.
const CHANGES: usize = 16;

/// What a record is about.
enum About {
    Progress,
    Change(Asked),
}

/// A change and who waits for it.
pub struct Asked {
    pub(super) change: Change,
    /// None: nobody waits.
    pub(super) reply: Option<oneshot::Sender<Result<(), Failure>>>,
}

/// What a recorded change means to the task.
pub enum Written {
    /// It goes on.
    GoesOn,
    /// The subscription is no more.
    Deleted,
}

/// The record under way, and what waits.
#[derive(Default)]
pub struct Writing {
    under_way: Option<(About, BoxFuture<'static, Result<(), NotTaken>>)>,
    changes: VecDeque<Asked>,
    /// Progress was recorded last, so that a change has its turn.
    progressed: bool,
    /// Acknowledgements that are durable once the engine's stamp is, and how many were late.
    acknowledged: VecDeque<(u64, u64, oneshot::Sender<u64>)>,
    /// Seats that end once the engine's stamp is durable.
    leaving: VecDeque<(u64, u64)>,
}

impl Writing {
    /// Whether a record is under way.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Whether further changes may be asked for.
    pub fn has_room(&self) -> bool {
        self.changes.len() < CHANGES
    }

    /// What became of the record under way. Cancel-safe; never resolves while there is none.
    pub async fn done(&mut self) -> Result<(), NotTaken> {
        match &mut self.under_way {
            None => std::future::pending().await,
            Some((_, record)) => record.await,
        }
    }

    /// Answers an acknowledgement once everything up to a stamp is durable.
    pub fn acknowledged(&mut self, stamp: u64, late: u64, reply: oneshot::Sender<u64>) {
        self.acknowledged.push_back((stamp, late, reply));
    }

    /// Ends a seat once everything up to a stamp is durable.
    pub(super) fn leaving(&mut self, stamp: u64, seat: u64) {
        self.leaving.push_back((stamp, seat));
    }

    pub(super) fn ask(&mut self, asked: Asked) {
        self.changes.push_back(asked);
    }
}

impl Actor {
    /// Begins the next record if none is under way.
    pub(super) fn write(&mut self, now_ms: i64) {
        if self.writing.is_under_way() {
            return;
        }
        let change_first = self.writing.progressed && !self.writing.changes.is_empty();
        let progress = match change_first {
            true => None,
            false => self.engine.journal(now_ms),
        };
        self.writing.progressed = progress.is_some();
        let (about, what) = match progress {
            Some(progress) => (About::Progress, What::Progress(progress)),
            None => match self.writing.changes.pop_front() {
                None => return self.reply_durable(),
                Some(asked) => {
                    let what = asked.change.what();
                    (About::Change(asked), what)
                }
            },
        };
        let (lane, term, name) = (self.lane.clone(), self.term, self.name.clone());
        let record = async move { lane.record(term, &name, what).await };
        self.writing.under_way = Some((about, Box::pin(record)));
    }

    /// Takes notice of what became of the record under way.
    ///
    /// # Errors
    /// If it did not take effect, the task must end.
    pub(super) fn written(&mut self, written: Result<(), NotTaken>) -> Result<Written, NotTaken> {
        let Some((about, _)) = self.writing.under_way.take() else {
            return Ok(Written::GoesOn);
        };
        match about {
            About::Progress => {
                written?;
                self.engine.recorded(now_millis());
            }
            About::Change(asked) => {
                let told = written.clone().map_err(|error| moving(error.to_string()));
                if let Some(reply) = asked.reply {
                    // Whoever asked may have gone.
                    let _ = reply.send(told);
                }
                written?;
                if let Written::Deleted = self.changed(asked.change) {
                    return Ok(Written::Deleted);
                }
            }
        }
        self.reply_durable();
        Ok(Written::GoesOn)
    }

    fn reply_durable(&mut self) {
        let durable = self.engine.durable();
        while let Some((stamp, _, _)) = self.writing.acknowledged.front()
            && *stamp <= durable
            && let Some((_, late, reply)) = self.writing.acknowledged.pop_front()
        {
            // Whoever asked may have gone.
            let _ = reply.send(late);
        }
        while let Some((stamp, seat)) = self.writing.leaving.front().copied()
            && stamp <= durable
        {
            self.writing.leaving.pop_front();
            self.table.end(seat, SeatEnded::Gone);
        }
    }

    /// A change has happened.
    fn changed(&mut self, change: Change) -> Written {
        match change {
            Change::State(state, why) => {
                self.state = state;
                self.why = why;
                self.disabling = false;
                self.post_from = Instant::now();
                match state == SubscriptionState::Active {
                    true => self.engine.resume(),
                    false => self.engine.pause(),
                }
                if state == SubscriptionState::Disabled {
                    self.unpost(SeatEnded::Gone);
                }
            }
            Change::Move(positions) => {
                self.reading.forget();
                self.timing = Timing::since(now_millis());
                for range in self.engine.moved(&positions) {
                    self.table.withdrawn(*range.start(), *range.end());
                }
            }
            Change::Delete => return Written::Deleted,
            Change::Secret {
                generation,
                old_until_ms,
            } => {
                self.generation = generation;
                self.old_until_ms = old_until_ms;
                // Seated again with the new secret.
                self.unpost(SeatEnded::Moved);
                self.posting.detach_all();
                self.post_from = Instant::now();
                tracing::info!(
                    subscription = self.name,
                    generation,
                    "the secret of a webhook was changed"
                );
            }
        }
        Written::GoesOn
    }

    /// Hands nothing out until the subscription is resumed.
    pub(super) fn disable(&mut self, why: String) {
        self.engine.pause();
        if std::mem::replace(&mut self.disabling, true) {
            return;
        }
        self.writing.ask(Asked {
            change: Change::State(SubscriptionState::Disabled, why),
            reply: None,
        });
    }
}
