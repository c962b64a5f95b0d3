//! Posts the events of durable subscriptions to their webhooks, by Standard Webhooks 1.0.0
//! (standardwebhooks.com).
//!
//! ```text
//! seat --events--> posting --POST--> endpoint        2xx: done; else see `health`
//!      <-answers--
//! ```
//! A body is a CloudEvent in JSON. `webhook-id` is `msg_`, 16 hexadecimal digits for the life of the
//! subscription, `_` and the sequence number: the same for every attempt at an event and for no
//! other event, so that a receiver knows a repeat by it.
//!
//! - [`endpoint`] says what may be an endpoint, `address` and `courier` what is connected to.
//! - `secret` signs, `request` sends and reads the answer, `validation` asks for consent.
//! - `health` tells an event that its receiver cannot take from an endpoint that is down; `pace`
//!   keeps the limit a second; `posting` brings them together.

mod address;
mod body;
mod courier;
pub mod endpoint;
mod health;
mod pace;
mod posting;
mod request;
mod secret;
mod validation;

use crate::durable::poster::{End, Poster, Target};
use crate::durable::seat::Seat;
use async_trait::async_trait;
use courier::Courier;
use health::Schedule;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::Webhook;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::sync::Arc;

/// Fewest bytes of a key.
const KEY: usize = 32;

/// Which addresses endpoints may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Those of the public Internet.
    #[default]
    Public,
    /// Those of loopback and private networks, too.
    Private,
}

/// How endpoints may be spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// https.
    #[default]
    Https,
    /// http, too.
    Http,
}

/// What an operator decides.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Which addresses endpoints may have.
    pub reach: Reach,
    /// How endpoints may be spoken to.
    pub transport: Transport,
    /// What secrets are made from, at least 32 bytes, the same for all gateways of a hub; without
    /// one there are no webhooks. With another key every secret is another.
    pub key: Option<Vec<u8>>,
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Config")
            .field("reach", &self.reach)
            .field("transport", &self.transport)
            .field("key", &self.key.as_ref().map(|_| "kept secret"))
            .finish()
    }
}

/// Why webhooks cannot be posted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key is too short.
    #[error(
        "gateway.webhooks.key has {0} bytes, but needs at least 32; make one with `openssl rand -base64 48`"
    )]
    ShortKey(usize),
    /// What should be certificates of authorities is not.
    #[error("a certificate of an authority for webhooks cannot be read: {0}")]
    Authority(String),
    /// The HTTP client cannot be made.
    #[error("the client for webhooks cannot be made: {0}")]
    Client(String),
}

impl Error {
    /// Never: the configuration has to change.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// Posts to webhooks.
#[derive(Debug)]
pub struct Webhooks {
    config: Config,
    courier: Arc<Courier>,
    schedule: Schedule,
}

impl Webhooks {
    /// Trusts the authorities of the system.
    ///
    /// # Errors
    /// If the key is too short or the client cannot be made.
    pub fn new(config: Config) -> Result<Self, Error> {
        Self::with_authorities(config, &[])
    }

    /// Trusts certificates of these authorities, too (PEM).
    ///
    /// # Errors
    /// As [`Self::new`], or if they cannot be read.
    pub fn with_authorities(config: Config, pem: &[u8]) -> Result<Self, Error> {
        if let Some(short) = config.key.as_ref().filter(|key| key.len() < KEY) {
            return Err(Error::ShortKey(short.len()));
        }
        let authorities = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let authorities = authorities.map_err(|error| Error::Authority(error.to_string()))?;
        let courier = Courier::new(config.reach, authorities).map_err(Error::Client)?;
        Ok(Self {
            config,
            courier: Arc::new(courier),
            schedule: Schedule::default(),
        })
    }
}

/// There is nothing to make secrets from.
fn keyless() -> Failure {
    let message = "this gateway has no key to sign webhooks with; set gateway.webhooks.key or \
                   gateway.webhooks.key_file, the same on every gateway";
    Failure::new(Reason::WebhookRefused, message)
}

#[async_trait]
impl Poster for Webhooks {
    fn check(&self, webhook: &Webhook, prefix: &str) -> Vec<FieldViolation> {
        endpoint::check(webhook, prefix, &self.config)
    }

    fn secret(&self, target: &Target) -> Result<String, Failure> {
        let key = self.config.key.as_ref().ok_or_else(keyless)?;
        Ok(secret::Secret::derive(key, target, target.generation).told())
    }

    async fn validate(&self, target: &Target) -> Result<(), Failure> {
        let endpoint = request::endpoint(&self.config, target.clone());
        let asked = validation::ask(&self.courier, &endpoint).await;
        asked.map_err(|what| {
            let message = format!("the webhook at {}: {what}", endpoint.host);
            Failure::new(Reason::WebhookRefused, message)
        })
    }

    async fn run(&self, target: Target, seat: Seat) -> End {
        let endpoint = Arc::new(request::endpoint(&self.config, target));
        let courier = Arc::clone(&self.courier);
        posting::run(endpoint, courier, self.schedule.clone(), seat).await
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
