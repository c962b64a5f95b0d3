//! Tasks on one durable subscription: `pause`, `resume`, `move`, `delete`, `rotate-secret`.

use super::show::shown;
use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::events::start;
use crate::exit::{Exit, Failure};
use crate::print::Form;
use crate::words::{count, moment};
use clap::Args;
use lienthong_contract::pb::subscription::v1::{
    DeleteSubscriptionRequest, GetSubscriptionRequest, MoveSubscriptionRequest,
    PauseSubscriptionRequest, ResumeSubscriptionRequest, RotateWebhookSecretRequest,
    SubscriptionStatus,
};

#[derive(Debug, Args)]
pub struct Named {
    /// Its name
    name: String,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct Move {
    /// Its name
    name: String,
    /// Where to go on: beginning, end, a time such as 2026-11-22T17:00:00+07:00, a day, or a token
    #[arg(long, value_name = "PLACE")]
    from: String,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct Delete {
    /// Its name
    name: String,
    /// Even if events are outstanding
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

#[derive(Debug, Args)]
pub struct RotateSecret {
    /// Its name
    name: String,
    /// Seconds for which the old secret signs, too, up to 604,800 [default: a day]
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        hide_default_value = true
    )]
    overlap: u32,
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn pause(arguments: Named, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = PauseSubscriptionRequest {
        name: arguments.name,
    };
    let answer = subscriptions.pause_subscription(request).await?;
    let name = "lienthong.subscription.v1.PauseSubscriptionResponse";
    let answer = answer.into_inner();
    arguments
        .form
        .print(name, &answer, |answer| told(answer.status.as_ref()))
}

/// # Errors
/// What the hub answers.
pub async fn resume(arguments: Named, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = ResumeSubscriptionRequest {
        name: arguments.name,
    };
    let answer = subscriptions.resume_subscription(request).await?;
    let name = "lienthong.subscription.v1.ResumeSubscriptionResponse";
    let answer = answer.into_inner();
    arguments
        .form
        .print(name, &answer, |answer| told(answer.status.as_ref()))
}

/// # Errors
/// What the hub answers.
pub async fn move_to(arguments: Move, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = MoveSubscriptionRequest {
        name: arguments.name,
        start: Some(start(&arguments.from)),
    };
    let answer = subscriptions.move_subscription(request).await?;
    let name = "lienthong.subscription.v1.MoveSubscriptionResponse";
    let answer = answer.into_inner();
    arguments
        .form
        .print(name, &answer, |answer| told(answer.status.as_ref()))
}

fn told(status: Option<&SubscriptionStatus>) -> String {
    shown(&status.cloned().unwrap_or_default())
}

/// # Errors
/// [`Exit::Usage`] if events are outstanding and `--yes` was not given; what the hub answers.
pub async fn delete(arguments: Delete, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let name = arguments.name;
    if !arguments.yes {
        let request = GetSubscriptionRequest { name: name.clone() };
        let answer = subscriptions.get_subscription(request).await?.into_inner();
        let outstanding = answer.status.unwrap_or_default().outstanding;
        if outstanding > 0 {
            let count = count(outstanding);
            let what = format!("{count} events of {name} are outstanding and would never come");
            let fix = "Fix: let consumers acknowledge them, or add --yes";
            return Err(Failure::new(Exit::Usage, format!("{what}. {fix}")));
        }
    }
    let request = DeleteSubscriptionRequest { name: name.clone() };
    let answer = subscriptions.delete_subscription(request).await?;
    let message = "lienthong.subscription.v1.DeleteSubscriptionResponse";
    let answer = answer.into_inner();
    arguments
        .form
        .print(message, &answer, |_| format!("{name} is deleted"))
}

/// # Errors
/// What the hub answers.
pub async fn rotate_secret(arguments: RotateSecret, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = RotateWebhookSecretRequest {
        name: arguments.name,
        overlap_s: arguments.overlap,
    };
    let answer = subscriptions.rotate_webhook_secret(request).await?;
    let name = "lienthong.subscription.v1.RotateWebhookSecretResponse";
    let answer = answer.into_inner();
    arguments.form.print(name, &answer, |answer| {
        let (secret, until) = (&answer.webhook_secret, moment(&answer.old_until));
        format!("New secret: {secret}\nThe old one signs beside it until {until}")
    })
}
