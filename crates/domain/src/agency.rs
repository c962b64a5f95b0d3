//! Agencies with their level and area by day, and the registry that answers for all reference data.
//!
//! A code that the registry does not hold, or not on that day, has no level and no area: what is
//! unknown is shown as unknown.

mod succession;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;

use crate::code;
use crate::level::Level;
use crate::period::Period;
use crate::row::{At, RowError};
use crate::table_version::TableVersion;
use crate::unit::{Candidates, Unit, Units};
use succession::Successions;
pub use succession::{AgencySuccessionRow, End, Successors};

/// An agency as it was during one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    /// Code by Decision 20/2020/QĐ-TTg.
    pub code: String,
    /// Vietnamese name.
    pub name: String,
    /// Level of the agency, which its area does not decide: a branch of a provincial agency may
    /// serve a single commune.
    pub level: Level,
    /// Code of the unit it serves; none for the whole country or an area without a unit.
    pub unit_code: Option<String>,
    /// Code of the agency it belongs to.
    pub parent: Option<String>,
    /// Days in force.
    pub period: Period,
}

/// An agency as a table of text gives it. Empty `unit_code`, `parent`, `from` and `to` mean none.
#[derive(Debug, Clone, Copy, Default)]
pub struct AgencyRow<'a> {
    /// Agency code.
    pub code: &'a str,
    /// Name.
    pub name: &'a str,
    /// `commune`, `district`, `province` or `ministry`.
    pub level: &'a str,
    /// Code of the unit it serves.
    pub unit_code: &'a str,
    /// Code of the agency it belongs to.
    pub parent: &'a str,
    /// First day in force, `yyyy-MM-dd`.
    pub from: &'a str,
    /// Last day in force, `yyyy-MM-dd`.
    pub to: &'a str,
}

/// Units and agencies of all times, under one version.
#[derive(Debug, Clone)]
pub struct Registry {
    units: Arc<Units>,
    agencies: BTreeMap<String, Vec<Agency>>,
    successions: Successions,
    version: String,
}

impl Registry {
    /// Reads agencies over the given units. Refuses a malformed code, two agencies of one code on
    /// one day, a district-level agency after 2025-06-30, a unit above the agency's level or not in
    /// force all the while the agency is, and a parent that is in no row.
    pub fn new(units: Units, rows: &[AgencyRow<'_>]) -> Result<Registry, RowError> {
        Registry::over(Arc::new(units), rows)
    }

    /// The same over units that other registries share.
    pub fn over(units: Arc<Units>, rows: &[AgencyRow<'_>]) -> Result<Registry, RowError> {
        let mut agencies: BTreeMap<String, Vec<Agency>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let agency = read(At(index), row, &units)?;
            let same_code = agencies.entry(agency.code.clone()).or_default();
            if same_code
                .iter()
                .any(|other| other.period.overlaps(&agency.period))
            {
                return Err(At(index).error(
                    "code",
                    format!("agency {} is given twice for the same day", agency.code),
                    "end the earlier row's period before this one begins, or remove one of them",
                ));
            }
            same_code.push(agency);
            same_code.sort_by_key(|agency| agency.period.first());
        }
        for (index, row) in rows.iter().enumerate() {
            if !row.parent.is_empty()
                && (row.parent == row.code || !agencies.contains_key(row.parent))
            {
                let what = format!(
                    "{:?} is not the code of another agency in the tables",
                    row.parent
                );
                return Err(At(index).error("parent", what, "add a row for it, or leave it empty"));
            }
        }
        let mut registry = Registry {
            units,
            agencies,
            successions: Successions::default(),
            version: String::new(),
        };
        registry.version = version_of(&registry);
        Ok(registry)
    }

    /// The agency that a code named on that day.
    pub fn agency_at(&self, code: &str, day: Date) -> Option<&Agency> {
        self.agencies
            .get(code)?
            .iter()
            .find(|agency| agency.period.covers(day))
    }

    /// The agency's level on that day.
    pub fn level_at(&self, code: &str, day: Date) -> Option<Level> {
        self.agency_at(code, day).map(|agency| agency.level)
    }

    /// The unit that the agency served on that day, as the unit was then.
    pub fn area_at(&self, code: &str, day: Date) -> Option<&Unit> {
        self.units
            .unit_at(self.agency_at(code, day)?.unit_code.as_deref()?, day)
    }

    /// The province in which the agency's area lay on that day; none for the whole country.
    pub fn province_at(&self, code: &str, day: Date) -> Option<&Unit> {
        let unit_code = self.agency_at(code, day)?.unit_code.as_deref()?;
        self.units.ancestor_at(unit_code, Level::Province, day)
    }

    /// The area that the agency served on the day `then`, under the units of the later day `now`.
    pub fn area_under(&self, code: &str, then: Date, now: Date) -> Candidates<'_> {
        match self
            .agency_at(code, then)
            .and_then(|agency| agency.unit_code.as_deref())
        {
            Some(unit_code) => self.units.successors(unit_code, then, now),
            None => Candidates::Unknown,
        }
    }

    /// Every agency of every period, by code and then by time.
    pub fn agencies(&self) -> impl Iterator<Item = &Agency> {
        self.agencies.values().flatten()
    }

    /// The units.
    pub fn units(&self) -> &Units {
        &self.units
    }

    /// Fingerprint of all units, agencies and successions, 16 hexadecimal digits: equal tables, equal version.
    pub fn version(&self) -> &str {
        &self.version
    }
}

fn read(at: At, row: &AgencyRow<'_>, units: &Units) -> Result<Agency, RowError> {
    code::check_agency(row.code).map_err(|error| at.error("code", error.what, error.fix))?;
    let level = at.level(row.level)?;
    let period = at.period(row.from, row.to)?;
    if !level.exists_on(period.last()) {
        return Err(at.error(
            "to",
            "the district level ended on 2025-06-30",
            "write 2025-06-30 or an earlier day, and a row of another level for what took over",
        ));
    }
    let unit_code = at.optional("unit_code", row.unit_code)?;
    if let Some(unit_code) = &unit_code {
        check_unit(at, unit_code, level, period, units)?;
    }
    Ok(Agency {
        code: row.code.to_owned(),
        name: at.text("name", row.name)?,
        level,
        unit_code,
        parent: at.optional("parent", row.parent)?,
        period,
    })
}

fn check_unit(
    at: At,
    unit_code: &str,
    level: Level,
    period: Period,
    units: &Units,
) -> Result<(), RowError> {
    if !period.is_within(&units.periods(unit_code)) {
        return Err(at.error(
            "unit_code",
            format!("unit {unit_code:?} is not in force all the while the agency is ({period})"),
            "write a GSO code of those days, shorten from and to, or leave it empty if the area is no unit",
        ));
    }
    match units.unit_at(unit_code, period.first()) {
        Some(unit) if unit.level > level => Err(at.error(
            "unit_code",
            format!(
                "unit {unit_code} is a {}, above the level of the agency, {level}",
                unit.level
            ),
            "write the unit that the agency serves, or correct its level",
        )),
        _ => Ok(()),
    }
}

fn version_of(registry: &Registry) -> String {
    let mut version = TableVersion::default();
    version.field(registry.units.version());
    for agency in registry.agencies() {
        version.field(&agency.code);
        version.field(&agency.name);
        version.field(agency.level.as_str());
        version.field(agency.unit_code.as_deref().unwrap_or_default());
        version.field(agency.parent.as_deref().unwrap_or_default());
        version.field(&agency.period.to_string());
    }
    registry.successions.add_to(&mut version);
    version.finish()
}

#[cfg(test)]
#[path = "agency_tests.rs"]
mod tests;
