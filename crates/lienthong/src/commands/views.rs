//! `lienthong views`: how far each view is and under which status tables; rebuild a view from the
//! log, verify that a rebuild gives the same, or see what other status tables would change.

mod diff;
mod list;

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::{Exit, Failure};
use crate::print::{Form, table};
use crate::progress::Progress;
use crate::words::{count, duration};
use clap::{Args, Subcommand};
use lienthong_contract::pb::operations::v1::{
    DigestComparison, RebuildProgress, RebuildViewRequest, RebuildViewResponse, VerifyViewsRequest,
    VerifyViewsResponse,
};
use std::time::Instant;

/// Arguments of `views`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Rebuild views beside the running ones and compare digests; exit code 5 if any differs
    Verify {
        /// case, horizontal, vertical; without any all are verified
        views: Vec<String>,
        #[command(flatten)]
        gateway: GatewayAt,
        #[command(flatten)]
        form: Form,
    },
    /// Dossiers and figures that changed status tables would change, before any switch
    Diff(diff::Arguments),
    /// Rebuild a view under the newest status tables and switch to it; questions are answered
    /// meanwhile
    Rebuild {
        /// case, horizontal or vertical
        view: String,
        #[command(flatten)]
        gateway: GatewayAt,
        #[command(flatten)]
        form: Form,
    },
}

/// # Errors
/// What the hub answers; [`Exit::Different`] if a digest differs.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let Some(task) = arguments.task else {
        return list::run(&arguments.gateway, arguments.form, shared).await;
    };
    match task {
        Task::Diff(arguments) => diff::run(arguments, shared).await,
        Task::Verify {
            views,
            gateway,
            form,
        } => verify(views, &gateway, form, shared).await,
        Task::Rebuild {
            view,
            gateway,
            form,
        } => rebuild(view, &gateway, form, shared).await,
    }
}

async fn verify(
    views: Vec<String>,
    gateway: &GatewayAt,
    form: Form,
    shared: &Shared,
) -> Result<(), Failure> {
    let mut operations = gateway.operations(shared).await?;
    let request = VerifyViewsRequest { views };
    let mut answers = operations.verify_views(request).await?.into_inner();
    let progress = Progress::new();
    let mut whole = VerifyViewsResponse::default();
    while let Some(answer) = answers.message().await? {
        if let Some(now) = answer.progress {
            progress.show(&now.view, now.events_done, now.events_total);
            whole.progress = Some(now);
        }
        whole.comparisons.extend(answer.comparisons);
    }
    progress.end();
    form.print(
        "lienthong.operations.v1.VerifyViewsResponse",
        &whole,
        compared,
    )?;
    verdict(&whole.comparisons)
}

/// That something was compared and all of it is equal.
fn verdict(comparisons: &[DigestComparison]) -> Result<(), Failure> {
    let different = comparisons.iter().filter(|one| !one.equal).count();
    if comparisons.is_empty() {
        return Err(Failure::failed("the hub compared nothing"));
    }
    if different == 0 {
        return Ok(());
    }
    let fix = "Fix: `lienthong views rebuild VIEW`, and report it with the hub's own log";
    let message = format!("{different} of {} digests differ. {fix}", comparisons.len());
    Err(Failure::new(Exit::Different, message))
}

fn compared(answer: &VerifyViewsResponse) -> String {
    let header = [
        "View",
        "Partition",
        "At offset",
        "Running",
        "Rebuilt",
        "Equal",
    ];
    let row = |one: &DigestComparison| {
        [
            one.view.clone(),
            one.partition.to_string(),
            count(one.next_offset),
            one.running_digest.clone(),
            one.rebuilt_digest.clone(),
            if one.equal { "yes" } else { "NO" }.to_owned(),
        ]
    };
    let rows = answer.comparisons.iter().map(row).collect();
    table(header, &["Partition", "At offset"], rows)
}

async fn rebuild(
    view: String,
    gateway: &GatewayAt,
    form: Form,
    shared: &Shared,
) -> Result<(), Failure> {
    let mut operations = gateway.operations(shared).await?;
    let began = Instant::now();
    let request = RebuildViewRequest { view };
    let mut answers = operations.rebuild_view(request).await?.into_inner();
    let progress = Progress::new();
    let mut last = None;
    while let Some(answer) = answers.message().await? {
        if let Some(now) = answer.progress {
            progress.show(&now.view, now.events_done, now.events_total);
            last = Some(now);
        }
    }
    progress.end();
    let last = last.filter(|last| last.done).ok_or_else(|| {
        Failure::new(
            Exit::Unavailable,
            "the hub ended the rebuild before it was done",
        )
    })?;
    let took = began.elapsed().as_secs_f64() * 1_000.0;
    let text = |_: &RebuildViewResponse| rebuilt(&last, took);
    let answer = RebuildViewResponse {
        progress: Some(last.clone()),
    };
    form.print("lienthong.operations.v1.RebuildViewResponse", &answer, text)
}

fn rebuilt(last: &RebuildProgress, took_ms: f64) -> String {
    format!(
        "the view {} was rebuilt from {} events in {}",
        last.view,
        count(last.events_done),
        duration(took_ms)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_digest_that_differs_makes_the_verification_fail_with_its_own_code() {
        let comparison = |equal| DigestComparison {
            equal,
            ..DigestComparison::default()
        };
        let exit = |list: &[DigestComparison]| verdict(list).err().map(|failure| failure.exit());
        assert_eq!(exit(&[comparison(true), comparison(true)]), None);
        let one_differs = [comparison(true), comparison(false)];
        assert_eq!(exit(&one_differs), Some(Exit::Different));
        assert_eq!(exit(&[]), Some(Exit::Failed));
    }
}
