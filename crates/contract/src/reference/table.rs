//! CSV text as rows whose cells are found by the name of their column.

use csv::StringRecord;
use lienthong_domain::row::RowError;

use super::LoadError;

/// A parsed file that has all the columns it must have.
pub(super) struct Table<'a> {
    file: &'a str,
    /// The wanted columns and where each is.
    columns: Vec<(&'static str, usize)>,
    records: Vec<StringRecord>,
}

/// One line of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    file: &'t str,
    columns: &'t [(&'static str, usize)],
    record: &'t StringRecord,
}

impl<'a> Table<'a> {
    /// Parses `text`; columns beyond the wanted ones are left unread.
    pub(super) fn parse(
        file: &'a str,
        text: &str,
        wanted: &[&'static str],
    ) -> Result<Table<'a>, LoadError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| malformed(file, &error))?;
        let mut columns = Vec::with_capacity(wanted.len());
        for name in wanted {
            match header.iter().position(|found| found == *name) {
                Some(at) => columns.push((*name, at)),
                None => {
                    return Err(LoadError::Cell {
                        file: file.to_owned(),
                        line: header.position().map_or(1, csv::Position::line),
                        column: (*name).to_owned(),
                        what: "the header line does not have this column".to_owned(),
                        fix: format!("begin the file with the line {}", wanted.join(",")),
                    });
                }
            }
        }
        let records: Result<Vec<StringRecord>, csv::Error> = reader.records().collect();
        let records = records.map_err(|error| malformed(file, &error))?;
        Ok(Table {
            file,
            columns,
            records,
        })
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|record| Row {
            file: self.file,
            columns: &self.columns,
            record,
        })
    }
}

impl<'t> Row<'t> {
    /// The cell of a wanted column.
    pub(super) fn get(&self, column: &'static str) -> &'t str {
        let at = self
            .columns
            .iter()
            .find(|(name, _)| *name == column)
            .map(|(_, at)| *at);
        debug_assert!(at.is_some(), "{column} was not asked for at parsing");
        at.and_then(|at| self.record.get(at)).unwrap_or_default()
    }

    /// The refusal of a cell of this row.
    pub(super) fn error(
        &self,
        column: &str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> LoadError {
        LoadError::Cell {
            file: self.file.to_owned(),
            line: self.record.position().map_or(0, csv::Position::line),
            column: column.to_owned(),
            what: what.into(),
            fix: fix.into(),
        }
    }
}

/// The domain's refusal of one of `rows`, with file and line in place of the row's number.
pub(super) fn locate(rows: &[Row<'_>], error: RowError) -> LoadError {
    match rows.get(error.row) {
        Some(row) => row.error(error.column, error.what, error.fix),
        None => LoadError::Malformed {
            file: "reference tables".to_owned(),
            line: 0,
            what: error.to_string(),
        },
    }
}

fn malformed(file: &str, error: &csv::Error) -> LoadError {
    LoadError::Malformed {
        file: file.to_owned(),
        line: error.position().map_or(1, csv::Position::line),
        what: error.to_string(),
    }
}
