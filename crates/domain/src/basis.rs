//! Under which agencies and units a place is told: as it was, or as it is on another day.

use crate::agency::Registry;
use crate::level::Level;
use crate::unit::{Candidates, Unit};
use jiff::civil::Date;

/// Under which units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Basis {
    /// Those of the day on which each thing happened.
    #[default]
    AsItWas,
    /// Those of this day.
    UnitsOf(Date),
}

/// The unit of one level to which an agency's area belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<'a> {
    /// This one.
    One(&'a Unit),
    /// Its unit was divided: one of these, sorted by code.
    Several(Vec<&'a Unit>),
    /// It serves a larger area than a unit of that level.
    Above,
    /// Its unit ended and no unit took its place.
    Abolished,
    /// No such agency on that day, or the basis comes before it.
    Unknown,
}

impl Registry {
    /// The unit of `level` to which the area of the agency belonged on `day`, told under `basis`.
    pub fn place(&self, agency: &str, day: Date, level: Level, basis: Basis) -> Place<'_> {
        let Some(known) = self.agency_at(agency, day) else {
            return Place::Unknown;
        };
        let Some(area) = known.unit_code.as_deref() else {
            return Place::Above;
        };
        match basis {
            Basis::AsItWas => match self.units().unit_at(area, day) {
                None => Place::Unknown,
                Some(unit) if unit.level > level => Place::Above,
                Some(_) => {
                    let above = self.units().ancestor_at(area, level, day);
                    above.map_or(Place::Abolished, Place::One)
                }
            },
            Basis::UnitsOf(now) => {
                let mut open: Vec<&Unit> = Vec::new();
                self.follow(area, day, now, &mut open);
                let place = self.among(open, level, now, day);
                let was = self.units().unit_at(area, day).map(|unit| unit.level);
                match place {
                    // Not divided: it never was of one unit of that level.
                    Place::Several(_) if was > Some(level) => Place::Above,
                    place => place,
                }
            }
        }
    }

    /// What became of a unit; of one that ended without a successor, what became of its parts.
    fn follow<'a>(&'a self, code: &str, then: Date, now: Date, to: &mut Vec<&'a Unit>) {
        match self.units().successors(code, then, now) {
            Candidates::Known(unit) => to.push(unit),
            Candidates::Ambiguous(units) => to.extend(units),
            Candidates::Abolished => {
                for part in self.units().parts(code, then) {
                    self.follow(&part.code, then, now, to);
                }
            }
            Candidates::Unknown => {}
        }
    }

    fn among<'a>(&'a self, units: Vec<&'a Unit>, level: Level, now: Date, then: Date) -> Place<'a> {
        if then > now {
            return Place::Unknown;
        }
        if !units.is_empty() && units.iter().all(|unit| unit.level > level) {
            return Place::Above;
        }
        let above = units.iter();
        let mut above: Vec<&Unit> = above
            .filter_map(|unit| self.units().ancestor_at(&unit.code, level, now))
            .collect();
        above.sort_by(|a, b| a.code.cmp(&b.code));
        above.dedup_by(|a, b| a.code == b.code);
        match above.as_slice() {
            [] => Place::Abolished,
            [only] => Place::One(only),
            _ => Place::Several(above),
        }
    }
}
