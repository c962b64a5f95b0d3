//! JSON lines: columns by the keys of each object; empty lines are passed over.

use super::super::problem::Problem;
use super::{Row, Source};
use serde_json::{Map, Value};
use std::io::BufRead;
use std::sync::Arc;

pub(super) fn rows(
    source: Source,
    columns: Arc<[String]>,
) -> impl Iterator<Item = Result<Row, Problem>> + Send {
    let mut failed = false;
    let numbered = source.lines().zip(1u64..);
    let filled =
        numbered.filter(|(line, _)| !line.as_ref().is_ok_and(|line| line.trim().is_empty()));
    filled.map_while(move |(line, number)| {
        if failed {
            return None;
        }
        let row = line
            .map_err(|error| Problem::cell(number, "", error.to_string(), "write UTF-8"))
            .and_then(|line| row(&line, number, &columns));
        failed = row.is_err();
        Some(row)
    })
}

fn row(line: &str, number: u64, columns: &Arc<[String]>) -> Result<Row, Problem> {
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| {
        Problem::cell(
            number,
            "",
            error.to_string(),
            "write one JSON object a line",
        )
    })?;
    let cells: Result<_, Problem> = columns
        .iter()
        .map(|column| cell(&object, column, number))
        .collect();
    Ok(Row {
        line: number,
        columns: columns.clone(),
        cells: cells?,
    })
}

fn cell(object: &Map<String, Value>, column: &str, number: u64) -> Result<Option<String>, Problem> {
    Ok(match object.get(column) {
        None => None,
        Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Bool(value)) => Some(value.to_string()),
        Some(_) => {
            let what = "it is a list or an object";
            return Err(Problem::cell(
                number,
                column,
                what,
                "write a string, a number, true or false",
            ));
        }
    })
}
