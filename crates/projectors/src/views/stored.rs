//! Parts as a checkpoint stores and restores them, whatever the view.

use super::changes::{Changes, Encoded};
use super::keyed::{Fact, Keyed, Mention};
use super::names::Names;

/// Why a stored part cannot be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("part {part} does not read or does not fit")]
pub struct Damaged {
    /// Its number.
    pub part: u32,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Facts held.
    pub facts: u64,
    /// Record keys held.
    pub keys: u64,
    /// Events left out because `source` + `id` had taken effect already.
    pub duplicates: u64,
}

/// The parts of one partition, whatever their facts.
pub trait Parts: Send + Sync {
    /// Brings the parts of these keys into the processor's cache.
    fn warm(&self, keys: &mut dyn Iterator<Item = &[u8]>);
    /// Sum of the facts' digests.
    fn digest(&self) -> u128;
    /// What is counted.
    fn counts(&self) -> Counts;
    /// Sets the number of duplicates, which facts do not tell.
    fn set_duplicates(&mut self, duplicates: u64);
    /// The vocabulary.
    fn names(&self) -> &Names;
    /// The vocabulary, to be restored.
    fn names_mut(&mut self) -> &mut Names;
    /// The marks of what changed.
    fn changes(&self) -> &Changes;
    /// The marks of what changed.
    fn changes_mut(&mut self) -> &mut Changes;
    /// The next pieces of the checkpoint under way, about `bytes` of them; empty: that was all.
    fn next_pieces(&mut self, bytes: usize) -> Vec<Encoded>;
    /// Puts back a stored part. Parts come in the order of their numbers, from 0.
    ///
    /// # Errors
    /// [`Damaged`].
    fn put_back(&mut self, part: u32, bytes: &[u8]) -> Result<(), Damaged>;
    /// Codes mentioned for the first time since this was last asked.
    fn take_fresh(&mut self) -> Vec<Mention>;
    /// Parts that have become special since this was last asked.
    fn take_fresh_special(&mut self) -> Vec<u32>;
    /// Parts that took a fact since this was last asked.
    fn take_touched(&mut self) -> Vec<u32>;
}

impl<F: Fact> Parts for Keyed<F> {
    fn warm(&self, keys: &mut dyn Iterator<Item = &[u8]>) {
        Keyed::warm(self, keys);
    }

    fn digest(&self) -> u128 {
        self.digest
    }

    fn counts(&self) -> Counts {
        Counts {
            facts: self.facts,
            keys: self.parts.len() as u64,
            duplicates: self.duplicates,
        }
    }

    fn set_duplicates(&mut self, duplicates: u64) {
        self.duplicates = duplicates;
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }

    fn changes_mut(&mut self) -> &mut Changes {
        &mut self.changes
    }

    fn next_pieces(&mut self, bytes: usize) -> Vec<Encoded> {
        let mut pieces = self.changes.take_rescued();
        let mut size: usize = pieces.iter().map(|(_, bytes)| bytes.len()).sum();
        while size < bytes {
            let Some(part) = self.changes.next_to_save() else {
                break;
            };
            let encoded = self.parts.get(part).to_vec();
            size += encoded.len();
            pieces.push((part, encoded));
        }
        pieces
    }

    fn put_back(&mut self, part: u32, bytes: &[u8]) -> Result<(), Damaged> {
        let damaged = Damaged { part };
        if part as usize != self.parts.len() {
            return Err(damaged);
        }
        Keyed::put_back(self, bytes).then_some(()).ok_or(damaged)
    }

    fn take_fresh(&mut self) -> Vec<Mention> {
        Keyed::take_fresh(self)
    }

    fn take_touched(&mut self) -> Vec<u32> {
        Keyed::take_touched(self)
    }

    fn take_fresh_special(&mut self) -> Vec<u32> {
        Keyed::take_fresh_special(self)
    }
}
