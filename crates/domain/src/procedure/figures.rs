//! Counts over the procedures: those of a day, and what changed in a period.

use super::{Change, Online, Procedure, Procedures};
use crate::interconnection::Class;
use crate::level::Level;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Procedures in force on a day, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// All of them.
    pub procedures: u64,
    /// Their different fields; procedures without a field add none.
    pub fields: u64,
    /// Full online services.
    pub online_full: u64,
    /// Partial online services.
    pub online_partial: u64,
    /// Those of which only information is online.
    pub information: u64,
    /// Interconnected ones whose agencies are of one level.
    pub horizontal: u64,
    /// Interconnected ones whose agencies are of several levels.
    pub vertical: u64,
}

impl Figures {
    /// All interconnected procedures.
    pub fn interconnected(&self) -> u64 {
        self.horizontal + self.vertical
    }
}

/// What changed in a period, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// New procedures.
    pub new: u64,
    /// Procedures that replaced another.
    pub replaced: u64,
    /// Procedures amended, once for each new version.
    pub amended: u64,
    /// Procedures abolished and not replaced.
    pub abolished: u64,
}

impl Procedures {
    /// The versions in force on a day that `level` settles, by code; none: any level.
    pub fn in_force(&self, day: Date, level: Option<Level>) -> impl Iterator<Item = &Procedure> {
        self.iter()
            .filter(move |procedure| procedure.period.covers(day) && is_of(procedure, level))
    }

    /// The figures of a day at one level; none: of all levels, each procedure once.
    pub fn figures(&self, day: Date, level: Option<Level>) -> Figures {
        let mut figures = Figures::default();
        let mut fields = BTreeSet::new();
        for procedure in self.in_force(day, level) {
            figures.procedures += 1;
            if !procedure.field.is_empty() {
                fields.insert(procedure.field.as_str());
            }
            match procedure.online {
                Some(Online::Full) => figures.online_full += 1,
                Some(Online::Partial) => figures.online_partial += 1,
                Some(Online::Information) => figures.information += 1,
                None => {}
            }
            match procedure.class() {
                Class::Horizontal => figures.horizontal += 1,
                Class::Vertical => figures.vertical += 1,
                Class::NotInterconnected | Class::Unknown => {}
            }
        }
        figures.fields = fields.len() as u64;
        figures
    }

    /// What changed from the day `first` to the day `last`, both included, at one level; none: at
    /// any. An abolished procedure counts on the first day on which it is no longer in force.
    pub fn changes(&self, first: Date, last: Date, level: Option<Level>) -> Changes {
        let within = |day: Option<Date>| day.is_some_and(|day| first <= day && day <= last);
        let mut changes = Changes::default();
        for procedure in self.iter().filter(|procedure| is_of(procedure, level)) {
            if within(procedure.period.from) {
                match procedure.change {
                    Change::None => {}
                    Change::New => changes.new += 1,
                    Change::Replaces(_) => changes.replaced += 1,
                    Change::Amended => changes.amended += 1,
                }
            }
            let gone = procedure.period.to.and_then(|day| day.tomorrow().ok());
            if procedure.abolished && within(gone) {
                changes.abolished += 1;
            }
        }
        changes
    }
}

fn is_of(procedure: &Procedure, level: Option<Level>) -> bool {
    level.is_none_or(|level| procedure.levels.contains(&level))
}
