//! `lienthong log`: the event log, how far the views have read it, and its move to another home.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::copy::{self, Copied, Place, Plan, Summary};
use crate::exit::{Exit, Failure};
use crate::print::{Form, json, out, table};
use crate::progress::Progress;
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
    /// Copy all logs into another home, and compare both
    ///
    /// Order, partitions, offsets and recorded times stay as they are, so durable subscriptions go
    /// on where they were. Stop the adapters and gateways of the source first: what comes in meanwhile is left for the next run. A copy that was broken off
    /// goes on when the same command is given again.
    Copy(Copy),
}

#[derive(Debug, Args)]
struct Copy {
    /// Home to read: embedded:DIR (a data_dir), or kafka://HOST:PORT[,HOST:PORT]/PREFIX
    #[arg(long, value_name = "HOME")]
    from: Place,
    /// Home to write, made if missing with as many partitions as the source
    #[arg(long, value_name = "HOME")]
    to: Place,
    /// Copy what is left of a source whose beginning retention took; offsets change
    #[arg(long)]
    accept_truncated: bool,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers, or why a log cannot be copied.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    match arguments.task {
        Task::Positions { gateway, form } => positions(gateway, form, shared).await,
        Task::Copy(arguments) => copy_log(arguments, shared).await,
    }
}

async fn positions(gateway: GatewayAt, form: Form, shared: &Shared) -> Result<(), Failure> {
    let mut operations = gateway.operations(shared).await?;
    let request = ListPositionsRequest {};
    let answer = operations.list_positions(request).await?.into_inner();
    form.print(
        "lienthong.operations.v1.ListPositionsResponse",
        &answer,
        text,
    )
}

async fn copy_log(arguments: Copy, shared: &Shared) -> Result<(), Failure> {
    let plan = Plan {
        from: arguments.from,
        to: arguments.to,
        keep: shared.load(Vec::new())?.settings.log,
        accept_truncated: arguments.accept_truncated,
    };
    let progress = Progress::new();
    let copied = copy::run(&plan, &progress).await;
    progress.end();
    let summary = copied?;
    match arguments.form.json {
        true => json(&serde_json::to_value(&summary).map_err(Failure::failed)?)?,
        false => out(&told(&summary))?,
    }
    let different = |one: &&Copied| !one.is_equal();
    match summary.partitions.iter().filter(different).count() {
        0 => Ok(()),
        count => {
            let message = format!("{count} partitions differ. Fix: copy into a new target");
            Err(Failure::new(Exit::Different, message))
        }
    }
}

fn told(summary: &Summary) -> String {
    let header = [
        "Log",
        "Partition",
        "Records",
        "Copied now",
        "Digest",
        "Equal",
    ];
    let row = |one: &Copied| {
        [
            one.log.to_owned(),
            one.partition.to_string(),
            count(one.records),
            count(one.copied),
            one.digest.clone(),
            if one.is_equal() { "yes" } else { "NO" }.to_owned(),
        ]
    };
    let right = ["Partition", "Records", "Copied now"];
    let rows = summary.partitions.iter().map(row).collect();
    let mut lines = vec![
        format!("From  {}\nTo    {}\n", summary.from, summary.to),
        table(header, &right, rows),
    ];
    if summary.without_rejected {
        lines.push("The source has no rejected log, so none was copied.".to_owned());
    }
    if summary.without_subscriptions {
        lines.push(
            "Durable subscriptions were not copied: they keep their place by offsets, which changed. Create them again."
                .to_owned(),
        );
    }
    let truncated = summary.partitions.iter();
    for one in truncated.filter(|one| one.offsets_lower_by > 0) {
        lines.push(format!(
            "Partition {} of {}: offsets are {} lower than in the source.",
            one.partition, one.log, one.offsets_lower_by
        ));
    }
    lines.join("\n")
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
