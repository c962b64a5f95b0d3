//! Figures as CSV (RFC 4180, UTF-8): a row a line, a column a figure, and for each share one of its
//! numerator and one of its denominator.

use crate::exit::Failure;
use crate::figures::{COUNTS, RATES};
use ::csv::{Terminator, WriterBuilder};
use lienthong_contract::pb::performance::v1::{
    Figures, GetPerformanceResponse, PerformanceLine, Unassigned,
};

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Text; may be empty.
    Text,
    /// Codes with a space between them; may be empty.
    Codes,
    /// A number of dossiers, payments or ratings.
    Number,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its header.
    pub name: String,
    /// What it is, for a person.
    pub title: String,
    /// What stands in it.
    pub holds: Holds,
}

/// The columns in their order.
pub fn columns() -> Vec<Column> {
    let column = |name: String, title: String, holds| Column { name, title, holds };
    let text = |name: &str, title: &str, holds| column(name.to_owned(), title.to_owned(), holds);
    let mut columns = vec![
        text(
            "key",
            "Code of the agency, unit, procedure or field, or name of the channel or level",
            Holds::Text,
        ),
        text("name", "Its name; may be empty", Holds::Text),
        text(
            "unassigned",
            "Why these dossiers belong to no member of the grouping; empty: they do",
            Holds::Text,
        ),
        text(
            "candidates",
            "Units that unassigned dossiers may belong to",
            Holds::Codes,
        ),
        text(
            "from_day",
            "First day in force of the unit, which tells apart units of one code; may be empty",
            Holds::Text,
        ),
    ];
    for count in &COUNTS {
        columns.push(text(count.name, count.title, Holds::Number));
    }
    for rate in &RATES {
        for part in ["numerator", "denominator"] {
            let (name, title) = (rate.name, rate.title);
            columns.push(column(
                format!("{name}_{part}"),
                format!("{title}: {part}"),
                Holds::Number,
            ));
        }
    }
    columns
}

/// The table. An answer without lines is told by its total, in one row.
///
/// # Errors
/// If it cannot be written, which memory never refuses.
pub fn write(answer: &GetPerformanceResponse) -> Result<String, Failure> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    let header = columns().into_iter().map(|column| column.name);
    writer.write_record(header).map_err(Failure::failed)?;
    let alone = PerformanceLine {
        figures: answer.total,
        ..PerformanceLine::default()
    };
    let lines = match answer.lines.as_slice() {
        [] => std::slice::from_ref(&alone),
        lines => lines,
    };
    for line in lines {
        writer.write_record(record(line)).map_err(Failure::failed)?;
    }
    let bytes = writer.into_inner().map_err(Failure::failed)?;
    String::from_utf8(bytes).map_err(Failure::failed)
}

fn record(line: &PerformanceLine) -> Vec<String> {
    let none = Figures::default();
    let figures = line.figures.as_ref().unwrap_or(&none);
    let mut record = vec![
        line.key.clone(),
        line.name.clone(),
        why(line.unassigned()),
        line.candidates.join(" "),
        line.from_day.clone(),
    ];
    record.extend(COUNTS.iter().map(|count| (count.of)(figures).to_string()));
    for rate in &RATES {
        let share = (rate.of)(figures).unwrap_or_default();
        record.push(share.numerator.to_string());
        record.push(share.denominator.to_string());
    }
    record
}

/// `not_told`, `several` and so on; empty: assigned.
fn why(unassigned: Unassigned) -> String {
    match unassigned {
        Unassigned::Unspecified => String::new(),
        other => {
            let name = other.as_str_name().to_ascii_lowercase();
            name.trim_start_matches("unassigned_").to_owned()
        }
    }
}
