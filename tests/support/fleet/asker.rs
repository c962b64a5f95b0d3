//! Questions over several gateways: what one does not answer is asked of the next.

use super::Doors;
use crate::kill::Fault;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
use lienthong_contract::pb::operations::v1::{
    DigestComparison, GetLagRequest, GetLagResponse, ListPositionsRequest, ListPositionsResponse,
    RebuildViewRequest, VerifyViewsRequest, ViewLag,
};
use lienthong_contract::pb::procedure::v1::procedure_query_service_client::ProcedureQueryServiceClient;
use lienthong_contract::pb::procedure::v1::{
    Case, GetCaseRequest, GetHorizontalRequest, GetHorizontalResponse, GetPathStatisticsRequest,
    GetPathStatisticsResponse, GetVerticalRequest, GetVerticalResponse, ListCasesRequest,
    ListCasesResponse,
};
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{ListSubscriptionsRequest, SubscriptionStatus};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// How long one call may take.
const CALL_PATIENCE: Duration = Duration::from_secs(40);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(100);
const LARGEST_ANSWER: usize = 256 << 20;

/// A call under way.
type Calling<T> = Pin<Box<dyn Future<Output = Result<tonic::Response<T>, Status>> + Send>>;

/// A client of all gateways.
pub struct Asker {
    channels: Vec<Channel>,
    turn: AtomicUsize,
    patience: Duration,
}

impl Asker {
    /// Asks for as long as `patience` before it gives up.
    ///
    /// # Errors
    /// If an address is none.
    pub fn new(doors: &Doors, patience: Duration) -> Result<Self, Fault> {
        let channels = doors.gateways.iter().map(|address| {
            let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
            let endpoint = endpoint
                .tcp_nodelay(true)
                .connect_timeout(Duration::from_secs(2));
            Ok(endpoint.connect_lazy())
        });
        Ok(Self {
            channels: channels.collect::<Result<_, tonic::transport::Error>>()?,
            turn: AtomicUsize::new(0),
            patience,
        })
    }

    /// Asks one gateway after the other until one answers.
    ///
    /// # Errors
    /// What is no matter of patience, or the last status when patience ends.
    pub async fn ask<T>(&self, call: impl Fn(Channel) -> Calling<T> + Sync) -> Result<T, Status> {
        let began = Instant::now();
        loop {
            match self.once(&call).await {
                Ok(answer) => return Ok(answer),
                Err(status) if !may_pass(&status) || began.elapsed() > self.patience => {
                    return Err(status);
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Asks the next gateway once.
    ///
    /// # Errors
    /// Its status; `DEADLINE_EXCEEDED` if it does not answer.
    pub async fn once<T>(&self, call: impl Fn(Channel) -> Calling<T>) -> Result<T, Status> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let channel = self.channels.get(turn % self.channels.len().max(1));
        let channel = channel.ok_or_else(|| Status::invalid_argument("there is no gateway"))?;
        let called = tokio::time::timeout(CALL_PATIENCE, call(channel.clone()));
        let answer = called
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("the call was not answered")));
        answer.map(tonic::Response::into_inner)
    }

    /// A case by any of its codes; none if nobody knows it.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn case(&self, request: GetCaseRequest) -> Result<Option<Case>, Status> {
        let asked = self.ask(|channel| {
            let request = request.clone();
            Box::pin(async move { questions(channel).get_case(request).await })
        });
        match asked.await {
            Ok(answer) => Ok(answer.case),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// Whether any gateway answers at once that the case has everything up to `position`.
    ///
    /// # Errors
    /// Its status.
    pub async fn shows(&self, code: &str, position: Position) -> Result<bool, Status> {
        let request = GetCaseRequest {
            code: code.to_owned(),
            ..GetCaseRequest::default()
        };
        let asked = self.once(|channel| {
            let request = request.clone();
            Box::pin(async move { questions(channel).get_case(request).await })
        });
        match asked.await {
            Ok(answer) => {
                let timeline = answer.case.map(|case| case.timeline).unwrap_or_default();
                Ok(timeline
                    .iter()
                    .any(|entry| entry.position == Some(position)))
            }
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(status),
        }
    }

    /// A page of the list.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn list(&self, request: ListCasesRequest) -> Result<ListCasesResponse, Status> {
        self.ask(|channel| {
            let request = request.clone();
            Box::pin(async move { questions(channel).list_cases(request).await })
        })
        .await
    }

    /// The horizontal view.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn horizontal(
        &self,
        request: GetHorizontalRequest,
    ) -> Result<GetHorizontalResponse, Status> {
        self.ask(|channel| {
            let request = request.clone();
            Box::pin(async move { questions(channel).get_horizontal(request).await })
        })
        .await
    }

    /// The vertical view.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn vertical(
        &self,
        request: GetVerticalRequest,
    ) -> Result<GetVerticalResponse, Status> {
        self.ask(|channel| {
            let request = request.clone();
            Box::pin(async move { questions(channel).get_vertical(request).await })
        })
        .await
    }

    /// The figures over all paths.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn statistics(
        &self,
        request: GetPathStatisticsRequest,
    ) -> Result<GetPathStatisticsResponse, Status> {
        self.ask(|channel| {
            let request = request.clone();
            Box::pin(async move { questions(channel).get_path_statistics(request).await })
        })
        .await
    }

    /// The log's bounds and the views' positions.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn positions(&self) -> Result<ListPositionsResponse, Status> {
        self.ask(|channel| {
            let request = ListPositionsRequest {};
            Box::pin(async move { operations(channel).list_positions(request).await })
        })
        .await
    }

    /// How late each view is, as the next gateway tells at once.
    ///
    /// # Errors
    /// Its status.
    pub async fn lag(&self) -> Result<Vec<ViewLag>, Status> {
        Ok(self.lags().await?.lags)
    }

    /// How far every durable subscription is.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn subscriptions(&self) -> Result<Vec<SubscriptionStatus>, Status> {
        let answer = self.ask(|channel| {
            let request = ListSubscriptionsRequest {};
            Box::pin(async move {
                let mut client = SubscriptionsClient::new(channel);
                client.list_subscriptions(request).await
            })
        });
        Ok(answer.await?.statuses)
    }

    /// Everything about lag, as the next gateway tells at once.
    ///
    /// # Errors
    /// Its status.
    pub async fn lags(&self) -> Result<GetLagResponse, Status> {
        self.once(|channel| {
            Box::pin(async move { operations(channel).get_lag(GetLagRequest {}).await })
        })
        .await
    }

    /// Rebuilds a view; answers when it has switched.
    ///
    /// # Errors
    /// What a gateway answers, also while it rebuilds.
    pub async fn rebuild(&self, view: &str) -> Result<(), Status> {
        let request = RebuildViewRequest {
            view: view.to_owned(),
        };
        let mut answers = self
            .ask(|channel| {
                let request = request.clone();
                Box::pin(async move { operations(channel).rebuild_view(request).await })
            })
            .await?;
        while answers.message().await?.is_some() {}
        Ok(())
    }

    /// Waits until every view has read the log up to these positions.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn caught_up(&self, positions: &[Position]) -> Result<(), Status> {
        let (min_positions, max_wait_ms) = (positions.to_vec(), 30_000);
        self.horizontal(GetHorizontalRequest {
            min_positions: min_positions.clone(),
            max_wait_ms,
            ..GetHorizontalRequest::default()
        })
        .await?;
        self.vertical(GetVerticalRequest {
            min_positions: min_positions.clone(),
            max_wait_ms,
            ..GetVerticalRequest::default()
        })
        .await?;
        self.statistics(GetPathStatisticsRequest {
            min_positions,
            max_wait_ms,
            ..GetPathStatisticsRequest::default()
        })
        .await
        .map(|_| ())
    }

    /// Rebuilds every view beside the running one and compares; as `lienthong views verify`.
    ///
    /// # Errors
    /// What a gateway answers, also while the answers come.
    pub async fn verify(&self) -> Result<Vec<DigestComparison>, Status> {
        let mut answers = self
            .ask(|channel| {
                let request = VerifyViewsRequest { views: Vec::new() };
                Box::pin(async move { operations(channel).verify_views(request).await })
            })
            .await?;
        let mut comparisons = Vec::new();
        while let Some(answer) = answers.message().await? {
            comparisons.extend(answer.comparisons);
        }
        Ok(comparisons)
    }
}

fn questions(channel: Channel) -> ProcedureQueryServiceClient<Channel> {
    ProcedureQueryServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

fn operations(channel: Channel) -> OperationsServiceClient<Channel> {
    OperationsServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER)
}

fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::ResourceExhausted
    )
}
