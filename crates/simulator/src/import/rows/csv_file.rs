//! CSV: columns by the header line.

use super::super::problem::Problem;
use super::{Row, Source};
use std::sync::Arc;

const SHAPE: &str =
    "write comma-separated values in UTF-8, quoted by RFC 4180, with as many fields as the header";

pub(super) fn rows(
    source: Source,
    columns: Arc<[String]>,
) -> Result<impl Iterator<Item = Result<Row, Problem>> + Send, Problem> {
    let mut reader = csv::Reader::from_reader(source);
    let header = reader.headers().map_err(|error| problem(&error))?;
    let mut places = Vec::with_capacity(columns.len());
    for column in columns.iter() {
        // Excel begins a UTF-8 file with a byte order mark.
        let found = header
            .iter()
            .position(|name| name.trim_start_matches('\u{feff}') == column);
        places.push(found.ok_or_else(|| {
            let what = "the header line does not have this column";
            Problem::cell(
                1,
                column,
                what,
                "correct the mapping, or add the column to the file",
            )
        })?);
    }
    let mut failed = false;
    Ok(reader.into_records().map_while(move |record| {
        if failed {
            return None;
        }
        failed = record.is_err();
        Some(record.map_err(|error| problem(&error)).map(|record| {
            Row {
                line: record.position().map_or(0, csv::Position::line),
                columns: columns.clone(),
                cells: places
                    .iter()
                    .map(|at| record.get(*at).map(str::to_owned))
                    .collect(),
            }
        }))
    }))
}

fn problem(error: &csv::Error) -> Problem {
    let line = error.position().map_or(0, csv::Position::line);
    Problem::cell(line, "", error.to_string(), SHAPE)
}
