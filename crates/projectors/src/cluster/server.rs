//! The listener of an instance: `ProjectionService`, reflection, health, keep-alive, the drain.

use super::client::LARGEST;
use super::local::Local;
use super::peer::{Peer, check};
use futures_util::stream::{BoxStream, StreamExt};
use lienthong_contract::pb::projection::v1 as pb;
use lienthong_contract::reason::Reason;
use lienthong_contract::reflection::describe;
use lienthong_contract::status::Failure;
use pb::projection_service_server::{self, ProjectionService, ProjectionServiceServer};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder;

/// Interval at which the server pings an idle connection, and how long it waits.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Calls of a connection that gateways may give up before this instance has come to read them: one
/// that gets little of the processor must not be cut off for it by its own gateways.
const GIVEN_UP: usize = 1_024;

/// Whose health is told: the whole, and the service.
const SERVICES: [&str; 2] = ["", projection_service_server::SERVICE_NAME];

/// How the service ends.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    /// How long it still takes calls after it said `NOT_SERVING`.
    pub drain_wait: Duration,
    /// How long calls in flight may then take before they are cut.
    pub drain_deadline: Duration,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            drain_wait: Duration::ZERO,
            drain_deadline: Duration::from_secs(10),
        }
    }
}

/// Why the service ended otherwise than by its shutdown.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The reflection service could not read the contract's descriptors.
    #[error("reflection cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener or the transport failed.
    #[error("the projector's listener failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

impl ServeError {
    /// Always false: both are faults of the build or of the machine.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// Serves gateways until `shutdown`, then drains: health says `NOT_SERVING`, waits end with
/// `DRAINING`, calls in flight finish or are cut at the deadline.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    config: ServeConfig,
    local: Local,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let service = ProjectionServiceServer::new(Service {
        local,
        draining: shutdown.clone(),
    });
    let service = service
        .max_decoding_message_size(LARGEST)
        .max_encoding_message_size(LARGEST);
    let (mut health, health_service) = tonic_health::server::health_reporter();
    tell(&health, ServingStatus::Serving).await;
    let stopped = CancellationToken::new();
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let serving = Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_TIMEOUT))
        .http2_adaptive_window(Some(true))
        .http2_max_pending_accept_reset_streams(Some(GIVEN_UP))
        .layer(lienthong_telemetry::rpc::layer())
        .add_service(service)
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?)
        .serve_with_incoming_shutdown(incoming, stopped.clone().cancelled_owned());
    let drain = async {
        shutdown.cancelled().await;
        tell(&health, ServingStatus::NotServing).await;
        tokio::time::sleep(config.drain_wait).await;
        // Ends the streams of whoever watches, which would hold up the drain.
        for service in SERVICES {
            health.clear_service_status(service).await;
        }
        stopped.cancel();
        tokio::time::sleep(config.drain_deadline).await;
    };
    tokio::select! {
        ended = serving => Ok(ended?),
        () = drain => {
            tracing::warn!("the drain's deadline passed with calls in flight; they were cut");
            Ok(())
        }
    }
}

/// Says the status of the whole and of the service.
async fn tell(health: &HealthReporter, status: ServingStatus) {
    for service in SERVICES {
        health.set_service_status(service, status).await;
    }
}

/// Describes the whole contract and lists what is served here.
fn reflection() -> Builder<'static> {
    describe(&SERVICES[1..], tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// The calls over the wire.
struct Service {
    local: Local,
    draining: CancellationToken,
}

#[tonic::async_trait]
impl ProjectionService for Service {
    type RebuildViewStream = BoxStream<'static, Result<pb::RebuildViewResponse, Status>>;
    type VerifyViewsStream = BoxStream<'static, Result<pb::VerifyViewsResponse, Status>>;
    type DiffViewsStream = BoxStream<'static, Result<pb::DiffViewsResponse, Status>>;

    async fn list_lanes(
        &self,
        request: Request<pb::ListLanesRequest>,
    ) -> Result<Response<pb::ListLanesResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(self.local.lanes().await?))
    }

    async fn list_mentions(
        &self,
        request: Request<pb::ListMentionsRequest>,
    ) -> Result<Response<pb::ListMentionsResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(
            self.local.mentions(request.into_inner()).await?,
        ))
    }

    async fn get_parts(
        &self,
        request: Request<pb::GetPartsRequest>,
    ) -> Result<Response<pb::GetPartsResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(self.local.parts(request.into_inner()).await?))
    }

    async fn get_sum(
        &self,
        request: Request<pb::GetSumRequest>,
    ) -> Result<Response<pb::GetSumResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(self.local.sum(request.into_inner()).await?))
    }

    async fn wait_for(
        &self,
        request: Request<pb::WaitForRequest>,
    ) -> Result<Response<pb::WaitForResponse>, Status> {
        check(request.get_ref().protocol)?;
        tokio::select! {
            told = self.local.wait_for(request.into_inner()) => Ok(Response::new(told?)),
            () = self.draining.cancelled() => {
                let message = "the projector instance is shutting down";
                Err(Failure::new(Reason::Draining, message).into())
            }
        }
    }

    async fn list_positions(
        &self,
        request: Request<pb::ListPositionsRequest>,
    ) -> Result<Response<pb::ListPositionsResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(self.local.positions().await?))
    }

    async fn get_lag(
        &self,
        request: Request<pb::GetLagRequest>,
    ) -> Result<Response<pb::GetLagResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(self.local.lag().await?))
    }

    async fn list_parked(
        &self,
        request: Request<pb::ListParkedRequest>,
    ) -> Result<Response<pb::ListParkedResponse>, Status> {
        check(request.get_ref().protocol)?;
        Ok(Response::new(
            self.local.parked(&request.get_ref().view).await?,
        ))
    }

    async fn rebuild_view(
        &self,
        request: Request<pb::RebuildViewRequest>,
    ) -> Result<Response<Self::RebuildViewStream>, Status> {
        check(request.get_ref().protocol)?;
        let told = self.local.rebuild(&request.get_ref().view).await?;
        let told = told.map(|step| step.map_err(Status::from));
        Ok(Response::new(told.boxed()))
    }

    async fn verify_views(
        &self,
        request: Request<pb::VerifyViewsRequest>,
    ) -> Result<Response<Self::VerifyViewsStream>, Status> {
        check(request.get_ref().protocol)?;
        let told = self.local.verify(&request.get_ref().views).await?;
        let told = told.map(|step| step.map_err(Status::from));
        Ok(Response::new(told.boxed()))
    }

    async fn diff_views(
        &self,
        request: Request<pb::DiffViewsRequest>,
    ) -> Result<Response<Self::DiffViewsStream>, Status> {
        check(request.get_ref().protocol)?;
        let told = self.local.diff(request.into_inner()).await?;
        let told = told.map(|step| step.map_err(Status::from));
        Ok(Response::new(told.boxed()))
    }
}
