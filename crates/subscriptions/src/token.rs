//! A place of the event log, as it is given to whoever is to come back to it.
//!
//! ```text
//! version | partitions | of each: next offset, mark of the record before it | CRC-32
//! ```
//! in base64url. Opaque to callers. The marks show that a token belongs to another log, whose
//! offsets would otherwise lead to a silent jump; those of a copied log are equal, so that its
//! tokens hold.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Buf, BufMut};
use lienthong_eventlog::Record;
use prost::encoding::{decode_varint, encode_varint};

/// The layout written and read.
const VERSION: u8 = 1;
/// Bytes of the checksum at the end.
const CHECKSUM: usize = 4;
/// Most partitions of any log, for what a token may claim.
const MOST_PARTITIONS: u64 = 65_536;

/// The next offset to be read of every partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    positions: Vec<u64>,
    marks: Vec<u32>,
}

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Something was changed or cut off on its way.
    #[error("it is not a token as the hub gave it: a part is missing or was changed")]
    Damaged,
    /// A later hub made it.
    #[error("it is a token of version {0}, which this hub does not know")]
    Version(u8),
}

impl Place {
    /// Positions, each with the mark of the record before it; 0 where there is none or it is gone.
    /// A mark that is not given is 0.
    pub fn new(positions: Vec<u64>, mut marks: Vec<u32>) -> Self {
        marks.resize(positions.len(), 0);
        Self { positions, marks }
    }

    /// The next offset to be read of each partition.
    pub fn positions(&self) -> &[u64] {
        &self.positions
    }

    /// The mark of the record before each position; 0: not known.
    pub fn marks(&self) -> &[u32] {
        &self.marks
    }

    /// Goes on to another position of a partition. `mark` is that of the record before it.
    pub fn go_on(&mut self, partition: u32, position: u64, mark: u32) {
        let partition = partition as usize;
        if let (Some(position_of), Some(mark_of)) = (
            self.positions.get_mut(partition),
            self.marks.get_mut(partition),
        ) {
            (*position_of, *mark_of) = (position, mark);
        }
    }

    /// The token.
    pub fn token(&self) -> String {
        let mut bytes = Vec::with_capacity(8 + 10 * self.positions.len());
        bytes.put_u8(VERSION);
        encode_varint(self.positions.len() as u64, &mut bytes);
        for (position, mark) in self.positions.iter().zip(&self.marks) {
            encode_varint(*position, &mut bytes);
            bytes.put_u32_le(*mark);
        }
        bytes.put_u32_le(crc32fast::hash(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn of_token(token: &str) -> Result<Self, Malformed> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim());
        let bytes = bytes.map_err(|_| Malformed::Damaged)?;
        let end = bytes.len().checked_sub(CHECKSUM);
        let (mut rest, mut checksum) = bytes.split_at(end.ok_or(Malformed::Damaged)?);
        if rest.is_empty() || crc32fast::hash(rest) != checksum.get_u32_le() {
            return Err(Malformed::Damaged);
        }
        match rest.get_u8() {
            VERSION => read(&mut rest).ok_or(Malformed::Damaged),
            other => Err(Malformed::Version(other)),
        }
    }
}

/// What follows the version.
fn read(rest: &mut &[u8]) -> Option<Place> {
    let partitions = decode_varint(rest).ok()?;
    if !(1..=MOST_PARTITIONS).contains(&partitions) {
        return None;
    }
    let mut place = Place::new(Vec::new(), Vec::new());
    for _ in 0..partitions {
        place.positions.push(decode_varint(rest).ok()?);
        place.marks.push(rest.try_get_u32_le().ok()?);
    }
    rest.is_empty().then_some(place)
}

/// What tells a record from those that other logs have at its place; never 0.
pub fn mark(record: &Record) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&record.key);
    hasher.update(&record.value);
    hasher.finalize().max(1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_names_its_place_again(
            places in proptest::collection::vec((any::<u64>(), any::<u32>()), 1..40),
        ) {
            let (positions, marks) = places.into_iter().unzip();
            let place = Place::new(positions, marks);
            prop_assert_eq!(Place::of_token(&place.token()), Ok(place));
        }

        #[test]
        fn a_token_with_one_letter_changed_or_cut_off_is_refused(
            positions in proptest::collection::vec(any::<u64>(), 1..9),
            at in any::<prop::sample::Index>(),
            letter in "[A-Za-z0-9_-]",
        ) {
            let token = Place::new(positions, Vec::new()).token();
            let at = at.index(token.len());
            prop_assert!(Place::of_token(&token[..at]).is_err());
            let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
            if changed != token {
                prop_assert!(Place::of_token(&changed).is_err());
            }
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["", "AAAA", "not a token", "%%%", "AQ", "\u{1ec7}"] {
            assert_eq!(Place::of_token(text), Err(Malformed::Damaged), "{text}");
        }
    }

    #[test]
    fn a_token_of_a_later_version_says_so() {
        let mut bytes = vec![9, 1, 0];
        bytes.put_u32_le(0);
        bytes.put_u32_le(crc32fast::hash(&bytes));
        let token = URL_SAFE_NO_PAD.encode(bytes);
        assert_eq!(Place::of_token(&token), Err(Malformed::Version(9)));
    }
}
