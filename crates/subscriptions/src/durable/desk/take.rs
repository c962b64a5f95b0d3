//! Hands events to consumers and takes their answers.

use super::super::actor::Command;
use super::super::calls::{Said, Told};
use super::super::{Durable, consume, encode};
use super::Kept;
use futures_util::{StreamExt, stream};
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeResponse, Acknowledgements, FetchRequest, Open,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::time::Duration;

/// Events of a fetch that does not say.
const FETCHED: u32 = 100;

impl Kept {
    /// Whether consumers have a part in it.
    fn consumable(&self, name: &str) -> Result<(), Failure> {
        let folded = self.office.lane.folded();
        let kept = folded.lane.subscriptions.get(name);
        match kept.is_some_and(|kept| kept.subscription.webhook.is_some()) {
            false => Ok(()),
            true => {
                let message = format!("the events of {name} go to its webhook");
                Err(Failure::new(Reason::SubscriptionHasWebhook, message))
            }
        }
    }
}

impl Durable {
    pub(super) async fn consume_here(
        &self,
        kept: Kept,
        open: Open,
        said: Said,
    ) -> Result<Told, Failure> {
        kept.consumable(&open.name)?;
        let consumer = match open.consumer {
            empty if empty.is_empty() => format!("consumer-{:016x}", rand::random::<u64>()),
            given => given,
        };
        let command = |reply| Command::Sit {
            consumer,
            share: open.max_in_flight as usize,
            reply,
        };
        let seat = kept.ask(command).await?;
        Ok(consume::stream(seat, said, open.heartbeat_s))
    }

    /// A stream from another gateway ends when this one goes down.
    pub(super) fn until_shutdown(&self, told: Told) -> Told {
        let shutdown = self.shutdown.clone();
        let last = stream::once(async move { shutdown.is_cancelled() });
        let last = last.filter_map(async |down| down.then(|| Ok(consume::draining())));
        let told = told.take_until(self.shutdown.clone().cancelled_owned());
        told.chain(last).boxed()
    }

    pub(super) async fn fetch_here(
        &self,
        kept: Kept,
        request: FetchRequest,
    ) -> Result<Encoded, Failure> {
        kept.consumable(&request.name)?;
        let most = match request.max_events {
            0 => FETCHED,
            given => given,
        };
        let command = |reply| Command::Fetch {
            consumer: request.consumer,
            most: most as usize,
            wait: Duration::from_millis(u64::from(request.max_wait_ms)),
            reply,
        };
        Ok(encode::fetched(kept.ask(command).await?))
    }

    pub(super) async fn acknowledge_here(
        &self,
        kept: Kept,
        told: Acknowledgements,
    ) -> Result<AcknowledgeResponse, Failure> {
        let answers = consume::read(told);
        let late = kept.ask(|reply| Command::Answers(answers, reply)).await?;
        Ok(AcknowledgeResponse { late })
    }
}
