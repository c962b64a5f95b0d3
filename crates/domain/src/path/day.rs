//! The civil day of a moment, at +07:00, where Vietnam has no other time.

use jiff::civil::Date;

/// Offset of Indochina Time from UTC.
const OFFSET_MS: i64 = 7 * 3_600_000;
const DAY_MS: i64 = 86_400_000;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// Days since 1970-01-01 of the day at +07:00 that holds a moment.
pub fn day_number(millis: i64) -> i64 {
    millis.saturating_add(OFFSET_MS).div_euclid(DAY_MS)
}

/// The day with that number; the calendar's nearest end for a number outside of it.
pub fn day(number: i64) -> Date {
    let end = if number < 0 { Date::MIN } else { Date::MAX };
    jiff::Span::new()
        .try_days(number)
        .and_then(|days| EPOCH.checked_add(days))
        .unwrap_or(end)
}

/// The number of a day.
pub fn number_of(day: Date) -> i64 {
    day.duration_since(EPOCH).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_day_begins_at_17_hours_utc_of_the_day_before() {
        let midnight = 1_751_302_800_000; // 2025-07-01T00:00:00+07:00
        assert_eq!(day(day_number(midnight)), date(2025, 7, 1));
        assert_eq!(day(day_number(midnight - 1)), date(2025, 6, 30));
        assert_eq!(day(day_number(0)), date(1970, 1, 1));
        assert_eq!(day(day_number(-OFFSET_MS - 1)), date(1969, 12, 31));
    }

    #[test]
    fn a_day_and_its_number_find_each_other() {
        for day_of in [Date::MIN, date(1969, 12, 31), date(2025, 7, 1), Date::MAX] {
            assert_eq!(day(number_of(day_of)), day_of);
        }
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_its_end() {
        assert_eq!(day(day_number(i64::MAX)), Date::MAX);
        assert_eq!(day(day_number(i64::MIN)), Date::MIN);
    }
}
