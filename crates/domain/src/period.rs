//! The days on which something is in force.

use std::fmt;

use jiff::civil::Date;

/// A span of days, both ends included. No first day means "from before the tables begin", no last
/// day "still in force".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// First day in force.
    pub from: Option<Date>,
    /// Last day in force.
    pub to: Option<Date>,
}

impl Period {
    /// The period without ends.
    pub const ALWAYS: Period = Period {
        from: None,
        to: None,
    };

    /// Whether `day` lies in the period.
    pub fn covers(&self, day: Date) -> bool {
        self.first() <= day && day <= self.last()
    }

    /// Whether the two periods share a day.
    pub fn overlaps(&self, other: &Period) -> bool {
        self.first() <= other.last() && other.first() <= self.last()
    }

    /// The first day, the calendar's own first where the period has no beginning.
    pub fn first(&self) -> Date {
        self.from.unwrap_or(Date::MIN)
    }

    /// The last day, the calendar's own last where the period has no end.
    pub fn last(&self) -> Date {
        self.to.unwrap_or(Date::MAX)
    }

    /// Whether the last day comes before the first, which no period may.
    pub fn is_reversed(&self) -> bool {
        self.last() < self.first()
    }

    /// Whether every day of the period lies in one of `parts`, which are sorted by first day.
    pub fn is_within(&self, parts: &[Period]) -> bool {
        let mut day = self.first();
        for part in parts {
            // It adds nothing to what those before it cover.
            if part.last() < day {
                continue;
            }
            if part.first() > day {
                return false;
            }
            if part.last() >= self.last() {
                return true;
            }
            match part.last().tomorrow() {
                Ok(next) => day = next,
                Err(_) => return true,
            }
        }
        false
    }
}

impl fmt::Display for Period {
    /// ISO 8601 interval notation, `..` for an open end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            Some(day) => write!(f, "{day}/")?,
            None => f.write_str("../")?,
        }
        match self.to {
            Some(day) => write!(f, "{day}"),
            None => f.write_str(".."),
        }
    }
}

#[cfg(test)]
#[path = "period_tests.rs"]
mod tests;
