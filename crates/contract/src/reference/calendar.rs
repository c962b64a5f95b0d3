//! The working calendar.

use lienthong_domain::calendar::{Calendar, CalendarRow};

use super::table::{Row, Table, locate};
use super::{LoadError, TableFile};

const COLUMNS: [&str; 2] = ["date", "kind"];

/// The calendar that ships with the hub (2022 to 2026) and the days of `files`, whose columns are
/// `date,kind`; the kind is `off` or `work`.
///
/// # Errors
/// The first thing wrong, with its file, line and column; a day given twice is wrong, across files
/// too.
pub fn calendar(files: &[TableFile]) -> Result<Calendar, LoadError> {
    let shipped = (
        "working_calendar_vn_2022_2026.csv",
        include_str!("../../reference/working_calendar_vn_2022_2026.csv"),
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
    let days: Vec<CalendarRow<'_>> = rows
        .iter()
        .map(|row| CalendarRow {
            date: row.get("date"),
            kind: row.get("kind"),
        })
        .collect();
    Calendar::new(&days).map_err(|error| locate(&rows, error))
}
