//! The legal clock: how much time an agency has, and how much of it is used.
//!
//! Working hours are 7:00 to 11:30 and 13:30 to 17:00 at +07:00, eight hours a working day. The
//! clock runs in working time, or in plain time where the procedure counts plain days, and stands
//! still while a dossier waits for the applicant or is stopped (portal status 5, 6, 8). What comes
//! in outside working hours begins with the next working time, because no working time passes
//! before it. The deadline is the first moment at which the limit is used up.
//!
//! ```text
//! Fri 16:00 received, one working day, stopped Mon 8:00 to 14:00
//! Fri 16-17 runs 1 h | Mon 7-8 runs 1 h | stopped | Mon 14-17 runs 3 h | Tue 7-10 runs 3 h: due 10:00
//! ```
//! Only years through which the clock runs are looked up: what begins after closing time on the last
//! day of a year asks for the next year alone.

mod duty;
mod hours;
mod leg;
mod outcome;
mod running;
mod share;

pub use duty::{Duty, Pending, Rules, What, duty};
pub use leg::{Law, Leg, Reply, legs, time_on_edge};
pub use outcome::{Outcome, Precision, is_overdue, outcome};
pub use share::{Running, Share, shares};

use crate::calendar::{Calendar, NoCalendar, Years};
use crate::path::day::day_number;
use hours::{CLOSE_MS, HOUR_MS, at_worked, midnight_of, worked};
use jiff::civil::Time;
use running::{Open, in_order, running};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// Working milliseconds of a working day.
pub const WORKING_DAY_MS: i64 = 8 * HOUR_MS;

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
    /// working day at closing time; `amount` further working days, whatever the unit, are added to
    /// either. A time after closing time means closing time.
    pub same_day_before: Option<Time>,
}

impl TimeLimit {
    /// The unit in which the clock runs under this limit.
    pub fn runs_in(&self) -> LimitUnit {
        match self.same_day_before {
            Some(_) => LimitUnit::WorkingDays,
            None => self.unit,
        }
    }
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
    /// Stops may come in any order and overlap; what of them lies before the beginning does not
    /// count. A stop that has no end yet counts as if it ended at once.
    ///
    /// # Errors
    /// [`NoCalendar`] if the clock runs through a year without a table.
    pub fn due(&self, limit: &TimeLimit, start_ms: i64, stops: &[Stop]) -> Result<i64, NoCalendar> {
        let (start_ms, mut left) = match limit.same_day_before {
            None => (start_ms, limit_ms(limit)),
            Some(before) => self.same_day(limit, start_ms, before)?,
        };
        if left == 0 {
            return Ok(start_ms);
        }
        let stops = in_order(stops);
        let mut due = start_ms;
        for (from, to) in running(start_ms, i64::MAX, &stops, Open::EndsAtOnce) {
            match self.run(limit.runs_in(), from, to, left)? {
                Ran::Out(at_ms) => {
                    due = at_ms;
                    break;
                }
                Ran::On(ms) => left -= ms,
            }
        }
        Ok(due)
    }

    /// How much of the clock's time lies in a span, stops left out; milliseconds. A stop that has
    /// no end yet lasts to the end of the span.
    ///
    /// # Errors
    /// [`NoCalendar`] if the clock runs through a year without a table.
    pub fn used(
        &self,
        unit: LimitUnit,
        from_ms: i64,
        to_ms: i64,
        stops: &[Stop],
    ) -> Result<i64, NoCalendar> {
        let stops = in_order(stops);
        let mut used = 0;
        for (from, to) in running(from_ms, to_ms, &stops, Open::Lasts) {
            used += match self.run(unit, from, to, i64::MAX)? {
                Ran::On(ms) => ms,
                Ran::Out(at_ms) => at_ms - from,
            };
        }
        Ok(used)
    }

    /// The running time that a limit gives to what was received at `start_ms`, counted from
    /// [`Clock::begins`]; milliseconds. It differs from [`limit_ms`] only by the same-day rule.
    ///
    /// # Errors
    /// As [`Clock::due`].
    pub fn allowed(&self, limit: &TimeLimit, start_ms: i64) -> Result<i64, NoCalendar> {
        match limit.same_day_before {
            None => Ok(limit_ms(limit)),
            Some(before) => Ok(self.same_day(limit, start_ms, before)?.1),
        }
    }

    /// From when on the clock runs for what was received at `start_ms`: from then on, or by the
    /// same-day rule, where it came too late, from the midnight with which the next working day
    /// begins. What is used is counted from here.
    ///
    /// # Errors
    /// As [`Clock::due`].
    pub fn begins(&self, limit: &TimeLimit, start_ms: i64) -> Result<i64, NoCalendar> {
        match limit.same_day_before {
            None => Ok(start_ms),
            Some(before) => Ok(self.same_day(limit, start_ms, before)?.0),
        }
    }

    /// The midnight that ends the `count`th working day after the day of a moment; of that day
    /// itself for 0. What is due before it is due within that many working days.
    ///
    /// # Errors
    /// [`NoCalendar`] if the count runs into a year without a table.
    pub fn end_of_working_day_after(&self, now_ms: i64, count: u32) -> Result<i64, NoCalendar> {
        let number = self
            .calendar
            .working_days_after(day_number(now_ms), count)?;
        Ok(midnight_of(number + 1))
    }

    /// From when on the same-day rule counts, and what it gives in working time.
    fn same_day(
        &self,
        limit: &TimeLimit,
        start_ms: i64,
        before: Time,
    ) -> Result<(i64, i64), NoCalendar> {
        let days = WORKING_DAY_MS * (1 + i64::from(limit.amount));
        let number = day_number(start_ms);
        let of_day = start_ms - midnight_of(number);
        let cut = i64::from(before.hour()) * HOUR_MS + i64::from(before.minute()) * 60_000;
        if of_day < cut.min(CLOSE_MS) && self.calendar.years_of(number)?.is_working(number) {
            return Ok((start_ms, days - worked(of_day)));
        }
        let next = self.calendar.working_days_after(number, 1)?;
        Ok((midnight_of(next), days))
    }

    /// Lets the clock run through a span without stops until `left` is used up.
    fn run(&self, unit: LimitUnit, from_ms: i64, to_ms: i64, left: i64) -> Result<Ran, NoCalendar> {
        if unit == LimitUnit::Days {
            let ms = to_ms.saturating_sub(from_ms);
            return Ok(match left <= ms {
                true => Ran::Out(from_ms.saturating_add(left)),
                false => Ran::On(ms),
            });
        }
        let (number, of_day) = hours::next_work(from_ms);
        let (last, last_of_day) = hours::last_work(to_ms);
        if (last, last_of_day) <= (number, of_day) {
            return Ok(Ran::On(0));
        }
        let years = self.calendar.years_of(number)?;
        let since = worked_before(years, number, of_day);
        let ends_inside = years.holds(last);
        let until = match ends_inside {
            true => worked_before(years, last, last_of_day),
            false => years.count_working() * WORKING_DAY_MS,
        };
        if left <= until - since {
            let target = since + left;
            let nth = (target - 1).div_euclid(WORKING_DAY_MS) + 1;
            let day = midnight_of(years.working_day(nth)?);
            return Ok(Ran::Out(
                day + at_worked(target - (nth - 1) * WORKING_DAY_MS),
            ));
        }
        match ends_inside {
            true => Ok(Ran::On(until - since)),
            false => Err(years.end()),
        }
    }
}

/// How far the clock came in a span.
enum Ran {
    /// Through all of it, using this much.
    On(i64),
    /// What was left was used up at this moment.
    Out(i64),
}

/// Working time of these years before a moment of a day that they hold.
fn worked_before(years: &Years, number: i64, of_day: i64) -> i64 {
    let today = match of_day > 0 && years.is_working(number) {
        true => worked(of_day),
        false => 0,
    };
    years.working_before(number) * WORKING_DAY_MS + today
}

/// The limit in milliseconds of its own kind of time; of the same-day rule only what is added.
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

#[cfg(test)]
#[path = "clock_tests.rs"]
pub(crate) mod tests;
