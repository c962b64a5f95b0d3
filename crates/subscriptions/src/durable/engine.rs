//! What the keeper of a durable subscription does next: rules without I/O. Time is passed in.
//!
//! ```text
//! offer --> waiting --journal, recorded--> numbered, in a line for each case
//!                                              | the first of each line
//!                                              v
//!          +--------------------------------> ready --hand_out--> flying --answer: done--> settled
//!          |                                                        | answer: failed, expire, leave
//!          +--- pausing, parked <--recorded-- recording <-----------+
//! ```
//! - An event is handed out only after its number is durable, and again only after the number of
//!   the attempt is: so a number stands for one event, and a receipt for one handing out, for ever.
//! - At most the first event of a case is in flight. The next follows when it is settled.
//! - At most one record is under way. Its writer calls [`Engine::journal`], appends what it gets,
//!   and then [`Engine::recorded`]. If the append has no effect the engine is worth nothing: drop
//!   it and restore another from the fold.
//! - Memory is bounded by [`Limits`]: nothing is taken up beyond [`Engine::room`], and of events
//!   that wait for long no more than the place is kept.

mod answer;
mod cases;
mod deadlines;
mod hand_out;
mod intake;
mod journal;
mod limits;
mod parked;
mod reading;
mod seats;

pub use answer::Counted;
pub use hand_out::Portion;
pub use limits::{Limits, in_force};
pub use parked::{Decision, Parked, Which};

use self::cases::{Cases, Event, Hold, Stage};
use self::deadlines::Deadlines;
use self::intake::Intake;
use self::journal::Journal;
use self::seats::Seats;
use super::kept::{Kept, Trouble};
use crate::source::Ready;
use hashbrown::HashMap;
use lienthong_contract::pb::subscription::v1::SubscriptionState;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Events of a case that pauses for longer, in milliseconds, are not kept in memory.
const LONG_PAUSE_MS: i64 = 30_000;

/// The live state of one subscription.
#[derive(Debug)]
pub struct Engine {
    limits: Limits,
    /// Neither paused nor disabled.
    is_open: bool,
    intake: Intake,
    journal: Journal,
    cases: Cases,
    /// Of events that failed, are parked or pause.
    trouble: HashMap<u64, Trouble>,
    ready: VecDeque<u64>,
    pauses: BTreeSet<(i64, u64)>,
    /// To be read again, in the order in which they are needed.
    unread: VecDeque<u64>,
    /// Asked for and not yet read again.
    asked: usize,
    seats: Seats,
    deadlines: Deadlines,
    /// Texts of the days that are handed out.
    days: HashMap<i64, Arc<str>>,
    random: StdRng,
}

/// How much there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed out and not answered.
    pub in_flight: usize,
    /// Numbered and not settled, parked ones included.
    pub outstanding: usize,
    /// In parked cases.
    pub parked: usize,
    /// In cases that pause after a failure.
    pub pausing: usize,
}

impl Engine {
    /// Goes on from what the journal says; `seed` chooses how pauses vary.
    pub fn restore(kept: &Kept, now_ms: i64, seed: u64) -> Engine {
        let mut engine = Engine {
            limits: Limits::of(&kept.subscription),
            is_open: kept.state == SubscriptionState::Active,
            intake: Intake::new(&kept.positions),
            journal: Journal::new(kept),
            cases: Cases::default(),
            trouble: HashMap::new(),
            ready: VecDeque::new(),
            pauses: BTreeSet::new(),
            unread: VecDeque::new(),
            asked: 0,
            seats: Seats::default(),
            deadlines: Deadlines::default(),
            days: HashMap::new(),
            random: StdRng::seed_from_u64(seed),
        };
        let mut first = Vec::new();
        for (sequence, outstanding) in &kept.outstanding {
            let case = outstanding.case;
            let mut event = Event::new(outstanding.position, case, outstanding.given_ms);
            event.attempt = kept.attempt(outstanding);
            event.unanswered = true;
            if engine.cases.add(*sequence, event) {
                first.push(*sequence);
            }
        }
        let trouble = kept.trouble.iter();
        engine.trouble = trouble.map(|(of, told)| (*of, told.clone())).collect();
        for sequence in first {
            engine.stage(sequence, now_ms);
        }
        engine
    }

    /// How many further events may be offered. 0 while paused or full.
    pub fn room(&self) -> usize {
        if !self.is_open || self.is_full() {
            return 0;
        }
        let going_on = self.cases.len() - self.cases.parked - self.cases.pausing;
        let taken_up = going_on + self.intake.waiting() + self.journal.given_underway();
        self.limits.max_in_flight.saturating_sub(taken_up)
    }

    /// As many events as may be wait in parked cases, or in cases that pause.
    pub fn is_full(&self) -> bool {
        self.cases.parked + self.cases.pausing >= self.limits.max_parked
    }

    /// Hands nothing out any more; what is in flight may still be answered.
    pub fn pause(&mut self) {
        self.is_open = false;
    }

    /// Goes on after a pause.
    pub fn resume(&mut self) {
        self.is_open = true;
    }

    /// Goes on from other positions, one for each partition; what was offered, numbered or handed
    /// out and is not settled is withdrawn. Call it once `Moved` is recorded, with no record under
    /// way. Tells the numbers that were withdrawn.
    pub fn moved(&mut self, positions: &[u64]) -> Vec<RangeInclusive<u64>> {
        let mut withdrawn: Vec<u64> = self.cases.events().map(|(sequence, _)| sequence).collect();
        withdrawn.sort_unstable();
        self.intake = Intake::new(positions);
        self.journal.withdraw();
        self.cases = Cases::default();
        self.trouble.clear();
        self.ready.clear();
        self.pauses.clear();
        self.unread.clear();
        self.asked = 0;
        self.deadlines.clear();
        self.seats.land_all();
        super::kept::ranges(withdrawn)
    }

    /// How much there is.
    pub fn counts(&self) -> Counts {
        Counts {
            in_flight: self.seats.flying(),
            outstanding: self.cases.len(),
            parked: self.cases.parked,
            pausing: self.cases.pausing,
        }
    }

    /// Events that are taken up and have no durable number yet.
    pub fn unnumbered(&self) -> impl Iterator<Item = &Ready> {
        self.journal.given().chain(self.intake.offered())
    }

    /// When something happens by itself that [`Engine::expire`] or [`Engine::journal`] looks after,
    /// in milliseconds since the epoch.
    pub fn wake_at(&self) -> Option<i64> {
        let pause = self.pauses.first().map(|(until_ms, _)| *until_ms);
        let read = self.journal.due_ms(self.intake.moved_on());
        [self.deadlines.first_ms(), pause, read]
            .into_iter()
            .flatten()
            .min()
    }

    /// Decides how the first event of a case goes on.
    fn stage(&mut self, sequence: u64, now_ms: i64) {
        let trouble = self.trouble.get(&sequence);
        let is_parked = trouble.is_some_and(|trouble| trouble.parked_ms > 0);
        let not_before_ms = trouble.map_or(0, |trouble| trouble.not_before_ms);
        let Some(event) = self.cases.event_mut(sequence) else {
            return;
        };
        event.stage = match event.payload {
            _ if is_parked => Stage::Parked,
            _ if not_before_ms > now_ms => Stage::Pausing(not_before_ms),
            Some(_) => Stage::Ready,
            None => Stage::Unread,
        };
        let (case, stage) = (event.case, event.stage);
        self.cases.set_hold(case, hold(trouble, now_ms));
        match stage {
            Stage::Pausing(until_ms) => {
                self.pauses.insert((until_ms, sequence));
            }
            Stage::Ready => {
                self.ready.push_back(sequence);
                self.want_after(sequence);
            }
            Stage::Unread => self.want(sequence),
            _ => {}
        }
    }

    /// The first event of a case is done; the next follows at once.
    fn settle(&mut self, sequence: u64, now_ms: i64) {
        self.forget_pause(sequence);
        if !self.trouble.is_empty() {
            self.trouble.remove(&sequence);
        }
        self.journal.settled(sequence, now_ms);
        self.next(sequence, now_ms);
    }

    /// The first event of a case is left out for good. The next follows when that is durable: else
    /// a crash could bring an event back that nobody had before the next.
    fn skip(&mut self, sequence: u64) {
        self.forget_pause(sequence);
        self.trouble.remove(&sequence);
        if let Some(event) = self.cases.event_mut(sequence) {
            event.stage = Stage::Skipping;
            let case = event.case;
            self.cases.set_hold(case, Hold::None);
        }
        self.journal.skipped(sequence);
    }

    /// The first event of a case makes way.
    fn next(&mut self, sequence: u64, now_ms: i64) {
        if let Some(next) = self.cases.remove_first(sequence) {
            self.stage(next, now_ms);
        }
    }

    fn forget_pause(&mut self, sequence: u64) {
        if !self.pauses.is_empty()
            && let Some(event) = self.cases.event(sequence)
            && let Stage::Pausing(until_ms) = event.stage
        {
            self.pauses.remove(&(until_ms, sequence));
        }
    }

    /// The first event of a case goes on differently, once that is durable.
    fn change(&mut self, sequence: u64, now_ms: i64) {
        self.forget_pause(sequence);
        let Some(event) = self.cases.event_mut(sequence) else {
            return;
        };
        event.stage = Stage::Recording;
        let case = event.case;
        self.cases
            .set_hold(case, hold(self.trouble.get(&sequence), now_ms));
        self.journal.changed(sequence);
    }
}

/// Whether a case waits whose first event has this trouble.
fn hold(trouble: Option<&Trouble>, now_ms: i64) -> Hold {
    match trouble {
        Some(trouble) if trouble.parked_ms > 0 => Hold::Parked,
        Some(trouble) if trouble.not_before_ms > now_ms + LONG_PAUSE_MS => Hold::LongPause,
        Some(trouble) if trouble.not_before_ms > now_ms => Hold::Pause,
        _ => Hold::None,
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
