//! The status tables of the connected systems.

use crate::pb::operations::v1::StatusChange;
use lienthong_domain::status::{Mappings, StatusRow};

use super::rows::Rows;
use super::{LoadError, TableFile, TableName};

/// The status tables that ship with the hub.
pub(super) fn shipped() -> TableFile {
    TableFile {
        name: "status_codes.csv".to_owned(),
        text: include_str!("../../reference/status_codes.csv").to_owned(),
    }
}

/// The status tables that ship with the hub (`DVCQG`, `DVCQG_TEXT`, `DVCLT`, `BTP_HOTICH`) and
/// those of `files`, whose columns are `system,code,maps_to_dvcqg`; the last is a portal code 1 to
/// 10, or 0 for a code whose meaning nobody has stated.
///
/// # Errors
/// The first thing wrong, with its file, line and column; a code given twice for one system is
/// wrong, across files too.
pub fn status_mappings(files: &[TableFile]) -> Result<Mappings, LoadError> {
    let all: Vec<TableFile> = std::iter::once(shipped()).chain(files.to_vec()).collect();
    build(&Rows::of_files(TableName::Statuses, &all)?)
}

pub(super) fn build(rows: &Rows) -> Result<Mappings, LoadError> {
    Mappings::new(&statuses(rows)).map_err(|error| rows.locate(error))
}

fn statuses(rows: &Rows) -> Vec<StatusRow<'_>> {
    let rows = rows.list().iter();
    rows.map(|row| StatusRow {
        system: row.get("system"),
        code: row.get("code"),
        maps_to: row.get("maps_to_dvcqg"),
    })
    .collect()
}

/// Changes to status tables, as a file in the form of such a table gives them.
///
/// # Errors
/// The first thing wrong, with its line and column.
pub fn status_changes(file: &TableFile) -> Result<Vec<StatusChange>, LoadError> {
    let rows = Rows::of_files(TableName::Statuses, std::slice::from_ref(file))?;
    let mappings = build(&rows)?;
    let change = |row: &StatusRow<'_>| StatusChange {
        system: row.system.to_owned(),
        code: row.code.to_owned(),
        // A code whose meaning is not known has none: that is what 0 says.
        maps_to: mappings
            .map(row.system, row.code)
            .map_or(0, |status| u32::from(status.code())),
    };
    Ok(statuses(&rows).iter().map(change).collect())
}
