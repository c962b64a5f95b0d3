//! A part in memory: one block, which is also what a checkpoint stores.
//!
//! ```text
//! [length of the codes: u32 LE][codes] then for each fact, in order: [length][fingerprint, rest]
//! ```
//! A fact is written by postcard, its fingerprint first in eight fixed bytes, so that a duplicate is
//! found without reading more. A length is one byte, or 255 and four more.

use super::codes::Codes;
use super::keyed::Fact;
use lienthong_domain::event::{Fingerprint, OrderKey};
use std::marker::PhantomData;

/// The facts under one record key.
pub struct Part<'a, F> {
    codes: Codes<'a>,
    facts: &'a [u8],
    fact: PhantomData<F>,
}

impl<F> Clone for Part<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Part<'_, F> {}

impl<'a, F: Fact> Part<'a, F> {
    /// The part in a block. A block that is shorter than it says is an empty part, which is not
    /// whole.
    pub fn new(block: &'a [u8]) -> Self {
        let split = block
            .split_first_chunk::<4>()
            .and_then(|(length, rest)| rest.split_at_checked(u32::from_le_bytes(*length) as usize));
        let (codes, facts) = split.unwrap_or_default();
        Self {
            codes: Codes::new(codes),
            facts,
            fact: PhantomData,
        }
    }

    /// Whether every byte of it reads.
    pub fn is_whole(&self) -> bool {
        let mut raw = self.raw();
        let reads = raw
            .by_ref()
            .all(|(_, body)| postcard::from_bytes::<F>(body).is_ok());
        reads && raw.rest.is_empty() && self.codes.is_whole()
    }

    /// The codes that the facts mention; the record key first.
    pub fn codes(&self) -> Codes<'a> {
        self.codes
    }

    /// The facts, in the order of [`OrderKey`].
    pub fn facts(&self) -> impl Iterator<Item = F> + use<'a, F> {
        // Every fact was read once when it came in: what does not read is not here.
        self.raw()
            .filter_map(|(_, body)| postcard::from_bytes(body).ok())
    }

    /// Fingerprints of the facts.
    pub fn fingerprints(&self) -> impl Iterator<Item = Fingerprint> + use<'a, F> {
        self.raw().map(|(_, body)| {
            let first = body.first_chunk::<8>();
            Fingerprint(first.map_or(0, |bytes| u64::from_le_bytes(*bytes)))
        })
    }

    /// Writes the part with these codes, which may be more, and one fact more into `to`.
    pub fn with(&self, codes: Codes<'_>, fact: &F, body: &[u8], to: &mut Vec<u8>) {
        let at = self.place_of(fact.act().order());
        write_codes(codes, to);
        to.extend_from_slice(&self.facts[..at]);
        write_fact(body, to);
        to.extend_from_slice(&self.facts[at..]);
    }

    /// Where among the facts a fact of this order belongs. Nearly always at the end.
    fn place_of(&self, order: OrderKey) -> usize {
        let read = |body| postcard::from_bytes::<F>(body).map(|fact| fact.act().order());
        let comes_before = |body| read(body).is_ok_and(|known| known < order);
        match self.raw().last() {
            Some((_, last)) if !comes_before(last) => {
                let mut raw = self.raw();
                let later = raw.find(|(_, body)| !comes_before(body));
                later.map_or(self.facts.len(), |(at, _)| at)
            }
            _ => self.facts.len(),
        }
    }

    fn raw(&self) -> Raw<'a> {
        Raw {
            all: self.facts.len(),
            rest: self.facts,
        }
    }
}

/// Writes a part of one fact into `to`.
pub fn write_new(codes: Codes<'_>, body: &[u8], to: &mut Vec<u8>) {
    write_codes(codes, to);
    write_fact(body, to);
}

fn write_codes(codes: Codes<'_>, to: &mut Vec<u8>) {
    to.extend_from_slice(&(codes.block().len() as u32).to_le_bytes());
    to.extend_from_slice(codes.block());
}

fn write_fact(body: &[u8], to: &mut Vec<u8>) {
    match u8::try_from(body.len()) {
        Ok(length) if length < u8::MAX => to.push(length),
        _ => {
            to.push(u8::MAX);
            to.extend_from_slice(&(body.len() as u32).to_le_bytes());
        }
    }
    to.extend_from_slice(body);
}

/// Facts as they are written, each with the place at which it begins.
struct Raw<'a> {
    all: usize,
    rest: &'a [u8],
}

impl<'a> Iterator for Raw<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.all - self.rest.len();
        let (first, rest) = self.rest.split_first()?;
        let (length, rest) = match *first {
            u8::MAX => {
                let (four, rest) = rest.split_first_chunk::<4>()?;
                (u32::from_le_bytes(*four) as usize, rest)
            }
            length => (usize::from(length), rest),
        };
        let (body, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((at, body))
    }
}
