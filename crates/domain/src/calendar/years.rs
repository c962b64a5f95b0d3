//! Years that follow on each other, with their working days counted beforehand, so that the clock
//! adds and subtracts numbers of days instead of walking over them.

use super::NoCalendar;
use crate::path::day::number_of;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use std::collections::{BTreeMap, BTreeSet};

/// See the module. Days are numbers since 1970-01-01.
#[derive(Debug, Clone)]
pub(crate) struct Years {
    /// First day of the first year.
    first: i64,
    /// The last year.
    last_year: i16,
    /// By day after `first`: working days before it; one more entry for the day after the last.
    before: Vec<u32>,
    /// Working days after `first`, in order.
    working: Vec<u32>,
}

/// Every known year, those without a gap between them together.
pub(super) fn all(days: &BTreeMap<Date, bool>) -> Vec<Years> {
    let known: BTreeSet<i16> = days.keys().map(|day| day.year()).collect();
    let mut runs: Vec<(i16, i16)> = Vec::new();
    for year in known {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == year => *last = year,
            _ => runs.push((year, year)),
        }
    }
    let count = |(first, last)| Years::count(first, last, days);
    runs.into_iter().map(count).collect()
}

impl Years {
    fn count(first_year: i16, last_year: i16, days: &BTreeMap<Date, bool>) -> Self {
        let first = date(first_year, 1, 1);
        let end = date(last_year, 12, 31);
        let (mut before, mut working) = (Vec::new(), Vec::new());
        for (at, day) in (0..).zip(first.series(1.day()).take_while(|day| *day <= end)) {
            before.push(working.len() as u32);
            let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            if days.get(&day).copied().unwrap_or(!weekend) {
                working.push(at);
            }
        }
        before.push(working.len() as u32);
        Self {
            first: number_of(first),
            last_year,
            before,
            working,
        }
    }

    /// Whether the day lies in these years.
    pub(crate) fn holds(&self, number: i64) -> bool {
        let at = number.wrapping_sub(self.first);
        0 <= at && at + 1 < self.before.len() as i64
    }

    /// Whether people work on a day that these years hold.
    pub(crate) fn is_working(&self, number: i64) -> bool {
        self.working_before(number) < self.working_before(number + 1)
    }

    /// Working days of these years before a day that they hold, or before the day after them.
    pub(crate) fn working_before(&self, number: i64) -> i64 {
        i64::from(self.before[(number - self.first) as usize])
    }

    /// All working days of these years.
    pub(crate) fn count_working(&self) -> i64 {
        self.working.len() as i64
    }

    /// The `nth` working day of these years, counted from 1.
    ///
    /// # Errors
    /// [`NoCalendar`] of the year after these if they have fewer.
    pub(crate) fn working_day(&self, nth: i64) -> Result<i64, NoCalendar> {
        match self.working.get((nth - 1) as usize) {
            Some(at) => Ok(self.first + i64::from(*at)),
            None => Err(self.end()),
        }
    }

    /// That the year after these is lacking.
    pub(crate) fn end(&self) -> NoCalendar {
        NoCalendar {
            year: self.last_year.saturating_add(1),
        }
    }
}
