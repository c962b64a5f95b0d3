//! Where a lane holds which sequence numbers, roughly: one point every so many numbers, and never
//! more points than fit.

/// Most points of an index, at 16 bytes each.
pub(super) const MOST_POINTS: usize = 4_096;
/// Numbers between two points at first; doubles when the points are too many, so that after n
/// numbers a look-up reads the records of at most `max(256, n / 1024)` numbers too many, or one
/// record if it gave more.
const EVERY: u64 = 256;

/// A sparse index from sequence numbers to the lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    every: u64,
    /// First number of a record and the record's offset, both ascending.
    points: Vec<(u64, u64)>,
}

impl Default for Index {
    fn default() -> Self {
        Index {
            every: EVERY,
            points: Vec::new(),
        }
    }
}

impl Index {
    /// Offset in the lane of a record, none after that which gave the number. Every number given
    /// by that record or after it is found by reading on from there.
    pub fn before(&self, sequence: u64) -> Option<u64> {
        let after = self.points.partition_point(|(first, _)| *first <= sequence);
        let (_, offset) = self.points[..after].last()?;
        Some(*offset)
    }

    pub(super) fn add(&mut self, first_sequence: u64, offset: u64) {
        let far = |(last, _): &(u64, u64)| first_sequence >= last + self.every;
        if !self.points.last().is_none_or(far) {
            return;
        }
        self.points.push((first_sequence, offset));
        if self.points.len() > MOST_POINTS {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        self.every *= 2;
        let mut kept = None;
        self.points.retain(|(first, _)| {
            let keep = kept.is_none_or(|kept| *first >= kept + self.every);
            if keep {
                kept = Some(*first);
            }
            keep
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_at_or_after_the_point_before_it() {
        let mut index = Index::default();
        assert_eq!(index.before(1), None);
        for record in 0..100 {
            index.add(1 + record * 100, record * 7);
        }
        assert_eq!(index.before(1), Some(0));
        assert_eq!(index.before(300), Some(0));
        assert_eq!(index.before(301), Some(3 * 7));
        assert_eq!(index.before(9_999), Some(99 * 7));
    }

    #[test]
    fn a_long_life_keeps_a_bounded_index_that_is_not_far_off() {
        let mut index = Index::default();
        for record in 0..100_000_u64 {
            index.add(1 + record * 300, record);
            assert!(index.points.len() <= MOST_POINTS);
        }
        for sequence in (1..30_000_000_u64).step_by(77_777) {
            let record = (sequence - 1) / 300;
            let point = index.before(sequence).unwrap_or(u64::MAX);
            assert!(point <= record);
            assert!((record - point) * 300 <= 30_000_000 / 1_024 + 300);
        }
    }
}
