//! `lienthong catalog`: the reference data in force, and changes to it.

mod figures;
mod import;
mod procedures;
mod resolve;

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{moment, or_nothing};
use clap::{Args, Subcommand};
use lienthong_contract::pb::catalog::v1::{
    ListChangesRequest, ListChangesResponse, RecordedChange,
};
use std::collections::BTreeMap;

/// Arguments of `catalog`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Record the rows of CSV files as changes, all or none; the same row twice takes effect once
    Import(import::Arguments),
    /// List the changes, the oldest first
    Changes(Changes),
    /// Count procedures, fields, online services and interconnected ones, and what changed
    Figures(figures::Arguments),
    /// What an administrative unit was on a day, and what it became
    Unit(resolve::Unit),
    /// What an agency was on a day, and which agencies took over from it
    Agency(resolve::Agency),
    /// One procedure with all its versions and their steps
    Procedure(procedures::One),
    /// The procedures in force on a day
    Procedures(procedures::All),
}

#[derive(Debug, Args)]
struct Changes {
    /// Offset to start from
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    /// How many, 1 to 1,000
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: u32,
    /// Only changes of this table
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    match arguments.task {
        Task::Import(arguments) => import::run(arguments, shared).await,
        Task::Changes(arguments) => changes(arguments, shared).await,
        Task::Figures(arguments) => figures::run(arguments, shared).await,
        Task::Unit(arguments) => resolve::unit(arguments, shared).await,
        Task::Agency(arguments) => resolve::agency(arguments, shared).await,
        Task::Procedure(arguments) => procedures::one(arguments, shared).await,
        Task::Procedures(arguments) => procedures::all(arguments, shared).await,
    }
}

async fn changes(arguments: Changes, shared: &Shared) -> Result<(), Failure> {
    let mut catalog = arguments.gateway.catalog(shared).await?;
    let request = ListChangesRequest {
        from_offset: arguments.from,
        page_size: arguments.limit,
        table: arguments.table.unwrap_or_default(),
    };
    let answer = catalog.list_changes(request).await?.into_inner();
    let name = "lienthong.catalog.v1.ListChangesResponse";
    arguments.form.print(name, &answer, listed)
}

fn listed(answer: &ListChangesResponse) -> String {
    if answer.changes.is_empty() {
        return "no changes".to_owned();
    }
    let row = |recorded: &RecordedChange| {
        let change = recorded.change.clone().unwrap_or_default();
        let cells: BTreeMap<&String, &String> = change.cells.iter().collect();
        let cells = cells
            .iter()
            .map(|(column, cell)| format!("{column}={cell}"));
        [
            recorded.offset.to_string(),
            moment(&recorded.recorded_time),
            change.table.clone(),
            or_nothing(&change.kind).to_owned(),
            cells.collect::<Vec<_>>().join(" "),
            or_nothing(&recorded.refused).to_owned(),
        ]
    };
    let header = [
        "Offset",
        "Recorded at",
        "Table",
        "Kind",
        "Cells",
        "No effect",
    ];
    let rows = table(
        header,
        &["Offset"],
        answer.changes.iter().map(row).collect(),
    );
    match answer.next_offset {
        0 => rows,
        next => format!("{rows}\n\nmore: --from {next}"),
    }
}
