//! The calls about durable subscriptions, as the service passes them on.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeRequest, AcknowledgeResponse, Acknowledgements, CreateSubscriptionRequest,
    CreateSubscriptionResponse, DeleteSubscriptionRequest, DeleteSubscriptionResponse,
    FetchRequest, GetManifestRequest, GetManifestResponse, GetSubscriptionRequest,
    GetSubscriptionResponse, ListParkedCasesRequest, ListParkedCasesResponse,
    ListSubscriptionsRequest, ListSubscriptionsResponse, MoveSubscriptionRequest,
    MoveSubscriptionResponse, Open, PauseSubscriptionRequest, PauseSubscriptionResponse,
    ReadRangeRequest, ReleaseParkedCaseRequest, ReleaseParkedCaseResponse,
    ResumeSubscriptionRequest, ResumeSubscriptionResponse, RotateWebhookSecretRequest,
    RotateWebhookSecretResponse,
};
use tonic::Status;

/// A stream of messages to a client.
pub type Told = BoxStream<'static, Result<Encoded, Status>>;
/// What a consumer says after it opened its stream.
pub type Said = BoxStream<'static, Result<Acknowledgements, Status>>;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Anybody: the call may have to go to another gateway.
    Client,
    /// A gateway that took this one for the keeper; never passed on again.
    Gateway,
}

/// See the proto file: names, messages and errors are those of the calls there. Errors are told as
/// they go to the client, because one that another gateway told is passed on as it is.
#[async_trait]
#[allow(missing_docs)]
pub trait Calls: Send + Sync + 'static {
    async fn create(
        &self,
        request: CreateSubscriptionRequest,
        from: From,
    ) -> Result<CreateSubscriptionResponse, Status>;
    async fn get(
        &self,
        request: GetSubscriptionRequest,
        from: From,
    ) -> Result<GetSubscriptionResponse, Status>;
    async fn list(
        &self,
        request: ListSubscriptionsRequest,
        from: From,
    ) -> Result<ListSubscriptionsResponse, Status>;
    async fn pause(
        &self,
        request: PauseSubscriptionRequest,
        from: From,
    ) -> Result<PauseSubscriptionResponse, Status>;
    async fn resume(
        &self,
        request: ResumeSubscriptionRequest,
        from: From,
    ) -> Result<ResumeSubscriptionResponse, Status>;
    async fn move_to(
        &self,
        request: MoveSubscriptionRequest,
        from: From,
    ) -> Result<MoveSubscriptionResponse, Status>;
    async fn delete(
        &self,
        request: DeleteSubscriptionRequest,
        from: From,
    ) -> Result<DeleteSubscriptionResponse, Status>;
    async fn consume(&self, open: Open, said: Said, from: From) -> Result<Told, Status>;
    async fn fetch(&self, request: FetchRequest, from: From) -> Result<Encoded, Status>;
    async fn acknowledge(
        &self,
        request: AcknowledgeRequest,
        from: From,
    ) -> Result<AcknowledgeResponse, Status>;
    async fn parked(
        &self,
        request: ListParkedCasesRequest,
        from: From,
    ) -> Result<ListParkedCasesResponse, Status>;
    async fn release(
        &self,
        request: ReleaseParkedCaseRequest,
        from: From,
    ) -> Result<ReleaseParkedCaseResponse, Status>;
    async fn read_range(&self, request: ReadRangeRequest, from: From) -> Result<Told, Status>;
    async fn manifest(
        &self,
        request: GetManifestRequest,
        from: From,
    ) -> Result<GetManifestResponse, Status>;
    async fn rotate_secret(
        &self,
        request: RotateWebhookSecretRequest,
        from: From,
    ) -> Result<RotateWebhookSecretResponse, Status>;
}
