//! Standard output: a message as JSON, or rows as a table.

use crate::exit::Failure;
use clap::Args;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use std::io::Write;

/// A line under the header and nothing else, so that a table can be read and cut alike.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How a command prints data.
#[derive(Debug, Clone, Copy, Args)]
pub struct Form {
    /// Print JSON (the proto JSON mapping) instead of text
    #[arg(long)]
    pub json: bool,
}

impl Form {
    /// Prints an answer: as JSON of the message `name`, or as the text that `text` makes of it.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub fn print<M: prost::Message>(
        self,
        name: &str,
        answer: &M,
        text: impl FnOnce(&M) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return out(&text(answer));
        }
        let value = lienthong_contract::json::of(name, answer).map_err(Failure::failed)?;
        self::json(&value)
    }
}

/// Prints JSON.
///
/// # Errors
/// If standard output cannot be written.
pub fn json(value: &serde_json::Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    out(&text)
}

/// Prints text with one line end. A reader that has gone, such as `head`, is no error.
///
/// # Errors
/// If standard output cannot be written.
pub fn out(text: &str) -> Result<(), Failure> {
    let written = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints lines and hands them to the reader at once; whether it is still there.
///
/// # Errors
/// If standard output cannot be written.
pub fn lines(lines: &[String]) -> Result<Reader, Failure> {
    let mut out = std::io::stdout().lock();
    let mut written = lines.iter().map(|line| writeln!(out, "{line}"));
    let written: std::io::Result<()> = written.try_for_each(|one| one);
    match written.and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error.into()),
    }
}

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// It reads on.
    There,
    /// It has ended, such as `head`: nothing more needs to be printed.
    Gone,
}

/// Rows under a header, without frames; columns named in `right` stand to the right.
pub fn table<const N: usize>(header: [&str; N], right: &[&str], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header);
    for (index, name) in header.iter().enumerate() {
        if right.contains(name)
            && let Some(column) = table.column_mut(index)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.add_rows(rows);
    table.trim_fmt()
}
