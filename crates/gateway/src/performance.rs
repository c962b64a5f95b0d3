//! `PerformanceService`: check, wait for the positions asked for, ask the views.

use crate::check::performance as check;
use crate::freshness::{Wanted, reach};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::performance::v1::performance_service_server::PerformanceService;
use lienthong_contract::pb::performance::v1::{
    GetClockStatisticsRequest, GetClockStatisticsResponse, GetControlSlipRequest,
    GetControlSlipResponse, GetDossierClockRequest, GetDossierClockResponse, GetPerformanceRequest,
    GetPerformanceResponse, GetRegisterRequest, GetRegisterResponse, ListDossiersRequest,
    ListDossiersResponse,
};
use lienthong_contract::ports;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The service over the ports.
pub(crate) struct Performance {
    pub(crate) port: Arc<dyn ports::Performance>,
    /// Waits for positions.
    pub(crate) questions: Arc<dyn ports::Questions>,
    /// Partitions of the log.
    pub(crate) partitions: u32,
    /// Cancelled when the hub goes down.
    pub(crate) draining: CancellationToken,
}

impl Performance {
    /// Waits until the case view, which every answer here is made from, has these positions.
    async fn reach(&self, positions: &[Position], max_wait_ms: u32) -> Result<(), Failure> {
        let wanted = Wanted {
            views: &["case"],
            positions,
            max_wait_ms,
        };
        reach(&*self.questions, &self.draining, wanted).await
    }
}

#[tonic::async_trait]
impl PerformanceService for Performance {
    async fn get_performance(
        &self,
        request: Request<GetPerformanceRequest>,
    ) -> Result<Response<GetPerformanceResponse>, Status> {
        let request = request.into_inner();
        check::figures(&request, self.partitions, now_millis())?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.performance(request).await?))
    }

    async fn list_dossiers(
        &self,
        request: Request<ListDossiersRequest>,
    ) -> Result<Response<ListDossiersResponse>, Status> {
        let request = request.into_inner();
        check::dossiers(&request, self.partitions, now_millis())?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.dossiers(request).await?))
    }

    async fn get_dossier_clock(
        &self,
        request: Request<GetDossierClockRequest>,
    ) -> Result<Response<GetDossierClockResponse>, Status> {
        let request = request.into_inner();
        check::clock(&request, self.partitions)?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.dossier_clock(request).await?))
    }

    async fn get_control_slip(
        &self,
        request: Request<GetControlSlipRequest>,
    ) -> Result<Response<GetControlSlipResponse>, Status> {
        let request = request.into_inner();
        check::slip(&request, self.partitions)?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.control_slip(request).await?))
    }

    async fn get_register(
        &self,
        request: Request<GetRegisterRequest>,
    ) -> Result<Response<GetRegisterResponse>, Status> {
        let request = request.into_inner();
        check::register(&request, self.partitions)?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.register(request).await?))
    }

    async fn get_clock_statistics(
        &self,
        request: Request<GetClockStatisticsRequest>,
    ) -> Result<Response<GetClockStatisticsResponse>, Status> {
        let request = request.into_inner();
        check::clock_statistics(&request, self.partitions)?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.clock_statistics(request).await?))
    }
}
