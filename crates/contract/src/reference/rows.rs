//! Rows of tables that own their cells and know where they come from.

use super::table::Table;
use super::{LoadError, TableFile, TableName};
use lienthong_domain::row::RowError;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    table: TableName,
    origin: Origin,
    /// In the order of the table's columns.
    cells: Vec<Box<str>>,
}

#[derive(Debug)]
enum Origin {
    File { file: Arc<str>, line: u64 },
    Change { id: String },
}

/// The rows of one table, in the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    table: TableName,
    list: Vec<Arc<Row>>,
    /// The first row of each key, to be replaced by a change.
    by_key: HashMap<String, usize>,
}

impl Row {
    /// The cell of a column of the table.
    pub(super) fn get(&self, column: &str) -> &str {
        let mut columns = self.table.columns().iter();
        let at = columns.position(|name| *name == column);
        debug_assert!(at.is_some(), "{column} is no column of {:?}", self.table);
        at.and_then(|at| self.cells.get(at)).map_or("", |cell| cell)
    }

    /// A row of a change; cells that it does not give are empty.
    pub(super) fn of_change(table: TableName, id: &str, cells: &BTreeMap<&str, &str>) -> Row {
        let columns = table.columns().iter();
        Row {
            table,
            origin: Origin::Change { id: id.to_owned() },
            cells: columns
                .map(|column| cells.get(column).copied().unwrap_or_default().into())
                .collect(),
        }
    }

    /// The refusal of a cell of this row.
    pub(super) fn error(&self, column: &str, what: String, fix: String) -> LoadError {
        let column = column.to_owned();
        match &self.origin {
            Origin::File { file, line } => LoadError::Cell {
                file: file.to_string(),
                line: *line,
                column,
                what,
                fix,
            },
            Origin::Change { id } => LoadError::Change {
                id: id.clone(),
                field: format!("cells[{column}]"),
                what,
                fix,
            },
        }
    }

    fn key(&self) -> String {
        let cells: Vec<&str> = self.table.key().iter().map(|name| self.get(name)).collect();
        cells.join("\u{1f}")
    }
}

impl Rows {
    pub(super) fn new(table: TableName) -> Self {
        Self {
            table,
            list: Vec::new(),
            by_key: HashMap::new(),
        }
    }

    /// The rows of these files, which must have every column.
    pub(super) fn of_files(table: TableName, files: &[TableFile]) -> Result<Rows, LoadError> {
        let mut rows = Rows::new(table);
        for file in files {
            let parsed = Table::parse(&file.name, &file.text, table.columns())?;
            let name: Arc<str> = file.name.as_str().into();
            for row in parsed.rows() {
                let columns = table.columns().iter();
                rows.push(Row {
                    table,
                    origin: Origin::File {
                        file: name.clone(),
                        line: row.line(),
                    },
                    cells: columns.map(|column| row.get(column).into()).collect(),
                });
            }
        }
        Ok(rows)
    }

    /// Adds a row beside all others, so that one given twice is found out.
    fn push(&mut self, row: Row) {
        self.by_key.entry(row.key()).or_insert(self.list.len());
        self.list.push(Arc::new(row));
    }

    /// Puts a row in the place of the one with the same key, or adds it.
    pub(super) fn put(&mut self, row: Row) {
        match self.by_key.get(&row.key()) {
            Some(at) => self.list[*at] = Arc::new(row),
            None => self.push(row),
        }
    }

    pub(super) fn list(&self) -> &[Arc<Row>] {
        &self.list
    }

    /// The domain's refusal of one of the rows, with its origin in place of the row's number.
    pub(super) fn locate(&self, error: RowError) -> LoadError {
        match self.list.get(error.row) {
            Some(row) => row.error(error.column, error.what, error.fix),
            None => LoadError::Malformed {
                file: self.table.as_str().to_owned(),
                line: 0,
                what: error.to_string(),
            },
        }
    }
}
