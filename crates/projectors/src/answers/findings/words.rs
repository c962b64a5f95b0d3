//! How findings write a moment.

use lienthong_domain::path::day::{day, day_number};

const MINUTE_MS: i64 = 60_000;

/// Day and minute at +07:00, such as `2026-05-04 08:00`.
pub(super) fn moment(millis: i64) -> String {
    let number = day_number(millis);
    let of_day = (millis / MINUTE_MS + 7 * 60).rem_euclid(24 * 60);
    format!("{} {:02}:{:02}", day(number), of_day / 60, of_day % 60)
}

/// The day at +07:00.
pub(super) fn day_of(millis: i64) -> String {
    day(day_number(millis)).to_string()
}
