//! A hub for tests: takes events by the generated services and does as it is told.

use crate::client::{Options, Retry};
use lienthong_contract::pb::event::v1::{Event, Header, Outcome, Position, Rejection, outcome};
use lienthong_contract::pb::{civil_status, onestop, population, specialised};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the double does with the next call.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// Fails the call with this status.
    Fail(Status),
    /// Answers so many messages of the stream, then breaks it off.
    BreakAfter(usize),
    /// Answers nothing before so many messages have come and no further one follows.
    HoldUntil(usize),
}

#[derive(Debug, Default)]
struct State {
    turns: VecDeque<Turn>,
    received: Vec<String>,
    held: Option<usize>,
}

/// The double and what it saw. Rejects events whose id holds `-lie-`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Double(Arc<Mutex<State>>);

impl Double {
    pub(crate) fn with(turns: impl IntoIterator<Item = Turn>) -> Self {
        let double = Self::default();
        double.0.lock().unwrap().turns.extend(turns);
        double
    }

    /// Serves on a free port and gives options to reach it.
    pub(crate) async fn serve(&self) -> Options {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = options(listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder()
            .add_service(onestop::v1::onestop_adapter_service_server::OnestopAdapterServiceServer::new(self.clone()))
            .add_service(civil_status::v1::civil_status_adapter_service_server::CivilStatusAdapterServiceServer::new(self.clone()))
            .add_service(population::v1::population_adapter_service_server::PopulationAdapterServiceServer::new(self.clone()))
            .add_service(specialised::v1::specialised_adapter_service_server::SpecialisedAdapterServiceServer::new(self.clone()))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(server);
        options
    }

    /// Ids in the order received, resends included.
    pub(crate) fn received(&self) -> Vec<String> {
        self.0.lock().unwrap().received.clone()
    }

    /// Messages that lay unanswered when a `HoldUntil` ended.
    pub(crate) fn held(&self) -> Option<usize> {
        self.0.lock().unwrap().held
    }

    fn turn(&self) -> Option<Turn> {
        self.0.lock().unwrap().turns.pop_front()
    }

    fn take(&self, header: Option<Header>) -> Outcome {
        let id = header.unwrap_or_default().id;
        let mut state = self.0.lock().unwrap();
        state.received.push(id.clone());
        let result = if id.contains("-lie-") {
            outcome::Result::Rejection(Rejection {
                reason: "EVENT_MALFORMED".into(),
                ..Rejection::default()
            })
        } else {
            let offset = state.received.len() as u64 - 1;
            outcome::Result::Position(Position {
                partition: (offset % 2) as u32,
                offset,
            })
        };
        Outcome {
            id,
            result: Some(result),
        }
    }

    fn batch(&self, headers: Vec<Option<Header>>) -> Result<Vec<Outcome>, Status> {
        match self.turn() {
            Some(Turn::Fail(status)) => Err(status),
            _ => Ok(headers
                .into_iter()
                .map(|header| self.take(header))
                .collect()),
        }
    }

    fn stream<M: Send + 'static, A: Send + 'static>(
        &self,
        mut messages: Streaming<M>,
        header: fn(M) -> Option<Header>,
        answer: fn(Outcome) -> A,
    ) -> Result<Response<Answers<A>>, Status> {
        let turn = self.turn();
        if let Some(Turn::Fail(status)) = turn {
            return Err(status);
        }
        let double = self.clone();
        let (answers, stream) = mpsc::channel(1_024);
        tokio::spawn(async move {
            let mut waiting = Vec::new();
            if let Some(Turn::HoldUntil(count)) = turn {
                while waiting.len() < count {
                    waiting.extend(messages.next().await.and_then(Result::ok));
                }
                // A client that respects its window sends nothing more now.
                let further =
                    tokio::time::timeout(Duration::from_millis(100), messages.next()).await;
                waiting.extend(further.ok().flatten().and_then(Result::ok));
                double.0.lock().unwrap().held = Some(waiting.len());
            }
            let mut answered = 0;
            let mut waiting = waiting.into_iter();
            loop {
                let message = match waiting.next() {
                    Some(message) => message,
                    None => match messages.next().await {
                        Some(Ok(message)) => message,
                        _ => return,
                    },
                };
                if let Some(Turn::BreakAfter(count)) = turn
                    && answered == count
                {
                    let _ = answers.send(Err(Status::unavailable("broken off"))).await;
                    return;
                }
                let outcome = double.take(header(message));
                let _ = answers.send(Ok(answer(outcome))).await;
                answered += 1;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// Options for an address, with little patience.
pub(crate) fn options(address: SocketAddr) -> Options {
    Options {
        in_flight: 16,
        retry: Retry {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(5),
            give_up_after: Duration::from_millis(200),
        },
        ..Options::new(format!("http://{address}").parse().unwrap())
    }
}

/// A small event of a source.
pub(crate) fn event(id: &str) -> Event {
    use lienthong_contract::pb::event::v1::{Approved, event::Payload};
    Event {
        header: Some(Header {
            id: id.to_owned(),
            source: "urn:lienthong:vn:H56:onestop".into(),
            dossier_code: "H56.15.03-261008-0975".into(),
            ..Header::default()
        }),
        payload: Some(Payload::Approved(Approved {})),
        ..Event::default()
    }
}

#[tonic::async_trait]
impl onestop::v1::onestop_adapter_service_server::OnestopAdapterService for Double {
    type StreamEventsStream = Answers<onestop::v1::StreamEventsResponse>;

    async fn report_events(
        &self,
        request: Request<onestop::v1::ReportEventsRequest>,
    ) -> Result<Response<onestop::v1::ReportEventsResponse>, Status> {
        let headers = request
            .into_inner()
            .events
            .into_iter()
            .map(|event| event.header);
        let outcomes = self.batch(headers.collect())?;
        Ok(Response::new(onestop::v1::ReportEventsResponse {
            outcomes,
        }))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<onestop::v1::StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let answer = |outcome| onestop::v1::StreamEventsResponse {
            outcome: Some(outcome),
        };
        self.stream(
            request.into_inner(),
            |message| message.event?.header,
            answer,
        )
    }
}

#[tonic::async_trait]
impl civil_status::v1::civil_status_adapter_service_server::CivilStatusAdapterService for Double {
    type StreamEventsStream = Answers<civil_status::v1::StreamEventsResponse>;

    async fn report_events(
        &self,
        request: Request<civil_status::v1::ReportEventsRequest>,
    ) -> Result<Response<civil_status::v1::ReportEventsResponse>, Status> {
        let headers = request
            .into_inner()
            .events
            .into_iter()
            .map(|event| event.header);
        let outcomes = self.batch(headers.collect())?;
        Ok(Response::new(civil_status::v1::ReportEventsResponse {
            outcomes,
        }))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<civil_status::v1::StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let answer = |outcome| civil_status::v1::StreamEventsResponse {
            outcome: Some(outcome),
        };
        self.stream(
            request.into_inner(),
            |message| message.event?.header,
            answer,
        )
    }
}

#[tonic::async_trait]
impl population::v1::population_adapter_service_server::PopulationAdapterService for Double {
    type StreamEventsStream = Answers<population::v1::StreamEventsResponse>;

    async fn report_events(
        &self,
        request: Request<population::v1::ReportEventsRequest>,
    ) -> Result<Response<population::v1::ReportEventsResponse>, Status> {
        let headers = request
            .into_inner()
            .events
            .into_iter()
            .map(|event| event.header);
        let outcomes = self.batch(headers.collect())?;
        Ok(Response::new(population::v1::ReportEventsResponse {
            outcomes,
        }))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<population::v1::StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let answer = |outcome| population::v1::StreamEventsResponse {
            outcome: Some(outcome),
        };
        self.stream(
            request.into_inner(),
            |message| message.event?.header,
            answer,
        )
    }
}

#[tonic::async_trait]
impl specialised::v1::specialised_adapter_service_server::SpecialisedAdapterService for Double {
    type StreamEventsStream = Answers<specialised::v1::StreamEventsResponse>;

    async fn report_events(
        &self,
        request: Request<specialised::v1::ReportEventsRequest>,
    ) -> Result<Response<specialised::v1::ReportEventsResponse>, Status> {
        let headers = request
            .into_inner()
            .events
            .into_iter()
            .map(|event| event.header);
        let outcomes = self.batch(headers.collect())?;
        Ok(Response::new(specialised::v1::ReportEventsResponse {
            outcomes,
        }))
    }

    async fn stream_events(
        &self,
        request: Request<Streaming<specialised::v1::StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        let answer = |outcome| specialised::v1::StreamEventsResponse {
            outcome: Some(outcome),
        };
        self.stream(
            request.into_inner(),
            |message| message.event?.header,
            answer,
        )
    }
}
