//! What was sent and what was acknowledged, kept outside the hub.

use super::load::{Key, WORKERS};
use lienthong_contract::pb::event::v1::Position;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What became of one event.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// How often it was put on the wire.
    pub attempts: u32,
    /// Every position it was acknowledged with.
    pub positions: Vec<Position>,
}

/// One dossier of the load: its round, its worker and its number.
pub type Dossier = (u32, u32, u32);

/// Everything sent since the first round.
#[derive(Debug, Default)]
pub struct Ledger {
    sent: HashMap<Key, Sent>,
    /// Keys not yet acknowledged, in order.
    open: BTreeSet<Key>,
    /// Keys by worker, in the order of sending.
    of_worker: [Vec<Key>; WORKERS as usize],
    /// Dossiers that something was sent about since the last check.
    touched: BTreeSet<Dossier>,
    attempts: u64,
    /// The highest acknowledged offset of each partition.
    reached: HashMap<u32, u64>,
}

impl Ledger {
    /// Notes that an event goes on the wire.
    pub fn sending(&mut self, key: Key) {
        let entry = self.sent.entry(key).or_default();
        if entry.attempts == 0 {
            self.of_worker[key.worker as usize].push(key);
            self.open.insert(key);
        }
        entry.attempts += 1;
        self.attempts += 1;
        self.touched.insert(key.dossier());
    }

    /// Notes an acknowledgement.
    pub fn acknowledged_at(&mut self, key: Key, position: Position) {
        self.open.remove(&key);
        self.sent.entry(key).or_default().positions.push(position);
        let reached = self.reached.entry(position.partition).or_default();
        *reached = (*reached).max(position.offset);
    }

    /// What became of an event; none: never sent.
    pub fn of(&self, key: Key) -> Option<&Sent> {
        self.sent.get(&key)
    }

    /// Every event with what became of it.
    pub fn all(&self) -> impl Iterator<Item = (&Key, &Sent)> {
        self.sent.iter()
    }

    /// A worker's events without acknowledgement: safe to send again.
    pub fn unacknowledged(&self, worker: u32) -> Vec<Key> {
        self.open
            .iter()
            .copied()
            .filter(|key| key.worker == worker)
            .collect()
    }

    /// Some event that the worker sent before.
    pub fn any_of(&self, worker: u32, dice: &mut StdRng) -> Option<Key> {
        let keys = &self.of_worker[worker as usize];
        (!keys.is_empty()).then(|| keys[dice.random_range(0..keys.len())])
    }

    /// The dossiers touched since the last call.
    pub fn take_touched(&mut self) -> BTreeSet<Dossier> {
        std::mem::take(&mut self.touched)
    }

    /// Every dossier.
    pub fn dossiers(&self) -> BTreeSet<Dossier> {
        self.sent.keys().map(|key| key.dossier()).collect()
    }

    /// Positions that a view must reach to have everything acknowledged.
    pub fn reached(&self) -> Vec<Position> {
        let positions = self.reached.iter();
        positions
            .map(|(&partition, &offset)| Position { partition, offset })
            .collect()
    }

    /// Different events sent.
    pub fn sent(&self) -> u64 {
        self.sent.len() as u64
    }

    /// Sendings, resends included.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// Different events acknowledged.
    pub fn acknowledged(&self) -> u64 {
        (self.sent.len() - self.open.len()) as u64
    }
}

/// The ledger, also if a worker panicked while it held it.
pub fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
