//! What is asked of the hub for one picture.

use crate::client;
use crate::exit::Failure;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::rejected_service_client::RejectedServiceClient;
use lienthong_contract::pb::operations::v1::{
    GetLagRequest, ListPositionsRequest, ListRejectedRequest, ViewLag,
};
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::pb::procedure::v1::{
    GetHorizontalRequest, GetHorizontalResponse, GetVerticalRequest, GetVerticalResponse,
    InterconnectionClass, ListCasesRequest,
};
use std::collections::BTreeMap;
use tonic::transport::Channel;

/// The hub's public services.
#[derive(Clone)]
pub struct Asked {
    questions: ProcedureQueryServiceClient<Channel>,
    operations: OperationsServiceClient<Channel>,
    rejected: RejectedServiceClient<Channel>,
}

/// How much the log and the views hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Positions {
    /// Records kept by the log.
    pub events: u64,
    /// Facts of all views.
    pub facts: u64,
    /// Events that had taken effect already, as the case view counts them.
    pub duplicates: u64,
}

/// One picture of the hub.
pub struct Snapshot {
    /// How much it holds.
    pub positions: Positions,
    /// Messages rejected since the hub's first start, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Each view's lag, by partition.
    pub lags: Vec<ViewLag>,
    /// The horizontal view.
    pub horizontal: GetHorizontalResponse,
    /// The vertical view.
    pub vertical: GetVerticalResponse,
    /// Codes of a few interconnected cases, to try `lienthong case` with.
    pub cases: Vec<String>,
}

impl Asked {
    /// Over connections to the gateway and to the adapters.
    pub fn new(gateway: Channel, adapters: Channel) -> Self {
        Self {
            questions: client::questions(gateway.clone()),
            operations: client::operations(gateway),
            rejected: client::rejected(adapters),
        }
    }

    /// How much the log and the views hold now.
    ///
    /// # Errors
    /// What the hub answers.
    pub async fn positions(&self) -> Result<Positions, Failure> {
        let request = ListPositionsRequest {};
        let answer = self.operations.clone().list_positions(request).await?;
        let answer = answer.into_inner();
        let case_view = answer.views.iter().filter(|at| at.view == "case");
        Ok(Positions {
            events: answer
                .log
                .iter()
                .map(|at| at.end_offset - at.start_offset)
                .sum(),
            facts: answer.views.iter().map(|at| at.facts).sum(),
            duplicates: case_view.map(|at| at.duplicates).sum(),
        })
    }

    /// Everything for one picture.
    ///
    /// # Errors
    /// What the hub answers.
    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let positions = self.positions().await?;
        let page = ListRejectedRequest {
            page_size: 1,
            ..ListRejectedRequest::default()
        };
        let rejected = self.rejected.clone().list_rejected(page).await?;
        let lag = self.operations.clone().get_lag(GetLagRequest {}).await?;
        let request = GetHorizontalRequest::default();
        let horizontal = self.questions.clone().get_horizontal(request).await?;
        let request = GetVerticalRequest {
            chains: 1,
            ..GetVerticalRequest::default()
        };
        let vertical = self.questions.clone().get_vertical(request).await?;
        Ok(Snapshot {
            positions,
            rejected: rejected.into_inner().totals.into_iter().collect(),
            lags: lag.into_inner().lags,
            horizontal: horizontal.into_inner(),
            vertical: vertical.into_inner(),
            cases: self.cases().await?,
        })
    }

    async fn cases(&self) -> Result<Vec<String>, Failure> {
        let mut codes = Vec::new();
        for class in [
            InterconnectionClass::Vertical,
            InterconnectionClass::Horizontal,
        ] {
            let request = ListCasesRequest {
                interconnection_class: class.into(),
                open_only: true,
                page_size: 1,
                ..ListCasesRequest::default()
            };
            let answer = self.questions.clone().list_cases(request).await?;
            codes.extend(answer.into_inner().cases.into_iter().map(|one| one.code));
        }
        Ok(codes)
    }
}
