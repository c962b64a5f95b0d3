//! A file of rows as changes of the catalogue.

use super::table::Table;
use super::{LoadError, TableFile, TableName};
use crate::pb::catalog::v1::Change;
use lienthong_domain::table_version::TableVersion;

/// A change and the line of its row, 1 is the first.
#[derive(Debug, Clone, PartialEq)]
pub struct FileChange {
    /// The line.
    pub line: u64,
    /// The change; cells that are empty are left out of it.
    pub change: Change,
}

impl TableFile {
    /// Each row as a change of `table`. Its id follows from `name`, the table and every cell, so
    /// that importing the same row under the same name again is the same change; a row that is to
    /// be as it was before later changes needs another name.
    ///
    /// # Errors
    /// `Malformed` if it is not CSV, `Cell` if it lacks a column.
    pub fn changes(&self, table: TableName, name: &str) -> Result<Vec<FileChange>, LoadError> {
        let parsed = Table::parse(&self.name, &self.text, table.columns())?;
        let changes = parsed.rows().map(|row| {
            let mut id = TableVersion::default();
            id.field(name);
            let mut change = Change {
                table: table.as_str().to_owned(),
                ..Change::default()
            };
            for column in table.columns() {
                let cell = row.get(column);
                id.field(cell);
                if !cell.is_empty() {
                    change.cells.insert((*column).to_owned(), cell.to_owned());
                }
            }
            if table == TableName::Procedures {
                change.kind = change.cells.remove("change").unwrap_or_default();
            }
            change.id = format!("{}-{}", table.as_str(), id.finish());
            let line = row.line();
            FileChange { line, change }
        });
        Ok(changes.collect())
    }
}
