//! `lienthong subscriptions`: durable subscriptions, whose place the hub keeps.

mod create;
mod manifest;
mod parked;
mod range;
mod show;
mod tasks;

use crate::cli::Shared;
use crate::client::GatewayAt;
use crate::exit::Failure;
use crate::print::{Form, table};
use crate::words::{count, duration, or_nothing};
use clap::{Args, Subcommand};
use lienthong_contract::pb::subscription::v1::{
    ListSubscriptionsRequest, ListSubscriptionsResponse, SubscriptionState, SubscriptionStatus,
};

/// Arguments of `subscriptions`; without a task it lists.
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
    /// List them with how far each is
    List(List),
    /// Make one; the same again with the same content is no error
    Create(Box<create::Arguments>),
    /// One with everything that is known of it
    Show(show::Arguments),
    /// Hand nothing out any more until resumed
    Pause(tasks::Named),
    /// Go on after a pause, or after a webhook was disabled
    Resume(tasks::Named),
    /// Go on from another place; what was handed out and not acknowledged is withdrawn
    Move(tasks::Move),
    /// Forget one
    Delete(tasks::Delete),
    /// Cases whose first event failed too often
    Parked(parked::List),
    /// Let parked cases go on
    Release(parked::Release),
    /// By day: the sequence numbers given, how many, and their digest
    Manifest(manifest::Arguments),
    /// The events from one sequence number to another, again
    Range(range::Arguments),
    /// Give the webhook a new secret; the old one signs beside it for a while
    RotateSecret(tasks::RotateSecret),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    gateway: GatewayAt,
    #[command(flatten)]
    form: Form,
}

/// # Errors
/// What the hub answers.
pub async fn run(arguments: Arguments, shared: &Shared) -> Result<(), Failure> {
    match arguments.task {
        None => list(arguments.list, shared).await,
        Some(Task::List(arguments)) => list(arguments, shared).await,
        Some(Task::Create(arguments)) => create::run(*arguments, shared).await,
        Some(Task::Show(arguments)) => show::run(arguments, shared).await,
        Some(Task::Pause(arguments)) => tasks::pause(arguments, shared).await,
        Some(Task::Resume(arguments)) => tasks::resume(arguments, shared).await,
        Some(Task::Move(arguments)) => tasks::move_to(arguments, shared).await,
        Some(Task::Delete(arguments)) => tasks::delete(arguments, shared).await,
        Some(Task::Parked(arguments)) => parked::list(arguments, shared).await,
        Some(Task::Release(arguments)) => parked::release(arguments, shared).await,
        Some(Task::Manifest(arguments)) => manifest::run(arguments, shared).await,
        Some(Task::Range(arguments)) => range::run(arguments, shared).await,
        Some(Task::RotateSecret(arguments)) => tasks::rotate_secret(arguments, shared).await,
    }
}

async fn list(arguments: List, shared: &Shared) -> Result<(), Failure> {
    let mut subscriptions = arguments.gateway.subscriptions(shared).await?;
    let request = ListSubscriptionsRequest {};
    let answer = subscriptions.list_subscriptions(request).await?;
    let name = "lienthong.subscription.v1.ListSubscriptionsResponse";
    arguments.form.print(name, &answer.into_inner(), listed)
}

fn listed(answer: &ListSubscriptionsResponse) -> String {
    if answer.statuses.is_empty() {
        return "no subscriptions".to_owned();
    }
    let header = [
        "Name",
        "State",
        "Lag",
        "Status",
        "Unread",
        "Outstanding",
        "In flight",
        "Parked",
        "Last",
        "Consumers",
        "Gateway",
    ];
    let row = |status: &SubscriptionStatus| {
        let subscription = status.subscription.clone().unwrap_or_default();
        let consumers = match subscription.webhook {
            Some(_) => "webhook".to_owned(),
            None => status.consumers.len().to_string(),
        };
        [
            subscription.name,
            state(status).to_owned(),
            duration(status.lag_ms as f64),
            lag_status(status).to_owned(),
            count(status.unread_records),
            count(status.outstanding),
            count(status.in_flight),
            count(status.parked),
            count(status.last_sequence),
            consumers,
            or_nothing(&status.gateway).to_owned(),
        ]
    };
    let right = [
        "Lag",
        "Unread",
        "Outstanding",
        "In flight",
        "Parked",
        "Last",
        "Consumers",
    ];
    table(header, &right, answer.statuses.iter().map(row).collect())
}

/// How it does, as `lienthong lag` says it.
fn lag_status(status: &SubscriptionStatus) -> &str {
    let lag = status.lag.as_ref();
    or_nothing(lag.map_or("", |lag| &lag.status))
}

/// The state for a person.
fn state(status: &SubscriptionStatus) -> &'static str {
    match status.state() {
        SubscriptionState::Unspecified => "unknown",
        SubscriptionState::Active => "active",
        SubscriptionState::Paused => "paused",
        SubscriptionState::Disabled => "disabled",
        SubscriptionState::Full => "full",
    }
}
