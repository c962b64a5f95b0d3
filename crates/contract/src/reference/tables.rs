//! All tables as rows of text, which changes of the catalogue stream are applied to, and the
//! reference data that they make.
//!
//! ```text
//! shipped tables + operator's files --load--> Tables --apply(change)*--> Tables --build--> Reference
//! ```
//! Applying only puts rows; whether the tables still hold together is found out by building, so
//! that several changes that need each other may come in any order. To try changes, apply them to
//! a clone: rows are shared, not copied.

use super::rows::{Row, Rows};
use super::{Files, LoadError, TableFile, TableName, agencies, calendar, procedures, statuses};
use super::{Units, units};
use crate::pb::catalog::v1::Change;
use lienthong_domain::reference::Reference;
use lienthong_domain::table_version::TableVersion;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most bytes of a cell.
const LONGEST_CELL: usize = 2_000;

/// The tables.
#[derive(Debug, Clone)]
pub struct Tables {
    rows: BTreeMap<TableName, Rows>,
    /// The units that the rows make, once built; the shipped ones take the longest of all to read.
    units: Option<Arc<Units>>,
}

impl Tables {
    /// What ships with the hub, and these files.
    ///
    /// # Errors
    /// A file that is not CSV or lacks a column.
    pub fn load(files: &Files) -> Result<Tables, LoadError> {
        let mut rows = BTreeMap::new();
        for table in TableName::ALL {
            let with_shipped = |shipped: TableFile, own: &[TableFile]| {
                let all: Vec<TableFile> = std::iter::once(shipped).chain(own.to_vec()).collect();
                Rows::of_files(table, &all)
            };
            let loaded = match table {
                TableName::Agencies => Rows::of_files(table, &files.agencies)?,
                TableName::AgencySuccessions => Rows::of_files(table, &files.agency_successions)?,
                // The shipped units are read where they are made; here are only their changes.
                TableName::Units | TableName::UnitSuccessions => Rows::new(table),
                TableName::Procedures => Rows::of_files(table, &files.procedures)?,
                TableName::ProcedureSteps => Rows::of_files(table, &files.procedure_steps)?,
                TableName::Calendar => with_shipped(calendar::shipped(), &files.calendar)?,
                TableName::Statuses => with_shipped(statuses::shipped(), &files.statuses)?,
            };
            rows.insert(table, loaded);
        }
        Ok(Tables { rows, units: None })
    }

    /// Puts the row of a change in the place of the one with the same key (see [`TableName::key`]),
    /// or adds it. A change of units ends and begins nothing by itself: it needs the row of the old
    /// unit with its last day, too.
    ///
    /// # Errors
    /// [`LoadError::Change`] for an unknown table, column or kind, or a cell that is too long.
    pub fn apply(&mut self, change: &Change) -> Result<(), LoadError> {
        let table = TableName::parse(&change.table).ok_or_else(|| {
            let names = TableName::ALL.map(TableName::as_str).join(", ");
            let what = format!("{:?} is not a table", change.table);
            refusal(change, "table", what, format!("write one of {names}"))
        })?;
        let cells = cells(change, table)?;
        if matches!(table, TableName::Units | TableName::UnitSuccessions) {
            self.units = None;
        }
        let rows = self.rows.entry(table);
        rows.or_insert_with(|| Rows::new(table))
            .put(Row::of_change(table, &change.id, &cells));
        Ok(())
    }

    /// The reference data that the tables make.
    ///
    /// # Errors
    /// The first thing that does not hold together, with its file, line and column, or with the
    /// change it came by.
    pub fn build(&mut self) -> Result<Reference, LoadError> {
        let units = match &self.units {
            Some(units) => units.clone(),
            None => {
                let of = |table| self.of(table).list();
                let built = units::units(of(TableName::Units), of(TableName::UnitSuccessions))?;
                self.units.insert(Arc::new(built)).clone()
            }
        };
        let agencies = self.of(TableName::Agencies);
        let registry = agencies::build(units, agencies, self.of(TableName::AgencySuccessions))?;
        let versions = self.of(TableName::Procedures);
        let procedures = procedures::build(versions, self.of(TableName::ProcedureSteps))?;
        let calendar = calendar::build(self.of(TableName::Calendar))?;
        let mappings = statuses::build(self.of(TableName::Statuses))?;
        let mut version = TableVersion::default();
        version.field(registry.version());
        version.field(&procedures.version());
        version.field(calendar.version());
        for system in mappings.systems() {
            version.field(system);
            version.field(mappings.version(system).unwrap_or_default());
        }
        Ok(Reference {
            registry,
            procedures,
            calendar,
            mappings,
            version: version.finish(),
        })
    }

    fn of(&self, table: TableName) -> &Rows {
        &self.rows[&table]
    }
}

/// The change's cells by column, with its kind among them.
fn cells(change: &Change, table: TableName) -> Result<BTreeMap<&str, &str>, LoadError> {
    let mut cells = BTreeMap::new();
    for (column, cell) in &change.cells {
        let field = format!("cells[{column}]");
        if !table.columns().contains(&column.as_str()) {
            let what = format!("table {} has no such column", table.as_str());
            let fix = format!("write one of {}", table.columns().join(", "));
            return Err(refusal(change, &field, what, fix));
        }
        if cell.len() > LONGEST_CELL {
            let what = format!("it has {} bytes", cell.len());
            let fix = format!("write at most {LONGEST_CELL}");
            return Err(refusal(change, &field, what, fix));
        }
        cells.insert(column.as_str(), cell.as_str());
    }
    if cells.is_empty() {
        let fix = format!("give the cells of {}", table.columns().join(", "));
        return Err(refusal(change, "cells", "it has none".to_owned(), fix));
    }
    if change.kind.is_empty() {
        return Ok(cells);
    }
    if table != TableName::Procedures {
        let what = format!("changes of {} have no kind", table.as_str());
        return Err(refusal(change, "kind", what, "leave it empty".to_owned()));
    }
    let told = cells.entry("change").or_default();
    if !told.is_empty() && *told != change.kind {
        let what = format!(
            "the kind is {:?}, and cells[change] is {told:?}",
            change.kind
        );
        let fix = "write the same in both, or leave one of them out";
        return Err(refusal(change, "kind", what, fix.to_owned()));
    }
    *told = &change.kind;
    Ok(cells)
}

fn refusal(change: &Change, field: &str, what: String, fix: String) -> LoadError {
    LoadError::Change {
        id: change.id.clone(),
        field: field.to_owned(),
        what,
        fix,
    }
}

#[cfg(test)]
#[path = "tables_tests.rs"]
mod tests;
