//! How a record lies in a segment file.
//!
//! A segment is frames back to back from byte 0, then zeros up to the length it was preallocated
//! to. All integers are little endian; nothing is aligned.
//!
//! ```text
//! byte 0        4        8                  16         20           20+k        8+length
//!      | length | crc32  | recorded_ms      | key len k| key        | value     | next frame
//!      |  u32   |  u32   |  i64             |  u32     | k bytes    |           |
//!      |        |        |<----------------- length bytes ----------------->|
//!
//! crc32 (IEEE) is over: the record's offset as u64, then the `length` bytes.
//! length is at least 12; 0 means that nothing was written here yet.
//! ```
//!
//! The offset is not stored but is in the checksum, so a frame verifies only in its own place: old
//! bytes of another record can never be taken for this one.

use std::ops::Range;

use bytes::{BufMut, Bytes};

use crate::{Record, StoredRecord};

/// Bytes a frame has besides key and value.
pub(super) const OVERHEAD: usize = PREFIX + FIXED;
/// Length and checksum.
const PREFIX: usize = 8;
/// Recorded time and key length.
const FIXED: usize = 12;

/// Whether the checksum is computed while decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// For bytes that come from a file.
    Crc,
    /// For bytes that this process encoded and kept in memory.
    Trusted,
}

/// One frame found in a block; ranges are within that block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) offset: u64,
    pub(super) recorded_ms: i64,
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
}

impl Frame {
    /// Bytes the frame takes in the file.
    pub(super) fn len(&self) -> usize {
        OVERHEAD + self.key.len() + self.value.len()
    }

    /// The record, sharing the block's memory.
    pub(super) fn record(&self, block: &Bytes) -> StoredRecord {
        StoredRecord {
            offset: self.offset,
            record: Record {
                key: block.slice(self.key.clone()),
                value: block.slice(self.value.clone()),
                recorded_ms: self.recorded_ms,
            },
        }
    }
}

/// What lies at a place of a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A frame that verifies.
    Frame(Frame),
    /// The block ends within the frame, which needs this many bytes in all.
    Partial(usize),
    /// A zero length: nothing was written here yet.
    Nothing,
    /// Bytes that are no frame, and why.
    Bad(&'static str),
}

/// Bytes the record takes in a segment.
pub(super) fn framed_len(record: &Record) -> usize {
    OVERHEAD + record.key.len() + record.value.len()
}

/// Appends the frame of a record at an offset. The record is within the limits that were checked
/// when it was taken, so its lengths fit into 32 bits.
pub(super) fn encode(block: &mut Vec<u8>, offset: u64, record: &Record) {
    let start = block.len();
    block.put_u32_le((FIXED + record.key.len() + record.value.len()) as u32);
    block.put_u32_le(0);
    block.put_i64_le(record.recorded_ms);
    block.put_u32_le(record.key.len() as u32);
    block.put_slice(&record.key);
    block.put_slice(&record.value);
    let crc = checksum(offset, &block[start + PREFIX..]);
    block[start + 4..start + PREFIX].copy_from_slice(&crc.to_le_bytes());
}

/// Looks at the place `at` of a block, where the record of `offset` should be.
pub(super) fn decode(block: &[u8], at: usize, offset: u64, check: Check) -> Found {
    let rest = &block[at.min(block.len())..];
    let (Some(length), Some(crc)) = (u32_at(rest, 0), u32_at(rest, 4)) else {
        return Found::Partial(OVERHEAD);
    };
    if length == 0 {
        return Found::Nothing;
    }
    let length = length as usize;
    if length < FIXED {
        return Found::Bad("a record's length is less than its fixed part");
    }
    let Some(body) = rest.get(PREFIX..PREFIX + length) else {
        return Found::Partial(PREFIX + length);
    };
    if check == Check::Crc && checksum(offset, body) != crc {
        return Found::Bad("a record's checksum does not match its bytes");
    }
    let (recorded_ms, key_len) = fixed_part(body);
    let key = at + OVERHEAD;
    let value = key + key_len;
    let end = at + PREFIX + length;
    if value > end {
        return Found::Bad("a record's key is longer than the record");
    }
    Found::Frame(Frame {
        offset,
        recorded_ms,
        key: key..value,
        value: value..end,
    })
}

fn checksum(offset: u64, body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&offset.to_le_bytes());
    crc.update(body);
    crc.finalize()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*word))
}

/// Recorded time and key length of a body that has at least its fixed part.
fn fixed_part(body: &[u8]) -> (i64, usize) {
    let time = body
        .first_chunk::<8>()
        .map_or(0, |b| i64::from_le_bytes(*b));
    let key_len = u32_at(body, 8).unwrap_or(0);
    (time, key_len as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &'static [u8], value: &'static [u8]) -> Record {
        Record {
            key: Bytes::from_static(key),
            value: Bytes::from_static(value),
            recorded_ms: -5,
        }
    }

    #[test]
    fn a_frame_decodes_to_the_record_it_was_made_of() {
        for record in [
            record(b"case", b"event"),
            record(b"", b""),
            record(b"k", b""),
        ] {
            let mut block = vec![7; 3];
            encode(&mut block, 42, &record);
            assert_eq!(block.len(), 3 + framed_len(&record));
            let block = Bytes::from(block);
            let Found::Frame(frame) = decode(&block, 3, 42, Check::Crc) else {
                unreachable!("it was just encoded");
            };
            assert_eq!(frame.len(), framed_len(&record));
            assert_eq!(frame.record(&block), StoredRecord { offset: 42, record });
        }
    }

    #[test]
    fn any_flipped_bit_and_any_other_offset_is_noticed() {
        let mut block = Vec::new();
        encode(&mut block, 42, &record(b"case", b"event"));
        assert!(matches!(decode(&block, 0, 43, Check::Crc), Found::Bad(_)));
        for bit in 0..block.len() * 8 {
            let mut flipped = block.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !matches!(decode(&flipped, 0, 42, Check::Crc), Found::Frame(_)),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_cut_frame_says_how_much_it_needs() {
        let mut block = Vec::new();
        encode(&mut block, 0, &record(b"case", b"event"));
        for cut in 8..block.len() {
            assert_eq!(
                decode(&block[..cut], 0, 0, Check::Crc),
                Found::Partial(block.len())
            );
        }
        assert_eq!(decode(&[0; 64], 0, 0, Check::Crc), Found::Nothing);
    }
}
