//! Administrative units with the days on which they were in force.
//!
//! Codes are those of the General Statistics Office: two digits for a province, three for a
//! district, five for a commune (Decision 124/2004/QĐ-TTg and its amendments; from 2025-07-01
//! Decision 19/2025/QĐ-TTg). A code can name different units at different times: most communes of
//! July 2025 took over the code of one of the communes they were made from. So a code means a unit
//! only together with a day. Names differ in the placing of tone marks between sources and are for
//! display only.

mod succession;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::level::Level;
use crate::period::Period;
use crate::row::{At, RowError};
use crate::table_version::TableVersion;
use succession::Successions;
pub use succession::{Candidates, SuccessionRow};

/// A unit as it was during one period; a change of name or kind begins a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// GSO code.
    pub code: String,
    /// Province, district or commune.
    pub level: Level,
    /// Full Vietnamese name, such as `Xã Quảng Hà`.
    pub name: String,
    /// Code of the unit it belongs to; none for a province.
    pub parent: Option<String>,
    /// Days in force.
    pub period: Period,
}

/// A unit as a table of text gives it. Empty `parent`, `from` and `to` mean none.
#[derive(Debug, Clone, Copy, Default)]
pub struct UnitRow<'a> {
    /// GSO code: 2, 3 or 5 digits.
    pub code: &'a str,
    /// `commune`, `district` or `province`.
    pub level: &'a str,
    /// Full name.
    pub name: &'a str,
    /// Code of the unit it belongs to.
    pub parent: &'a str,
    /// First day in force, `yyyy-MM-dd`.
    pub from: &'a str,
    /// Last day in force, `yyyy-MM-dd`.
    pub to: &'a str,
}

/// All units of all times, and what became of those that ended.
#[derive(Debug, Clone, Default)]
pub struct Units {
    by_code: BTreeMap<String, Vec<Unit>>,
    /// Codes of the units that ever belonged to one, by its code.
    parts: BTreeMap<String, Vec<String>>,
    successions: Successions,
    version: String,
}

impl Units {
    /// Reads units. Refuses a code of the wrong length for its level, two units of one code on one
    /// day, and a parent that is not above the unit or not in force all the while the unit is.
    pub fn new(rows: &[UnitRow<'_>]) -> Result<Units, RowError> {
        let mut by_code: BTreeMap<String, Vec<Unit>> = BTreeMap::new();
        let mut places = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate() {
            let unit = read(At(index), row)?;
            let same_code = by_code.entry(unit.code.clone()).or_default();
            if same_code
                .iter()
                .any(|other| other.period.overlaps(&unit.period))
            {
                return Err(At(index).error(
                    "code",
                    format!("unit {} is given twice for the same day", unit.code),
                    "end the earlier row's period before this one begins",
                ));
            }
            places.push((row.code, unit.period.first()));
            same_code.push(unit);
            same_code.sort_by_key(|unit| unit.period.first());
        }
        let mut units = Units {
            by_code,
            ..Units::default()
        };
        units.parts = units.parts_of_all();
        units.version = units.fingerprint();
        for (index, (code, first_day)) in places.iter().enumerate() {
            units.check_parent(At(index), code, *first_day)?;
        }
        Ok(units)
    }

    /// Adds what became of units that ended. Refuses a row whose old unit was not in force on the
    /// day before, or whose new one is not in force on the day.
    pub fn with_successions(mut self, rows: &[SuccessionRow<'_>]) -> Result<Units, RowError> {
        self.successions = Successions::read(&self, rows)?;
        self.version = self.fingerprint();
        Ok(self)
    }

    /// The unit that a code named on that day.
    pub fn unit_at(&self, code: &str, day: Date) -> Option<&Unit> {
        self.by_code
            .get(code)?
            .iter()
            .find(|unit| unit.period.covers(day))
    }

    /// The unit itself or the one above it that was of `level` on that day.
    pub fn ancestor_at(&self, code: &str, level: Level, day: Date) -> Option<&Unit> {
        let mut unit = self.unit_at(code, day)?;
        while unit.level < level {
            unit = self.unit_at(unit.parent.as_deref()?, day)?;
        }
        (unit.level == level).then_some(unit)
    }

    /// What the unit that `code` named on the day `then` had become by the later day `now`; the
    /// unit itself while it is in force. Never a guess: a unit that was divided gives all its
    /// successors.
    pub fn successors(&self, code: &str, then: Date, now: Date) -> Candidates<'_> {
        self.successions.follow(self, code, then, now)
    }

    /// The units that belonged to `code` on that day, by code.
    pub fn parts(&self, code: &str, day: Date) -> impl Iterator<Item = &Unit> {
        let codes = self.parts.get(code).into_iter().flatten();
        codes
            .filter_map(move |part| self.unit_at(part, day))
            .filter(move |part| part.parent.as_deref() == Some(code))
    }

    /// The units of one level in force on that day, by code.
    pub fn in_force(&self, level: Level, day: Date) -> impl Iterator<Item = &Unit> {
        self.iter()
            .filter(move |unit| unit.level == level && unit.period.covers(day))
    }

    /// Every unit of every period, by code and then by time.
    pub fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.by_code.values().flatten()
    }

    /// The periods in which a code named some unit, in order.
    pub(crate) fn periods(&self, code: &str) -> Vec<Period> {
        self.by_code
            .get(code)
            .into_iter()
            .flatten()
            .map(|unit| unit.period)
            .collect()
    }

    /// Fingerprint of all units and what became of them, 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn parts_of_all(&self) -> BTreeMap<String, Vec<String>> {
        let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for unit in self.iter() {
            if let Some(parent) = &unit.parent {
                let codes = parts.entry(parent.clone()).or_default();
                if codes.last() != Some(&unit.code) {
                    codes.push(unit.code.clone());
                }
            }
        }
        parts
    }

    fn fingerprint(&self) -> String {
        let mut version = TableVersion::default();
        for unit in self.iter() {
            version.field(&unit.code);
            version.field(unit.level.as_str());
            version.field(&unit.name);
            version.field(unit.parent.as_deref().unwrap_or_default());
            version.field(&unit.period.to_string());
        }
        self.successions.add_to(&mut version);
        version.finish()
    }

    fn check_parent(&self, at: At, code: &str, first_day: Date) -> Result<(), RowError> {
        let unit = self.unit_at(code, first_day);
        let Some((unit, parent)) = unit.and_then(|unit| Some((unit, unit.parent.as_deref()?)))
        else {
            return Ok(());
        };
        let periods = self.periods(parent);
        if !unit.period.is_within(&periods) {
            return Err(at.error(
                "parent",
                format!(
                    "unit {parent} is not in force all the while {} is",
                    unit.code
                ),
                "name a unit of the same days, or split the row where the parent changes",
            ));
        }
        let above = self
            .unit_at(parent, unit.period.first())
            .is_some_and(|parent| parent.level > unit.level);
        if above {
            return Ok(());
        }
        Err(at.error(
            "parent",
            format!("unit {parent} is not above {}", unit.code),
            "name the unit it belongs to",
        ))
    }
}

fn read(at: At, row: &UnitRow<'_>) -> Result<Unit, RowError> {
    let level = at.level(row.level)?;
    let digits = match level {
        Level::Commune => 5,
        Level::District => 3,
        Level::Province => 2,
        Level::Ministry => {
            return Err(at.error(
                "level",
                "a ministry is not a unit",
                "write commune, district or province",
            ));
        }
    };
    if row.code.len() != digits || !row.code.bytes().all(|byte| byte.is_ascii_digit()) {
        let what = format!("{:?} is not the code of a {level}", row.code);
        return Err(at.error(
            "code",
            what,
            format!("write its {digits} digits, leading zeros included"),
        ));
    }
    let parent = at.optional("parent", row.parent)?;
    if parent.is_none() != (level == Level::Province) {
        return Err(at.error(
            "parent",
            format!("a {level} with parent {:?}", row.parent),
            "leave it empty for a province and only there",
        ));
    }
    let period = at.period(row.from, row.to)?;
    if !level.exists_on(period.last()) {
        return Err(at.error(
            "to",
            "districts ended on 2025-06-30",
            "write 2025-06-30 or an earlier day",
        ));
    }
    Ok(Unit {
        code: row.code.to_owned(),
        level,
        name: at.text("name", row.name)?,
        parent,
        period,
    })
}

#[cfg(test)]
#[path = "unit_tests.rs"]
mod tests;
