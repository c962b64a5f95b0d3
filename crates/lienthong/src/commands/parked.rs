//! `lienthong parked`: dossiers that wait behind an event that could not be applied.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{count, moment};
use clap::{Args, Subcommand};
use lienthong_contract::pb::event::v1::parked_released::Decision;
use lienthong_contract::pb::operations::v1::{
    ListParkedRequest, ListParkedResponse, ParkedDossier, ReleaseParkedRequest,
    ReleaseParkedResponse,
};

/// Arguments of `parked`; without a task it lists.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// List what is parked
    List(List),
    /// Record the decision on a parked dossier; it takes effect in every view and rebuild
    Release(Release),
}

#[derive(Debug, Args)]
struct List {
    /// Only this view: case, horizontal or vertical
    #[arg(long)]
    view: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Release {
    /// The key, as the list shows it
    key: String,
    /// The offset of the event that parked it, as the list shows it
    #[arg(long, value_name = "N")]
    offset: u64,
    #[command(flatten)]
    decision: Choice,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Choice {
    /// Leave that event out and go on with what came after
    #[arg(long)]
    skip: bool,
    /// Apply it again, for example after an upgrade that knows it
    #[arg(long)]
    retry: bool,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    match arguments.task {
        None => list(arguments.list, shared).await,
        Some(Task::List(arguments)) => list(arguments, shared).await,
        Some(Task::Release(arguments)) => release(arguments, shared).await,
    }
}

async fn list(arguments: List, shared: &Shared) -> Result<(), Failure> {
    let mut operations = arguments.gateway.operations(shared).await?;
    let view = arguments.view.unwrap_or_default();
    let request = ListParkedRequest { view };
    let answer = operations.list_parked(request).await?.into_inner();
    let name = "lienthong.operations.v1.ListParkedResponse";
    arguments.form.print(name, &answer, listed)
}

fn listed(answer: &ListParkedResponse) -> String {
    if answer.parked.is_empty() {
        return "nothing is parked".to_owned();
    }
    let header = [
        "View",
        "Key",
        "Partition",
        "Offset",
        "Waiting",
        "Parked at",
        "Reason",
        "Detail",
    ];
    let row = |parked: &ParkedDossier| {
        let at = parked.position.unwrap_or_default();
        [
            parked.view.clone(),
            parked.key.clone(),
            at.partition.to_string(),
            at.offset.to_string(),
            count(parked.waiting_total),
            moment(&parked.parked_time),
            parked.reason.clone(),
            parked.detail.clone(),
        ]
    };
    let right = ["Partition", "Offset", "Waiting"];
    table(header, &right, answer.parked.iter().map(row).collect())
}

async fn release(arguments: Release, shared: &Shared) -> Result<(), Failure> {
    let mut operations = arguments.gateway.operations(shared).await?;
    let decision = if arguments.decision.skip {
        Decision::Skip
    } else {
        Decision::Retry
    };
    let request = ReleaseParkedRequest {
        key: arguments.key,
        parked_offset: arguments.offset,
        decision: decision.into(),
    };
    let answer = operations.release_parked(request).await?.into_inner();
    let name = "lienthong.operations.v1.ReleaseParkedResponse";
    arguments.form.print(name, &answer, released)
}

fn released(answer: &ReleaseParkedResponse) -> String {
    let at = answer.position.unwrap_or_default();
    format!(
        "the decision is recorded: partition {}, offset {}",
        at.partition, at.offset
    )
}
