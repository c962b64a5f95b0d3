//! The working days of the shipped calendar in one row, so that "five working days later" is five
//! places further on. The hub's own clock is not used: a scenario must not be computed by what it
//! proves.

use super::Error;
use jiff::civil::{Date, date};
use lienthong_contract::reference::calendar;

const MINUTE_MS: i64 = 60_000;
/// Days of the shipped calendar.
const FIRST: Date = date(2023, 1, 1);
const LAST: Date = date(2026, 12, 31);

/// Working days, the earliest first.
pub(super) struct WorkingDays(Vec<Date>);

impl WorkingDays {
    /// Those of 2023 to 2026.
    pub(super) fn shipped() -> Result<Self, Error> {
        let calendar = calendar(&[])?;
        let mut days = Vec::new();
        let mut day = FIRST;
        while day <= LAST {
            if calendar.is_working(day)? {
                days.push(day);
            }
            day = day.tomorrow()?;
        }
        Ok(Self(days))
    }

    /// Place of the first working day that is not before `day`.
    pub(super) fn from(&self, day: Date) -> usize {
        self.0.partition_point(|one| *one < day)
    }

    /// Place after the last working day that is not after `day`.
    pub(super) fn until(&self, day: Date) -> usize {
        self.0.partition_point(|one| *one <= day)
    }

    /// The working day in a place; the last one beyond the end.
    pub(super) fn at(&self, place: usize) -> Date {
        self.0.get(place).copied().unwrap_or(LAST)
    }
}

/// The moment so many minutes after midnight at +07:00, milliseconds since the Unix epoch.
pub(super) fn moment(day: Date, minute: i64) -> i64 {
    let number = i64::from((day - date(1970, 1, 1)).get_days());
    (number * 1_440 + minute - 420) * MINUTE_MS
}
