//! `catalog import`: rows of CSV files as one batch of changes.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::{Exit, Failure};
use crate::print::Form;
use crate::words::count;
use clap::Args;
use lienthong_contract::pb::catalog::v1::{ApplyChangesRequest, ApplyChangesResponse, Change};
use lienthong_contract::reference::{TableFile, TableName};
use std::path::{Path, PathBuf};
use tonic::Status;
use tonic_types::StatusExt;

/// Largest request sent, in bytes.
const LARGEST: usize = 64 * 1024 * 1024;

#[derive(Debug, Args)]
pub struct Arguments {
    /// CSV files with a header; each begins with the name of its table, such as
    /// procedures-2026.csv
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The table of all of them: agencies, agency_successions, units, unit_successions,
    /// procedures, procedure_steps, calendar or statuses
    #[arg(long, value_name = "NAME", value_parser = table)]
    table: Option<TableName>,
    /// Check only, record nothing
    #[arg(long)]
    check: bool,
    /// Name of the import, part of the changes' ids; to bring back a row that was changed
    /// since, import it under another name
    #[arg(long, value_name = "NAME", default_value = "")]
    name: String,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// Where a change came from.
struct Origin {
    file: String,
    line: u64,
}

/// # Errors
/// A file that cannot be read, or the first row that does not fit, with file, line and column.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut changes = Vec::new();
    let mut origins = Vec::new();
    for path in &arguments.files {
        let table = match arguments.table {
            Some(table) => table,
            None => table_of(path)?,
        };
        let usage = |error| Failure::new(Exit::Usage, error);
        let file = TableFile::open(path).map_err(usage)?;
        for row in file.changes(table, &arguments.name).map_err(usage)? {
            origins.push(Origin {
                file: file.name.clone(),
                line: row.line,
            });
            changes.push(row.change);
        }
    }
    let answer = send(&arguments, changes, &origins, shared).await?;
    let name = "lienthong.catalog.v1.ApplyChangesResponse";
    let check = arguments.check;
    arguments
        .form
        .print(name, &answer, |answer| text(answer, check))
}

async fn send(
    arguments: &Arguments,
    changes: Vec<Change>,
    origins: &[Origin],
    shared: &Shared,
) -> Result<ApplyChangesResponse, Failure> {
    let catalog = arguments.gateway.catalog(shared).await?;
    let mut catalog = catalog.max_encoding_message_size(LARGEST);
    let request = ApplyChangesRequest {
        changes,
        check_only: arguments.check,
    };
    match catalog.apply_changes(request).await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => Err(located(status, origins)),
    }
}

/// A refusal with file, line and column in place of the change's number.
fn located(status: Status, origins: &[Origin]) -> Failure {
    let details = status.get_error_details();
    let violations = details
        .bad_request()
        .map_or(&[][..], |bad| &bad.field_violations);
    let lines: Option<Vec<String>> = violations
        .iter()
        .map(|violation| {
            let rest = violation.field.strip_prefix("changes[")?;
            let (index, field) = rest.split_once("].")?;
            let origin = origins.get(index.parse::<usize>().ok()?)?;
            let column = field
                .strip_prefix("cells[")
                .and_then(|rest| rest.strip_suffix(']'));
            let place = column.map_or_else(|| field.to_owned(), |name| format!("column {name}"));
            let what = &violation.description;
            Some(format!("{}:{}: {place}: {what}", origin.file, origin.line))
        })
        .collect();
    match lines {
        Some(lines) if !lines.is_empty() => {
            let nothing = "Nothing of the import was recorded.";
            Failure::new(Exit::Usage, format!("{}\n{nothing}", lines.join("\n")))
        }
        _ => status.into(),
    }
}

fn text(answer: &ApplyChangesResponse, check: bool) -> String {
    let done = if check {
        "would be recorded"
    } else {
        "recorded"
    };
    format!(
        "{} changes {done}, {} known already\nreference data: version {}",
        count(answer.recorded),
        count(answer.known),
        answer.reference_version
    )
}

fn table(name: &str) -> Result<TableName, String> {
    TableName::parse(name).ok_or_else(|| format!("there is no such table. Fix: {}", one_of()))
}

/// The table whose name a file's name begins with, the longest if there are several.
fn table_of(path: &Path) -> Result<TableName, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let named = TableName::ALL
        .into_iter()
        .filter(|table| name.starts_with(table.as_str()));
    let named = named.max_by_key(|table| table.as_str().len());
    named.ok_or_else(|| {
        let what = format!("{}: its name begins with no table's", path.display());
        Failure::new(
            Exit::Usage,
            format!("{what}. Fix: add --table; {}", one_of()),
        )
    })
}

fn one_of() -> String {
    let names = TableName::ALL.map(TableName::as_str).join(", ");
    format!("name one of {names}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_says_its_table() {
        let of = |name: &str| table_of(Path::new(name)).map(TableName::as_str);
        assert_eq!(of("x/procedures_demo.csv").unwrap(), "procedures");
        assert_eq!(of("procedure_steps-2026.csv").unwrap(), "procedure_steps");
        assert_eq!(of("agency_successions.csv").unwrap(), "agency_successions");
        let refused = of("2026.csv").unwrap_err().to_string();
        assert!(refused.contains("Fix: add --table"), "{refused}");
    }
}
