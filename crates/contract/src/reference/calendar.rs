//! The working calendar.

use lienthong_domain::calendar::{Calendar, CalendarRow};

use super::rows::Rows;
use super::{LoadError, TableFile, TableName};

/// The calendar that ships with the hub.
pub(super) fn shipped() -> TableFile {
    TableFile {
        name: "working_calendar_vn_2022_2026.csv".to_owned(),
        text: include_str!("../../reference/working_calendar_vn_2022_2026.csv").to_owned(),
    }
}

/// The calendar that ships with the hub (2022 to 2026) and the days of `files`, whose columns are
/// `date,kind`; the kind is `off` or `work`.
///
/// # Errors
/// The first thing wrong, with its file, line and column; a day given twice is wrong, across files
/// too.
pub fn calendar(files: &[TableFile]) -> Result<Calendar, LoadError> {
    let all: Vec<TableFile> = std::iter::once(shipped()).chain(files.to_vec()).collect();
    build(&Rows::of_files(TableName::Calendar, &all)?)
}

pub(super) fn build(rows: &Rows) -> Result<Calendar, LoadError> {
    let days = rows.list().iter();
    let days: Vec<CalendarRow<'_>> = days
        .map(|row| CalendarRow {
            date: row.get("date"),
            kind: row.get("kind"),
        })
        .collect();
    Calendar::new(&days).map_err(|error| rows.locate(error))
}
