//! The tables that the log makes, record by record.
//!
//! A batch takes effect when its last record is read: all of it, or, if the tables would not hold
//! together with it, nothing. That verdict must be the same in every process and after every
//! restart. A process that reads on checks every batch. One that starts would spend long on a long
//! log, so it trusts the process that recorded a batch wherever no other batch came between, and
//! checks the whole once at the end; if that fails, for its files are others, it checks each.

use crate::batch::{Batch, decode, fingerprint};
use lienthong_contract::pb::catalog::v1::Change;
use lienthong_contract::reference::{LoadError, Tables};
use lienthong_domain::reference::Reference;
use lienthong_eventlog::StoredRecord;
use std::collections::{BTreeMap, HashMap};

/// Whether a batch is checked although the process that recorded it has checked it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Not if no other batch took effect between.
    Recorder,
    /// Always.
    Nobody,
}

/// The tables and what is known of the log.
pub struct Fold {
    tables: Tables,
    trust: Trust,
    /// The next offset to be read.
    next: u64,
    /// The offset after the last batch that took effect.
    effective: u64,
    /// What changes of each id say, of those that took effect.
    known: HashMap<String, u64>,
    /// Why changes have no effect, by offset.
    refused: BTreeMap<u64, String>,
    /// Batches that are not complete yet.
    pending: HashMap<String, Batch>,
}

/// A change whose id was used for another one.
pub struct IdTaken {
    /// Its place among those asked about.
    pub index: usize,
}

impl Fold {
    /// Nothing read yet: the tables are those of the files.
    pub fn new(tables: Tables, trust: Trust) -> Self {
        Self {
            tables,
            trust,
            next: 0,
            effective: 0,
            known: HashMap::new(),
            refused: BTreeMap::new(),
            pending: HashMap::new(),
        }
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// Where the recorder was trusted and its change does not even fit a table: the whole log has
    /// to be folded again trusting nobody.
    pub fn take(&mut self, stored: &StoredRecord) -> Result<Option<Reference>, LoadError> {
        self.next = stored.offset + 1;
        let Some(record) = decode(stored) else {
            let what = "it is no record of this version's catalogue";
            self.refuse([stored.offset], what);
            return Ok(None);
        };
        let name = record.batch.clone();
        let batch = self.pending.entry(name.clone()).or_default();
        if !batch.take(stored.offset, record) {
            return Ok(None);
        }
        let batch = self.pending.remove(&name).unwrap_or_default();
        self.complete(batch)
    }

    fn complete(&mut self, batch: Batch) -> Result<Option<Reference>, LoadError> {
        let changes: Vec<&Change> = batch.changes.values().map(|(_, change)| change).collect();
        let fresh = match self.fresh(&changes) {
            Ok(fresh) => fresh,
            Err(taken) => {
                let id = &changes[taken.index].id;
                let what = format!("the id {id} was used for another change");
                self.refuse(batch.changes.values().map(|(offset, _)| *offset), &what);
                return Ok(None);
            }
        };
        if self.trust == Trust::Recorder && batch.checked_at == self.effective {
            for change in &fresh {
                self.tables.apply(change)?;
            }
            self.know(&fresh);
            return Ok(None);
        }
        match tried(&self.tables, &fresh) {
            Ok((tables, reference)) => {
                self.tables = tables;
                self.know(&fresh);
                Ok(Some(reference))
            }
            Err(error) => {
                let offsets = batch.changes.values().map(|(offset, _)| *offset);
                self.refuse(offsets, &error.to_string());
                Ok(None)
            }
        }
    }

    /// Those of `changes` that did not take effect before, each id once.
    ///
    /// # Errors
    /// A change whose id belongs to one that says something else.
    pub fn fresh<'c>(&self, changes: &[&'c Change]) -> Result<Vec<&'c Change>, IdTaken> {
        let mut here: HashMap<&str, u64> = HashMap::new();
        let mut fresh = Vec::new();
        for (index, change) in changes.iter().enumerate() {
            let says = fingerprint(change);
            let known = self.known.get(&change.id);
            match known.or_else(|| here.get(change.id.as_str())) {
                Some(known) if *known != says => return Err(IdTaken { index }),
                Some(_) => {}
                None => {
                    here.insert(&change.id, says);
                    fresh.push(*change);
                }
            }
        }
        Ok(fresh)
    }

    /// The tables as they are.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The next offset to be read.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The offset after the last batch that took effect; see [`Batch::checked_at`].
    pub fn effective(&self) -> u64 {
        self.effective
    }

    /// Why the change at an offset that was read has no effect; none if it has.
    pub fn refusal(&self, offset: u64) -> Option<String> {
        if let Some(why) = self.refused.get(&offset) {
            return Some(why.clone());
        }
        let mut pending = self
            .pending
            .values()
            .flat_map(|batch| batch.changes.values());
        let unfinished = pending.any(|(pending, _)| *pending == offset);
        unfinished.then(|| "its batch is not complete; send it again".to_owned())
    }

    fn know(&mut self, fresh: &[&Change]) {
        self.effective = self.next;
        for change in fresh {
            self.known.insert(change.id.clone(), fingerprint(change));
        }
    }

    fn refuse(&mut self, offsets: impl IntoIterator<Item = u64>, why: &str) {
        let mut first = None;
        for offset in offsets {
            first.get_or_insert(offset);
            self.refused.insert(offset, why.to_owned());
        }
        let offset = first.unwrap_or_default();
        tracing::error!(offset, why, "changes of the catalogue have no effect");
    }
}

/// The tables with these changes, and what they make.
///
/// # Errors
/// What does not fit.
pub fn tried(tables: &Tables, changes: &[&Change]) -> Result<(Tables, Reference), LoadError> {
    let mut tables = tables.clone();
    for change in changes {
        tables.apply(change)?;
    }
    let reference = tables.build()?;
    Ok((tables, reference))
}

/// The fold of a whole log over the tables of the files, and what it makes.
///
/// # Errors
/// If the files by themselves do not hold together.
pub fn whole(files: &Tables, log: &[StoredRecord]) -> Result<(Fold, Reference), LoadError> {
    match folded(files, log, Trust::Recorder) {
        Ok(done) => Ok(done),
        Err(error) => {
            if !log.is_empty() {
                tracing::warn!(%error, "the catalogue was recorded over other files; checking each change");
            }
            folded(files, log, Trust::Nobody)
        }
    }
}

fn folded(
    files: &Tables,
    log: &[StoredRecord],
    trust: Trust,
) -> Result<(Fold, Reference), LoadError> {
    let mut fold = Fold::new(files.clone(), trust);
    for stored in log {
        fold.take(stored)?;
    }
    let reference = fold.tables.build()?;
    fold.trust = Trust::Nobody;
    Ok((fold, reference))
}
