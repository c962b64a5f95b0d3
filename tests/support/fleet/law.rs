//! Questions about the law: figures, clocks, lists, findings and registers, at one fixed moment.

use super::answers::Answers;
use super::asker::Asker;
use super::load::NOW_MS;
use crate::kill::Fault;
use lienthong_contract::pb::performance::v1 as performance;
use lienthong_contract::pb::performance::v1::performance_service_client::PerformanceServiceClient;
use lienthong_contract::pb::procedure::v1::{Basis, Case};
use lienthong_contract::pb::quality::v1 as quality;
use lienthong_contract::pb::quality::v1::quality_service_client::QualityServiceClient;
use lienthong_contract::time::from_millis;
use lienthong_domain::path::day::{day, day_number};
use performance::{DossierState, Grouping};
use tonic::transport::Channel;

/// Lines of a page: small, so that there are several.
const PAGE: u32 = 23;
/// Pages of one list.
const PAGES: usize = 6;
const GROUPINGS: [Grouping; 6] = [
    Grouping::Unspecified,
    Grouping::Agency,
    Grouping::Commune,
    Grouping::Province,
    Grouping::Procedure,
    Grouping::Channel,
];
const STATES: [DossierState; 4] = [
    DossierState::Overdue,
    DossierState::DueSoon,
    DossierState::InWork,
    DossierState::Paused,
];

/// Asks everything that sums or lists dossiers.
///
/// # Errors
/// What the hub answers.
pub async fn all(asker: &Asker, answers: &mut Answers) -> Result<(), Fault> {
    let today = day(day_number(NOW_MS)).to_string();
    for group_by in GROUPINGS {
        for units_of in ["", &today] {
            figures(asker, answers, group_by, units_of).await?;
        }
    }
    for state in STATES {
        list(asker, answers, state).await?;
    }
    let request = performance::GetClockStatisticsRequest {
        as_of_times: vec![from_millis(NOW_MS)],
        ..Default::default()
    };
    let told = asker
        .ask(|channel| {
            let request = request.clone();
            Box::pin(async move { settled(channel).get_clock_statistics(request).await })
        })
        .await?;
    let message = "GetClockStatisticsResponse";
    answers.keep_of("performance", "GetClockStatistics", message, &told)?;
    findings(asker, answers).await
}

/// Asks for clock and slip of each dossier of a case.
///
/// # Errors
/// What the hub answers.
pub async fn of_one(asker: &Asker, answers: &mut Answers, case: &Case) -> Result<(), Fault> {
    for dossier in &case.dossiers {
        let request = performance::GetDossierClockRequest {
            dossier_code: dossier.code.clone(),
            as_of_time: Some(from_millis(NOW_MS)),
            ..Default::default()
        };
        let told = asker
            .ask(|channel| {
                let request = request.clone();
                Box::pin(async move { settled(channel).get_dossier_clock(request).await })
            })
            .await?;
        let question = format!("GetDossierClock {}", dossier.code);
        answers.keep_of("performance", &question, "GetDossierClockResponse", &told)?;
    }
    Ok(())
}

async fn figures(
    asker: &Asker,
    answers: &mut Answers,
    group_by: Grouping,
    units_of: &str,
) -> Result<(), Fault> {
    let last = day_number(NOW_MS);
    let request = performance::GetPerformanceRequest {
        from_day: day(last - 10).to_string(),
        to_day: day(last).to_string(),
        as_of_time: Some(from_millis(NOW_MS)),
        group_by: group_by.into(),
        basis: Some(Basis {
            units_of: units_of.to_owned(),
        }),
        ..Default::default()
    };
    let told = asker
        .ask(|channel| {
            let request = request.clone();
            Box::pin(async move { settled(channel).get_performance(request).await })
        })
        .await?;
    let question = format!("GetPerformance {} {units_of}", group_by.as_str_name());
    answers.keep_of("performance", &question, "GetPerformanceResponse", &told)
}

async fn list(asker: &Asker, answers: &mut Answers, state: DossierState) -> Result<(), Fault> {
    let mut page_token = String::new();
    for page in 0..PAGES {
        let request = performance::ListDossiersRequest {
            state: state.into(),
            within_working_days: u32::from(state == DossierState::DueSoon) * 3,
            as_of_time: Some(from_millis(NOW_MS)),
            page_size: PAGE,
            page_token,
            ..Default::default()
        };
        let told = asker
            .ask(|channel| {
                let request = request.clone();
                Box::pin(async move { settled(channel).list_dossiers(request).await })
            })
            .await?;
        let question = format!("ListDossiers {} page {page}", state.as_str_name());
        answers.keep_of("performance", &question, "ListDossiersResponse", &told)?;
        page_token = told.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    Ok(())
}

async fn findings(asker: &Asker, answers: &mut Answers) -> Result<(), Fault> {
    let request = quality::CountFindingsRequest {
        as_of_time: Some(from_millis(NOW_MS)),
        ..Default::default()
    };
    let told = asker
        .ask(|channel| {
            let request = request.clone();
            Box::pin(async move { fitting(channel).count_findings(request).await })
        })
        .await?;
    answers.keep_of("quality", "CountFindings", "CountFindingsResponse", &told)?;
    let request = quality::ListFindingsRequest {
        as_of_time: Some(from_millis(NOW_MS)),
        page_size: 1_000,
        ..Default::default()
    };
    let told = asker
        .ask(|channel| {
            let request = request.clone();
            Box::pin(async move { fitting(channel).list_findings(request).await })
        })
        .await?;
    answers.keep_of("quality", "ListFindings", "ListFindingsResponse", &told)
}

fn settled(channel: Channel) -> PerformanceServiceClient<Channel> {
    PerformanceServiceClient::new(channel).max_decoding_message_size(usize::MAX)
}

fn fitting(channel: Channel) -> QualityServiceClient<Channel> {
    QualityServiceClient::new(channel).max_decoding_message_size(usize::MAX)
}
