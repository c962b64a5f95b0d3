//! The door [`Performance`] of a process that keeps everything.

use super::Projectors;
use crate::{dossiers, figures, questions};
use async_trait::async_trait;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::ports::Performance;
use lienthong_contract::status::Failure;

#[async_trait]
impl Performance for Projectors {
    async fn performance(
        &self,
        request: pb::GetPerformanceRequest,
    ) -> Result<pb::GetPerformanceResponse, Failure> {
        figures::performance(&self.lanes, request).await
    }

    async fn dossiers(
        &self,
        request: pb::ListDossiersRequest,
    ) -> Result<pb::ListDossiersResponse, Failure> {
        figures::dossiers(&self.lanes, request).await
    }

    async fn register(
        &self,
        request: pb::GetRegisterRequest,
    ) -> Result<pb::GetRegisterResponse, Failure> {
        figures::register(&self.lanes, request).await
    }

    async fn dossier_clock(
        &self,
        request: pb::GetDossierClockRequest,
    ) -> Result<pb::GetDossierClockResponse, Failure> {
        dossiers::clock(&self.lanes, request).await
    }

    async fn control_slip(
        &self,
        request: pb::GetControlSlipRequest,
    ) -> Result<pb::GetControlSlipResponse, Failure> {
        dossiers::control_slip(&self.lanes, request).await
    }

    async fn clock_statistics(
        &self,
        request: pb::GetClockStatisticsRequest,
    ) -> Result<pb::GetClockStatisticsResponse, Failure> {
        questions::clock_statistics(&self.lanes, request).await
    }
}
