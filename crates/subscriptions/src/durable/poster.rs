//! What posts the events of durable subscriptions with a webhook.

use super::seat::Seat;
use async_trait::async_trait;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::Webhook;
use lienthong_contract::status::Failure;

/// An endpoint, and what its requests are signed with.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The subscription.
    pub name: String,
    /// Tells this life of the name from earlier ones, so that its secrets differ.
    pub incarnation: u64,
    /// The endpoint and its limits; 0 stands for a default.
    pub webhook: Webhook,
    /// Generation of the secret in force, from 1.
    pub generation: u32,
    /// Until when the generation before signs, too, milliseconds since the epoch; 0: it does not.
    pub old_until_ms: i64,
}

/// Why posting ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The seat ended or was dropped by its subscription.
    Left,
    /// The endpoint wants no more, or failed for too long; in words.
    Disabled(String),
}

/// Posts events to endpoints.
#[async_trait]
pub trait Poster: Send + Sync + 'static {
    /// What is wrong with an endpoint as it is told, with paths that begin with `prefix`.
    fn check(&self, webhook: &Webhook, prefix: &str) -> Vec<FieldViolation>;

    /// The secret in force, `whsec_` and base64.
    ///
    /// # Errors
    /// If this gateway has no key to make secrets from; says which setting to give.
    fn secret(&self, target: &Target) -> Result<String, Failure>;

    /// Posts the validation event and reads the answer.
    ///
    /// # Errors
    /// `WEBHOOK_REFUSED`, in words that name what the endpoint did.
    async fn validate(&self, target: &Target) -> Result<(), Failure>;

    /// Posts what the seat is handed until it ends or the endpoint is given up.
    async fn run(&self, target: Target, seat: Seat) -> End;
}
