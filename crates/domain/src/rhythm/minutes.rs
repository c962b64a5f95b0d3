//! A set of minutes of the last weeks, a bit each.

use super::HOUR;

/// Offset of Indochina Time from UTC.
const OFFSET_MS: i64 = 7 * 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// The number of the minute at +07:00 that holds a moment (milliseconds since the epoch).
pub fn minute_of(millis: i64) -> i64 {
    millis.saturating_add(OFFSET_MS).div_euclid(MINUTE_MS)
}

/// Minutes of so many hours until the latest that was marked; 8 bytes an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minutes {
    /// The latest hour; none: nothing was marked.
    newest: Option<i64>,
    /// A ring: the hour `h` is at `h mod length`.
    bits: Box<[u64]>,
}

impl Minutes {
    /// Empty, to keep so many hours (at least 1).
    pub fn new(hours: usize) -> Self {
        Self {
            newest: None,
            bits: vec![0; hours.max(1)].into(),
        }
    }

    /// The set whose latest hour is `newest`, with the bits of the hours before it, the oldest
    /// first; a bit over the sixtieth is none.
    pub fn restore(hours: usize, newest: i64, oldest_first: &[u64]) -> Self {
        let mut minutes = Self::new(hours);
        let first = newest - oldest_first.len() as i64 + 1;
        for (hour, bits) in (first..).zip(oldest_first) {
            let valid = bits & mask(0..HOUR);
            if valid != 0 {
                minutes.turn(hour);
                if let Some(place) = minutes.place(hour) {
                    minutes.bits[place] = valid;
                }
            }
        }
        minutes
    }

    /// Marks a minute; whether it is one that is kept, and was not marked before.
    pub fn mark(&mut self, minute: i64) -> bool {
        let hour = minute.div_euclid(HOUR);
        self.turn(hour);
        let bit = 1 << minute.rem_euclid(HOUR);
        let Some(place) = self.place(hour) else {
            return false;
        };
        let is_new = self.bits[place] & bit == 0;
        self.bits[place] |= bit;
        is_new
    }

    /// The minutes of an hour, the first in the lowest bit; none of an hour that is not kept.
    pub fn hour(&self, hour: i64) -> u64 {
        self.place(hour).map_or(0, |place| self.bits[place])
    }

    /// The minutes of an hour that lie in a range of minutes.
    pub(super) fn within(&self, hour: i64, range: &std::ops::Range<i64>) -> u64 {
        let begin = hour.saturating_mul(HOUR);
        let of_hour = |minute: i64| minute.saturating_sub(begin).clamp(0, HOUR);
        self.hour(hour) & mask(of_hour(range.start)..of_hour(range.end))
    }

    /// The latest hour that has a minute; none: there is none.
    pub fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// The bits of all hours that are kept, the oldest first, the last being [`Minutes::newest`].
    pub fn oldest_first(&self) -> impl Iterator<Item = u64> + '_ {
        let newest = self.newest.unwrap_or_default();
        let first = newest - self.bits.len() as i64 + 1;
        (first..=newest).map(|hour| self.hour(hour))
    }

    /// The first minute that is kept; none: there is none.
    pub fn first(&self) -> Option<i64> {
        let newest = self.newest?;
        let first = newest - self.bits.len() as i64 + 1;
        let hour = (first..=newest).find(|hour| self.hour(*hour) != 0)?;
        Some(hour * HOUR + i64::from(self.hour(hour).trailing_zeros()))
    }

    /// The last minute; none: there is none.
    pub fn last(&self) -> Option<i64> {
        let hour = self.newest?;
        let bits = self.hour(hour);
        (bits != 0).then(|| hour * HOUR + i64::from(bits.ilog2()))
    }

    /// Goes on to a later hour; what lies too far back for it is gone.
    fn turn(&mut self, hour: i64) {
        let length = self.bits.len() as i64;
        let Some(newest) = self.newest else {
            self.newest = Some(hour);
            return;
        };
        if hour <= newest {
            return;
        }
        for passed in (newest + 1..=hour).take(self.bits.len()) {
            self.bits[passed.rem_euclid(length) as usize] = 0;
        }
        self.newest = Some(hour);
    }

    fn place(&self, hour: i64) -> Option<usize> {
        let length = self.bits.len() as i64;
        let is_kept = (0..length).contains(&self.newest?.saturating_sub(hour));
        is_kept.then(|| hour.rem_euclid(length) as usize)
    }
}

/// The bits of a range within 0..=60.
fn mask(range: std::ops::Range<i64>) -> u64 {
    let below = |bit: i64| (1_u64 << bit) - 1;
    below(range.end) & !below(range.start.min(range.end))
}
