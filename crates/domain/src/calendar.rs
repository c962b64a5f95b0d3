//! Which days are working days.
//!
//! Monday to Friday, less the days off, plus the worked Saturdays (Labour Code 2019, articles 111
//! and 112, and the yearly notices named in the table). A year without a table is an error that
//! names it, never a guess; a year that nobody asks about does not matter.

mod years;

use crate::path::day::number_of;
use crate::row::{At, RowError};
use crate::table_version::TableVersion;
use jiff::civil::Date;
use std::collections::BTreeMap;
pub(crate) use years::Years;

/// One line of the working calendar.
#[derive(Debug, Clone, Copy, Default)]
pub struct CalendarRow<'a> {
    /// The day, `yyyy-MM-dd`.
    pub date: &'a str,
    /// `off` for a day off, `work` for a worked day of a weekend.
    pub kind: &'a str,
}

/// The working calendar of some years.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    /// In ascending order, none following on another.
    years: Vec<Years>,
    version: String,
}

/// The calendar lacks a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no working calendar of {year}. Fix: add its days off and worked Saturdays to the calendar table"
)]
pub struct NoCalendar {
    /// The year.
    pub year: i16,
}

impl Calendar {
    /// Reads a calendar; a year counts as known if any of its days is in a row.
    ///
    /// # Errors
    /// A malformed day or kind, or a day given twice.
    pub fn new(rows: &[CalendarRow<'_>]) -> Result<Calendar, RowError> {
        let mut days = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let at = At(index);
            let Some(day) = at.day("date", row.date)? else {
                return Err(at.error("date", "it is empty", "write the day"));
            };
            let works = match row.kind {
                "off" => false,
                "work" => true,
                other => {
                    let what = format!("{other:?} is neither off nor work");
                    return Err(at.error("kind", what, "write off or work"));
                }
            };
            if days.insert(day, works).is_some() {
                return Err(at.error("date", format!("{day} is given twice"), "keep one row"));
            }
        }
        let mut version = TableVersion::default();
        for (day, works) in &days {
            version.field(&day.to_string());
            version.field(if *works { "work" } else { "off" });
        }
        Ok(Calendar {
            years: years::all(&days),
            version: version.finish(),
        })
    }

    /// Whether people work on that day.
    ///
    /// # Errors
    /// [`NoCalendar`] for a year without a table.
    pub fn is_working(&self, day: Date) -> Result<bool, NoCalendar> {
        let number = number_of(day);
        Ok(self.years_of(number)?.is_working(number))
    }

    /// Number since 1970-01-01 of the `count`th working day after the day of that number; of the
    /// day itself for 0.
    ///
    /// # Errors
    /// [`NoCalendar`] if the count runs into a year without a table.
    pub fn working_days_after(&self, number: i64, count: u32) -> Result<i64, NoCalendar> {
        if count == 0 {
            return Ok(number);
        }
        let next = number.saturating_add(1);
        let years = self.years_of(next)?;
        years.working_day(years.working_before(next) + i64::from(count))
    }

    /// Fingerprint of the table, 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The years that follow on each other without a gap and hold the day of that number.
    pub(crate) fn years_of(&self, number: i64) -> Result<&Years, NoCalendar> {
        let found = self.years.iter().find(|years| years.holds(number));
        found.ok_or_else(|| NoCalendar {
            year: crate::path::day::day(number).year(),
        })
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
