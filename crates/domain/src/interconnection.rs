//! The interconnection class of a case and the direction of a hand-over.
//!
//! No legal text fixes the words, so the class is computed from the levels of the agencies that
//! acted, each at the day it acted, and is never stored with the case: a correction of the
//! reference tables corrects every answer.

use std::fmt;

use jiff::civil::Date;

use crate::agency::Registry;
use crate::level::Level;

/// One agency acting in a case on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Act<'a> {
    /// Agency code.
    pub agency: &'a str,
    /// The day on which it acted, in the source's own time.
    pub on: Date,
}

/// How the agencies that settle one request stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Fewer than two agencies acted.
    NotInterconnected,
    /// Several agencies of one level.
    Horizontal,
    /// Agencies of more than one level.
    Vertical,
    /// Several agencies, some of unknown level, and those that are known do not settle it.
    Unknown,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 4] = [
        Class::NotInterconnected,
        Class::Horizontal,
        Class::Vertical,
        Class::Unknown,
    ];

    /// The lower-case name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::NotInterconnected => "not-interconnected",
            Class::Horizontal => "horizontal",
            Class::Vertical => "vertical",
            Class::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The class of a case from everything that agencies did in it, in any order, repeats allowed.
pub fn classify(acts: &[Act<'_>], registry: &Registry) -> Class {
    let several = acts.iter().skip(1).any(|act| act.agency != acts[0].agency);
    if !several {
        return Class::NotInterconnected;
    }
    class_of_levels(acts.iter().map(|act| registry.level_at(act.agency, act.on)))
}

/// The class of a case in which at least two agencies acted, from their levels, `None` where the
/// level is unknown.
pub fn class_of_levels(levels: impl IntoIterator<Item = Option<Level>>) -> Class {
    let mut first = None;
    let mut some_unknown = false;
    for level in levels {
        match (level, first) {
            (None, _) => some_unknown = true,
            (Some(level), None) => first = Some(level),
            (Some(level), Some(seen)) if level != seen => return Class::Vertical,
            _ => {}
        }
    }
    if some_unknown || first.is_none() {
        Class::Unknown
    } else {
        Class::Horizontal
    }
}

/// Which way a hand-over goes between the levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To a higher level.
    Up,
    /// To a lower level.
    Down,
    /// Between agencies of one level.
    Level,
}

impl Direction {
    /// The direction of a hand-over.
    pub fn between(from: Level, to: Level) -> Direction {
        match to.cmp(&from) {
            std::cmp::Ordering::Greater => Direction::Up,
            std::cmp::Ordering::Less => Direction::Down,
            std::cmp::Ordering::Equal => Direction::Level,
        }
    }

    /// The lower-case name used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
            Direction::Level => "level",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
#[path = "interconnection_tests.rs"]
mod tests;
