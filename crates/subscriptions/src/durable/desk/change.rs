//! Changes subscriptions that are there.

use super::super::Durable;
use super::super::actor::{Change, Command};
use super::super::engine::{Decision, Which};
use super::Kept;
use lienthong_contract::pb::subscription::v1::{
    DeleteSubscriptionResponse, ReleaseParkedCaseResponse, RotateWebhookSecretResponse, Start,
    SubscriptionState, SubscriptionStatus,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use std::time::Duration;

impl Kept {
    async fn change(&self, change: Change) -> Result<(), Failure> {
        self.ask(|reply| Command::Change(change, reply)).await?
    }

    async fn state(&self) -> Result<SubscriptionState, Failure> {
        Ok(self.ask(Command::Status).await?.state)
    }
}

impl Durable {
    /// One that is disabled stays so: it is not the operator who stopped it.
    pub(super) async fn pause_here(&self, kept: Kept) -> Result<SubscriptionStatus, Failure> {
        let state = kept.state().await?;
        if matches!(state, SubscriptionState::Active | SubscriptionState::Full) {
            let why = "an operator paused it".to_owned();
            let change = Change::State(SubscriptionState::Paused, why);
            kept.change(change).await?;
        }
        self.status(&kept).await
    }

    pub(super) async fn resume_here(&self, kept: Kept) -> Result<SubscriptionStatus, Failure> {
        let state = kept.state().await?;
        if state == SubscriptionState::Disabled
            && let Some(target) = kept.ask(Command::Target).await?
        {
            self.context.handles.poster.validate(&target).await?;
        }
        if matches!(
            state,
            SubscriptionState::Paused | SubscriptionState::Disabled
        ) {
            let change = Change::State(SubscriptionState::Active, String::new());
            kept.change(change).await?;
        }
        self.status(&kept).await
    }

    /// One that was disabled because retention overtook it goes on; a webhook waits to be resumed.
    pub(super) async fn move_here(
        &self,
        kept: Kept,
        start: &Start,
    ) -> Result<SubscriptionStatus, Failure> {
        let positions = self.context.handles.blocks.place(start).await?;
        kept.change(Change::Move(positions)).await?;
        let has_webhook = kept.ask(Command::Target).await?.is_some();
        if kept.state().await? == SubscriptionState::Disabled && !has_webhook {
            let change = Change::State(SubscriptionState::Active, String::new());
            kept.change(change).await?;
        }
        self.status(&kept).await
    }

    pub(super) async fn delete_here(
        &self,
        kept: Kept,
    ) -> Result<DeleteSubscriptionResponse, Failure> {
        kept.change(Change::Delete).await?;
        Ok(DeleteSubscriptionResponse {})
    }

    pub(super) async fn release_here(
        &self,
        kept: Kept,
        which: Which,
        decision: Decision,
    ) -> Result<ReleaseParkedCaseResponse, Failure> {
        let command = |reply| Command::Release(which, decision, reply);
        let released = kept.ask(command).await?;
        if released == 0 && which != Which::All {
            let message = "the case is not parked";
            return Err(Failure::new(Reason::CaseNotParked, message));
        }
        Ok(ReleaseParkedCaseResponse { released })
    }

    pub(super) async fn rotate_here(
        &self,
        kept: Kept,
        overlap: Duration,
    ) -> Result<RotateWebhookSecretResponse, Failure> {
        let mut target = kept.ask(Command::Target).await?.ok_or_else(|| {
            let message = "its events are consumed, not posted";
            Failure::new(Reason::SubscriptionHasNoWebhook, message)
        })?;
        target.generation += 1;
        // Days, which fit.
        target.old_until_ms = now_millis() + overlap.as_millis() as i64;
        let webhook_secret = self.context.handles.poster.secret(&target)?;
        let change = Change::Secret {
            generation: target.generation,
            old_until_ms: target.old_until_ms,
        };
        kept.change(change).await?;
        Ok(RotateWebhookSecretResponse {
            webhook_secret,
            old_until: Some(from_millis(target.old_until_ms)),
        })
    }
}
