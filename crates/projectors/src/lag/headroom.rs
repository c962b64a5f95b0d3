//! How long until retention removes an event that has not been processed.

use super::waiting::First;
use lienthong_eventlog::{Bounds, Retention};

/// Seconds until retention may remove the first event not yet processed, by the age or by the size
/// that it allows, whichever comes first; negative or 0: any moment. None: nothing is removed, or
/// nothing waits. By size it is an estimate: every record is taken to be of the mean size, and as
/// many to come in as over the window.
#[must_use]
pub fn seconds(
    first: First,
    bounds: Bounds,
    retention: Retention,
    in_per_second: f64,
    now_ms: i64,
) -> Option<f64> {
    let by_age = retention.age.map(|age| {
        let passed = (now_ms - first.recorded_ms) as f64 / 1_000.0;
        age.as_secs_f64() - passed
    });
    let by_size = by_size(first, bounds, retention, in_per_second);
    match (by_age, by_size) {
        (Some(age), Some(size)) => Some(age.min(size)),
        (age, size) => age.or(size),
    }
}

/// None also where nothing comes in: then nothing is pushed out.
fn by_size(first: First, bounds: Bounds, retention: Retention, in_per_second: f64) -> Option<f64> {
    let (allowed, kept) = retention.bytes.zip(retention.kept_bytes)?;
    let records = bounds.end.saturating_sub(bounds.start);
    if records == 0 {
        return None;
    }
    let mean = kept as f64 / records as f64;
    let from_first = bounds.end.saturating_sub(first.offset) as f64 * mean;
    let room = allowed as f64 - from_first;
    let coming = in_per_second * mean;
    match (room <= 0.0, coming > 0.0) {
        (_, true) => Some(room / coming),
        (true, false) => Some(0.0),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const FIRST: First = First {
        offset: 40,
        recorded_ms: 10_000,
    };
    const BOUNDS: Bounds = Bounds { start: 0, end: 100 };

    fn told(retention: Retention, in_per_second: f64) -> Option<f64> {
        seconds(FIRST, BOUNDS, retention, in_per_second, 40_000)
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
