//! What the three views share: parts by record key, facts in order and each once, a digest that
//! grows with them, and the marks of what changed since the last checkpoint.

use super::Applied;
use super::act::{Act, put};
use super::arena::Arena;
use super::changes::Changes;
use super::codes::{At, Codes, MoreCodes};
use super::names::Names;
use super::part::{Part, write_new};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use lienthong_domain::event::{Event, Fingerprint, Kind};
use lienthong_domain::path::Step;
use serde::Serialize;
use serde::de::DeserializeOwned;
use siphasher::sip128::SipHasher13;
use std::hash::BuildHasher;
use std::marker::PhantomData;

/// From this many facts on the fingerprints of a part are kept in a set.
const LARGE: usize = 128;
/// Keys of the digest. They must never change.
const DIGEST_KEYS: (u64, u64) = (0x6c69_656e_7468_6f6e, 0x6776_6965_7773_2e31);

/// What one view keeps of one event. Written by postcard, its [`Act`] first.
pub trait Fact: Copy + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Whether the view keeps events of this kind.
    fn keeps(kind: Kind) -> bool;
    /// The fact of an event at `offset`; adds what is new to codes and vocabulary.
    fn read(event: &Event<'_>, offset: u64, codes: &mut MoreCodes, names: &mut Names) -> Self;
    /// The common part.
    fn act(&self) -> &Act;
    /// The step as answers read it.
    fn step<'a>(&self, codes: Codes<'a>, names: &'a Names) -> Step<'a>;
    /// Everything as bytes that are the same in every rebuild. Part of the digest.
    fn canonical(&self, codes: Codes<'_>, names: &Names, to: &mut Vec<u8>);
    /// The source that told it; empty where the view does not keep sources.
    fn source<'a>(&self, _names: &'a Names) -> &'a str {
        ""
    }
    /// Whether the fact ties its dossier to the record key and to nothing else.
    fn is_plain(&self) -> bool {
        true
    }
    /// Whether every number in it is one that codes and vocabulary gave.
    fn fits(&self, codes: Codes<'_>, names: &Names) -> bool {
        self.act().fits(codes, names)
    }
}

/// A code that a part mentions for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mention {
    /// Number of the part.
    pub part: u32,
    /// Place of the code among its codes.
    pub code: At,
}

/// The parts of one partition of one view.
pub struct Keyed<F> {
    pub(super) parts: Arena,
    pub(super) names: Names,
    pub(super) digest: u128,
    pub(super) facts: u64,
    pub(super) duplicates: u64,
    pub(super) changes: Changes,
    by_key: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Parts with a fact that is not plain.
    special: HashSet<u32>,
    /// Fingerprints of the parts with many facts.
    large: HashMap<u32, HashSet<u64>>,
    fresh: Vec<Mention>,
    fresh_special: Vec<u32>,
    /// Parts that took a fact.
    touched: Vec<u32>,
    scratch: Scratch,
    fact: PhantomData<F>,
}

/// Buffers that are filled anew for each event.
#[derive(Default)]
struct Scratch {
    codes: MoreCodes,
    body: Vec<u8>,
    block: Vec<u8>,
    canonical: Vec<u8>,
}

impl<F: Fact> Default for Keyed<F> {
    fn default() -> Self {
        Self {
            parts: Arena::default(),
            names: Names::default(),
            digest: 0,
            facts: 0,
            duplicates: 0,
            changes: Changes::default(),
            by_key: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            special: HashSet::new(),
            large: HashMap::new(),
            fresh: Vec::new(),
            fresh_special: Vec::new(),
            touched: Vec::new(),
            scratch: Scratch::default(),
            fact: PhantomData,
        }
    }
}

impl<F: Fact> Keyed<F> {
    /// Takes an event into the part of its record key: in order, and only if its fingerprint is
    /// new there.
    pub(super) fn take(&mut self, key: &str, offset: u64, event: &Event<'_>) -> Applied {
        if !F::keeps(event.kind) {
            return Applied::LeftOut;
        }
        let known = self.find(key);
        if known.is_some_and(|at| self.knows(at, event.fingerprint())) {
            self.duplicates += 1;
            return Applied::Duplicate;
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let codes_before = match known {
            Some(at) => {
                let codes = self.part(at).codes();
                scratch.codes.start_from(codes);
                codes.block().len()
            }
            None => {
                scratch.codes.start_new(key);
                0
            }
        };
        let fact = F::read(event, offset, &mut scratch.codes, &mut self.names);
        let at = self.store(known, &fact, &mut scratch);
        self.touched.push(at);
        let codes = scratch.codes.codes();
        for (code, _) in codes.iter_from(codes_before) {
            self.fresh.push(Mention { part: at, code });
        }
        self.count(codes, &fact, &mut scratch.canonical);
        self.note(at, &fact);
        self.scratch = scratch;
        Applied::New
    }

    /// Writes the fact into its part, or into a new one.
    fn store(&mut self, known: Option<u32>, fact: &F, scratch: &mut Scratch) -> u32 {
        let Scratch {
            codes, body, block, ..
        } = scratch;
        body.clear();
        block.clear();
        // Writing plain numbers into memory does not fail.
        *body = postcard::to_extend(fact, std::mem::take(body)).unwrap_or_default();
        match known {
            Some(at) => {
                self.before_change(at);
                self.part(at).with(codes.codes(), fact, body, block);
                self.parts.set(at, block);
                at
            }
            None => {
                write_new(codes.codes(), body, block);
                self.create(block)
            }
        }
    }

    /// Puts back a part as a checkpoint holds it. False if it does not read, or if its numbers do
    /// not fit the vocabulary.
    #[must_use]
    pub(super) fn put_back(&mut self, block: &[u8]) -> bool {
        let Some(part) = Some(Part::<F>::new(block)).filter(Part::is_whole) else {
            return false;
        };
        let codes = part.codes();
        let fits = part.facts().all(|fact| fact.fits(codes, &self.names));
        if !fits || self.find(codes.key()).is_some() {
            return false;
        }
        let at = self.create(block);
        let mut buffer = std::mem::take(&mut self.scratch.canonical);
        for fact in part.facts() {
            self.count(codes, &fact, &mut buffer);
            self.note(at, &fact);
        }
        self.scratch.canonical = buffer;
        true
    }

    /// Adds a fact to the digest and to the number of facts.
    fn count(&mut self, codes: Codes<'_>, fact: &F, buffer: &mut Vec<u8>) {
        buffer.clear();
        put(codes.key(), buffer);
        fact.canonical(codes, &self.names, buffer);
        self.digest = self.digest.wrapping_add(digest_of(buffer));
        self.facts += 1;
    }

    /// Bookkeeping of a fact that is in its part now.
    fn note(&mut self, at: u32, fact: &F) {
        if !fact.is_plain() && self.special.insert(at) {
            self.fresh_special.push(at);
        }
        if let Some(known) = self.large.get_mut(&at) {
            known.insert(fact.act().fingerprint().0);
            return;
        }
        let all = || self.part(at).fingerprints().map(|one| one.0);
        // The length tells roughly how many facts there can be, without counting them each time.
        if self.parts.get(at).len() >= LARGE * 16 && all().count() >= LARGE {
            let known = all().collect();
            self.large.insert(at, known);
        }
    }

    fn knows(&self, at: u32, fingerprint: Fingerprint) -> bool {
        if !self.large.is_empty()
            && let Some(known) = self.large.get(&at)
        {
            return known.contains(&fingerprint.0);
        }
        let mut known = self.part(at).fingerprints();
        known.any(|one| one == fingerprint)
    }

    fn create(&mut self, block: &[u8]) -> u32 {
        let at = self.parts.push(block);
        let hash = self.hasher.hash_one(key_of(&self.parts, at));
        let (parts, hasher) = (&self.parts, &self.hasher);
        self.by_key
            .insert_unique(hash, at, |at| hasher.hash_one(key_of(parts, *at)));
        self.changes.mark(at);
        at
    }

    /// A checkpoint under way wants the part as it is now.
    fn before_change(&mut self, at: u32) {
        if self.changes.must_rescue(at) {
            let block = self.parts.get(at).to_vec();
            self.changes.rescue(at, block);
        }
        self.changes.mark(at);
    }

    /// The number of the part with this record key.
    pub fn find(&self, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(key.as_bytes());
        let same = |at: &u32| key_of(&self.parts, *at) == key.as_bytes();
        self.by_key.find(hash, same).copied()
    }

    /// Brings the parts of these keys into the processor's cache. Looking up one after the other
    /// waits for memory each time; looking up many that do not depend on each other waits once.
    pub(super) fn warm(&self, keys: &mut dyn Iterator<Item = &[u8]>) {
        let mut numbers: Vec<u32> = Vec::new();
        let mut sum = 0usize;
        for key in keys {
            let hash = self.hasher.hash_one(key);
            if let Some(at) = self.by_key.find(hash, |_| true) {
                numbers.push(*at);
            }
        }
        for at in numbers {
            sum = sum.wrapping_add(self.parts.get(at).len());
        }
        std::hint::black_box(sum);
    }

    /// A part by its number.
    pub fn part(&self, at: u32) -> Part<'_, F> {
        Part::new(self.parts.get(at))
    }

    /// Every part, in the order of their numbers.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_, F>> {
        (0..self.parts.len() as u32).map(|at| self.part(at))
    }

    /// The vocabulary of the facts.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Numbers of the parts that are not plainly one case of their own.
    pub fn special(&self) -> impl Iterator<Item = u32> {
        self.special.iter().copied()
    }

    /// Puts a part as another process holds it into the place of what is known of it: a part only
    /// grows. Its number, or none if it does not read or its numbers do not fit the vocabulary.
    /// The digest and the counts are not kept up: such parts are for joining only.
    pub fn put_over(&mut self, block: &[u8]) -> Option<u32> {
        let part = Some(Part::<F>::new(block)).filter(Part::is_whole)?;
        let codes = part.codes();
        let mut facts = part.facts();
        if !facts.all(|fact| fact.fits(codes, &self.names)) {
            return None;
        }
        let at = match self.find(codes.key()) {
            Some(at) => {
                self.parts.set(at, block);
                at
            }
            None => self.create(block),
        };
        if part.facts().any(|fact| !fact.is_plain()) {
            self.special.insert(at);
        }
        Some(at)
    }

    /// A part as checkpoints store it.
    pub fn block(&self, at: u32) -> &[u8] {
        self.parts.get(at)
    }

    /// How many parts there are; their numbers are below it.
    pub fn count_parts(&self) -> u32 {
        self.parts.len() as u32
    }

    /// Whether the part is not plainly one case of its own.
    pub fn is_special(&self, at: u32) -> bool {
        self.special.contains(&at)
    }

    /// The vocabulary, to be added to.
    pub fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// Parts that have become special since this was last asked.
    pub fn take_fresh_special(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.fresh_special)
    }

    /// Parts that took a fact since this was last asked; one that took several may come again.
    pub fn take_touched(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.touched)
    }

    /// Codes mentioned for the first time since this was last asked.
    pub fn take_fresh(&mut self) -> Vec<Mention> {
        std::mem::take(&mut self.fresh)
    }

    /// Every code that any part mentions, with the number of the part.
    pub fn mentions(&self) -> impl Iterator<Item = (&str, u32)> {
        (0..).zip(self.parts()).flat_map(|(at, part)| {
            let codes = part.codes().iter_from(0);
            codes.map(move |(_, code)| (code, at))
        })
    }
}

/// The record key of a part, as bytes: the first code of its block.
fn key_of(parts: &Arena, at: u32) -> &[u8] {
    let block = parts.get(at).get(4..).unwrap_or_default();
    match block.first() {
        Some(&length) if length < u8::MAX => {
            let end = 1 + usize::from(length);
            block.get(1..end).unwrap_or_default()
        }
        _ => Codes::new(block).key().as_bytes(),
    }
}

/// The digest of bytes: SipHash-1-3 with 128 bits under fixed keys.
pub fn digest_of(bytes: &[u8]) -> u128 {
    SipHasher13::new_with_keys(DIGEST_KEYS.0, DIGEST_KEYS.1)
        .hash(bytes)
        .as_u128()
}
