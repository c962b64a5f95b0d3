//! The legal clock: how much time an agency has, and how much of it is used.
//!
//! Working hours are 7:00 to 11:30 and 13:30 to 17:00 at +07:00, eight hours a working day. The
//! clock runs in working time, or in plain time where the procedure counts plain days, and stands
//! still while a dossier waits for the applicant or is stopped (portal status 5, 6, 8). What comes
//! in outside working hours begins with the next working time, because no working time passes
//! before it. The deadline is the first moment at which the limit is used up.

use crate::calendar::{Calendar, NoCalendar};
use crate::path::day::{day, day_number};
use jiff::civil::Time;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// Working milliseconds of a working day.
pub const WORKING_DAY_MS: i64 = 8 * 3_600_000;
const OFFSET_MS: i64 = 7 * 3_600_000;
const HOUR_MS: i64 = 3_600_000;
/// Working spans of a day, milliseconds since midnight at +07:00.
const SPANS: [(i64, i64); 2] = [
    (7 * HOUR_MS, 11 * HOUR_MS + HOUR_MS / 2),
    (13 * HOUR_MS + HOUR_MS / 2, 17 * HOUR_MS),
];
/// End of a working day, milliseconds since midnight at +07:00.
const CLOSE_MS: i64 = 17 * HOUR_MS;

/// In what a time limit is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitUnit {
    /// Days of eight working hours.
    WorkingDays,
    /// Working hours.
    WorkingHours,
    /// Plain days of 24 hours.
    Days,
}

impl LimitUnit {
    /// The lower-case name used in tables and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            LimitUnit::WorkingDays => "working_days",
            LimitUnit::WorkingHours => "working_hours",
            LimitUnit::Days => "days",
        }
    }

    /// The unit of that lower-case name, if it is one.
    pub fn parse(text: &str) -> Option<LimitUnit> {
        let all = [
            LimitUnit::WorkingDays,
            LimitUnit::WorkingHours,
            LimitUnit::Days,
        ];
        all.into_iter().find(|unit| unit.as_str() == text)
    }
}

/// How long a procedure or a step of it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit {
    /// How many units; 0 only together with `same_day_before`.
    pub amount: u32,
    /// Of what.
    pub unit: LimitUnit,
    /// Received before this time of a working day: due that day at closing time, else on the next
    /// working day at closing time; `amount` further working days are added to either.
    pub same_day_before: Option<Time>,
}

/// A span in which the clock stands still. Milliseconds since the Unix epoch; the end is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Since when.
    pub from_ms: i64,
    /// Until when; none: it still stands still.
    pub to_ms: Option<i64>,
    /// Portal status 5, 6 or 8.
    pub portal_status: u8,
}

/// The clock under one calendar.
#[derive(Debug, Clone, Copy)]
pub struct Clock<'a> {
    /// Its working days.
    pub calendar: &'a Calendar,
}

impl Clock<'_> {
    /// The deadline of what began at `start_ms`: the first moment at which the limit is used up.
    /// A stop that has no end yet counts as if it ended at once.
    ///
    /// # Errors
    /// [`NoCalendar`] if the clock runs through a year without a table.
    pub fn due(&self, limit: &TimeLimit, start_ms: i64, stops: &[Stop]) -> Result<i64, NoCalendar> {
        let (start_ms, left) = match limit.same_day_before {
            None => (start_ms, limit_ms(limit)),
            Some(before) => (
                self.opening_of_due_day(start_ms, before)?,
                WORKING_DAY_MS * (1 + i64::from(limit.amount)),
            ),
        };
        let plain = limit.unit == LimitUnit::Days && limit.same_day_before.is_none();
        self.after(start_ms, left, plain, stops)
    }

    /// How much of the clock's time lies in a span, stops left out; milliseconds.
    ///
    /// # Errors
    /// [`NoCalendar`] if the span touches a year without a table.
    pub fn used(
        &self,
        unit: LimitUnit,
        from_ms: i64,
        to_ms: i64,
        stops: &[Stop],
    ) -> Result<i64, NoCalendar> {
        let mut used = 0;
        let mut number = day_number(from_ms);
        while number <= day_number(to_ms) && from_ms < to_ms {
            for (from, to) in self.spans(number, unit == LimitUnit::Days)? {
                for (from, to) in running(from.max(from_ms), to.min(to_ms), stops) {
                    used += to - from;
                }
            }
            number += 1;
        }
        Ok(used)
    }

    /// Opening of the day at whose closing time something is due by the same-day rule.
    fn opening_of_due_day(&self, start_ms: i64, before: Time) -> Result<i64, NoCalendar> {
        let mut number = day_number(start_ms);
        let midnight = midnight_of(number);
        let cut = i64::from(before.hour()) * HOUR_MS + i64::from(before.minute()) * 60_000;
        let in_time = start_ms - midnight < cut && self.calendar.is_working(day(number))?;
        if !in_time {
            number += 1;
            while !self.calendar.is_working(day(number))? {
                number += 1;
            }
        }
        Ok(midnight_of(number))
    }

    fn after(
        &self,
        start_ms: i64,
        mut left: i64,
        plain: bool,
        stops: &[Stop],
    ) -> Result<i64, NoCalendar> {
        if left == 0 {
            return Ok(start_ms);
        }
        let mut number = day_number(start_ms);
        loop {
            for (from, to) in self.spans(number, plain)? {
                for (from, to) in running(from.max(start_ms), to, stops) {
                    if to - from >= left {
                        return Ok(from + left);
                    }
                    left -= to - from;
                }
            }
            number += 1;
        }
    }

    /// The spans of a day in which the clock can run.
    fn spans(&self, number: i64, plain: bool) -> Result<Vec<(i64, i64)>, NoCalendar> {
        let midnight = midnight_of(number);
        if plain {
            return Ok(vec![(midnight, midnight + DAY_MS)]);
        }
        if !self.calendar.is_working(day(number))? {
            return Ok(Vec::new());
        }
        Ok(SPANS
            .map(|(from, to)| (midnight + from, midnight + to))
            .to_vec())
    }
}

/// The limit in milliseconds of its own kind of time.
pub fn limit_ms(limit: &TimeLimit) -> i64 {
    let unit = match limit.unit {
        LimitUnit::WorkingDays => WORKING_DAY_MS,
        LimitUnit::WorkingHours => HOUR_MS,
        LimitUnit::Days => DAY_MS,
    };
    unit * i64::from(limit.amount)
}

/// Closing time of the day at +07:00 that holds a moment.
pub fn closing_of(millis: i64) -> i64 {
    midnight_of(day_number(millis)) + CLOSE_MS
}

fn midnight_of(number: i64) -> i64 {
    number * DAY_MS - OFFSET_MS
}

/// A span without its stops.
fn running(from: i64, to: i64, stops: &[Stop]) -> Vec<(i64, i64)> {
    let mut spans = if from < to {
        vec![(from, to)]
    } else {
        Vec::new()
    };
    for stop in stops {
        let Some(until) = stop.to_ms else { continue };
        spans = spans
            .into_iter()
            .flat_map(|(from, to)| [(from, to.min(stop.from_ms)), (from.max(until), to)])
            .filter(|(from, to)| from < to)
            .collect();
    }
    spans
}
