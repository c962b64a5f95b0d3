//! Reference data: the tables that ship with the hub and the operator's own, read into the
//! domain's registry.
//!
//! Files are CSV in UTF-8 with a header line; columns are found by name, `#` begins a comment line.
//! Whatever is wrong with a file is said with file, line, column and fix, and nothing of it is used.

mod agencies;
mod calendar;
mod changes;
mod current;
mod name;
mod procedures;
mod rows;
mod statuses;
mod table;
mod tables;
mod units;

use lienthong_domain::reference::Reference;
use lienthong_domain::unit::Units;
use std::path::Path;

pub use agencies::{demo_agencies, registry};
pub use calendar::calendar;
pub use changes::FileChange;
pub use current::Current;
pub use name::TableName;
pub use procedures::{demo_procedure_steps, demo_procedures};
pub use statuses::{status_changes, status_mappings};
pub use tables::Tables;

/// A reference file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// The name used in errors, such as its path.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl TableFile {
    /// Reads a file from disk.
    ///
    /// # Errors
    /// `Unreadable` if it cannot be opened or is not UTF-8.
    pub fn open(path: &Path) -> Result<TableFile, LoadError> {
        let name = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(TableFile { name, text }),
            Err(source) => Err(LoadError::Unreadable { file: name, source }),
        }
    }
}

/// The operator's own files of each table, beside what ships with the hub.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// See [`registry`].
    pub agencies: Vec<TableFile>,
    /// See `AgencySuccessionRow` of the domain.
    pub agency_successions: Vec<TableFile>,
    /// See `ProcedureRow` of the domain; none ship with the hub.
    pub procedures: Vec<TableFile>,
    /// See `StepRow` of the domain.
    pub procedure_steps: Vec<TableFile>,
    /// See [`status_mappings`].
    pub statuses: Vec<TableFile>,
    /// See [`calendar`].
    pub calendar: Vec<TableFile>,
}

impl Files {
    /// The files of demonstrations and tests.
    pub fn demo() -> Files {
        Files {
            agencies: vec![demo_agencies()],
            procedures: vec![demo_procedures()],
            procedure_steps: vec![demo_procedure_steps()],
            ..Files::default()
        }
    }
}

/// All reference data: what ships with the hub, and these files.
///
/// # Errors
/// The first thing wrong, with its file, line and column.
pub fn load(files: &Files) -> Result<Reference, LoadError> {
    Tables::load(files)?.build()
}

/// The reference data of demonstrations and tests: what ships with the hub, and the demonstration's
/// agencies and procedures.
///
/// # Errors
/// If the shipped tables do not load, which tests rule out.
pub fn demo() -> Result<Reference, LoadError> {
    load(&Files::demo())
}

/// Why reference data could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read at all.
    #[error("{file}: {source}. Fix: give the path of a readable CSV file in UTF-8")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not CSV of one shape.
    #[error(
        "{file}:{line}: {what}. Fix: write comma-separated values, quoted by RFC 4180, with as many fields as the header"
    )]
    Malformed {
        /// The file.
        file: String,
        /// Line, 1 is the first.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A cell, or the header of its column, is wrong.
    #[error("{file}:{line}: column {column}: {what}. Fix: {fix}")]
    Cell {
        /// The file.
        file: String,
        /// Line, 1 is the first.
        line: u64,
        /// The column as the header names it.
        column: String,
        /// What is wrong.
        what: String,
        /// What to write instead.
        fix: String,
    },
    /// A change of the catalogue does not fit.
    #[error("change {id}: {field}: {what}. Fix: {fix}")]
    Change {
        /// The change's own id.
        id: String,
        /// Its field, such as `cells[from]`.
        field: String,
        /// What is wrong.
        what: String,
        /// What to write instead.
        fix: String,
    },
}

impl LoadError {
    /// Always false: the file or the change has to be repaired first.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
