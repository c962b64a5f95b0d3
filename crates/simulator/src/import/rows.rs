//! Event logs of three formats as rows of the columns asked for.

mod csv_file;
mod json_lines;
mod lines;
mod xes;

use super::problem::Problem;
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes read from disk at once.
const BUFFER: usize = 256 << 10;

/// The format of an event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180 with a header line, UTF-8.
    Csv,
    /// One JSON object a line; cells are strings, numbers or booleans.
    JsonLines,
    /// IEEE 1849 XES. Attributes of the trace are columns with `case:` before their key and
    /// must stand before the trace's events.
    Xes,
}

impl Format {
    /// The format of that name: `csv`, `jsonl` or `xes`.
    pub fn parse(name: &str) -> Option<Format> {
        match name {
            "csv" => Some(Format::Csv),
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            "xes" => Some(Format::Xes),
            _ => None,
        }
    }

    /// The format that a file's name tells, `.gz` left aside.
    pub fn of(file: &Path) -> Option<Format> {
        let name = file.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        Format::parse(name.rsplit_once('.')?.1)
    }
}

/// One event of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line on which it ends, 1 is the first.
    pub line: u64,
    columns: Arc<[String]>,
    cells: Vec<Option<String>>,
}

impl Row {
    /// The cell of a column that was asked for; empty if the row has none.
    pub fn get(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.cells.get(at)?.as_deref())
            .unwrap_or_default()
    }

    /// For each column asked for, in order, whether the row has it, be it empty.
    pub fn has(&self) -> impl Iterator<Item = bool> {
        self.cells.iter().map(Option::is_some)
    }
}

/// The rows of a file, in its order; ends after the first problem.
pub struct Rows {
    file: PathBuf,
    rows: Box<dyn Iterator<Item = Result<Row, Problem>> + Send>,
}

impl Iterator for Rows {
    type Item = Result<Row, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.map_err(|problem| problem.of(&self.file)))
    }
}

/// Opens a file, plain or gzip, for the columns asked for.
///
/// # Errors
/// If it cannot be opened, its name tells no format, or its header lacks a column.
pub fn open(file: &Path, format: Option<Format>, columns: &[String]) -> Result<Rows, Problem> {
    let Some(format) = format.or_else(|| Format::of(file)) else {
        let fix = "name it .csv, .jsonl or .xes, with .gz or without, or give the format";
        return Err(Problem::cell(0, "", "its name tells no format", fix).of(file));
    };
    let source = readable(file).map_err(|error| {
        Problem::cell(
            0,
            "",
            error.to_string(),
            "give the path of a readable event log",
        )
        .of(file)
    })?;
    let columns: Arc<[String]> = columns.into();
    let rows: Box<dyn Iterator<Item = _> + Send> = match format {
        Format::Csv => {
            Box::new(csv_file::rows(source, columns).map_err(|problem| problem.of(file))?)
        }
        Format::JsonLines => Box::new(json_lines::rows(source, columns)),
        Format::Xes => Box::new(xes::rows(source, columns)),
    };
    Ok(Rows {
        file: file.to_owned(),
        rows,
    })
}

type Source = Box<dyn BufRead + Send>;

/// Gzip is known by its first two bytes, whatever the file is called.
fn readable(file: &Path) -> std::io::Result<Source> {
    let mut plain = BufReader::with_capacity(BUFFER, File::open(file)?);
    if plain.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(BufReader::with_capacity(
            BUFFER,
            MultiGzDecoder::new(plain),
        )));
    }
    Ok(Box::new(plain))
}
