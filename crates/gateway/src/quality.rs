//! `QualityService`: check, wait for the positions asked for, ask the case view.

use crate::check::Found;
use crate::freshness::{Wanted, reach};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::quality::v1::quality_service_server::QualityService;
use lienthong_contract::pb::quality::v1::{
    CountFindingsRequest, CountFindingsResponse, FindingFilter, GetReconciliationRequest,
    GetReconciliationResponse, ListFindingsRequest, ListFindingsResponse,
};
use lienthong_contract::ports;
use lienthong_contract::status::Failure;
use lienthong_contract::time;
use lienthong_domain::code::{check_agency, check_procedure, check_source_urn};
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::day::number_of;
use prost_types::Timestamp;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// Most findings a page.
const MOST_FINDINGS: u32 = 1_000;
/// Most days of a reconciliation.
const MOST_DAYS: i64 = 366;

/// The service over the ports.
pub(crate) struct Quality {
    pub(crate) port: Arc<dyn ports::Quality>,
    /// Waits for positions.
    pub(crate) views: Arc<dyn ports::Questions>,
    /// Partitions of the log.
    pub(crate) partitions: u32,
    /// Cancelled when the hub goes down.
    pub(crate) draining: CancellationToken,
}

impl Quality {
    async fn reach(&self, positions: &[Position], max_wait_ms: u32) -> Result<(), Failure> {
        let wanted = Wanted {
            views: &["case"],
            positions,
            max_wait_ms,
        };
        reach(&*self.views, &self.draining, wanted).await
    }
}

#[tonic::async_trait]
impl QualityService for Quality {
    async fn count_findings(
        &self,
        request: Request<CountFindingsRequest>,
    ) -> Result<Response<CountFindingsResponse>, Status> {
        let request = request.into_inner();
        let mut found = Found::default();
        filter(&mut found, request.filter.as_ref());
        moment(&mut found, request.as_of_time.as_ref());
        found.waiting(&request.min_positions, request.max_wait_ms, self.partitions);
        found.verdict()?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.count_findings(request).await?))
    }

    async fn list_findings(
        &self,
        request: Request<ListFindingsRequest>,
    ) -> Result<Response<ListFindingsResponse>, Status> {
        let request = request.into_inner();
        let mut found = Found::default();
        filter(&mut found, request.filter.as_ref());
        moment(&mut found, request.as_of_time.as_ref());
        found.at_most("page_size", request.page_size, MOST_FINDINGS);
        found.waiting(&request.min_positions, request.max_wait_ms, self.partitions);
        found.verdict()?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.findings(request).await?))
    }

    async fn get_reconciliation(
        &self,
        request: Request<GetReconciliationRequest>,
    ) -> Result<Response<GetReconciliationResponse>, Status> {
        let request = request.into_inner();
        let mut found = Found::default();
        days(&mut found, &request);
        source(&mut found, "source", &request.source);
        moment(&mut found, request.as_of_time.as_ref());
        found.waiting(&request.min_positions, request.max_wait_ms, self.partitions);
        found.verdict()?;
        self.reach(&request.min_positions, request.max_wait_ms)
            .await?;
        Ok(Response::new(self.port.reconciliation(request).await?))
    }
}

fn filter(found: &mut Found, filter: Option<&FindingFilter>) {
    let Some(filter) = filter else { return };
    if !filter.kind.is_empty() && Misfit::named(&filter.kind).is_none() {
        found.add(
            "filter.kind",
            "it is no kind of finding",
            "give a name that `lienthong quality kinds` prints, or leave it empty for all",
        );
    }
    found.unit("filter.unit_code", &filter.unit_code);
    found.basis(filter.basis.as_ref());
    source(found, "filter.source", &filter.source);
    if !filter.agency_code.is_empty()
        && let Err(error) = check_agency(&filter.agency_code)
    {
        found.code("filter.agency_code", &error);
    }
    if !filter.procedure_code.is_empty()
        && let Err(error) = check_procedure(&filter.procedure_code)
    {
        found.code("filter.procedure_code", &error);
    }
}

fn source(found: &mut Found, field: &str, source: &str) {
    if !source.is_empty()
        && let Err(error) = check_source_urn(source)
    {
        found.code(field, &error);
    }
}

fn moment(found: &mut Found, moment: Option<&Timestamp>) {
    if moment.is_some_and(|moment| time::to_millis(moment).is_none()) {
        found.add(
            "as_of_time",
            "it is not a time",
            "give seconds since 1970 and 0 to 999,999,999 nanoseconds, or leave it out for now",
        );
    }
}

fn days(found: &mut Found, request: &GetReconciliationRequest) {
    let mut day = |field: &str, text: &str| {
        let day = text.parse::<jiff::civil::Date>().ok();
        let day = day.filter(|_| text.len() == 10).map(number_of);
        if day.is_none() {
            let fix = "write yyyy-MM-dd, such as 2026-05-01";
            found.add(field, "it is not a day", fix);
        }
        day
    };
    let from = day("from_day", &request.from_day);
    let to = day("to_day", &request.to_day);
    if let (Some(from), Some(to)) = (from, to) {
        if to < from {
            found.add(
                "to_day",
                "it is before from_day",
                "give the last day, included",
            );
        } else if to - from >= MOST_DAYS {
            let what = format!("there are {} days", to - from + 1);
            found.add("to_day", what, "ask for at most 366 days a call");
        }
    }
}

#[cfg(test)]
#[path = "quality_tests.rs"]
mod tests;
