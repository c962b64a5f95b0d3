//! `subscriptions create`.

use super::show::shown;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::events::{Filters, start};
use crate::exit::Failure;
use crate::print::Form;
use clap::Args;
use lienthong_contract::pb::subscription::v1::{
    CreateSubscriptionRequest, CreateSubscriptionResponse, Handling, Subscription, Webhook,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// 1 to 100 of a-z, 0-9, `-`, `.` and `_`, beginning with a letter
    name: String,
    /// What it is for; no personal data
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Where to begin: beginning, end, a time such as 2026-11-22T17:00:00+07:00, a day, or a token;
    /// without it the end
    #[arg(long, value_name = "PLACE", default_value = "end")]
    from: String,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    handling: HandlingOf,
    #[command(flatten)]
    webhook: WebhookOf,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// How events are handed out; what is not given is the hub's default.
#[derive(Debug, Args)]
#[command(next_help_heading = "How events are handed out")]
struct HandlingOf {
    /// Events handed out and not acknowledged at most, 1 to 100,000 [default: 1,000]
    #[arg(long, value_name = "N")]
    max_in_flight: Option<u32>,
    /// Seconds after which an event that was not acknowledged is handed out again, 1 to 3,600
    /// [default: 30]
    #[arg(long, value_name = "SECONDS")]
    ack_timeout: Option<u32>,
    /// Failures after which the event's case is parked, 1 to 100 [default: 5, of a webhook 20]
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
    /// Milliseconds of pause after the first failure; doubles with each further one, 1 to 3,600,000
    /// [default: 1,000, of a webhook 5,000]
    #[arg(long, value_name = "MILLISECONDS")]
    backoff_ms: Option<u32>,
    /// Longest pause in seconds, 1 to 86,400 [default: 300, of a webhook 36,000]
    #[arg(long, value_name = "SECONDS")]
    max_backoff: Option<u32>,
    /// Events that may wait in parked cases before nothing more is taken up, 1 to 1,000,000
    /// [default: 10,000]
    #[arg(long, value_name = "N")]
    max_parked: Option<u32>,
}

/// Where events are posted, if anywhere.
#[derive(Debug, Args)]
#[command(next_help_heading = "A webhook")]
struct WebhookOf {
    /// Post events to this URL by Standard Webhooks instead of handing them to consumers
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Requests under way at once, 1 to 256 [default: 16]
    #[arg(long, value_name = "N", requires = "webhook")]
    webhook_concurrent: Option<u32>,
    /// Requests a second at most, 1 to 10,000 [default: no limit]
    #[arg(long, value_name = "N", requires = "webhook")]
    webhook_per_second: Option<u32>,
    /// Seconds after which a request counts as failed, 1 to 60 [default: 15]
    #[arg(long, value_name = "SECONDS", requires = "webhook")]
    webhook_timeout: Option<u32>,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    let request = CreateSubscriptionRequest {
        start: Some(start(&arguments.from)),
        subscription: Some(Subscription {
            name: arguments.name,
            description: arguments.description.unwrap_or_default(),
            filters: arguments.filters.read()?,
            handling: Some(arguments.handling.read()),
            webhook: arguments.webhook.read(),
        }),
    };
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let answer = subscriptions.create_subscription(request).await?;
    let name = "lienthong.subscription.v1.CreateSubscriptionResponse";
    arguments.form.print(name, &answer.into_inner(), created)
}

impl HandlingOf {
    fn read(&self) -> Handling {
        Handling {
            max_in_flight: self.max_in_flight.unwrap_or_default(),
            ack_timeout_s: self.ack_timeout.unwrap_or_default(),
            max_attempts: self.max_attempts.unwrap_or_default(),
            backoff_ms: self.backoff_ms.unwrap_or_default(),
            max_backoff_s: self.max_backoff.unwrap_or_default(),
            max_parked_events: self.max_parked.unwrap_or_default(),
        }
    }
}

impl WebhookOf {
    fn read(&self) -> Option<Webhook> {
        let url = self.webhook.clone()?;
        Some(Webhook {
            url,
            max_concurrent: self.webhook_concurrent.unwrap_or_default(),
            max_per_second: self.webhook_per_second.unwrap_or_default(),
            timeout_s: self.webhook_timeout.unwrap_or_default(),
        })
    }
}

fn created(answer: &CreateSubscriptionResponse) -> String {
    let status = answer.status.clone().unwrap_or_default();
    match answer.webhook_secret.as_str() {
        "" => shown(&status),
        secret => format!(
            "{}\n\nSecret of the webhook, told now and by rotate-secret only: {secret}",
            shown(&status)
        ),
    }
}
