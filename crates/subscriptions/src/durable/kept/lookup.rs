//! What the numbers of a range were given to, by reading the lane on from the index.

use super::{Kept, Numbered, numbered};
use lienthong_contract::pb::subscription::v1::Entry;
use lienthong_contract::pb::subscription::v1::entry::What;
use std::ops::RangeInclusive;

/// A look-up under way. Feed it every record of the lane from [`Lookup::offset`] on.
#[derive(Debug)]
pub struct Lookup {
    name: String,
    partitions: usize,
    range: RangeInclusive<u64>,
    offset: u64,
    /// Of the lane where the look-up is; none before the first record.
    term: Option<u64>,
    /// The first number of the next record that counts; none before the first.
    expected: Option<u64>,
}

impl Lookup {
    /// A look-up of numbers that were given, from 1 to [`Kept::last_sequence`]; none otherwise.
    pub fn new(kept: &Kept, range: RangeInclusive<u64>) -> Option<Self> {
        let offset = kept.index.before(*range.start())?;
        let given = *range.start() > 0 && *range.end() <= kept.last_sequence;
        (given && !range.is_empty()).then(|| Lookup {
            name: kept.subscription.name.clone(),
            partitions: kept.positions.len(),
            range,
            offset,
            term: None,
            expected: None,
        })
    }

    /// Where in the lane to begin.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Nothing of the range comes after what was read.
    pub fn is_done(&self) -> bool {
        self.expected.is_some_and(|next| next > *self.range.end())
    }

    /// The events of the range that this record gave numbers to. Records without effect give none.
    pub fn read(&mut self, entry: &Entry) -> Vec<Numbered> {
        let term = *self.term.get_or_insert(entry.term);
        let progress = match &entry.what {
            Some(What::Began(_)) => {
                self.term = Some(term.max(entry.term));
                return Vec::new();
            }
            Some(What::Progress(progress)) if entry.name == self.name && entry.term == term => {
                progress
            }
            _ => return Vec::new(),
        };
        let mut given = numbered(progress, self.partitions).unwrap_or_default();
        let expected = self.expected.unwrap_or(progress.first_sequence);
        if given.is_empty() || progress.first_sequence != expected {
            return Vec::new();
        }
        self.expected = Some(expected + given.len() as u64);
        given.retain(|event| self.range.contains(&event.sequence));
        given
    }
}
