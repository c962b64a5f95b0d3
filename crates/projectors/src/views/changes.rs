//! Which parts changed, and a checkpoint that is written while the view goes on.
//!
//! ```text
//! position      p  (checkpoint begins)
//! dirty      ---|-------- changed after p: the next checkpoint's
//!   saving      |xxxxx.......  changed before p: encoded a few at a time
//!   rescued     |  a part of `saving` about to change: encoded as it was at p
//! ```
//! So what is written is the view exactly at p, and the view never stops for it.

/// A part with its stored form.
pub type Encoded = (u32, Vec<u8>);

/// Marks of one partition's parts.
#[derive(Default)]
pub struct Changes {
    dirty: Marks,
    saving: Marks,
    /// Everything of `saving` below this number is encoded.
    cursor: u32,
    rescued: Vec<Encoded>,
    rescued_bytes: usize,
}

impl Changes {
    /// The part has changed.
    pub fn mark(&mut self, part: u32) {
        self.dirty.set(part);
    }

    /// Whether the part has to be encoded before it changes.
    pub fn must_rescue(&self, part: u32) -> bool {
        self.saving.count > 0 && self.saving.has(part)
    }

    /// Keeps the stored form of a part that is about to change.
    pub fn rescue(&mut self, part: u32, bytes: Vec<u8>) {
        self.saving.clear(part);
        self.rescued_bytes += bytes.len();
        self.rescued.push((part, bytes));
    }

    /// Begins a checkpoint of everything that changed since the last one began.
    pub fn begin(&mut self) {
        self.saving = std::mem::take(&mut self.dirty);
        self.cursor = 0;
    }

    /// What was rescued since this was last asked.
    pub fn take_rescued(&mut self) -> Vec<Encoded> {
        self.rescued_bytes = 0;
        std::mem::take(&mut self.rescued)
    }

    /// The next part to encode; none: the checkpoint has everything but what was rescued.
    pub fn next_to_save(&mut self) -> Option<u32> {
        let next = self.saving.first_from(self.cursor)?;
        self.saving.clear(next);
        self.cursor = next + 1;
        Some(next)
    }

    /// Forgets the checkpoint under way and marks `parts` parts, all there are, as changed.
    pub fn mark_all(&mut self, parts: u32) {
        *self = Self::default();
        for part in 0..parts {
            self.dirty.set(part);
        }
    }

    /// Forgets every mark: the view is as its checkpoint.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes that wait to be handed to the checkpoint under way.
    pub fn rescued_bytes(&self) -> usize {
        self.rescued_bytes
    }
}

/// A set of part numbers.
#[derive(Default)]
struct Marks {
    words: Vec<u64>,
    count: usize,
}

impl Marks {
    fn set(&mut self, part: u32) {
        let (word, bit) = place(part);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.count += usize::from(self.words[word] & bit == 0);
        self.words[word] |= bit;
    }

    fn clear(&mut self, part: u32) {
        let (word, bit) = place(part);
        if let Some(marks) = self.words.get_mut(word) {
            self.count -= usize::from(*marks & bit != 0);
            *marks &= !bit;
        }
    }

    fn has(&self, part: u32) -> bool {
        let (word, bit) = place(part);
        self.words.get(word).is_some_and(|marks| marks & bit != 0)
    }

    fn first_from(&self, part: u32) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        let (from, bit) = place(part);
        let rest = self.words.get(from).map(|marks| marks & !(bit - 1));
        let later = self.words.iter().enumerate().skip(from + 1);
        let mut words = rest
            .map(|marks| (from, marks))
            .into_iter()
            .chain(later.map(|(at, marks)| (at, *marks)));
        let (word, marks) = words.find(|(_, marks)| *marks != 0)?;
        Some(word as u32 * 64 + marks.trailing_zeros())
    }
}

fn place(part: u32) -> (usize, u64) {
    (part as usize / 64, 1 << (part % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_takes_each_changed_part_once_and_leaves_later_changes_to_the_next() {
        let mut changes = Changes::default();
        for part in [0, 63, 64, 200] {
            changes.mark(part);
        }
        changes.begin();
        assert_eq!(changes.next_to_save(), Some(0));
        assert!(changes.must_rescue(64) && !changes.must_rescue(0));
        changes.rescue(64, vec![1]);
        changes.mark(64);
        changes.mark(300);
        assert_eq!(changes.next_to_save(), Some(63));
        assert_eq!(changes.next_to_save(), Some(200));
        assert_eq!(changes.next_to_save(), None);
        assert_eq!(changes.take_rescued(), vec![(64, vec![1])]);
        changes.begin();
        assert_eq!(changes.next_to_save(), Some(64));
        assert_eq!(changes.next_to_save(), Some(300));
        assert_eq!(changes.next_to_save(), None);
    }
}
