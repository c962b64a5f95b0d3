//! A lane: one partition of one view as everyone sees it. Its runner changes it, questions read
//! it, operators ask how far it is.

use crate::checkpoint::Owner;
use crate::cluster::mentioned::Mentioned;
use crate::cluster::recent::Recent;
use crate::joins::index::{Index, PartId};
use crate::lag::trail::Trail;
use crate::ledger::Ledger;
use crate::views::state::{Lost, Read};
use crate::views::{Facts, State, View};
use lienthong_contract::reference::Current;
use lienthong_contract::time::now_millis;
use lienthong_domain::status::Mappings;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use tokio::sync::watch;

/// What keeps a lane from following the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot read on; it tries again by itself.
    Stalled(String),
    /// Retention removed events that it had not read.
    Lost(Lost),
}

/// One partition of one view.
pub struct Lane {
    /// Which one.
    pub owner: Owner,
    state: RwLock<State>,
    /// Of the case view only.
    index: Option<Arc<Index>>,
    /// What gateways have been told of the state, of a lane without an index.
    mentioned: Mutex<Mentioned>,
    /// When the last records were recorded, of a lane without an index.
    recent: Option<Mutex<Recent>>,
    /// Of the case view only.
    ledger: Option<Ledger>,
    next: watch::Sender<u64>,
    /// Loaded, and caught up with the log as it was at the start.
    ready: watch::Sender<bool>,
    /// Next offset of the last checkpoint.
    pub checkpointed: AtomicU64,
    /// Whether `checkpointed` is the word of the lane's runner on its own store.
    is_stored: AtomicBool,
    /// It stands where its checkpoint or snapshot did, or at the start if there was none.
    opened: AtomicBool,
    trail: Trail,
    trouble: Mutex<Option<Trouble>>,
    /// Why a checkpoint did not count.
    note: OnceLock<String>,
}

impl Lane {
    /// A lane that has read nothing, to read under these status tables. With an index it tells that
    /// which parts mention which codes.
    pub fn new(owner: Owner, tables: Mappings, index: Option<Arc<Index>>) -> Self {
        Self {
            owner,
            state: RwLock::new(State::new(owner.view, 0, tables)),
            mentioned: Mutex::new(Mentioned::new(index.is_none())),
            recent: index.is_none().then(Mutex::default),
            ledger: (owner.view == View::Case).then(|| Ledger::new(index.is_some())),
            index,
            next: watch::Sender::new(0),
            ready: watch::Sender::new(false),
            checkpointed: AtomicU64::new(0),
            is_stored: AtomicBool::new(false),
            opened: AtomicBool::new(false),
            trail: Trail::default(),
            trouble: Mutex::new(None),
            note: OnceLock::new(),
        }
    }

    /// The state, to be read.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, to be changed by the lane's runner only.
    pub fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The status tables under which its facts are read.
    pub fn tables(&self) -> Mappings {
        self.state().tables.clone()
    }

    /// Of the case view where everything is kept: which parts mention which codes.
    pub fn index(&self) -> Option<&Arc<Index>> {
        self.index.as_ref()
    }

    /// Takes records in order, up to the first that releases a parked key. Answers how many were
    /// taken and, for that first one, the offsets that it releases.
    pub fn take(&self, reads: &[Read]) -> (usize, Option<Vec<u64>>) {
        let mut state = self.state_mut();
        let mut keys = reads.iter().map(|read| &read.stored.record.key[..]);
        state.facts.parts().warm(&mut keys);
        let mut taken = 0;
        let mut releases = None;
        for read in reads {
            if let crate::views::state::Taken::Releases(offsets) = state.take(read) {
                releases = Some(offsets);
                break;
            }
            taken += 1;
        }
        if let Some(last) = reads[..taken].last() {
            state.remember(&last.stored);
        }
        if let Some(mut recent) = self.recent() {
            recent.add(&reads[..taken]);
        }
        self.changed(state);
        (taken, releases)
    }

    /// Carries out a decision on a parked key.
    pub fn take_released(&self, decision: &Read, released: &[Read]) {
        let mut state = self.state_mut();
        state.take_released(decision, released);
        state.remember(&decision.stored);
        self.changed(state);
    }

    /// Goes on at `to`: what lies before it is no longer in the log.
    pub fn lose(&self, to: u64) {
        let mut state = self.state_mut();
        let lost = Lost {
            from: state.next,
            to,
        };
        state.lost = Some(lost);
        state.next = to;
        state.last = None;
        self.changed(state);
        self.set_trouble(Some(Trouble::Lost(lost)));
    }

    /// Puts a whole state in the place of the present one, which is given back.
    pub fn replace(&self, new: State) -> State {
        let ledger = self.ledger.as_ref().zip(new.case());
        let rows = ledger.and_then(|(ledger, facts)| ledger.prepare(facts));
        let mut state = self.state_mut();
        let old = std::mem::replace(&mut *state, new);
        let lost = state.lost.map(Trouble::Lost);
        if let (Some(index), Facts::Case(facts)) = (&self.index, &state.facts) {
            index.replace(self.owner.partition, facts.mentions());
        }
        state.facts.parts_mut().take_fresh();
        state.facts.parts_mut().take_fresh_special();
        state.facts.parts_mut().take_touched();
        if let (Some(ledger), Some(facts)) = (&self.ledger, state.case()) {
            ledger.replace(facts, rows);
        }
        self.mentioned().renew();
        if let Some(mut recent) = self.recent() {
            recent.clear();
        }
        let next = state.next;
        drop(state);
        self.next.send_replace(next);
        self.set_trouble(lost);
        old
    }

    /// Tells the index what is new, lets go of the state, tells everyone who waits.
    fn changed(&self, mut state: RwLockWriteGuard<'_, State>) {
        let fresh = state.facts.parts_mut().take_fresh();
        let special = state.facts.parts_mut().take_fresh_special();
        let touched = state.facts.parts_mut().take_touched();
        if let Some(ledger) = &self.ledger {
            ledger.touch(&touched);
        }
        if self.owner.view == View::Case {
            self.mentioned().add(&fresh, &special);
        }
        if let (Some(index), Facts::Case(facts)) = (&self.index, &state.facts) {
            for mention in fresh {
                let part = PartId {
                    partition: self.owner.partition,
                    part: mention.part,
                };
                index.add(facts.part(mention.part).codes().code(mention.code), part);
            }
        }
        let next = state.next;
        drop(state);
        self.next.send_replace(next);
    }

    /// The epoch of the parts' numbers, and what came to be mentioned in it. To be locked after
    /// the state.
    pub fn mentioned(&self) -> MutexGuard<'_, Mentioned> {
        self.mentioned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// When a record that was taken lately was recorded, milliseconds since the Unix epoch.
    pub fn recorded_ms(&self, offset: u64) -> Option<i64> {
        self.recent()?.at(offset)
    }

    fn recent(&self) -> Option<MutexGuard<'_, Recent>> {
        let recent = self.recent.as_ref()?;
        Some(recent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The state alone, once nobody else has the lane.
    pub fn into_state(self) -> State {
        self.state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Next offset to be taken.
    pub fn next(&self) -> u64 {
        *self.next.borrow()
    }

    /// Follows the next offset.
    pub fn watch_next(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    /// Everything before this offset is in the local store; none until the runner has said so.
    pub fn stored(&self) -> Option<u64> {
        let is_stored = self.is_stored.load(Ordering::Acquire);
        is_stored.then(|| self.checkpointed.load(Ordering::Relaxed))
    }

    /// Says that everything before `next` is in the local store.
    pub fn set_stored(&self, next: u64) {
        self.checkpointed.store(next, Ordering::Relaxed);
        self.is_stored.store(true, Ordering::Release);
    }

    /// Whether the lane has loaded and caught up with the log as it was at the start.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Follows [`Lane::is_ready`].
    pub fn watch_ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// The ledger, of a lane of the case view.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// Rows are made with the reference data in force also before anybody asks.
    pub fn follow(&self, reference: Current) {
        if let Some(ledger) = &self.ledger {
            ledger.follow(reference);
        }
    }

    /// Makes the rows of at most `most` parts that changed. True: nothing is left to do.
    pub fn refresh_ledger(&self, most: usize) -> bool {
        let Some(ledger) = &self.ledger else {
            return true;
        };
        let state = self.state();
        state
            .case()
            .is_none_or(|facts| ledger.refresh_some(facts, most))
    }

    /// The lane answers questions from now on, and its ledger stands where it does.
    pub fn set_ready(&self) {
        if !self.is_ready() {
            self.refresh_ledger(usize::MAX);
            self.trail.set_live(now_millis());
        }
        self.ready
            .send_if_modified(|ready| !std::mem::replace(ready, true));
    }

    /// What is remembered of how it follows the log.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Whether the lane stands where it goes on from; before that its position says nothing.
    pub fn is_opened(&self) -> bool {
        self.opened.load(Ordering::Acquire)
    }

    /// The lane stands where it goes on from.
    pub fn set_opened(&self) {
        self.opened.store(true, Ordering::Release);
    }

    /// Says why the checkpoint found at the start did not count.
    pub fn note(&self, reason: String) {
        self.note.get_or_init(|| reason);
    }

    /// Why the checkpoint found at the start did not count, if it did not.
    pub fn noted(&self) -> Option<&str> {
        self.note.get().map(String::as_str)
    }

    /// What keeps the lane from following.
    pub fn trouble(&self) -> Option<Trouble> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone()
    }

    /// Says what keeps the lane from following. A loss stays until the view is another.
    pub fn set_trouble(&self, trouble: Option<Trouble>) {
        let trouble = trouble.or_else(|| self.state().lost.map(Trouble::Lost));
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}
