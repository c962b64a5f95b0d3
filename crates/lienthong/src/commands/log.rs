//! `lienthong log`: the event log and how far the views have read it.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::count;
use clap::{Args, Subcommand};
use lienthong_contract::pb::operations::v1::{
    ListPositionsRequest, ListPositionsResponse, LogBounds, ViewPosition,
};

/// Arguments of `log`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// The log's bounds and each view's position and digest, by partition
    Positions {
        #[command(flatten)]
        gateway: GatewayAt,
        #[command(flatten)]
        form: Form,
    },
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let Task::Positions { gateway, form } = arguments.task;
    let mut operations = gateway.operations(shared).await?;
    let request = ListPositionsRequest {};
    let answer = operations.list_positions(request).await?.into_inner();
    form.print(
        "lienthong.operations.v1.ListPositionsResponse",
        &answer,
        text,
    )
}

fn text(answer: &ListPositionsResponse) -> String {
    let bounds = |bounds: &LogBounds| {
        [
            bounds.partition.to_string(),
            count(bounds.start_offset),
            count(bounds.end_offset),
        ]
    };
    let log = table(
        ["Partition", "First offset", "Next offset"],
        &["Partition", "First offset", "Next offset"],
        answer.log.iter().map(bounds).collect(),
    );
    let header = [
        "View",
        "Partition",
        "Next",
        "Checkpoint",
        "Keys",
        "Facts",
        "Duplicates",
        "Digest",
    ];
    let position = |at: &ViewPosition| {
        [
            at.view.clone(),
            at.partition.to_string(),
            count(at.next_offset),
            count(at.checkpoint_offset),
            count(at.keys),
            count(at.facts),
            count(at.duplicates),
            at.digest.clone(),
        ]
    };
    let right = [
        "Partition",
        "Next",
        "Checkpoint",
        "Keys",
        "Facts",
        "Duplicates",
    ];
    let views = table(header, &right, answer.views.iter().map(position).collect());
    format!("{log}\n\n{views}")
}
