//! Agencies of a place over its real units.

use super::Error;
use super::catalogue::Sheet;
use super::service::Desk;
use jiff::civil::Date;
use lienthong_contract::reference::registry;
use lienthong_domain::agency::AgencyRow;
use lienthong_domain::level::Level;
use lienthong_domain::unit::{Unit, Units};

/// The last day of districts and of the communes of that time.
pub(super) const EVE: &str = "2025-06-30";

/// The shipped units.
pub(super) fn units() -> Result<Units, Error> {
    Ok(registry(&[])?.units().clone())
}

/// The unit of a code on a day.
pub(super) fn unit<'a>(units: &'a Units, code: &str, day: Date) -> Result<&'a Unit, Error> {
    units
        .unit_at(code, day)
        .ok_or_else(|| Error::NoUnit(code.to_owned()))
}

/// The communes that belong to a unit on a day, by code.
pub(super) fn communes_of<'a>(units: &'a Units, of: &str, day: Date) -> Vec<&'a Unit> {
    let level = units.unit_at(of, day).map(|unit| unit.level);
    let level = level.unwrap_or(Level::District);
    units
        .in_force(Level::Commune, day)
        .filter(|unit| {
            let above = units.ancestor_at(&unit.code, level, day);
            above.is_some_and(|above| above.code == of)
        })
        .collect()
}

/// An agency to be added.
pub(super) struct New<'a> {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) level: Level,
    pub(super) unit: &'a str,
    pub(super) parent: &'a str,
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

/// Adds it to the catalogue and gives its code.
pub(super) fn add(sheet: &mut Sheet, new: New<'_>) -> String {
    sheet.agency(&AgencyRow {
        code: &new.code,
        name: &new.name,
        level: new.level.as_str(),
        unit_code: new.unit,
        parent: new.parent,
        from: new.from,
        to: new.to,
    });
    new.code
}

/// The desk of an agency in the system of a province.
pub(super) fn desk(code: &str, province: &str, others: &[(Level, &'static str, String)]) -> Desk {
    Desk {
        code: code.to_owned(),
        source: format!("urn:lienthong:vn:{province}:onestop"),
        others: others
            .iter()
            .map(|(level, kind, code)| ((*level, *kind), code.clone()))
            .collect(),
    }
}
