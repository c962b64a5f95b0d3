//! `OperationsService`: positions, lag, parked dossiers, rebuild and verification.

use crate::lag::Lag;
use crate::{check, release};
use futures_util::stream::{BoxStream, StreamExt};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::operations_service_server::OperationsService;
use lienthong_contract::pb::operations::v1::{
    DiffViewsRequest, DiffViewsResponse, GetLagRequest, GetLagResponse, ListParkedRequest,
    ListParkedResponse, ListPositionsRequest, ListPositionsResponse, LogBounds, RebuildViewRequest,
    RebuildViewResponse, ReleaseParkedRequest, ReleaseParkedResponse, VerifyViewsRequest,
    VerifyViewsResponse,
};
use lienthong_contract::ports::ViewOperations;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::EventLog;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The service over the port and the log.
pub(crate) struct Operations {
    pub(crate) port: Arc<dyn ViewOperations>,
    pub(crate) log: Arc<dyn EventLog>,
    /// How late everything is.
    pub(crate) lag: Arc<Lag>,
    /// Cancelled when the hub goes down.
    pub(crate) draining: CancellationToken,
}

#[tonic::async_trait]
impl OperationsService for Operations {
    type RebuildViewStream = BoxStream<'static, Result<RebuildViewResponse, Status>>;
    type VerifyViewsStream = BoxStream<'static, Result<VerifyViewsResponse, Status>>;
    type DiffViewsStream = BoxStream<'static, Result<DiffViewsResponse, Status>>;

    async fn list_positions(
        &self,
        _: Request<ListPositionsRequest>,
    ) -> Result<Response<ListPositionsResponse>, Status> {
        let mut log = Vec::new();
        for partition in 0..self.log.partitions() {
            let bounds = self.log.bounds(partition).await.map_err(|error| {
                tracing::error!(partition, %error, "the log's bounds cannot be read");
                let message = format!("partition {partition} of the log cannot be read");
                Failure::new(Reason::LogUnavailable, message)
            })?;
            log.push(LogBounds {
                partition,
                start_offset: bounds.start,
                end_offset: bounds.end,
            });
        }
        let views = self.port.positions().await;
        Ok(Response::new(ListPositionsResponse { log, views }))
    }

    async fn get_lag(&self, _: Request<GetLagRequest>) -> Result<Response<GetLagResponse>, Status> {
        Ok(Response::new(self.lag.answer().await?))
    }

    async fn list_parked(
        &self,
        request: Request<ListParkedRequest>,
    ) -> Result<Response<ListParkedResponse>, Status> {
        let parked = self.port.parked(&request.get_ref().view).await?;
        Ok(Response::new(ListParkedResponse { parked }))
    }

    async fn release_parked(
        &self,
        request: Request<ReleaseParkedRequest>,
    ) -> Result<Response<ReleaseParkedResponse>, Status> {
        let request = request.into_inner();
        release::check(&request)?;
        release::find(&self.port.parked("").await?, &request)?;
        let record = release::record(&request, now_millis());
        let appended = self.log.append(vec![record]).await.map_err(|error| {
            tracing::error!(%error, "a decision on a parked dossier was not recorded");
            release::refused(&error)
        })?;
        let position = appended.first().map(|position| Position {
            partition: position.partition,
            offset: position.offset,
        });
        tracing::info!(
            ?position,
            skip = request.decision,
            "a parked dossier was released"
        );
        Ok(Response::new(ReleaseParkedResponse { position }))
    }

    async fn rebuild_view(
        &self,
        request: Request<RebuildViewRequest>,
    ) -> Result<Response<Self::RebuildViewStream>, Status> {
        let progress = self.port.rebuild(&request.get_ref().view).await?;
        let answers = progress.map(|progress| {
            progress.map(|progress| RebuildViewResponse {
                progress: Some(progress),
            })
        });
        Ok(Response::new(self.until_drain(answers.boxed())))
    }

    async fn verify_views(
        &self,
        request: Request<VerifyViewsRequest>,
    ) -> Result<Response<Self::VerifyViewsStream>, Status> {
        let answers = self.port.verify(&request.get_ref().views).await?;
        Ok(Response::new(self.until_drain(answers)))
    }

    async fn diff_views(
        &self,
        request: Request<DiffViewsRequest>,
    ) -> Result<Response<Self::DiffViewsStream>, Status> {
        let request = request.into_inner();
        check::diff(&request, self.log.partitions())?;
        let answers = self.port.diff(request).await?;
        Ok(Response::new(self.until_drain(answers)))
    }
}

impl Operations {
    /// The stream as long as the hub serves; a drain ends it with `DRAINING`.
    fn until_drain<T: Send + 'static>(
        &self,
        answers: BoxStream<'static, Result<T, Failure>>,
    ) -> BoxStream<'static, Result<T, Status>> {
        let going_on = Some((answers, self.draining.clone()));
        futures_util::stream::unfold(going_on, |going_on| async {
            let (mut answers, draining) = going_on?;
            let answer = tokio::select! {
                answer = answers.next() => answer?,
                () = draining.cancelled() => {
                    Err(Failure::new(Reason::Draining, "the hub is going down"))
                }
            };
            // Nothing follows an error.
            let going_on = answer.is_ok().then_some((answers, draining));
            Some((answer.map_err(Status::from), going_on))
        })
        .boxed()
    }
}
