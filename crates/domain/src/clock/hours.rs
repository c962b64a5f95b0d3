//! Working hours of a working day, and where a moment lies in them.

use super::DAY_MS;
use crate::path::day::day_number;

const OFFSET_MS: i64 = 7 * HOUR_MS;
/// Milliseconds of an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Opening, milliseconds since midnight at +07:00.
const OPEN_MS: i64 = 7 * HOUR_MS;
/// Beginning and end of the midday break.
const BREAK_MS: (i64, i64) = (11 * HOUR_MS + HOUR_MS / 2, 13 * HOUR_MS + HOUR_MS / 2);
/// Closing time.
pub(super) const CLOSE_MS: i64 = 17 * HOUR_MS;
const MORNING_MS: i64 = BREAK_MS.0 - OPEN_MS;

/// Midnight at +07:00 with which a day begins, in milliseconds since the Unix epoch.
pub(super) fn midnight_of(number: i64) -> i64 {
    number.saturating_mul(DAY_MS).saturating_sub(OFFSET_MS)
}

/// Working time before a moment of a working day; both in milliseconds, the moment since midnight.
pub(super) fn worked(of_day: i64) -> i64 {
    let morning = of_day.min(BREAK_MS.0) - OPEN_MS;
    let afternoon = of_day.min(CLOSE_MS) - BREAK_MS.1;
    morning.max(0) + afternoon.max(0)
}

/// The first moment of a working day at which this much, of 0 to 8 hours, has been worked.
pub(super) fn at_worked(worked: i64) -> i64 {
    match worked <= MORNING_MS {
        true => OPEN_MS + worked,
        false => BREAK_MS.1 + worked - MORNING_MS,
    }
}

/// Day and moment of it from which on there may be working time: after closing time the next day.
pub(super) fn next_work(millis: i64) -> (i64, i64) {
    let number = day_number(millis);
    match millis - midnight_of(number) {
        of_day if of_day >= CLOSE_MS => (number + 1, 0),
        of_day => (number, of_day),
    }
}

/// Day and moment of it until which there may have been working time: before opening the end of the
/// day before.
pub(super) fn last_work(millis: i64) -> (i64, i64) {
    let number = day_number(millis);
    match millis.saturating_sub(midnight_of(number)) {
        of_day if of_day <= OPEN_MS => (number - 1, CLOSE_MS),
        of_day => (number, of_day),
    }
}
