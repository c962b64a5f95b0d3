//! `lienthong lag`: what needs a hand and what to do, and how late everything is.

mod watch;

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::lag::judge::{self, Scope};
use crate::lag::tables::{By, text};
use crate::print::Form;
use clap::Args;
use lienthong_contract::pb::operations::v1::GetLagRequest;

/// The name of the answer, for its JSON.
const ANSWER: &str = "lienthong.operations.v1.GetLagResponse";

/// Arguments of `lag`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A row for each partition of each view
    #[arg(long)]
    partitions: bool,
    /// Go on, every second, until interrupted: drawn anew on a terminal, one JSON object a line
    /// with --json. Ends with 0, or 4 if nobody has ever answered
    #[arg(long)]
    watch: bool,
    /// Only this view is shown and counts for the exit code; may be repeated
    #[arg(long = "view", value_name = "NAME")]
    views: Vec<String>,
    /// Only this durable subscription is shown and counts for the exit code; may be repeated
    #[arg(long = "subscription", value_name = "NAME")]
    subscriptions: Vec<String>,
    /// Exit code 6 if a view or a subscription is later than this, and not for being late up to
    /// this; what is stalled, lost, silent or parked counts as ever
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    max_lag: Option<f64>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds.is_finite() && seconds >= 0.0 => Ok(seconds),
        Ok(_) | Err(_) => Err("give seconds, 0 or more, such as 30 or 0.5".to_owned()),
    }
}

/// # Errors
/// What the hub answers; [`crate::exit::Exit::NeedsHand`] if something does.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let scope = Scope {
        views: arguments.views,
        subscriptions: arguments.subscriptions,
        max_lag: arguments.max_lag,
    };
    let by = match arguments.partitions {
        true => By::Partition,
        false => By::View,
    };
    if arguments.watch {
        let shown = watch::Shown {
            scope,
            by,
            form: arguments.form,
        };
        return watch::run(&arguments.gateway, shared, &shown).await;
    }
    let mut operations = arguments.gateway.operations(shared).await?;
    let answer = operations.get_lag(GetLagRequest {}).await?.into_inner();
    scope.check(&answer)?;
    let form = arguments.form;
    form.print(ANSWER, &answer, |answer| text(answer, &scope, by))?;
    judge::verdict(&answer, &scope)
}
