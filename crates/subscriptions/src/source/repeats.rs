//! Which records are repeats: events with the `source` and `id` of an earlier one of the same
//! chunk of the partition or the chunk before (see [`WINDOW`]).
//!
//! ```text
//! | chunk 3 ........ A ..... | chunk 4 ... A ......... | chunk 5 ..... A ... |
//!                    first                 repeat                    repeat (of that in 4)
//! ```
//! Whoever reads from somewhere within chunk 4 has to have seen chunk 3, so that he answers as one
//! who read from the beginning. That costs up to two chunks of reading, so what is found out is
//! kept in [`Found`] and shared by all readers of a partition: where it is known nobody looks
//! back.

use super::WINDOW;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use lienthong_domain::event::Fingerprint;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Chunks of a partition that findings are kept of: 268 million records.
const CHUNKS: usize = 4_096;
/// Repeats of a partition that are kept; beyond it the earliest chunks are forgotten.
const REPEATS: usize = 1_000_000;

/// The events of the current chunk and the one before, seen record by record.
pub(super) struct Window {
    next: u64,
    before: HashTable<u64>,
    current: HashTable<u64>,
}

impl Window {
    /// Where to begin to read so as to know the repeats from `offset` on.
    pub(super) fn looks_back_to(offset: u64) -> u64 {
        (offset / WINDOW).saturating_sub(1) * WINDOW
    }

    /// A window that has seen nothing before `next`.
    pub(super) fn new(next: u64) -> Self {
        Self {
            next,
            before: HashTable::new(),
            current: HashTable::new(),
        }
    }

    /// The offset to be seen next.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Sees the next record; whether it is a repeat. What is no event is none.
    pub(super) fn see(&mut self, fingerprint: Option<Fingerprint>) -> bool {
        if self.next.is_multiple_of(WINDOW) {
            std::mem::swap(&mut self.before, &mut self.current);
            self.current.clear();
        }
        self.next += 1;
        let Some(Fingerprint(print)) = fingerprint else {
            return false;
        };
        let is_it = |other: &u64| *other == print;
        let in_current = match self.current.entry(print, is_it, |print| *print) {
            Entry::Occupied(_) => true,
            Entry::Vacant(place) => {
                place.insert(print);
                false
            }
        };
        in_current || self.before.find(print, is_it).is_some()
    }
}

/// What is known of the repeats of one partition.
#[derive(Default)]
pub(super) struct Found(Mutex<Chunks>);

#[derive(Default)]
struct Chunks {
    of: BTreeMap<u64, Chunk>,
    repeats: usize,
}

/// What is known of a chunk: the repeats of a range, by their distance from the chunk's start.
struct Chunk {
    known: Range<u64>,
    repeats: Vec<u16>,
}

impl Found {
    fn lock(&self) -> MutexGuard<'_, Chunks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The repeats of a range within one chunk; none if they are not all known.
    pub(super) fn of(&self, range: Range<u64>) -> Option<Vec<u64>> {
        let chunks = self.lock();
        let number = range.start / WINDOW;
        let chunk = chunks.of.get(&number)?;
        if range.start < chunk.known.start || chunk.known.end < range.end {
            return None;
        }
        let offsets = chunk.repeats.iter();
        let offsets = offsets.map(|distance| number * WINDOW + u64::from(*distance));
        Some(offsets.filter(|offset| range.contains(offset)).collect())
    }

    /// Takes in the repeats, ascending, of a range within one chunk.
    pub(super) fn tell(&self, range: Range<u64>, repeats: &[u64]) {
        let mut chunks = self.lock();
        let number = range.start / WINDOW;
        let chunk = chunks.of.entry(number).or_insert_with(|| Chunk {
            known: range.start..range.start,
            repeats: Vec::new(),
        });
        let end = chunk.known.end;
        if end < range.start || range.end <= end {
            return;
        }
        chunk.known.end = range.end;
        let more = repeats.iter().filter(|offset| **offset >= end);
        let had = chunk.repeats.len();
        chunk
            .repeats
            .extend(more.map(|offset| (offset % WINDOW) as u16));
        let added = chunk.repeats.len() - had;
        chunks.repeats += added;
        while chunks.of.len() > CHUNKS || chunks.repeats > REPEATS {
            let Some((_, forgotten)) = chunks.of.pop_first() else {
                break;
            };
            chunks.repeats -= forgotten.repeats.len();
        }
    }
}

#[cfg(test)]
#[path = "repeats_tests.rs"]
mod tests;
