//! The parts of one partition that a gateway joins itself, as their instance holds them.
//!
//! A part only grows, so its length tells whether the mirror's is the present one, and what
//! travels for a question is what changed since the question before. Numbers hold within an
//! epoch; with another epoch a mirror begins anew.

use crate::views::View;
use crate::views::codes::Codes;
use crate::views::keyed::{Fact, Keyed};
use crate::views::names::Added;
use hashbrown::HashMap;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Some parts of one partition of a view.
pub struct Mirror<F> {
    /// In which the numbers hold; 0: none was met yet.
    pub epoch: u64,
    /// Another with every change.
    pub version: u64,
    /// The parts, under numbers of their own.
    pub parts: Keyed<F>,
    /// Our number by the instance's.
    ours: HashMap<u32, u32>,
    /// The instance's number by ours.
    theirs: Vec<u32>,
}

impl<F: Fact> Mirror<F> {
    /// No part, of an epoch that may be known.
    pub fn new(epoch: u64) -> Self {
        Self {
            epoch,
            version: 0,
            parts: Keyed::default(),
            ours: HashMap::new(),
            theirs: Vec::new(),
        }
    }

    /// Asks for parts by the instance's numbers, which are of the mirror's epoch.
    pub fn wanted(&self, mut numbers: Vec<u32>) -> pb::Wanted {
        numbers.sort_unstable();
        numbers.dedup();
        let length = |number: &u32| {
            let ours = self.ours.get(number);
            ours.map_or(0, |at| self.parts.block(*at).len() as u32)
        };
        let size = self.parts.names().size();
        pb::Wanted {
            epoch: self.epoch,
            lengths: numbers.iter().map(length).collect(),
            numbers,
            keys: Vec::new(),
            texts: size.names,
            parties: size.parties,
        }
    }

    /// Asks for parts by record key.
    pub fn wanted_by_key<'a>(&self, keys: impl Iterator<Item = &'a str>) -> pb::Wanted {
        let mut numbers = Vec::new();
        let mut unknown = Vec::new();
        for key in keys {
            match self.parts.find(key) {
                Some(at) => numbers.push(self.theirs[at as usize]),
                None => unknown.push(key.to_owned()),
            }
        }
        pb::Wanted {
            keys: unknown,
            ..self.wanted(numbers)
        }
    }

    /// Takes what an instance gave; the epoch must have been found to be the mirror's, or the
    /// mirror's first.
    ///
    /// # Errors
    /// `INTERNAL` if it does not read.
    pub fn take(&mut self, given: &pb::Parts) -> Result<(), Failure> {
        self.epoch = given.epoch;
        self.version += u64::from(!given.parts.is_empty());
        add_words(&mut self.parts, &given.vocabulary)?;
        for part in &given.parts {
            let at = self.parts.put_over(&part.block).ok_or_else(unreadable)?;
            if at as usize == self.theirs.len() {
                self.theirs.push(part.number);
                self.ours.insert(part.number, at);
            }
        }
        Ok(())
    }
}

/// Parts that are asked for at once: some megabytes. Few in tests, so that there are several
/// requests.
pub const AT_ONCE: usize = if cfg!(test) { 3 } else { 20_000 };

/// What is joined here of one view.
pub struct Joined<F> {
    /// Which view.
    pub view: View,
    /// By partition. Questions over one view take turns.
    mirrors: Arc<Mutex<Vec<Mirror<F>>>>,
}

/// The mirrors of a view while a question has them.
pub type Held<F> = OwnedMutexGuard<Vec<Mirror<F>>>;

impl<F: Fact> Joined<F> {
    /// Nothing yet.
    pub fn new(view: View, partitions: u32) -> Self {
        let mirrors = (0..partitions).map(|_| Mirror::new(0)).collect();
        Self {
            view,
            mirrors: Arc::new(Mutex::new(mirrors)),
        }
    }

    /// The mirrors, once no other question has them.
    pub async fn hold(&self) -> Held<F> {
        self.mirrors.clone().lock_owned().await
    }
}

/// Adds to the vocabulary what an instance gave.
///
/// # Errors
/// `INTERNAL` if it does not read or does not fit.
pub fn add_words<F: Fact>(parts: &mut Keyed<F>, given: &[u8]) -> Result<(), Failure> {
    if given.is_empty() {
        return Ok(());
    }
    let added: Option<Added> = postcard::from_bytes(given).ok();
    let fits = added.is_some_and(|added| parts.names_mut().add(&added));
    fits.then_some(()).ok_or_else(unreadable)
}

/// The codes that a part mentions.
pub fn codes_of(block: &[u8]) -> Codes<'_> {
    let split = block
        .split_first_chunk::<4>()
        .and_then(|(length, rest)| rest.get(..u32::from_le_bytes(*length) as usize));
    Codes::new(split.unwrap_or_default())
}

/// A part or a vocabulary that an instance gave and that does not read.
pub fn unreadable() -> Failure {
    let message = "what a projector instance gave does not read; are all of one version?";
    Failure::new(Reason::Internal, message)
}
