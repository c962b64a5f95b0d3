//! `lienthong.subscription.v1.Subscriptions` over gRPC.

use crate::durable::Durable;
use crate::durable::calls::{From, Told};
use crate::stream;
use futures_util::StreamExt;
use futures_util::future::ready;
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::consume_request::Message;
use lienthong_contract::pb::subscription::v1::subscriptions_server::Subscriptions;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeRequest, AcknowledgeResponse, ConsumeRequest, CreateSubscriptionRequest,
    CreateSubscriptionResponse, DeleteSubscriptionRequest, DeleteSubscriptionResponse,
    FetchRequest, GetManifestRequest, GetManifestResponse, GetSubscriptionRequest,
    GetSubscriptionResponse, ListParkedCasesRequest, ListParkedCasesResponse,
    ListSubscriptionsRequest, ListSubscriptionsResponse, MoveSubscriptionRequest,
    MoveSubscriptionResponse, PauseSubscriptionRequest, PauseSubscriptionResponse,
    ReadRangeRequest, ReleaseParkedCaseRequest, ReleaseParkedCaseResponse,
    ResumeSubscriptionRequest, ResumeSubscriptionResponse, RotateWebhookSecretRequest,
    RotateWebhookSecretResponse, SubscribeRequest,
};
use lienthong_contract::status::Failure;
use std::sync::Arc;
use tonic::{Request, Response, Status, Streaming};

/// Metadata by which a gateway says that it passes a call on; never passed on twice.
pub const FORWARDED: &str = "lienthong-forwarded";

/// The service.
pub struct Service {
    /// Answers `Subscribe`.
    pub streams: Arc<stream::Streaming>,
    /// Answers everything else.
    pub durable: Arc<Durable>,
}

/// Who sent a call.
fn from<T>(request: &Request<T>) -> From {
    match request.metadata().contains_key(FORWARDED) {
        true => From::Gateway,
        false => From::Client,
    }
}

#[tonic::async_trait]
impl Subscriptions for Service {
    type SubscribeStream = Told;
    type ConsumeStream = Told;
    type ReadRangeStream = Told;

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Told>, Status> {
        let told = self.streams.subscribe(request.into_inner()).await?;
        Ok(Response::new(told))
    }

    async fn consume(
        &self,
        request: Request<Streaming<ConsumeRequest>>,
    ) -> Result<Response<Told>, Status> {
        let from = from(&request);
        let mut said = request.into_inner();
        let open = match said.message().await?.and_then(|first| first.message) {
            Some(Message::Open(open)) => open,
            _ => {
                let fix = "send `open` with the name of the subscription first";
                return Err(Failure::of_field("open", "the first message is not it", fix).into());
            }
        };
        let said = said.map(|said| match said?.message {
            Some(Message::Acknowledgements(told)) => Ok(Some(told)),
            Some(Message::Open(_)) => {
                let fix = "send only acknowledgements after the first message";
                Err(Failure::of_field("open", "the stream is open already", fix).into())
            }
            None => Ok(None),
        });
        let said = said.filter_map(|said: Result<_, Status>| ready(said.transpose()));
        let told = self.durable.consume(open, said.boxed(), from).await?;
        Ok(Response::new(told))
    }

    async fn fetch(&self, request: Request<FetchRequest>) -> Result<Response<Encoded>, Status> {
        let from = from(&request);
        let told = self.durable.fetch(request.into_inner(), from).await?;
        Ok(Response::new(told))
    }

    async fn read_range(
        &self,
        request: Request<ReadRangeRequest>,
    ) -> Result<Response<Told>, Status> {
        let from = from(&request);
        let told = self.durable.read_range(request.into_inner(), from).await?;
        Ok(Response::new(told))
    }

    async fn create_subscription(
        &self,
        request: Request<CreateSubscriptionRequest>,
    ) -> Result<Response<CreateSubscriptionResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.create(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn get_subscription(
        &self,
        request: Request<GetSubscriptionRequest>,
    ) -> Result<Response<GetSubscriptionResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.get(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn list_subscriptions(
        &self,
        request: Request<ListSubscriptionsRequest>,
    ) -> Result<Response<ListSubscriptionsResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.list(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn pause_subscription(
        &self,
        request: Request<PauseSubscriptionRequest>,
    ) -> Result<Response<PauseSubscriptionResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.pause(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn resume_subscription(
        &self,
        request: Request<ResumeSubscriptionRequest>,
    ) -> Result<Response<ResumeSubscriptionResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.resume(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn move_subscription(
        &self,
        request: Request<MoveSubscriptionRequest>,
    ) -> Result<Response<MoveSubscriptionResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.move_to(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn delete_subscription(
        &self,
        request: Request<DeleteSubscriptionRequest>,
    ) -> Result<Response<DeleteSubscriptionResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.delete(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn acknowledge(
        &self,
        request: Request<AcknowledgeRequest>,
    ) -> Result<Response<AcknowledgeResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.acknowledge(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn list_parked_cases(
        &self,
        request: Request<ListParkedCasesRequest>,
    ) -> Result<Response<ListParkedCasesResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.parked(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn release_parked_case(
        &self,
        request: Request<ReleaseParkedCaseRequest>,
    ) -> Result<Response<ReleaseParkedCaseResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.release(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn get_manifest(
        &self,
        request: Request<GetManifestRequest>,
    ) -> Result<Response<GetManifestResponse>, Status> {
        let from = from(&request);
        let answer = self.durable.manifest(request.into_inner(), from).await?;
        Ok(Response::new(answer))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<RotateWebhookSecretRequest>,
    ) -> Result<Response<RotateWebhookSecretResponse>, Status> {
        let from = from(&request);
        let answer = self
            .durable
            .rotate_secret(request.into_inner(), from)
            .await?;
        Ok(Response::new(answer))
    }
}
