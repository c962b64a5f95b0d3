//! An instance as others ask it: over the wire, or in the same process.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::sync::Arc;

/// The version of what instances and gateways say to each other. Raised with every change to
/// `projection.proto`, to what checkpoints store, to the encoding of sums, or to the hash of codes.
pub const PROTOCOL: u32 = 3;

/// Metadata of the failure of one that is not heard: it may only be slow, or the way to it. Of one
/// that refuses, and so is gone, there is none.
pub const UNHEARD: &str = "unheard";

/// The calls of `ProjectionService`; errors are those of the proto file.
#[async_trait]
pub trait Peer: Send + Sync {
    /// See `ProjectionService.ListLanes`.
    async fn lanes(&self) -> Result<pb::ListLanesResponse, Failure>;
    /// See `ProjectionService.ListMentions`.
    async fn mentions(
        &self,
        request: pb::ListMentionsRequest,
    ) -> Result<pb::ListMentionsResponse, Failure>;
    /// See `ProjectionService.GetParts`.
    async fn parts(&self, request: pb::GetPartsRequest) -> Result<pb::GetPartsResponse, Failure>;
    /// See `ProjectionService.GetSum`.
    async fn sum(&self, request: pb::GetSumRequest) -> Result<pb::GetSumResponse, Failure>;
    /// See `ProjectionService.WaitFor`.
    async fn wait_for(&self, request: pb::WaitForRequest) -> Result<pb::WaitForResponse, Failure>;
    /// See `ProjectionService.ListPositions`.
    async fn positions(&self) -> Result<pb::ListPositionsResponse, Failure>;
    /// See `ProjectionService.GetLag`.
    async fn lag(&self) -> Result<pb::GetLagResponse, Failure>;
    /// See `ProjectionService.ListParked`.
    async fn parked(&self, view: &str) -> Result<pb::ListParkedResponse, Failure>;
    /// See `ProjectionService.RebuildView`.
    async fn rebuild(&self, view: &str) -> Result<Told<pb::RebuildViewResponse>, Failure>;
    /// See `ProjectionService.VerifyViews`.
    async fn verify(&self, views: &[String]) -> Result<Told<pb::VerifyViewsResponse>, Failure>;
    /// See `ProjectionService.DiffViews`.
    async fn diff(
        &self,
        request: pb::DiffViewsRequest,
    ) -> Result<Told<pb::DiffViewsResponse>, Failure>;
}

/// A call that whoever finds the instance can make more than once.
pub type Call<'a, T> = &'a (dyn Fn(Arc<dyn Peer>) -> BoxFuture<'static, Result<T, Failure>> + Sync);

/// What is told bit by bit.
pub type Told<T> = BoxStream<'static, Result<T, Failure>>;

/// That the gateway's reference data is the instance's.
///
/// # Errors
/// `REFERENCE_DIFFERS`.
pub fn check_reference(gateway: &str, instance: &str) -> Result<(), Failure> {
    if gateway == instance {
        return Ok(());
    }
    let message =
        format!("the gateway has the reference data {gateway}, this projector instance {instance}");
    Err(Failure::new(Reason::ReferenceDiffers, message)
        .with("gateway_version", gateway)
        .with("instance_version", instance))
}

/// Checks the version that a request speaks.
///
/// # Errors
/// `VERSIONS_MIXED`.
pub fn check(protocol: u32) -> Result<(), Failure> {
    if protocol == PROTOCOL {
        return Ok(());
    }
    let message = format!(
        "the gateway speaks protocol {protocol}, this instance {PROTOCOL}: finish the rolling upgrade"
    );
    Err(Failure::new(Reason::VersionsMixed, message)
        .with("gateway_protocol", protocol)
        .with("instance_protocol", PROTOCOL))
}
