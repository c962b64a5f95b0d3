//! When the records that a lane took last were recorded.
//!
//! A gateway that finds the log's end beyond its answer has to say how long the first event that
//! is not in the answer has waited. That event was taken by its lane a moment later, nearly
//! always; so the lane remembers, and nobody reads the log for one record.

use crate::views::state::Read;
use std::collections::VecDeque;

/// What is remembered at most: a second of the fastest lane would be a hundred times more, but
/// gateways ask within milliseconds.
const MOST: usize = 4_096;

/// Recorded times by offset.
#[derive(Default)]
pub struct Recent {
    /// Offset and recorded time, milliseconds since the Unix epoch; offsets ascend.
    kept: VecDeque<(u64, i64)>,
}

impl Recent {
    /// These were taken now, in order.
    pub fn add(&mut self, reads: &[Read]) {
        let surplus = (self.kept.len() + reads.len()).saturating_sub(MOST);
        self.kept.drain(..surplus.min(self.kept.len()));
        let last = &reads[reads.len().saturating_sub(MOST)..];
        let records = last.iter().map(|read| &read.stored);
        self.kept
            .extend(records.map(|stored| (stored.offset, stored.record.recorded_ms)));
    }

    /// When the record at an offset was recorded, if that is remembered.
    pub fn at(&self, offset: u64) -> Option<i64> {
        let at = self
            .kept
            .binary_search_by_key(&offset, |(offset, _)| *offset);
        at.ok().map(|at| self.kept[at].1)
    }

    /// Forgets everything: the lane goes on from another place.
    pub fn clear(&mut self) {
        self.kept.clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::testing::events::record;
    use crate::views::state::read;
    use lienthong_eventlog::StoredRecord;

    fn reads(offsets: std::ops::Range<u64>) -> Vec<Read> {
        let one = |offset| {
            let mut record = record(b"D-1", Vec::new());
            record.recorded_ms = offset as i64 * 10;
            read(StoredRecord { offset, record })
        };
        offsets.map(one).collect()
    }

    #[test]
    fn the_last_records_are_remembered() {
        let mut recent = Recent::default();
        recent.add(&reads(5..8));
        assert_eq!(
            [4, 5, 7, 8].map(|at| recent.at(at)),
            [None, Some(50), Some(70), None]
        );
        recent.add(&reads(8..MOST as u64 + 6));
        assert_eq!([5, 6].map(|at| recent.at(at)), [None, Some(60)]);
        recent.add(&reads(10_000..10_000 + 2 * MOST as u64));
        let end = 10_000 + 2 * MOST as u64;
        assert_eq!(recent.at(end - 1), Some((end as i64 - 1) * 10));
        assert_eq!(recent.at(end - MOST as u64 - 1), None);
        recent.clear();
        assert_eq!(recent.at(end - 1), None);
    }
}
