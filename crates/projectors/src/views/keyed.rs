//! What the three views share: parts by record key, facts in order and each once, a digest that
//! grows with them, and the marks of what changed since the last checkpoint.

use super::Applied;
use super::act::{Act, put};
use super::changes::Changes;
use super::codes::{At, Codes};
use super::names::Names;
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use lienthong_domain::event::{Event, Fingerprint, Kind, OrderKey};
use lienthong_domain::path::Step;
use serde::Serialize;
use serde::de::DeserializeOwned;
use siphasher::sip128::SipHasher13;
use std::hash::BuildHasher;

/// From this many facts on a part keeps the set of its fingerprints.
const LARGE: usize = 128;
/// Keys of the digest. They must never change.
const DIGEST_KEYS: (u64, u64) = (0x6c69_656e_7468_6f6e, 0x6776_6965_7773_2e31);

/// What one view keeps of one event.
pub trait Fact: Copy + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Whether the view keeps events of this kind.
    fn keeps(kind: Kind) -> bool;
    /// The fact of an event at `offset`; adds what is new to codes and vocabulary.
    fn read(event: &Event<'_>, offset: u64, codes: &mut Codes, names: &mut Names) -> Self;
    /// The common part.
    fn act(&self) -> &Act;
    /// The step as answers read it.
    fn step<'a>(&self, codes: &'a Codes, names: &'a Names) -> Step<'a>;
    /// Everything as bytes that are the same in every rebuild. Part of the digest.
    fn canonical(&self, codes: &Codes, names: &Names, to: &mut Vec<u8>);
    /// The source that told it; empty where the view does not keep sources.
    fn source<'a>(&self, _names: &'a Names) -> &'a str {
        ""
    }
    /// Whether the fact ties its dossier to the record key and to nothing else.
    fn is_plain(&self) -> bool {
        true
    }
    /// Whether every number in it is one that codes and vocabulary gave.
    fn fits(&self, codes: &Codes, names: &Names) -> bool {
        self.act().fits(codes, names)
    }
}

/// The facts under one record key.
pub struct Part<F> {
    /// The codes that the facts mention; the record key first.
    pub codes: Codes,
    /// In the order of [`OrderKey`], each fingerprint once.
    pub facts: Vec<F>,
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
    pub(super) parts: Vec<Part<F>>,
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
    buffer: Vec<u8>,
}

impl<F: Fact> Default for Keyed<F> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
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
            buffer: Vec::new(),
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
        let (at, known_codes) = match self.find(key) {
            Some(at) if self.knows(at, event.fingerprint()) => {
                self.duplicates += 1;
                return Applied::Duplicate;
            }
            Some(at) => {
                self.before_change(at);
                (at, self.parts[at as usize].codes.block().len())
            }
            None => (self.create(Codes::new(key)), 0),
        };
        let part = &mut self.parts[at as usize];
        let fact = F::read(event, offset, &mut part.codes, &mut self.names);
        for (code, _) in part.codes.iter_from(known_codes) {
            self.fresh.push(Mention { part: at, code });
        }
        let hash = fact_hash(&part.codes, &fact, &self.names, &mut self.buffer);
        self.digest = self.digest.wrapping_add(hash);
        let place = place_of(&part.facts, fact.act().order());
        grow(&mut part.facts);
        part.facts.insert(place, fact);
        self.note(at, &fact);
        Applied::New
    }

    /// Puts back a part as a checkpoint holds it; parts come in the order of their numbers. False
    /// if its numbers do not fit the vocabulary.
    #[must_use]
    pub(super) fn put_back(&mut self, part: Part<F>) -> bool {
        let Part { codes, facts } = part;
        if self.find(codes.key()).is_some() {
            return false;
        }
        for fact in &facts {
            if !fact.fits(&codes, &self.names) {
                return false;
            }
            let hash = fact_hash(&codes, fact, &self.names, &mut self.buffer);
            self.digest = self.digest.wrapping_add(hash);
        }
        let at = self.create(codes);
        for fact in &facts {
            self.note(at, fact);
        }
        self.parts[at as usize].facts = facts;
        true
    }

    /// Bookkeeping of a fact that is in its part now.
    fn note(&mut self, at: u32, fact: &F) {
        self.facts += 1;
        if !fact.is_plain() {
            self.special.insert(at);
        }
        if let Some(known) = self.large.get_mut(&at) {
            known.insert(fact.act().fingerprint().0);
            return;
        }
        let facts = &self.parts[at as usize].facts;
        if facts.len() >= LARGE {
            let all = facts.iter().map(|fact| fact.act().fingerprint().0);
            self.large.insert(at, all.collect());
        }
    }

    fn knows(&self, at: u32, fingerprint: Fingerprint) -> bool {
        if let Some(known) = self.large.get(&at) {
            return known.contains(&fingerprint.0);
        }
        let facts = &self.parts[at as usize].facts;
        facts.iter().any(|fact| fact.act().fingerprint() == fingerprint)
    }

    fn create(&mut self, codes: Codes) -> u32 {
        let at = self.parts.len() as u32;
        let hash = self.hasher.hash_one(codes.key());
        self.parts.push(Part {
            codes,
            facts: Vec::new(),
        });
        let (parts, hasher) = (&self.parts, &self.hasher);
        self.by_key.insert_unique(hash, at, |at| {
            hasher.hash_one(parts[*at as usize].codes.key())
        });
        self.changes.mark(at);
        at
    }

    /// A checkpoint under way wants the part as it is now.
    fn before_change(&mut self, at: u32) {
        if self.changes.must_rescue(at) {
            let bytes = self.encoded(at);
            self.changes.rescue(at, bytes);
        }
        self.changes.mark(at);
    }

    /// The number of the part with this record key.
    pub fn find(&self, key: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        let same = |at: &u32| self.parts[*at as usize].codes.key() == key;
        self.by_key.find(hash, same).copied()
    }

    /// A part by its number.
    pub fn part(&self, at: u32) -> &Part<F> {
        &self.parts[at as usize]
    }

    /// Every part, in the order of their numbers.
    pub fn parts(&self) -> &[Part<F>] {
        &self.parts
    }

    /// The vocabulary of the facts.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Numbers of the parts that are not plainly one case of their own.
    pub fn special(&self) -> impl Iterator<Item = u32> {
        self.special.iter().copied()
    }

    /// Codes mentioned for the first time since this was last asked.
    pub fn take_fresh(&mut self) -> Vec<Mention> {
        std::mem::take(&mut self.fresh)
    }

    /// Every code that any part mentions.
    pub fn mentions(&self) -> impl Iterator<Item = (Mention, &str)> {
        self.parts.iter().enumerate().flat_map(|(at, part)| {
            let part_number = at as u32;
            let codes = part.codes.iter();
            codes.map(move |(code, text)| (Mention { part: part_number, code }, text))
        })
    }
}

/// One term of the digest: the sum over all facts is the same in whatever order they came.
fn fact_hash<F: Fact>(codes: &Codes, fact: &F, names: &Names, buffer: &mut Vec<u8>) -> u128 {
    buffer.clear();
    put(codes.key(), buffer);
    fact.canonical(codes, names, buffer);
    digest_of(buffer)
}

/// The digest of bytes: SipHash-1-3 with 128 bits under fixed keys.
pub fn digest_of(bytes: &[u8]) -> u128 {
    SipHasher13::new_with_keys(DIGEST_KEYS.0, DIGEST_KEYS.1)
        .hash(bytes)
        .as_u128()
}

fn place_of<F: Fact>(facts: &[F], order: OrderKey) -> usize {
    match facts.last() {
        Some(last) if order < last.act().order() => {
            facts.partition_point(|fact| fact.act().order() < order)
        }
        _ => facts.len(),
    }
}

/// Room for one more without much to spare: most cases have a handful of facts, and there are
/// a million of them.
fn grow<F>(facts: &mut Vec<F>) {
    if facts.len() == facts.capacity() {
        facts.reserve_exact(1 + facts.len() / 8);
    }
}
