//! The registry: the shipped units with the agencies of the given files.

use std::sync::Arc;

use lienthong_domain::agency::{AgencyRow, AgencySuccessionRow, Registry};
use lienthong_domain::unit::Units;

use super::rows::{Row, Rows};
use super::{LoadError, TableFile, TableName, units};

/// The agencies of the demonstration: two provinces, their communes and some ministries over real
/// units. Only for demonstrations and tests; `reference/SOURCES.md` says which codes are real.
pub fn demo_agencies() -> TableFile {
    TableFile {
        name: "agencies_demo.csv".to_owned(),
        text: include_str!("../../reference/agencies_demo.csv").to_owned(),
    }
}

/// The units that ship with the hub and the agencies of all `files` together, whose columns are
/// `code,name,level,unit_code,parent,from,to`: code by Decision 20/2020/QĐ-TTg; level `commune`,
/// `district`, `province` or `ministry`; GSO code of the unit it serves, empty for the whole country
/// or an area that is no unit; code of the agency above; first and last day in force, empty for no
/// limit. A parent may stand in another file. No file, no agencies: every level is then unknown.
///
/// # Errors
/// The first thing wrong, with its file, line and column.
pub fn registry(files: &[TableFile]) -> Result<Registry, LoadError> {
    let agencies = Rows::of_files(TableName::Agencies, files)?;
    let units = Arc::new(units::units(&[], &[])?);
    build(units, &agencies, &Rows::new(TableName::AgencySuccessions))
}

pub(super) fn build(
    units: Arc<Units>,
    agencies: &Rows,
    successions: &Rows,
) -> Result<Registry, LoadError> {
    let agency_rows: Vec<AgencyRow<'_>> = agencies.list().iter().map(|row| agency(row)).collect();
    let succession_rows: Vec<AgencySuccessionRow<'_>> = successions
        .list()
        .iter()
        .map(|row| succession(row))
        .collect();
    Registry::over(units, &agency_rows)
        .map_err(|error| agencies.locate(error))?
        .with_successions(&succession_rows)
        .map_err(|error| successions.locate(error))
}

fn agency(row: &Row) -> AgencyRow<'_> {
    AgencyRow {
        code: row.get("code"),
        name: row.get("name"),
        level: row.get("level"),
        unit_code: row.get("unit_code"),
        parent: row.get("parent"),
        from: row.get("from"),
        to: row.get("to"),
    }
}

fn succession(row: &Row) -> AgencySuccessionRow<'_> {
    AgencySuccessionRow {
        old: row.get("old"),
        new: row.get("new"),
        on: row.get("on"),
        kind: row.get("kind"),
    }
}
