//! Makes subscriptions.

use super::super::actor::Command;
use super::super::engine::in_force;
use super::super::keeper::Office;
use super::super::lanes::NotTaken;
use super::super::peers::moving;
use super::super::poster::Target;
use super::super::{Durable, check};
use lienthong_contract::pb::subscription::v1::entry::Created;
use lienthong_contract::pb::subscription::v1::start::Place;
use lienthong_contract::pb::subscription::v1::{
    CreateSubscriptionRequest, CreateSubscriptionResponse, End, Start, Subscription,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use std::sync::Arc;

impl Durable {
    /// The name of what is to be made, if everything about it holds.
    pub(super) fn check_new(&self, request: &CreateSubscriptionRequest) -> Result<String, Failure> {
        let told = request.subscription.as_ref().ok_or_else(|| {
            let fix = "give it with at least a name";
            Failure::of_field("subscription", "it is not set", fix)
        })?;
        check::subscription(told, self.context.handles.poster.as_ref())?;
        Ok(told.name.clone())
    }

    /// Makes a subscription, or finds that it is there.
    pub(super) async fn make(
        &self,
        office: Arc<Office>,
        request: CreateSubscriptionRequest,
    ) -> Result<CreateSubscriptionResponse, Failure> {
        let told = request.subscription.unwrap_or_default();
        if there(&office, &told)? {
            return self.made(office, told).await;
        }
        let start = request.start.filter(|start| start.place.is_some());
        let start = start.unwrap_or(Start {
            place: Some(Place::End(End {})),
        });
        let positions = self.context.handles.blocks.place(&start).await?;
        let incarnation = rand::random();
        if let Some(webhook) = told.webhook.clone() {
            // Nothing is made for an endpoint that does not want it.
            let target = Target {
                name: told.name.clone(),
                incarnation,
                webhook,
                generation: 1,
                old_until_ms: 0,
            };
            self.context.handles.poster.secret(&target)?;
            self.context.handles.poster.validate(&target).await?;
        }
        let turn = office.making.lock().await;
        // Another call may have made it meanwhile.
        if !there(&office, &told)? {
            let created = Created {
                subscription: Some(told.clone()),
                positions,
                incarnation,
                created_ms: now_millis(),
            };
            office.create(created).await.map_err(not_made)?;
            tracing::info!(subscription = told.name, "a durable subscription was made");
        }
        drop(turn);
        self.made(office, told).await
    }

    async fn made(
        &self,
        office: Arc<Office>,
        told: Subscription,
    ) -> Result<CreateSubscriptionResponse, Failure> {
        let kept = super::kept(office, &told.name)?;
        let status = Some(self.status(&kept).await?);
        let target = kept.ask(Command::Target).await?;
        let secret = target.map(|target| self.context.handles.poster.secret(&target));
        Ok(CreateSubscriptionResponse {
            status,
            webhook_secret: secret.transpose()?.unwrap_or_default(),
        })
    }
}

/// Whether it is there already, just so: a default counts as what it stands for.
fn there(office: &Office, told: &Subscription) -> Result<bool, Failure> {
    let folded = office.lane.folded();
    match folded.lane.subscriptions.get(&told.name) {
        None => Ok(false),
        Some(kept) if in_force(&kept.subscription) == in_force(told) => Ok(true),
        Some(_) => {
            let message = format!("{} is there with another content", told.name);
            Err(Failure::new(Reason::SubscriptionExists, message))
        }
    }
}

fn not_made(error: NotTaken) -> Failure {
    match error {
        NotTaken::Ignored(why) => Failure::new(Reason::Internal, why),
        NotTaken::Lost => moving("its gateway has just left it"),
        NotTaken::Failed(error) => Failure::new(
            Reason::LogUnavailable,
            format!("it could not be recorded: {error}"),
        ),
    }
}
