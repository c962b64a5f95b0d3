//! Interim, until `durable::start` is merged: durable subscriptions are refused.
#![allow(missing_docs)]

use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::*;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_subscriptions::durable::calls::{Calls, From, Said, Told};

pub struct Absent;

fn absent() -> Failure {
    Failure::new(
        Reason::SubscriptionMoving,
        "durable subscriptions are not merged yet",
    )
}

#[tonic::async_trait]
impl Calls for Absent {
    async fn create(
        &self,
        _: CreateSubscriptionRequest,
        _: From,
    ) -> Result<CreateSubscriptionResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn get(
        &self,
        _: GetSubscriptionRequest,
        _: From,
    ) -> Result<GetSubscriptionResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn list(
        &self,
        _: ListSubscriptionsRequest,
        _: From,
    ) -> Result<ListSubscriptionsResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn pause(
        &self,
        _: PauseSubscriptionRequest,
        _: From,
    ) -> Result<PauseSubscriptionResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn resume(
        &self,
        _: ResumeSubscriptionRequest,
        _: From,
    ) -> Result<ResumeSubscriptionResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn move_to(
        &self,
        _: MoveSubscriptionRequest,
        _: From,
    ) -> Result<MoveSubscriptionResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn delete(
        &self,
        _: DeleteSubscriptionRequest,
        _: From,
    ) -> Result<DeleteSubscriptionResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn acknowledge(
        &self,
        _: AcknowledgeRequest,
        _: From,
    ) -> Result<AcknowledgeResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn parked(
        &self,
        _: ListParkedCasesRequest,
        _: From,
    ) -> Result<ListParkedCasesResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn release(
        &self,
        _: ReleaseParkedCaseRequest,
        _: From,
    ) -> Result<ReleaseParkedCaseResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn manifest(
        &self,
        _: GetManifestRequest,
        _: From,
    ) -> Result<GetManifestResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn rotate_secret(
        &self,
        _: RotateWebhookSecretRequest,
        _: From,
    ) -> Result<RotateWebhookSecretResponse, tonic::Status> {
        Err(absent().into())
    }
    async fn consume(&self, _: Open, _: Said, _: From) -> Result<Told, tonic::Status> {
        Err(absent().into())
    }
    async fn fetch(&self, _: FetchRequest, _: From) -> Result<Encoded, tonic::Status> {
        Err(absent().into())
    }
    async fn read_range(&self, _: ReadRangeRequest, _: From) -> Result<Told, tonic::Status> {
        Err(absent().into())
    }
}
