//! Doubles of what the gateway asks: a log in memory, and views that answer as told.

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{
    DiffSummary, DiffViewsRequest, DiffViewsResponse, ParkedDossier, RebuildProgress,
    VerifyViewsResponse, ViewLag, ViewPosition,
};
use lienthong_contract::pb::performance::v1 as performance;
use lienthong_contract::pb::procedure::v1::{
    Case, GetCaseRequest, GetCaseResponse, GetHorizontalRequest, GetHorizontalResponse,
    GetPathStatisticsRequest, GetPathStatisticsResponse, GetVerticalRequest, GetVerticalResponse,
    ListCasesRequest, ListCasesResponse,
};
use lienthong_contract::pb::quality::v1 as quality;
use lienthong_contract::ports::{Performance, Quality, Questions, ViewOperations};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::{
    AppendError, Bounds, EventLog, Position as LogPosition, ReadError, Reader, Record, Retention,
};
use std::sync::Mutex;
use std::time::Duration;

/// A log that keeps records in memory, or refuses every one as if its queue were full.
#[derive(Default)]
pub struct Log {
    pub records: Mutex<Vec<(LogPosition, Record)>>,
    pub overloaded: bool,
}

#[async_trait]
impl EventLog for Log {
    fn partitions(&self) -> u32 {
        4
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<LogPosition>, AppendError> {
        if self.overloaded {
            return Err(AppendError::Overloaded {
                partition: 0,
                queued_bytes: 10,
                limit: 10,
            });
        }
        let mut kept = self.records.lock().unwrap();
        let mut positions = Vec::new();
        for record in records {
            let partition = self.partition_of(&record.key);
            let offset = kept
                .iter()
                .filter(|(at, _)| at.partition == partition)
                .count() as u64;
            let position = LogPosition { partition, offset };
            kept.push((position, record));
            positions.push(position);
        }
        Ok(positions)
    }

    async fn reader(&self, partition: u32, _: u64) -> Result<Box<dyn Reader>, ReadError> {
        // The gateway never reads records yet.
        Err(ReadError::NoSuchPartition {
            partition,
            partitions: 0,
        })
    }

    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        Ok(Bounds {
            start: 0,
            end: u64::from(partition) * 10,
        })
    }

    async fn offset_at(&self, _: u32, _: i64) -> Result<u64, ReadError> {
        Ok(0)
    }

    async fn retention(&self, _: u32) -> Result<Retention, ReadError> {
        Ok(Retention::default())
    }

    async fn close(&self) -> Result<(), AppendError> {
        Ok(())
    }
}

/// Views that know the case `case-1`, have reached every position below offset 100, and
/// have the dossier `parked-1` parked at offset 7.
#[derive(Default)]
pub struct Views {
    /// Every wait that was asked for.
    pub waits: Mutex<Vec<(String, Duration)>>,
}

#[async_trait]
impl Questions for Views {
    async fn wait_for(
        &self,
        view: &str,
        positions: &[Position],
        limit: Duration,
    ) -> Result<(), Failure> {
        self.waits.lock().unwrap().push((view.to_owned(), limit));
        if positions.iter().all(|position| position.offset < 100) {
            return Ok(());
        }
        tokio::time::sleep(limit).await;
        Err(Failure::new(Reason::ViewNotCaughtUp, "not there yet"))
    }

    async fn case(&self, request: GetCaseRequest) -> Result<GetCaseResponse, Failure> {
        if request.code != "case-1" {
            return Err(Failure::new(Reason::CaseNotFound, "no view knows the code"));
        }
        let case = Case {
            code: request.code,
            ..Case::default()
        };
        Ok(GetCaseResponse {
            case: Some(case),
            freshness: None,
        })
    }

    async fn cases(&self, _: ListCasesRequest) -> Result<ListCasesResponse, Failure> {
        Ok(ListCasesResponse::default())
    }

    async fn horizontal(&self, _: GetHorizontalRequest) -> Result<GetHorizontalResponse, Failure> {
        Ok(GetHorizontalResponse {
            horizontal_cases: 3,
            ..GetHorizontalResponse::default()
        })
    }

    async fn vertical(&self, _: GetVerticalRequest) -> Result<GetVerticalResponse, Failure> {
        Err(Failure::new(Reason::ViewLoading, "the view is loading"))
    }

    async fn path_statistics(
        &self,
        _: GetPathStatisticsRequest,
    ) -> Result<GetPathStatisticsResponse, Failure> {
        Ok(GetPathStatisticsResponse::default())
    }
}

#[async_trait]
impl Performance for Views {
    async fn performance(
        &self,
        request: performance::GetPerformanceRequest,
    ) -> Result<performance::GetPerformanceResponse, Failure> {
        let line = performance::PerformanceLine {
            key: request.from_day,
            ..performance::PerformanceLine::default()
        };
        Ok(performance::GetPerformanceResponse {
            lines: vec![line],
            ..performance::GetPerformanceResponse::default()
        })
    }

    async fn dossiers(
        &self,
        _: performance::ListDossiersRequest,
    ) -> Result<performance::ListDossiersResponse, Failure> {
        Ok(performance::ListDossiersResponse {
            total: 7,
            ..performance::ListDossiersResponse::default()
        })
    }

    async fn register(
        &self,
        _: performance::GetRegisterRequest,
    ) -> Result<performance::GetRegisterResponse, Failure> {
        Ok(performance::GetRegisterResponse {
            total: 8,
            ..performance::GetRegisterResponse::default()
        })
    }

    async fn dossier_clock(
        &self,
        _: performance::GetDossierClockRequest,
    ) -> Result<performance::GetDossierClockResponse, Failure> {
        Err(Failure::new(Reason::CalendarMissing, "there is no table of 2031").with("year", 2031))
    }

    async fn clock_statistics(
        &self,
        _: performance::GetClockStatisticsRequest,
    ) -> Result<performance::GetClockStatisticsResponse, Failure> {
        Ok(performance::GetClockStatisticsResponse {
            dossiers: 9,
            ..performance::GetClockStatisticsResponse::default()
        })
    }

    async fn control_slip(
        &self,
        _: performance::GetControlSlipRequest,
    ) -> Result<performance::GetControlSlipResponse, Failure> {
        Ok(performance::GetControlSlipResponse {
            entries: vec![performance::SlipEntry::default()],
            ..performance::GetControlSlipResponse::default()
        })
    }
}

#[async_trait]
impl ViewOperations for Views {
    async fn positions(&self) -> Vec<ViewPosition> {
        vec![ViewPosition {
            view: "case".to_owned(),
            next_offset: 5,
            ..ViewPosition::default()
        }]
    }

    async fn lag(&self) -> Result<Vec<ViewLag>, Failure> {
        Err(Failure::new(Reason::LogUnavailable, "the log is away"))
    }

    async fn parked(&self, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
        if !["", "case"].contains(&view) {
            return Err(Failure::new(Reason::ViewUnknown, "there is no such view"));
        }
        Ok(vec![ParkedDossier {
            view: "case".to_owned(),
            key: "parked-1".to_owned(),
            position: Some(Position {
                partition: 0,
                offset: 7,
            }),
            ..ParkedDossier::default()
        }])
    }

    /// One message, and then none until the caller goes.
    async fn rebuild(
        &self,
        view: &str,
    ) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
        let first = RebuildProgress {
            view: view.to_owned(),
            events_done: 1,
            events_total: 2,
            ..RebuildProgress::default()
        };
        let first = futures_util::stream::once(std::future::ready(Ok(first)));
        Ok(first.chain(futures_util::stream::pending()).boxed())
    }

    /// Ends with an error, as a log that lost its beginning makes it.
    async fn verify(
        &self,
        _: &[String],
    ) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
        let answers = vec![
            Ok(VerifyViewsResponse::default()),
            Err(Failure::new(Reason::LogTruncated, "the beginning is gone")),
        ];
        Ok(futures_util::stream::iter(answers).boxed())
    }

    async fn diff(
        &self,
        request: DiffViewsRequest,
    ) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure> {
        let answer = DiffViewsResponse {
            summary: Some(DiffSummary {
                differences: request.changes.len() as u64,
                ..DiffSummary::default()
            }),
            ..DiffViewsResponse::default()
        };
        Ok(futures_util::stream::iter([Ok(answer)]).boxed())
    }
}

#[async_trait]
impl Quality for Views {
    async fn count_findings(
        &self,
        request: quality::CountFindingsRequest,
    ) -> Result<quality::CountFindingsResponse, Failure> {
        let kind = request.filter.unwrap_or_default().kind;
        let count = quality::FindingCount {
            kind,
            findings: 1,
            ..quality::FindingCount::default()
        };
        Ok(quality::CountFindingsResponse {
            counts: vec![count],
            ..quality::CountFindingsResponse::default()
        })
    }

    async fn findings(
        &self,
        _: quality::ListFindingsRequest,
    ) -> Result<quality::ListFindingsResponse, Failure> {
        Ok(quality::ListFindingsResponse::default())
    }

    async fn reconciliation(
        &self,
        _: quality::GetReconciliationRequest,
    ) -> Result<quality::GetReconciliationResponse, Failure> {
        Ok(quality::GetReconciliationResponse::default())
    }
}
