//! What all reference tables share: rows of text, and errors that name the row and the column.

use jiff::civil::Date;

use crate::level::Level;
use crate::period::Period;

/// A row of a reference table that cannot be used. The reader of the file turns the row number
/// into a file and a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row}, column {column}: {what}. Fix: {fix}")]
pub struct RowError {
    /// Position in the rows given, 0 for the first.
    pub row: usize,
    /// The column at fault.
    pub column: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub fix: String,
}

/// One row being read: its position and the way to refuse it.
#[derive(Clone, Copy)]
pub(crate) struct At(pub(crate) usize);

impl At {
    pub(crate) fn error(
        self,
        column: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> RowError {
        RowError {
            row: self.0,
            column,
            what: what.into(),
            fix: fix.into(),
        }
    }

    pub(crate) fn level(self, text: &str) -> Result<Level, RowError> {
        Level::parse(text).ok_or_else(|| {
            let names = Level::ALL.map(Level::as_str).join(", ");
            self.error(
                "level",
                format!("{text:?} is not a level"),
                format!("write one of {names}"),
            )
        })
    }

    /// The text, which must not be empty or have spaces at its ends.
    pub(crate) fn text(self, column: &'static str, text: &str) -> Result<String, RowError> {
        if text.is_empty() {
            return Err(self.error(column, "it is empty", "fill it in"));
        }
        if text.trim() != text {
            return Err(self.error(column, "it begins or ends with a space", "remove the space"));
        }
        Ok(text.to_owned())
    }

    /// The text, or nothing when it is empty.
    pub(crate) fn optional(
        self,
        column: &'static str,
        text: &str,
    ) -> Result<Option<String>, RowError> {
        if text.is_empty() {
            Ok(None)
        } else {
            self.text(column, text).map(Some)
        }
    }

    pub(crate) fn period(self, from: &str, to: &str) -> Result<Period, RowError> {
        let period = Period {
            from: self.day("from", from)?,
            to: self.day("to", to)?,
        };
        if period.is_reversed() {
            return Err(self.error(
                "to",
                format!("the last day {to} comes before the first day {from}"),
                "put the earlier day in from",
            ));
        }
        Ok(period)
    }

    pub(crate) fn day(self, column: &'static str, text: &str) -> Result<Option<Date>, RowError> {
        if text.is_empty() {
            return Ok(None);
        }
        match text.parse() {
            Ok(day) if text.len() == 10 => Ok(Some(day)),
            _ => Err(self.error(
                column,
                format!("{text:?} is not a day"),
                "write yyyy-MM-dd, such as 2025-06-30, or leave it empty for no limit",
            )),
        }
    }
}
