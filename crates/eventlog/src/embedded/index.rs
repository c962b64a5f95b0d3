//! The sparse index of a segment: for a record every 64 KiB, where it lies and the latest recorded
//! time before it. Kept in memory for every segment, written beside a segment when it is sealed
//! and from time to time before, so that opening need not read what the index covers.
//!
//! ```text
//! file: "LTINDEX1" | base | next offset | covered bytes | latest ms | entry count |
//!       (offset | position | latest ms before)* | crc32 of all before
//! all integers u64 or i64, little endian; crc32 is u32
//! ```
//! An index that does not verify is worth nothing and is built again from the segment.

use bytes::{Buf, BufMut};

const MAGIC: &[u8; 8] = b"LTINDEX1";
/// An entry is made for the first record at least this many bytes after the last one.
const EVERY: u64 = 64 * 1024;
const HEAD_BYTES: usize = 48;
const ENTRY_BYTES: usize = 24;

/// A record that can be found without reading what lies before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The record's offset.
    pub(super) offset: u64,
    /// Where its frame begins in the segment, in bytes.
    pub(super) position: u64,
    /// Latest recorded time (ms) of the segment's records before it; `i64::MIN` if none.
    latest_before: i64,
}

/// What is known of the verified or committed part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SparseIndex {
    /// Offset of the segment's first record.
    pub(super) base: u64,
    /// Offset after the last record covered.
    pub(super) next_offset: u64,
    /// Bytes of the segment covered.
    pub(super) covered: u64,
    /// Latest recorded time (ms) covered; `i64::MIN` if there is no record.
    pub(super) latest_ms: i64,
    entries: Vec<Entry>,
}

impl SparseIndex {
    /// The index of an empty segment.
    pub(super) fn new(base: u64) -> Self {
        Self {
            base,
            next_offset: base,
            covered: 0,
            latest_ms: i64::MIN,
            entries: Vec::new(),
        }
    }

    /// Takes in the next record of the segment, `frame_len` bytes long.
    pub(super) fn push(&mut self, frame_len: u64, recorded_ms: i64) {
        let due = self
            .entries
            .last()
            .is_none_or(|last| self.covered - last.position >= EVERY);
        if due {
            self.entries.push(self.here());
        }
        self.covered += frame_len;
        self.next_offset += 1;
        self.latest_ms = self.latest_ms.max(recorded_ms);
    }

    /// The nearest known record at or before an offset.
    pub(super) fn before_offset(&self, offset: u64) -> Entry {
        let after = self.entries.partition_point(|entry| entry.offset <= offset);
        self.entry_before(after)
    }

    /// A known record such that every record before it was recorded before `ms`, as late as
    /// possible.
    pub(super) fn before_time(&self, ms: i64) -> Entry {
        let after = self
            .entries
            .partition_point(|entry| entry.latest_before < ms);
        self.entry_before(after)
    }

    fn entry_before(&self, after: usize) -> Entry {
        after
            .checked_sub(1)
            .and_then(|i| self.entries.get(i).copied())
            .unwrap_or(Entry {
                offset: self.base,
                position: 0,
                latest_before: i64::MIN,
            })
    }

    fn here(&self) -> Entry {
        Entry {
            offset: self.next_offset,
            position: self.covered,
            latest_before: self.latest_ms,
        }
    }

    /// The index as it is written to its file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + self.entries.len() * ENTRY_BYTES + 4);
        out.put_slice(MAGIC);
        out.put_u64_le(self.base);
        out.put_u64_le(self.next_offset);
        out.put_u64_le(self.covered);
        out.put_i64_le(self.latest_ms);
        out.put_u64_le(self.entries.len() as u64);
        for entry in &self.entries {
            out.put_u64_le(entry.offset);
            out.put_u64_le(entry.position);
            out.put_i64_le(entry.latest_before);
        }
        let crc = crc32fast::hash(&out);
        out.put_u32_le(crc);
        out
    }

    /// The index in a file's bytes; `None` unless every bit of it verifies.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, crc) = bytes.split_last_chunk::<4>()?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(body) {
            return None;
        }
        let mut rest = body.strip_prefix(MAGIC)?;
        if rest.len() < HEAD_BYTES - MAGIC.len() {
            return None;
        }
        let mut index = Self {
            base: rest.get_u64_le(),
            next_offset: rest.get_u64_le(),
            covered: rest.get_u64_le(),
            latest_ms: rest.get_i64_le(),
            entries: Vec::new(),
        };
        let count = rest.get_u64_le();
        if rest.len() as u64 != count.checked_mul(ENTRY_BYTES as u64)? {
            return None;
        }
        while rest.has_remaining() {
            index.entries.push(Entry {
                offset: rest.get_u64_le(),
                position: rest.get_u64_le(),
                latest_before: rest.get_i64_le(),
            });
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn filled() -> SparseIndex {
        let mut index = SparseIndex::new(100);
        for i in 0..1_000_i64 {
            index.push(400, if i == 300 { 9_000 } else { i });
        }
        index
    }

    #[test]
    fn an_entry_lies_at_or_before_what_is_sought_and_not_far() {
        let index = filled();
        assert_eq!(index.before_offset(100).position, 0);
        for offset in 100..1_100 {
            let entry = index.before_offset(offset);
            assert!(entry.offset <= offset);
            assert_eq!(entry.position, (entry.offset - 100) * 400);
            assert!((offset - entry.offset) * 400 < EVERY + 400);
        }
    }

    #[test]
    fn nothing_before_the_entry_for_a_time_is_that_late() {
        let index = filled();
        for ms in [0, 1, 299, 300, 999, 9_000] {
            let entry = index.before_time(ms);
            let first = if ms > 300 { 400 } else { 100 + ms as u64 };
            assert!(entry.offset <= first, "{ms}");
        }
        assert!(index.before_time(9_000).offset > 100);
    }

    #[test]
    fn the_file_gives_the_same_index_and_any_flipped_byte_gives_none() {
        let index = filled();
        let bytes = index.to_bytes();
        assert_eq!(SparseIndex::from_bytes(&bytes).unwrap(), index);
        for i in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[i] ^= 1;
            assert!(SparseIndex::from_bytes(&flipped).is_none(), "byte {i}");
            assert!(SparseIndex::from_bytes(&bytes[..i]).is_none(), "cut at {i}");
        }
    }
}
