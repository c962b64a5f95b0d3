//! `subscriptions show`, and a status as every task prints it.

use super::state;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::Form;
use crate::words::{count, duration, moment, or_nothing};
use clap::Args;
use lienthong_contract::pb::subscription::v1::{
    GetSubscriptionRequest, Handling, SubscriptionStatus, Webhook,
};
use lienthong_subscriptions::filter::to_json;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Its name
    name: String,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = GetSubscriptionRequest {
        name: arguments.name,
    };
    let answer = subscriptions.get_subscription(request).await?.into_inner();
    let name = "lienthong.subscription.v1.GetSubscriptionResponse";
    arguments.form.print(name, &answer, |answer| {
        shown(&answer.status.clone().unwrap_or_default())
    })
}

/// A status line by line.
pub fn shown(status: &SubscriptionStatus) -> String {
    let subscription = status.subscription.clone().unwrap_or_default();
    let filters = match subscription.filters.as_slice() {
        [] => "every event".to_owned(),
        filters => to_json(filters).to_string(),
    };
    let events_go = match &subscription.webhook {
        Some(webhook) => posted(webhook),
        None if status.consumers.is_empty() => "to consumers; none takes part now".to_owned(),
        None => format!("to consumers: {}", status.consumers.join(" ")),
    };
    let lines = [
        ("Name", subscription.name.clone()),
        (
            "Description",
            or_nothing(&subscription.description).to_owned(),
        ),
        ("State", state(status).to_owned()),
        ("Why", or_nothing(&status.why).to_owned()),
        ("Created", moment(&status.created_time)),
        ("Events", filters),
        ("They go", events_go),
        (
            "Handling",
            handed(&subscription.handling.unwrap_or_default()),
        ),
        ("Lag", duration(status.lag_ms as f64)),
        ("Unread", count(status.unread_records)),
        ("Last number", count(status.last_sequence)),
        ("Settled up to", count(status.settled_sequence)),
        ("Outstanding", count(status.outstanding)),
        ("In flight", count(status.in_flight)),
        ("Parked", count(status.parked)),
        ("Token", or_nothing(&status.token).to_owned()),
        ("Gateway", or_nothing(&status.gateway).to_owned()),
    ];
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name:15}{value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is 0 was left to the hub.
fn handed(handling: &Handling) -> String {
    let told = [
        ("in flight", handling.max_in_flight),
        ("acknowledge within s", handling.ack_timeout_s),
        ("attempts", handling.max_attempts),
        ("back-off ms", handling.backoff_ms),
        ("at most s", handling.max_backoff_s),
        ("parked", handling.max_parked_events),
    ];
    let given = told.into_iter().filter(|(_, value)| *value > 0);
    let given: Vec<_> = given
        .map(|(name, value)| format!("{name} {}", count(value.into())))
        .collect();
    match given.is_empty() {
        true => "the hub's defaults".to_owned(),
        false => format!("{}; else the hub's defaults", given.join(", ")),
    }
}

fn posted(webhook: &Webhook) -> String {
    format!("to {}", webhook.url)
}
