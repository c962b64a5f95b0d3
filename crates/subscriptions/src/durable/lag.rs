//! How late durable subscriptions are.
//!
//! ```text
//! records of the log   #  #  #  #  #  #  #  #  #  #  #  #  (end)
//!                         |     |        |
//!    numbered, unsettled -+-----+        +- the first wanted one that was not taken up yet
//!                         |
//!                         +- lag = now - when this one was recorded
//! ```
//! The fold says what is numbered and not settled, the log says what follows: records that are not
//! wanted, and probes, are passed over. Both are looked at every [`EVERY`] by a clock of the
//! observer's, so that a task that stands still is told as one; and again when somebody asks.
//!
//! Streams of callers who keep their own place have no lag here: the hub does not know what of what
//! it sent has arrived.

mod first;
mod log;
mod observer;
mod shown;
mod standing;
mod told;
mod tracker;

pub(super) use observer::{KeptHere, Observer};
pub use standing::Live;

use super::Durable;
use super::peers::passed;
use async_trait::async_trait;
use futures_util::future::join_all;
use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_contract::pb::subscription::v1::ListSubscriptionsRequest;
use lienthong_contract::ports::SubscriptionLags;
use lienthong_contract::time::now_millis;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;

/// How often every subscription that is kept here is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// What rates and status are told of, in milliseconds.
const WINDOW_MS: i64 = 10_000;
/// Longest wait for another gateway.
const PATIENCE: Duration = Duration::from_secs(1);

#[async_trait]
impl SubscriptionLags for Durable {
    async fn subscription_lags(&self) -> Vec<SubscriptionLag> {
        let (here, there) = tokio::join!(self.lags_here(), self.lags_elsewhere());
        let told = here.into_iter().chain(there);
        let mut lags: BTreeMap<String, SubscriptionLag> =
            told.map(|lag| (lag.name.clone(), lag)).collect();
        for (lane, name) in self.observer.known() {
            if !lags.contains_key(&name)
                && let Some(lag) = self.observer.unkept(&lane, &name, now_millis()).await
            {
                lags.insert(name, lag);
            }
        }
        lags.into_values().collect()
    }
}

impl Durable {
    async fn lags_here(&self) -> Vec<SubscriptionLag> {
        let kept = self.observer.kept().into_iter();
        let looks = kept.map(|kept| async move { self.observer.look(&kept, now_millis()).await });
        join_all(looks).await.into_iter().flatten().collect()
    }

    /// Those of the other gateways; one that does not answer in time tells none.
    async fn lags_elsewhere(&self) -> Vec<SubscriptionLag> {
        let Some(peers) = &self.peers else {
            return Vec::new();
        };
        let others = timeout(PATIENCE, peers.others()).await;
        let others = others.ok().and_then(Result::ok).unwrap_or_default();
        let asked = others.iter().map(|peer| async move {
            let mut client = peer.client();
            let list = client.list_subscriptions(passed(ListSubscriptionsRequest::default()));
            match timeout(PATIENCE, list).await {
                Ok(Ok(answer)) => answer.into_inner().statuses,
                Ok(Err(_)) | Err(_) => Vec::new(),
            }
        });
        let statuses = join_all(asked).await.into_iter().flatten();
        statuses.filter_map(|status| status.lag).collect()
    }
}

#[cfg(test)]
#[path = "lag_tests.rs"]
mod tests;
