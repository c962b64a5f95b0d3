//! Every answer at once, without what depends on the order of arrival.

use crate::lanes::Lanes;
use crate::questions;
use lienthong_contract::pb::procedure::v1 as pb;
use std::sync::Arc;

/// All that can be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    pub cases: Vec<pb::CaseSummary>,
    pub whole: Vec<Option<pb::Case>>,
    pub horizontal: pb::GetHorizontalResponse,
    pub vertical: pb::GetVerticalResponse,
    pub statistics: pb::GetPathStatisticsResponse,
}

/// Answers to everything; `codes` are asked one by one.
pub async fn answers(lanes: &Arc<Lanes>, codes: &[String]) -> Answers {
    let mut whole = Vec::new();
    for code in codes {
        whole.push(case(lanes, code).await);
    }
    let list = pb::ListCasesRequest {
        page_size: 1_000,
        ..pb::ListCasesRequest::default()
    };
    Answers {
        cases: questions::cases(lanes, list).await.unwrap().cases,
        whole,
        horizontal: pb::GetHorizontalResponse {
            freshness: None,
            ..questions::horizontal(lanes, pb::GetHorizontalRequest::default())
                .await
                .unwrap()
        },
        vertical: pb::GetVerticalResponse {
            freshness: None,
            ..questions::vertical(lanes, pb::GetVerticalRequest::default())
                .await
                .unwrap()
        },
        statistics: pb::GetPathStatisticsResponse {
            freshness: None,
            ..questions::path_statistics(lanes, pb::GetPathStatisticsRequest::default())
                .await
                .unwrap()
        },
    }
}

/// One case, without positions and recorded times.
pub async fn case(lanes: &Arc<Lanes>, code: &str) -> Option<pb::Case> {
    let request = pb::GetCaseRequest {
        code: code.to_owned(),
        ..pb::GetCaseRequest::default()
    };
    let mut case = questions::case(lanes, request).await.ok()?.case?;
    for entry in &mut case.timeline {
        entry.position = None;
        entry.recorded_time = None;
    }
    Some(case)
}
