//! How long until retention removes an event that is not settled.

use super::first::Event;
use lienthong_eventlog::{Bounds, Retention};

/// Seconds until retention may remove the first event of a partition that is not settled, by the age
/// or by the size that it allows, whichever comes first; negative or 0: any moment. None: nothing is
/// removed. By size it is an estimate: every record is taken to be of the mean size.
pub fn seconds(
    first: Event,
    bounds: Bounds,
    retention: Retention,
    in_per_second: f64,
    now_ms: i64,
) -> Option<f64> {
    let age = retention.age.map(|age| {
        let passed = now_ms.saturating_sub(first.recorded_ms);
        age.as_secs_f64() - passed as f64 / 1_000.0
    });
    let size = by_size(first, bounds, retention, in_per_second);
    [age, size].into_iter().flatten().reduce(f64::min)
}

fn by_size(first: Event, bounds: Bounds, retention: Retention, in_per_second: f64) -> Option<f64> {
    let (allowed, kept) = retention.bytes.zip(retention.kept_bytes)?;
    let records = bounds.end.saturating_sub(bounds.start);
    let mean = kept as f64 / records.max(1) as f64;
    let from_first = bounds.end.saturating_sub(first.offset) as f64 * mean;
    let room = allowed as f64 - from_first;
    let coming = in_per_second * mean;
    match coming > 0.0 {
        true => Some(room / coming),
        false => (room <= 0.0).then_some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_comes_first_counts_the_age_or_the_size() {
        let first = Event {
            offset: 40,
            recorded_ms: 10_000,
        };
        let bounds = Bounds { start: 0, end: 100 };
        let told = |age: Option<u64>, bytes: Option<u64>, rate| {
            let retention = Retention {
                age: age.map(Duration::from_secs),
                bytes,
                kept_bytes: Some(1_000),
            };
            seconds(first, bounds, retention, rate, 40_000)
        };
        assert_eq!(told(None, None, 5.0), None);
        assert_eq!(told(Some(100), None, 5.0), Some(70.0));
        assert_eq!(told(Some(20), None, 5.0), Some(-10.0));
        // 60 records of 10 bytes lie behind it: 900 bytes leave room for 300, at 50 a second.
        assert_eq!(told(None, Some(900), 5.0), Some(6.0));
        assert_eq!(told(Some(100), Some(900), 5.0), Some(6.0));
        assert_eq!(told(None, Some(900), 0.0), None);
        assert_eq!(told(None, Some(500), 0.0), Some(0.0));
    }
}
