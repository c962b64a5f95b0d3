//! The registry: the shipped units with the agencies of the given files.

use lienthong_domain::agency::{AgencyRow, Registry};

use super::table::{Row, Table, locate};
use super::{LoadError, TableFile, units};

const COLUMNS: [&str; 7] = ["code", "name", "level", "unit_code", "parent", "from", "to"];

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
    let tables: Result<Vec<Table<'_>>, LoadError> = files
        .iter()
        .map(|file| Table::parse(&file.name, &file.text, &COLUMNS))
        .collect();
    let tables = tables?;
    let rows: Vec<Row<'_>> = tables.iter().flat_map(Table::rows).collect();
    let agencies: Vec<AgencyRow<'_>> = rows.iter().map(agency).collect();
    Registry::new(units::units()?, &agencies).map_err(|error| locate(&rows, error))
}

fn agency<'t>(row: &Row<'t>) -> AgencyRow<'t> {
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
