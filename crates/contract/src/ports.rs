//! The doors between the room that keeps the views and the room that answers callers.
//!
//! Both speak in messages of the contract, so that a gateway on another machine can ask
//! the same questions of a projector over the wire.

use crate::pb::event::v1::Position;
use crate::pb::operations::v1::{
    DiffViewsRequest, DiffViewsResponse, ParkedDossier, ProbeLag, RebuildProgress, SourceLag,
    StageLag, SubscriptionLag, VerifyViewsResponse, ViewLag, ViewPosition,
};
use crate::pb::performance::v1::{
    GetClockStatisticsRequest, GetClockStatisticsResponse, GetControlSlipRequest,
    GetControlSlipResponse, GetDossierClockRequest, GetDossierClockResponse, GetPerformanceRequest,
    GetPerformanceResponse, GetRegisterRequest, GetRegisterResponse, ListDossiersRequest,
    ListDossiersResponse,
};
use crate::pb::procedure::v1::{
    GetCaseRequest, GetCaseResponse, GetHorizontalRequest, GetHorizontalResponse,
    GetPathStatisticsRequest, GetPathStatisticsResponse, GetVerticalRequest, GetVerticalResponse,
    ListCasesRequest, ListCasesResponse,
};
use crate::pb::quality::v1::{
    CountFindingsRequest, CountFindingsResponse, GetReconciliationRequest,
    GetReconciliationResponse, ListFindingsRequest, ListFindingsResponse,
};
use crate::status::Failure;
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use std::time::Duration;

/// Questions over the views. Requests were checked by the caller; waiting for
/// `min_positions` is the caller's through [`Questions::wait_for`]. Where several processes share
/// the views every question may also fail with `VIEW_UNOWNED` or `VERSIONS_MIXED`.
#[async_trait]
pub trait Questions: Send + Sync {
    /// Waits until the view has processed every position, at most `limit`.
    ///
    /// # Errors
    /// `VIEW_NOT_CAUGHT_UP`, `VIEW_LOADING`, or `REQUEST_MALFORMED` for a partition that
    /// does not exist.
    async fn wait_for(
        &self,
        view: &str,
        positions: &[Position],
        limit: Duration,
    ) -> Result<(), Failure>;
    /// See `ProcedureQueryService.GetCase`.
    ///
    /// # Errors
    /// `CASE_NOT_FOUND`, `VIEW_LOADING`.
    async fn case(&self, request: GetCaseRequest) -> Result<GetCaseResponse, Failure>;
    /// See `ProcedureQueryService.ListCases`.
    ///
    /// # Errors
    /// `VIEW_LOADING`, `REQUEST_MALFORMED` for a page token that this call did not give.
    async fn cases(&self, request: ListCasesRequest) -> Result<ListCasesResponse, Failure>;
    /// See `ProcedureQueryService.GetHorizontal`.
    ///
    /// # Errors
    /// `VIEW_LOADING`.
    async fn horizontal(
        &self,
        request: GetHorizontalRequest,
    ) -> Result<GetHorizontalResponse, Failure>;
    /// See `ProcedureQueryService.GetVertical`.
    ///
    /// # Errors
    /// `VIEW_LOADING`.
    async fn vertical(&self, request: GetVerticalRequest) -> Result<GetVerticalResponse, Failure>;
    /// See `ProcedureQueryService.GetPathStatistics`.
    ///
    /// # Errors
    /// `VIEW_LOADING`.
    async fn path_statistics(
        &self,
        request: GetPathStatisticsRequest,
    ) -> Result<GetPathStatisticsResponse, Failure>;
}

/// Figures of dossiers, under the reference data in force. Waiting for `min_positions` is the
/// caller's through [`Questions::wait_for`] of the view `case`. Where several processes share the
/// views every question may also fail with `VIEW_UNOWNED` or `VERSIONS_MIXED`.
#[async_trait]
pub trait Performance: Send + Sync {
    /// See `PerformanceService.GetPerformance`.
    ///
    /// # Errors
    /// `VIEW_LOADING`, `REQUEST_MALFORMED` for a day, enumeration or moment that does not hold.
    async fn performance(
        &self,
        request: GetPerformanceRequest,
    ) -> Result<GetPerformanceResponse, Failure>;
    /// See `PerformanceService.ListDossiers`.
    ///
    /// # Errors
    /// As [`Performance::performance`]; also for a page token that this call did not give.
    async fn dossiers(&self, request: ListDossiersRequest)
    -> Result<ListDossiersResponse, Failure>;
    /// See `PerformanceService.GetRegister`.
    ///
    /// # Errors
    /// As [`Performance::dossiers`].
    async fn register(&self, request: GetRegisterRequest) -> Result<GetRegisterResponse, Failure>;
    /// See `PerformanceService.GetDossierClock`.
    ///
    /// # Errors
    /// `CASE_NOT_FOUND`, `CALENDAR_MISSING`, `VIEW_LOADING`.
    async fn dossier_clock(
        &self,
        request: GetDossierClockRequest,
    ) -> Result<GetDossierClockResponse, Failure>;
    /// See `PerformanceService.GetControlSlip`.
    ///
    /// # Errors
    /// As [`Performance::dossier_clock`].
    async fn control_slip(
        &self,
        request: GetControlSlipRequest,
    ) -> Result<GetControlSlipResponse, Failure>;
    /// See `PerformanceService.GetClockStatistics`.
    ///
    /// # Errors
    /// `VIEW_LOADING`, `REQUEST_MALFORMED` for a grain or moment that does not hold.
    async fn clock_statistics(
        &self,
        request: GetClockStatisticsRequest,
    ) -> Result<GetClockStatisticsResponse, Failure>;
}

/// What an operator asks of the views. Where several processes share them, a partition that
/// nobody keeps just now has a position without a digest, a lag since its last owner's commit, and
/// fails every other call with `VIEW_UNOWNED`.
#[async_trait]
pub trait ViewOperations: Send + Sync {
    /// Position and digest of every view, by partition.
    async fn positions(&self) -> Vec<ViewPosition>;
    /// Lag of every view, by partition.
    ///
    /// # Errors
    /// `LOG_UNAVAILABLE`.
    async fn lag(&self) -> Result<Vec<ViewLag>, Failure>;
    /// Parked dossiers of a view, or of all when `view` is empty.
    ///
    /// # Errors
    /// `VIEW_UNKNOWN`.
    async fn parked(&self, view: &str) -> Result<Vec<ParkedDossier>, Failure>;
    /// Starts a rebuild; the stream ends with `done` or an error.
    ///
    /// # Errors
    /// `VIEW_UNKNOWN`, `REBUILD_UNDER_WAY`, `LOG_TRUNCATED`.
    async fn rebuild(
        &self,
        view: &str,
    ) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure>;
    /// Starts a verification; the stream ends with the last view's comparisons.
    ///
    /// # Errors
    /// `VIEW_UNKNOWN`, `REBUILD_UNDER_WAY`, `LOG_TRUNCATED`.
    async fn verify(
        &self,
        views: &[String],
    ) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure>;
    /// Starts a comparison with what changed status tables would make of the case view; the stream
    /// ends with the summary.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED`, `REBUILD_UNDER_WAY`, `LOG_TRUNCATED`, `LOG_UNAVAILABLE`,
    /// `REFERENCE_DIFFERS`.
    async fn diff(
        &self,
        request: DiffViewsRequest,
    ) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure>;
}

/// Questions about what does not fit. Waiting for `min_positions` is the caller's through
/// [`Questions::wait_for`] on the case view; the errors of sharing views are those of [`Questions`].
#[async_trait]
pub trait Quality: Send + Sync {
    /// See `QualityService.CountFindings`.
    ///
    /// # Errors
    /// `VIEW_LOADING`, `REQUEST_MALFORMED` for a kind of finding or a moment that there is not.
    async fn count_findings(
        &self,
        request: CountFindingsRequest,
    ) -> Result<CountFindingsResponse, Failure>;
    /// See `QualityService.ListFindings`.
    ///
    /// # Errors
    /// Those of `count_findings`, and `REQUEST_MALFORMED` for a page token that this call did not
    /// give.
    async fn findings(&self, request: ListFindingsRequest)
    -> Result<ListFindingsResponse, Failure>;
    /// See `QualityService.GetReconciliation`.
    ///
    /// # Errors
    /// `VIEW_LOADING`, `REQUEST_MALFORMED` for a day or a moment that is none.
    async fn reconciliation(
        &self,
        request: GetReconciliationRequest,
    ) -> Result<GetReconciliationResponse, Failure>;
}

/// How late durable subscriptions are. Where several processes keep them, those of all.
#[async_trait]
pub trait SubscriptionLags: Send + Sync {
    /// Every durable subscription, by name. One whose keeper does not answer is told as `unkept`.
    async fn subscription_lags(&self) -> Vec<SubscriptionLag>;
}

/// What reading the log tells of those who report, and of the hub's own probes. From memory.
pub trait Watched: Send + Sync {
    /// Systems that reported, by URN.
    fn sources(&self, now_ms: i64) -> Vec<SourceLag>;
    /// The ways of the hub's own probes, by route and partition.
    fn probes(&self, now_ms: i64) -> Vec<ProbeLag>;
    /// Every stage of the way as the probes and the sources' own times tell it.
    fn stages(&self, now_ms: i64) -> Vec<StageLag>;
}
