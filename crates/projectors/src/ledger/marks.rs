//! A set of part numbers that is filled one by one and emptied in bulk.

/// Part numbers, each once.
#[derive(Default)]
pub struct Marks {
    words: Vec<u64>,
    listed: Vec<u32>,
}

/// Whether parts are in a set; no more than that.
#[derive(Default, Clone)]
pub struct Bits(Vec<u64>);

impl Marks {
    /// Adds a part.
    pub fn set(&mut self, part: u32) {
        let (word, bit) = (part as usize / 64, 1u64 << (part % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if self.words[word] & bit == 0 {
            self.words[word] |= bit;
            self.listed.push(part);
        }
    }

    /// Adds every part below `count`.
    pub fn set_all(&mut self, count: u32) {
        for part in (0..count).rev() {
            self.set(part);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Takes out at most so many.
    pub fn take(&mut self, most: usize) -> Vec<u32> {
        if most >= self.listed.len() {
            return self.take_all();
        }
        let taken = self.listed.split_off(self.listed.len() - most);
        for part in &taken {
            self.words[*part as usize / 64] &= !(1 << (part % 64));
        }
        taken
    }

    /// Takes out all.
    pub fn take_all(&mut self) -> Vec<u32> {
        for part in &self.listed {
            self.words[*part as usize / 64] = 0;
        }
        std::mem::take(&mut self.listed)
    }
}

impl Bits {
    /// Adds or removes a part.
    pub fn put(&mut self, part: u32, on: bool) {
        let (word, bit) = (part as usize / 64, 1u64 << (part % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        match on {
            true => self.0[word] |= bit,
            false => self.0[word] &= !bit,
        }
    }

    /// Whether the part is in it.
    pub fn has(&self, part: u32) -> bool {
        let word = self.0.get(part as usize / 64);
        word.is_some_and(|word| word >> (part % 64) & 1 == 1)
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<T: IntoIterator<Item = u32>>(parts: T) -> Self {
        let mut bits = Bits::default();
        for part in parts {
            bits.put(part, true);
        }
        bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_listed_once_until_it_is_taken_and_then_again() {
        let mut marks = Marks::default();
        for part in [3, 70, 3, 64] {
            marks.set(part);
        }
        let mut first = marks.take(1);
        marks.set(first[0]);
        first = marks.take(2);
        marks.set(3);
        first.extend(marks.take(9));
        first.sort_unstable();
        assert_eq!(first, [3, 64, 70]);
        assert!(marks.is_empty());
        marks.set(3);
        assert_eq!(marks.take_all(), [3]);
    }

    #[test]
    fn a_bit_is_there_until_it_is_put_off() {
        let mut bits: Bits = [1, 130].into_iter().collect();
        assert!(bits.has(1) && bits.has(130) && !bits.has(129) && !bits.has(9_999));
        bits.put(130, false);
        assert!(!bits.has(130));
    }
}
