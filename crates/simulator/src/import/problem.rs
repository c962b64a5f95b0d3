//! What is wrong with a mapping or a row, where, and what to do.

use std::fmt;
use std::path::Path;

/// What is wrong with a mapping or a row, where, and what to do. It repeats a cell only if
/// the cell is a code, a time, an activity or the name of an agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file; empty until the reader of the file fills it in.
    pub file: String,
    /// Line, 1 is the first; 0: the file as a whole.
    pub line: u64,
    /// The column, attribute or key; empty: the line as a whole.
    pub column: String,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub fix: String,
}

impl Problem {
    /// A problem of one cell.
    pub fn cell(line: u64, column: &str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            file: String::new(),
            line,
            column: column.to_owned(),
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// Names the file, if none is named yet.
    #[must_use]
    pub fn of(mut self, file: &Path) -> Self {
        if self.file.is_empty() {
            self.file = file.display().to_string();
        }
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.column.is_empty() {
            write!(f, ": column {}", self.column)?;
        }
        write!(f, ": {}. Fix: {}", self.what, self.fix)
    }
}

/// Problems one a line.
pub(super) fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}
