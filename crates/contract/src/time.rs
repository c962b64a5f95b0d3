//! Timestamps between the wire (protobuf) and the domain (milliseconds).

use prost_types::Timestamp;

/// Earliest time an event may carry: 2000-01-01T00:00:00Z, in milliseconds.
pub const EARLIEST_MS: i64 = 946_684_800_000;
/// First moment an event may no longer carry: 2101-01-01T00:00:00Z, in milliseconds.
pub const LATEST_MS: i64 = 4_133_980_800_000;

/// Milliseconds since the Unix epoch; what is finer is cut off. None if the nanoseconds
/// are outside 0..1,000,000,000 or the time does not fit.
pub fn to_millis(time: &Timestamp) -> Option<i64> {
    if !(0..1_000_000_000).contains(&time.nanos) {
        return None;
    }
    time.seconds
        .checked_mul(1_000)?
        .checked_add(i64::from(time.nanos / 1_000_000))
}

/// A protobuf timestamp of milliseconds since the Unix epoch.
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp {
        seconds: millis.div_euclid(1_000),
        nanos: (millis.rem_euclid(1_000) * 1_000_000) as i32,
    }
}

/// Milliseconds since the Unix epoch by this machine's clock.
pub fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_the_way_there_and_back() {
        for millis in [0, 1, 999, -1, -1_001, EARLIEST_MS, LATEST_MS] {
            assert_eq!(to_millis(&from_millis(millis)), Some(millis));
        }
    }

    #[test]
    fn nanoseconds_out_of_range_are_no_time() {
        let bad = Timestamp {
            seconds: 0,
            nanos: 1_000_000_000,
        };
        assert_eq!(to_millis(&bad), None);
    }
}
