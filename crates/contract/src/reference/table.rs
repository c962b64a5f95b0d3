//! CSV text as rows whose cells are found by the name of their column.

use csv::StringRecord;

use super::LoadError;

/// A parsed file that has all the columns it must have.
pub(super) struct Table<'a> {
    file: &'a str,
    text: &'a str,
    /// The wanted columns and where each is.
    columns: Vec<(&'static str, usize)>,
    records: Vec<StringRecord>,
}

/// One line of a table.
#[derive(Clone, Copy)]
pub(super) struct Row<'t> {
    table: &'t Table<'t>,
    record: &'t StringRecord,
}

impl<'a> Table<'a> {
    /// Parses `text`; columns beyond the wanted ones are left unread.
    pub(super) fn parse(
        file: &'a str,
        text: &'a str,
        wanted: &[&'static str],
    ) -> Result<Table<'a>, LoadError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return Err(malformed(file, text, &error)),
        };
        let mut columns = Vec::with_capacity(wanted.len());
        for name in wanted {
            match header.iter().position(|found| found == *name) {
                Some(at) => columns.push((*name, at)),
                None => {
                    return Err(LoadError::Cell {
                        file: file.to_owned(),
                        line: line(text, header.position()),
                        column: (*name).to_owned(),
                        what: "the header line does not have this column".to_owned(),
                        fix: format!("begin the file with the line {}", wanted.join(",")),
                    });
                }
            }
        }
        let records: Result<Vec<StringRecord>, csv::Error> = reader.records().collect();
        match records {
            Ok(records) => Ok(Table {
                file,
                text,
                columns,
                records,
            }),
            Err(error) => Err(malformed(file, text, &error)),
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.records.iter().map(|record| Row {
            table: self,
            record,
        })
    }
}

impl<'t> Row<'t> {
    /// The cell of a wanted column.
    pub(super) fn get(&self, column: &'static str) -> &'t str {
        let mut columns = self.table.columns.iter();
        let at = columns.find(|(name, _)| *name == column).map(|(_, at)| *at);
        debug_assert!(at.is_some(), "{column} was not asked for at parsing");
        at.and_then(|at| self.record.get(at)).unwrap_or_default()
    }

    /// The line it begins on, 1 is the first.
    pub(super) fn line(&self) -> u64 {
        line(self.table.text, self.record.position())
    }

    /// The refusal of a cell of this row.
    pub(super) fn error(
        &self,
        column: &str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> LoadError {
        LoadError::Cell {
            file: self.table.file.to_owned(),
            line: self.line(),
            column: column.to_owned(),
            what: what.into(),
            fix: fix.into(),
        }
    }
}

fn malformed(file: &str, text: &str, error: &csv::Error) -> LoadError {
    LoadError::Malformed {
        file: file.to_owned(),
        line: line(text, error.position()),
        what: error.to_string(),
    }
}

/// The line of a record. The reader counts from where it went on reading, so blank lines and
/// comments before the record have to be added.
fn line(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else {
        return 1;
    };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(start..).unwrap_or_default();
    let skipped = rest
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with('#'));
    position.line() + skipped.count() as u64
}
