//! `lienthong lag`: how late each view is, by partition.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{count, duration, or_nothing};
use clap::Args;
use lienthong_contract::pb::operations::v1::{GetLagRequest, GetLagResponse, ViewLag};

/// Arguments of `lag`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut operations = arguments.gateway.operations(shared).await?;
    let answer = operations.get_lag(GetLagRequest {}).await?.into_inner();
    arguments
        .form
        .print("lienthong.operations.v1.GetLagResponse", &answer, text)
}

fn text(answer: &GetLagResponse) -> String {
    let header = [
        "View",
        "Partition",
        "Read",
        "Log end",
        "Behind",
        "Lag",
        "Status",
        "Reason",
    ];
    let row = |lag: &ViewLag| {
        [
            lag.view.clone(),
            lag.partition.to_string(),
            count(lag.next_offset),
            count(lag.log_end_offset),
            count(lag.lag_events),
            duration(lag.lag_seconds * 1_000.0),
            lag.status.clone(),
            or_nothing(&lag.reason).to_owned(),
        ]
    };
    let right = ["Partition", "Read", "Log end", "Behind", "Lag"];
    table(header, &right, answer.lags.iter().map(row).collect())
}
