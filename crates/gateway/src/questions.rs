//! `ProcedureQueryService`: check, wait for the positions asked for, ask the views.

use crate::check;
use crate::freshness::{Wanted, reach};
use lienthong_contract::pb::procedure::v1::procedure_query_service_server::ProcedureQueryService;
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetCaseResponse, GetHorizontalRequest, GetHorizontalResponse,
    GetPathStatisticsRequest, GetPathStatisticsResponse, GetVerticalRequest, GetVerticalResponse,
    ListCasesRequest, ListCasesResponse,
};
use lienthong_contract::ports;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The service over the port.
pub(crate) struct Questions {
    pub(crate) port: Arc<dyn ports::Questions>,
    /// Partitions of the log.
    pub(crate) partitions: u32,
    /// Cancelled when the hub goes down.
    pub(crate) draining: CancellationToken,
}

#[tonic::async_trait]
impl ProcedureQueryService for Questions {
    async fn get_case(
        &self,
        request: Request<GetCaseRequest>,
    ) -> Result<Response<GetCaseResponse>, Status> {
        let request = request.into_inner();
        check::case(&request, self.partitions)?;
        let wanted = Wanted {
            views: &["case"],
            positions: &request.min_positions,
            max_wait_ms: request.max_wait_ms,
        };
        reach(&*self.port, &self.draining, wanted).await?;
        Ok(Response::new(self.port.case(request).await?))
    }

    async fn list_cases(
        &self,
        request: Request<ListCasesRequest>,
    ) -> Result<Response<ListCasesResponse>, Status> {
        let request = request.into_inner();
        check::cases(&request)?;
        Ok(Response::new(self.port.cases(request).await?))
    }

    async fn get_horizontal(
        &self,
        request: Request<GetHorizontalRequest>,
    ) -> Result<Response<GetHorizontalResponse>, Status> {
        let request = request.into_inner();
        check::horizontal(&request, self.partitions)?;
        // Links live in the case view alone, so a sum is as fresh as both.
        let wanted = Wanted {
            views: &["case", "horizontal"],
            positions: &request.min_positions,
            max_wait_ms: request.max_wait_ms,
        };
        reach(&*self.port, &self.draining, wanted).await?;
        Ok(Response::new(self.port.horizontal(request).await?))
    }

    async fn get_vertical(
        &self,
        request: Request<GetVerticalRequest>,
    ) -> Result<Response<GetVerticalResponse>, Status> {
        let request = request.into_inner();
        check::vertical(&request, self.partitions)?;
        let wanted = Wanted {
            views: &["case", "vertical"],
            positions: &request.min_positions,
            max_wait_ms: request.max_wait_ms,
        };
        reach(&*self.port, &self.draining, wanted).await?;
        Ok(Response::new(self.port.vertical(request).await?))
    }

    async fn get_path_statistics(
        &self,
        request: Request<GetPathStatisticsRequest>,
    ) -> Result<Response<GetPathStatisticsResponse>, Status> {
        let request = request.into_inner();
        check::path_statistics(&request, self.partitions)?;
        let wanted = Wanted {
            views: &["case", "horizontal"],
            positions: &request.min_positions,
            max_wait_ms: request.max_wait_ms,
        };
        reach(&*self.port, &self.draining, wanted).await?;
        Ok(Response::new(self.port.path_statistics(request).await?))
    }
}
