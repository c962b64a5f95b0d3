//! `lienthong import`: replay an event log of another system through the adapters.

use crate::cli::Shared;
use crate::client::{self, AdaptersAt};
use crate::exit::{Exit, Failure};
use crate::print::{Form, json, out};
use crate::progress::Progress;
use crate::words::count;
use clap::Args;
use lienthong_simulator::client::Options;
use lienthong_simulator::import::{self, Config, Phase, Summary};
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The event log: XES, CSV or JSON lines, plain or gzip
    file: PathBuf,
    /// Mapping file (TOML): which activity is which event, which column is what
    #[arg(long, value_name = "FILE")]
    mapping: PathBuf,
    /// Write the agencies of the log as a table for the setting reference.agencies
    #[arg(long, value_name = "FILE")]
    agencies_out: Option<PathBuf>,
    /// Check the file and write the agencies, but send nothing
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    adapters: AdaptersAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// A mapping or file that is wrong (nothing is sent then), a hub that cannot be reached, or
/// events that it rejected.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let send_to = if arguments.check {
        None
    } else {
        let url = arguments.adapters.url(shared)?;
        // The import itself is patient with a hub that goes away; one that was never there
        // is said at once.
        client::connect(&url).await?;
        let adapters = url.parse().map_err(|error| {
            let fix = "Fix: give a URL such as http://127.0.0.1:7410";
            Failure::new(Exit::Usage, format!("{url}: {error}. {fix}"))
        })?;
        Some(Options::new(adapters))
    };
    let config = Config {
        mapping: arguments.mapping,
        file: arguments.file,
        format: None,
        agencies_out: arguments.agencies_out,
        send_to,
    };
    let progress = Arc::new(Progress::new());
    let shown = progress.clone();
    let done = import::run(config, move |now| {
        let name = match now.phase {
            Phase::Checking => "checking",
            Phase::Sending => "sending",
        };
        shown.show(name, now.rows, now.of);
    })
    .await;
    progress.end();
    let summary = done.map_err(|error| refused(&error))?;
    if arguments.form.json {
        json(&as_json(&summary))?;
    } else {
        out(&text(&summary))?;
    }
    if summary.rejected > 0 {
        let fix = "Fix: `lienthong rejected` shows each with its fields";
        let message = format!("{} events were rejected. {fix}", count(summary.rejected));
        return Err(Failure::failed(message));
    }
    Ok(())
}

fn refused(error: &import::Error) -> Failure {
    let exit = match error {
        import::Error::Problems(_) | import::Error::AgenciesOut { .. } => Exit::Usage,
        error if error.is_retryable() => Exit::Unavailable,
        _ => Exit::Failed,
    };
    Failure::new(exit, error)
}

fn text(summary: &Summary) -> String {
    let mut lines = vec![
        format!("Rows          {}", count(summary.rows)),
        format!("Case facts    {}", count(summary.case_facts)),
        format!("Cases         {}", count(summary.cases)),
        format!("Agencies      {}", count(summary.agencies)),
        format!("Acknowledged  {}", count(summary.acknowledged)),
        format!("Rejected      {}", count(summary.rejected)),
        format!("Sent again    {}", count(summary.resent)),
    ];
    lines.extend(summary.rejections.iter().map(|one| format!("  {one}")));
    lines.join("\n")
}

fn as_json(summary: &Summary) -> serde_json::Value {
    let positions = summary
        .positions
        .iter()
        .map(|at| serde_json::json!({"partition": at.partition, "offset": at.offset}));
    serde_json::json!({
        "rows": summary.rows,
        "case_facts": summary.case_facts,
        "cases": summary.cases,
        "agencies": summary.agencies,
        "acknowledged": summary.acknowledged,
        "rejected": summary.rejected,
        "resent": summary.resent,
        "rejections": summary.rejections,
        "positions": positions.collect::<Vec<_>>(),
    })
}
