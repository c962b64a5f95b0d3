//! `subscriptions show`, and a status as every task prints it.

use super::{lag_status, state};
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
    let lag = status.lag.clone().unwrap_or_default();
    let mut lines = vec![
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
    ];
    lines.extend(subscription.webhook.iter().flat_map(requests));
    lines.extend(handling(&subscription.handling.unwrap_or_default()));
    lines.extend([
        ("Lag", duration(status.lag_ms as f64)),
        ("Status", lag_status(status).to_owned()),
        ("Because", or_nothing(&lag.reason).to_owned()),
        ("In the hands of", or_nothing(&lag.owner).to_owned()),
        ("Unread", count(status.unread_records)),
        ("Last number", count(status.last_sequence)),
        ("Settled up to", count(status.settled_sequence)),
        ("Outstanding", count(status.outstanding)),
        ("In flight", count(status.in_flight)),
        ("Parked", count(status.parked)),
        ("Token", or_nothing(&status.token).to_owned()),
        ("Gateway", or_nothing(&status.gateway).to_owned()),
    ]);
    let lines = lines
        .iter()
        .map(|(name, value)| format!("{name:21}{value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is in force, as the hub tells it.
fn handling(handling: &Handling) -> [(&'static str, String); 6] {
    [
        (
            "In flight at most",
            counted(handling.max_in_flight, "event", "events"),
        ),
        ("Acknowledged within", seconds(handling.ack_timeout_s)),
        (
            "Parked after",
            counted(handling.max_attempts, "failure", "failures"),
        ),
        (
            "First pause",
            format!(
                "{}, doubled by each further failure",
                pause(handling.backoff_ms)
            ),
        ),
        ("Longest pause", seconds(handling.max_backoff_s)),
        (
            "Held back at most",
            counted(handling.max_parked_events, "event", "events"),
        ),
    ]
}

fn requests(webhook: &Webhook) -> [(&'static str, String); 3] {
    let rate = match webhook.max_per_second {
        0 => "no limit".to_owned(),
        rate => counted(rate, "request a second", "requests a second"),
    };
    [
        (
            "Requests at once",
            counted(webhook.max_concurrent, "request", "requests"),
        ),
        ("Requests at most", rate),
        ("Answered within", seconds(webhook.timeout_s)),
    ]
}

fn counted(number: u32, one: &str, more: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{} {more}", count(number.into())),
    }
}

fn seconds(number: u32) -> String {
    counted(number, "second", "seconds")
}

/// Whole seconds as such.
fn pause(milliseconds: u32) -> String {
    match milliseconds.is_multiple_of(1_000) {
        true => seconds(milliseconds / 1_000),
        false => counted(milliseconds, "millisecond", "milliseconds"),
    }
}

fn posted(webhook: &Webhook) -> String {
    format!("to {}", webhook.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::pb::subscription::v1::Subscription;

    #[test]
    fn every_limit_in_force_has_a_line_of_its_own_with_its_unit() {
        let handling = Handling {
            max_in_flight: 1_000,
            ack_timeout_s: 1,
            max_attempts: 12,
            backoff_ms: 1_500,
            max_backoff_s: 36_000,
            max_parked_events: 10_000,
        };
        let status = SubscriptionStatus {
            subscription: Some(Subscription {
                handling: Some(handling),
                webhook: Some(Webhook {
                    max_concurrent: 16,
                    timeout_s: 15,
                    ..Webhook::default()
                }),
                ..Subscription::default()
            }),
            ..SubscriptionStatus::default()
        };
        let shown = shown(&status);
        let lines: Vec<&str> = shown.lines().collect();
        for expected in [
            "Requests at once     16 requests",
            "Requests at most     no limit",
            "Answered within      15 seconds",
            "In flight at most    1,000 events",
            "Acknowledged within  1 second",
            "Parked after         12 failures",
            "First pause          1,500 milliseconds, doubled by each further failure",
            "Longest pause        36,000 seconds",
            "Held back at most    10,000 events",
        ] {
            assert!(lines.contains(&expected), "{expected} in\n{shown}");
        }
    }
}
