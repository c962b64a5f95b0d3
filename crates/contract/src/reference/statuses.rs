//! The status tables of the connected systems.

use crate::pb::operations::v1::StatusChange;
use lienthong_domain::status::{Mappings, StatusRow};

use super::table::{Row, Table, locate};
use super::{LoadError, TableFile};

const COLUMNS: [&str; 3] = ["system", "code", "maps_to_dvcqg"];

/// The status tables that ship with the hub (`DVCQG`, `DVCQG_TEXT`, `DVCLT`, `BTP_HOTICH`) and
/// those of `files`, whose columns are `system,code,maps_to_dvcqg`; the last is a portal code 1 to
/// 10, or 0 for a code whose meaning nobody has stated.
///
/// # Errors
/// The first thing wrong, with its file, line and column; a code given twice for one system is
/// wrong, across files too.
pub fn status_mappings(files: &[TableFile]) -> Result<Mappings, LoadError> {
    let shipped = (
        "status_codes.csv",
        include_str!("../../reference/status_codes.csv"),
    );
    let texts = [shipped].into_iter().chain(
        files
            .iter()
            .map(|file| (file.name.as_str(), file.text.as_str())),
    );
    let tables: Result<Vec<Table<'_>>, LoadError> = texts
        .map(|(name, text)| Table::parse(name, text, &COLUMNS))
        .collect();
    let tables = tables?;
    let rows: Vec<Row<'_>> = tables.iter().flat_map(Table::rows).collect();
    let statuses: Vec<StatusRow<'_>> = rows.iter().map(status).collect();
    Mappings::new(&statuses).map_err(|error| locate(&rows, error))
}

fn status<'t>(row: &Row<'t>) -> StatusRow<'t> {
    StatusRow {
        system: row.get("system"),
        code: row.get("code"),
        maps_to: row.get("maps_to_dvcqg"),
    }
}

/// Changes to status tables, as a file in the form of such a table gives them.
///
/// # Errors
/// The first thing wrong, with its line and column.
pub fn status_changes(file: &TableFile) -> Result<Vec<StatusChange>, LoadError> {
    let table = Table::parse(&file.name, &file.text, &COLUMNS)?;
    let rows: Vec<Row<'_>> = table.rows().collect();
    let statuses: Vec<StatusRow<'_>> = rows.iter().map(status).collect();
    let mappings = Mappings::new(&statuses).map_err(|error| locate(&rows, error))?;
    let change = |row: &StatusRow<'_>| StatusChange {
        system: row.system.to_owned(),
        code: row.code.to_owned(),
        // A code whose meaning is not known has none: that is what 0 says.
        maps_to: mappings
            .map(row.system, row.code)
            .map_or(0, |status| u32::from(status.code())),
    };
    Ok(statuses.iter().map(change).collect())
}
