//! The manifest of a day: what lets a receiver prove that it has everything.

use sha2::{Digest, Sha256};

/// What was given out on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Day {
    /// The first number, inclusive; 0: none was given.
    pub first: u64,
    /// The last number, inclusive.
    pub last: u64,
    /// How many.
    pub count: u64,
    /// The sum of their [`term`]s, modulo 2^64.
    pub digest: u64,
}

impl Day {
    pub(super) fn add(&mut self, first: u64, last: u64, digest: u64) {
        if self.count == 0 {
            self.first = first;
        }
        self.last = last;
        self.count += last - first + 1;
        self.digest = self.digest.wrapping_add(digest);
    }

    /// The digest as `DayManifest.digest` tells it.
    pub fn digest_text(&self) -> String {
        format!("{:016x}", self.digest)
    }
}

/// What one event adds to the digest of its day: the first 8 bytes, big-endian, of the SHA-256 of
/// `<sequence>\n<source>\n<id>`.
pub fn term(sequence: u64, source: &str, id: &str) -> u64 {
    let hash = Sha256::new()
        .chain_update(sequence.to_string())
        .chain_update("\n")
        .chain_update(source)
        .chain_update("\n")
        .chain_update(id)
        .finalize();
    let (first, _) = hash.split_at(8);
    first
        .iter()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERM_1: u64 = 0x0f7b_9660_135f_2175;
    const TERM_2: u64 = 0x49ed_7a74_2ddc_fffd;
    const SUM: &str = "596910d4413c2172";

    #[test]
    fn the_digest_of_a_day_is_what_sha256sum_and_a_pocket_calculator_say() {
        // printf '1\nurn:a\nx' | sha256sum; printf '2\nurn:a\ny' | sha256sum
        assert_eq!(term(1, "urn:a", "x"), TERM_1);
        assert_eq!(term(2, "urn:a", "y"), TERM_2);
        let mut day = Day::default();
        day.add(1, 2, TERM_1.wrapping_add(TERM_2));
        assert_eq!((day.first, day.last, day.count), (1, 2, 2));
        assert_eq!(day.digest_text(), SUM);
    }
}
