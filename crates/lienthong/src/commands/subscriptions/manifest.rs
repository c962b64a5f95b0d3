//! `subscriptions manifest`: by day, what a receiver must have.

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::count;
use clap::Args;
use lienthong_contract::pb::subscription::v1::{
    DayManifest, GetManifestRequest, GetManifestResponse,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the subscription
    name: String,
    /// This day, yyyy-MM-dd at +07:00; without it today
    #[arg(long, value_name = "DAY", conflicts_with_all = ["from", "to"])]
    day: Option<String>,
    /// From this day on
    #[arg(long, value_name = "DAY", requires = "to")]
    from: Option<String>,
    /// To this day, inclusive; at most 366 days
    #[arg(long, value_name = "DAY", requires = "from")]
    to: Option<String>,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = GetManifestRequest {
        name: arguments.name,
        first_day: arguments.from.or(arguments.day).unwrap_or_default(),
        last_day: arguments.to.unwrap_or_default(),
    };
    let answer = subscriptions.get_manifest(request).await?.into_inner();
    let name = "lienthong.subscription.v1.GetManifestResponse";
    arguments.form.print(name, &answer, listed)
}

fn listed(answer: &GetManifestResponse) -> String {
    if answer.days.is_empty() {
        return "nothing was given".to_owned();
    }
    let header = ["Day", "First", "Last", "Count", "Digest", "Closed"];
    let row = |day: &DayManifest| {
        [
            day.day.clone(),
            day.first_sequence.to_string(),
            day.last_sequence.to_string(),
            count(day.count),
            day.digest.clone(),
            if day.closed { "yes" } else { "no" }.to_owned(),
        ]
    };
    let right = ["First", "Last", "Count"];
    table(header, &right, answer.days.iter().map(row).collect())
}
