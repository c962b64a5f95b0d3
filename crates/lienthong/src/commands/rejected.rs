//! `lienthong rejected`: messages that were not well-formed, kept to be corrected.

use crate::cli::Shared;
use crate::client::AdaptersAt;
use crate::exit::{Exit, Failure};
use crate::print::{Form, table};
use crate::words::{count, moment, or_nothing};
use clap::{Args, Subcommand};
use lienthong_contract::pb::event::v1::{FieldViolation, Outcome, outcome};
use lienthong_contract::pb::operations::v1::{
    GetRejectedRequest, GetRejectedResponse, ListRejectedRequest, ListRejectedResponse,
    RejectedMessage, ResubmitRejectedRequest, ResubmitRejectedResponse,
};
use std::path::PathBuf;

/// Arguments of `rejected`; without a task it lists.
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
    /// List rejected messages, without their content
    List(List),
    /// Show one with its content, which may hold personal data; the hub logs the call
    Show(Show),
    /// Send one through its adapter again, as it is or corrected
    Resubmit(Resubmit),
}

#[derive(Debug, Args)]
struct List {
    /// Number to start after
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u64,
    /// How many, 1 to 1,000
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// Those resubmitted with success too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    adapters: AdaptersAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Show {
    /// Number, as the list shows it
    number: u64,
    #[command(flatten)]
    adapters: AdaptersAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
struct Resubmit {
    /// Number, as the list shows it
    number: u64,
    /// The corrected message, in the content type that `show` prints: JSON or XML as it came,
    /// or JSON of the protobuf message
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    adapters: AdaptersAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    match arguments.task {
        None => list(arguments.list, shared).await,
        Some(Task::List(arguments)) => list(arguments, shared).await,
        Some(Task::Show(arguments)) => show(arguments, shared).await,
        Some(Task::Resubmit(arguments)) => resubmit(arguments, shared).await,
    }
}

async fn list(arguments: List, shared: &Shared) -> Result<(), Failure> {
    let mut rejected = arguments.adapters.rejected(shared).await?;
    let request = ListRejectedRequest {
        after_number: arguments.after,
        page_size: arguments.limit,
        include_resubmitted: arguments.all,
    };
    let answer = rejected.list_rejected(request).await?.into_inner();
    let name = "lienthong.operations.v1.ListRejectedResponse";
    arguments.form.print(name, &answer, listed)
}

fn listed(answer: &ListRejectedResponse) -> String {
    let header = [
        "Number",
        "Rejected at",
        "Adapter",
        "Dossier",
        "Id",
        "Reason",
        "Fields",
    ];
    let row = |message: &RejectedMessage| {
        let fields = message.violations.iter().map(|one| one.field.as_str());
        [
            message.number.to_string(),
            moment(&message.rejected_time),
            message.adapter.clone(),
            or_nothing(&message.dossier_code).to_owned(),
            or_nothing(&message.id).to_owned(),
            message.reason.clone(),
            or_nothing(&fields.collect::<Vec<_>>().join(" ")).to_owned(),
        ]
    };
    let rows = answer.messages.iter().map(row).collect();
    let mut totals: Vec<_> = answer.totals.iter().collect();
    totals.sort();
    let totals = totals
        .iter()
        .map(|(reason, total)| format!("{reason} {}", count(**total)));
    let totals = totals.collect::<Vec<_>>().join(", ");
    format!(
        "{}\n\nrejected so far: {}",
        table(header, &["Number"], rows),
        if totals.is_empty() {
            "nothing"
        } else {
            &totals
        }
    )
}

async fn show(arguments: Show, shared: &Shared) -> Result<(), Failure> {
    let mut rejected = arguments.adapters.rejected(shared).await?;
    let request = GetRejectedRequest {
        number: arguments.number,
    };
    let answer = rejected.get_rejected(request).await?.into_inner();
    let name = "lienthong.operations.v1.GetRejectedResponse";
    arguments.form.print(name, &answer, shown)
}

fn shown(answer: &GetRejectedResponse) -> String {
    let message = answer.message.clone().unwrap_or_default();
    let mut lines = vec![
        format!("Number        {}", message.number),
        format!("Rejected at   {}", moment(&message.rejected_time)),
        format!("Adapter       {}", message.adapter),
        format!("Source        {}", or_nothing(&message.source)),
        format!("Id            {}", or_nothing(&message.id)),
        format!("Dossier       {}", or_nothing(&message.dossier_code)),
        format!("Reason        {}", message.reason),
        format!("Resubmitted   {}", message.resubmitted),
        format!("Content type  {}", answer.content_type),
    ];
    lines.extend(violations(&message.violations));
    lines.push(String::new());
    lines.push(readable(&answer.content_type, &answer.content));
    lines.join("\n")
}

fn violations(violations: &[FieldViolation]) -> impl Iterator<Item = String> {
    violations.iter().map(|one| {
        let what = one.description.trim_end_matches('.');
        format!("  {}: {what}. Fix: {}", one.field, one.fix)
    })
}

/// The content as text: packets as they came, protobuf messages as JSON.
fn readable(content_type: &str, content: &[u8]) -> String {
    if content_type.starts_with("application/") {
        return String::from_utf8_lossy(content).into_owned();
    }
    lienthong_contract::json::from_bytes(content_type, content)
        .map(|value| format!("{value:#}"))
        .unwrap_or_else(|error| format!("{} bytes: {error}", content.len()))
}

async fn resubmit(arguments: Resubmit, shared: &Shared) -> Result<(), Failure> {
    let mut rejected = arguments.adapters.rejected(shared).await?;
    let number = arguments.number;
    let corrected_content = match &arguments.file {
        None => Vec::new(),
        Some(file) => {
            let content = std::fs::read(file).map_err(|error| {
                Failure::new(Exit::Usage, format!("{}: {error}", file.display()))
            })?;
            let request = GetRejectedRequest { number };
            let kept = rejected.get_rejected(request).await?.into_inner();
            encode(&kept.content_type, content)?
        }
    };
    let request = ResubmitRejectedRequest {
        number,
        corrected_content: corrected_content.into(),
    };
    let answer = rejected.resubmit_rejected(request).await?.into_inner();
    let name = "lienthong.operations.v1.ResubmitRejectedResponse";
    arguments.form.print(name, &answer, resubmitted)
}

/// What a person wrote, in the content type of the original.
fn encode(content_type: &str, content: Vec<u8>) -> Result<Vec<u8>, Failure> {
    if content_type.starts_with("application/") {
        return Ok(content);
    }
    let usage = |what: &dyn std::fmt::Display| {
        let fix = "Fix: write the JSON that `lienthong rejected show` prints, corrected";
        Failure::new(Exit::Usage, format!("{what}. {fix}"))
    };
    let text = String::from_utf8(content).map_err(|error| usage(&error))?;
    lienthong_contract::json::to_bytes(content_type, &text).map_err(|error| usage(&error))
}

fn resubmitted(answer: &ResubmitRejectedResponse) -> String {
    let line = |outcome: &Outcome| match &outcome.result {
        Some(outcome::Result::Position(at)) => format!(
            "{}: recorded at partition {}, offset {}",
            outcome.id, at.partition, at.offset
        ),
        Some(outcome::Result::Rejection(rejection)) => {
            let fields = violations(&rejection.violations).collect::<Vec<_>>();
            format!(
                "{}: {}\n{}",
                outcome.id,
                rejection.reason,
                fields.join("\n")
            )
        }
        None => format!("{}: no answer", outcome.id),
    };
    let lines = answer.outcomes.iter().map(line);
    lines.collect::<Vec<_>>().join("\n")
}
