//! The ledger of a partition of the case view: one row a dossier, so that figures over a million
//! dossiers are counted without walking their facts.
//!
//! ```text
//! lane takes events --> parts that changed --> (at the latest when a question comes) their rows
//! ```
//! Derived, and no part of any digest or checkpoint: rows are made again when their part changes,
//! and all of them when the reference data changes. Every part has rows as if it were a case of its
//! own; which parts are not is known to whoever asks, and those are left out and counted as they
//! are joined ([`tied`]).

pub mod marks;
pub mod rows;
pub mod table;
pub mod tied;

use crate::answers::entry::look;
use crate::joins::scan::{empty, fill};
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use lienthong_contract::reference::Current;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::Step;
use lienthong_domain::reference::Reference;
use marks::Marks;
use rows::{Made, Rows};
use std::sync::{
    Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
};

/// The ledger of one lane.
#[derive(Default)]
pub struct Ledger {
    changed: Mutex<Changed>,
    kept: RwLock<Kept>,
    /// What the rows are made with when nobody has asked yet.
    reference: OnceLock<Current>,
}

/// Parts whose rows are not what their facts say.
#[derive(Default)]
struct Changed {
    rows: Marks,
    /// Parts that may be tied otherwise than before; none: nobody asks for it.
    ties: Option<Marks>,
    /// Numbers of parts mean other parts than when ties were last looked at.
    renewed: bool,
}

/// The rows and the reference data that they were made with.
#[derive(Default)]
pub struct Kept {
    version: String,
    /// The rows.
    pub rows: Rows,
}

/// What may be tied otherwise than before.
pub enum Loose {
    /// Everything.
    All,
    /// These parts.
    Parts(Vec<u32>),
}

impl Ledger {
    /// A ledger of nothing; with `ties` it remembers what may be tied otherwise.
    pub fn new(ties: bool) -> Self {
        let changed = Changed {
            ties: ties.then(Marks::default),
            renewed: true,
            ..Changed::default()
        };
        Self {
            changed: Mutex::new(changed),
            ..Self::default()
        }
    }

    /// Follows the reference data in force.
    pub fn follow(&self, reference: Current) {
        self.reference.get_or_init(|| reference);
    }

    /// Parts have changed. Called under the lock of the lane's state.
    pub fn touch(&self, parts: &[u32]) {
        let mut changed = self.changed();
        for part in parts {
            changed.rows.set(*part);
            if let Some(ties) = &mut changed.ties {
                ties.set(*part);
            }
        }
    }

    /// Rows of a state that is going to be the lane's, if the reference data is known.
    pub fn prepare(&self, keyed: &Keyed<CaseFact>) -> Option<Kept> {
        let reference = self.reference.get()?.now();
        let mut kept = Kept {
            version: reference.version.clone(),
            rows: Rows::default(),
        };
        kept.rows.reserve(keyed.count_parts());
        for part in 0..keyed.count_parts() {
            remake(&mut kept.rows, keyed, part, &reference);
        }
        Some(kept)
    }

    /// The lane holds another state from now on. Called under the lock of that state.
    pub fn replace(&self, keyed: &Keyed<CaseFact>, prepared: Option<Kept>) {
        let mut changed = self.changed();
        changed.rows = Marks::default();
        if prepared.is_none() {
            changed.rows.set_all(keyed.count_parts());
        }
        if let Some(ties) = &mut changed.ties {
            *ties = Marks::default();
        }
        changed.renewed = true;
        drop(changed);
        *self.kept_mut() = prepared.unwrap_or_default();
    }

    /// Makes the rows of at most `most` parts that changed, under the reference data in force.
    /// True: nothing is left to do.
    pub fn refresh_some(&self, keyed: &Keyed<CaseFact>, most: usize) -> bool {
        match self.reference.get() {
            Some(reference) => self.bring_up(keyed, &reference.now(), most),
            None => true,
        }
    }

    /// The rows as the facts are, under this reference data. `keyed` is held so that it does not
    /// change meanwhile.
    pub fn rows<'a>(
        &'a self,
        keyed: &Keyed<CaseFact>,
        reference: &Reference,
    ) -> RwLockReadGuard<'a, Kept> {
        loop {
            self.bring_up(keyed, reference, usize::MAX);
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            // Somebody who holds other reference data may have come between.
            if kept.version == reference.version && self.changed().rows.is_empty() {
                return kept;
            }
        }
    }

    /// What may be tied otherwise than when this was last asked.
    pub fn take_loose(&self) -> Loose {
        let mut changed = self.changed();
        let parts = changed.ties.as_mut().map(Marks::take_all);
        match std::mem::take(&mut changed.renewed) {
            true => Loose::All,
            false => Loose::Parts(parts.unwrap_or_default()),
        }
    }

    fn bring_up(&self, keyed: &Keyed<CaseFact>, reference: &Reference, most: usize) -> bool {
        let is_current = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            kept.version == reference.version
        };
        if is_current && self.changed().rows.is_empty() {
            return true;
        }
        let mut kept = self.kept_mut();
        if kept.version != reference.version {
            kept.version.clone_from(&reference.version);
            self.changed().rows.set_all(keyed.count_parts());
        }
        let parts = self.changed().rows.take(most);
        for part in parts {
            remake(&mut kept.rows, keyed, part, reference);
        }
        self.changed().rows.is_empty()
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the rows of a part again.
fn remake(rows: &mut Rows, keyed: &Keyed<CaseFact>, part: u32, reference: &Reference) {
    rows.remove(part);
    let mut case = empty();
    let facts = keyed.part(part);
    fill(&mut case, keyed, facts);
    let codes = facts.codes();
    each_dossier(&case, |code, steps| {
        let looked = look(steps, reference);
        let place = codes.find(code);
        if let Some((look, dossier)) = looked.zip(place) {
            let made = Made {
                entry: look.entry,
                agency: keyed.names().find(look.agency),
                procedure: keyed.names().find(look.life.procedure),
                holder: keyed
                    .names()
                    .find(look.holder.map_or("", |holder| holder.party.agency)),
                dossier,
            };
            rows.add(part, made);
        }
    });
}

/// The steps of each dossier of a case.
pub fn each_dossier<'a>(case: &JoinedCase<'a>, mut take: impl FnMut(&'a str, &[Step<'a>])) {
    if let [only] = case.dossiers[..] {
        return take(only, &case.steps);
    }
    let mut steps = Vec::with_capacity(case.steps.len());
    for dossier in &case.dossiers {
        steps.clear();
        steps.extend(case.steps.iter().filter(|step| step.dossier == *dossier));
        take(dossier, &steps);
    }
}

/// Parts whose rows are made at once while others wait for the lane's state.
pub const AT_ONCE: usize = 4_096;

/// What a process keeps of ledgers beside a question: nothing to do is the usual case.
pub fn keep_fresh(lane: &crate::lane::Lane) {
    while lane.is_ready() && !lane.refresh_ledger(AT_ONCE) {}
}
