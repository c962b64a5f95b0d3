//! How long until retention removes an event that has not been processed.

use crate::{Bounds, Retention};

/// The first record of a partition that somebody has not processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its offset.
    pub offset: u64,
    /// When it was recorded, milliseconds since the Unix epoch.
    pub recorded_ms: i64,
}

impl Retention {
    /// Seconds until retention may remove a record, by the age or by the size that it allows,
    /// whichever comes first; negative or 0: any moment. None: nothing is removed. By size it is an
    /// estimate: every record is taken to be of the mean size, and as many a second to come in as
    /// `in_per_second` says; where nothing comes in, nothing is pushed out.
    #[must_use]
    pub fn headroom_seconds(
        &self,
        first: Unread,
        bounds: Bounds,
        in_per_second: f64,
        now_ms: i64,
    ) -> Option<f64> {
        let by_age = self.age.map(|age| {
            let passed_ms = now_ms.saturating_sub(first.recorded_ms);
            age.as_secs_f64() - passed_ms as f64 / 1_000.0
        });
        let by_size = self.by_size(first, bounds, in_per_second);
        [by_age, by_size].into_iter().flatten().reduce(f64::min)
    }

    fn by_size(&self, first: Unread, bounds: Bounds, in_per_second: f64) -> Option<f64> {
        let (allowed, kept) = self.bytes.zip(self.kept_bytes)?;
        let records = bounds.end.saturating_sub(bounds.start);
        if records == 0 {
            return None;
        }
        let mean = kept as f64 / records as f64;
        let from_first = bounds.end.saturating_sub(first.offset) as f64 * mean;
        let room = allowed as f64 - from_first;
        let coming = in_per_second * mean;
        match coming > 0.0 {
            true => Some(room / coming),
            false => (room <= 0.0).then_some(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const FIRST: Unread = Unread {
        offset: 40,
        recorded_ms: 10_000,
    };
    const BOUNDS: Bounds = Bounds { start: 0, end: 100 };

    fn told(retention: Retention, in_per_second: f64) -> Option<f64> {
        retention.headroom_seconds(FIRST, BOUNDS, in_per_second, 40_000)
    }

    #[test]
    fn a_log_that_removes_nothing_has_no_end_of_its_patience() {
        assert_eq!(told(Retention::default(), 5.0), None);
    }

    #[test]
    fn by_age_it_is_what_is_left_of_the_allowed_age_and_negative_beyond_it() {
        let age = |seconds| Retention {
            age: Some(Duration::from_secs(seconds)),
            ..Retention::default()
        };
        assert_eq!(told(age(100), 0.0), Some(70.0));
        assert_eq!(told(age(10), 0.0), Some(-20.0));
    }

    #[test]
    fn by_size_it_is_the_room_left_over_what_comes_in() {
        // 10 bytes a record; 600 from the first event on.
        let size = |bytes| Retention {
            bytes: Some(bytes),
            kept_bytes: Some(1_000),
            ..Retention::default()
        };
        assert_eq!(told(size(1_000), 2.0), Some(20.0));
        assert_eq!(told(size(1_000), 0.0), None);
        assert_eq!(told(size(500), 2.0), Some(-5.0));
        assert_eq!(told(size(500), 0.0), Some(0.0));
    }

    #[test]
    fn the_sooner_of_both_counts() {
        let both = Retention {
            age: Some(Duration::from_secs(40)),
            bytes: Some(1_000),
            kept_bytes: Some(1_000),
        };
        assert_eq!(told(both, 2.0), Some(10.0));
        assert_eq!(told(both, 10.0), Some(4.0));
    }
}
