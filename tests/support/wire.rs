//! The adapters' gRPC as bytes on the wire, for well-formed and malformed messages alike.
//!
//! The contract keeps field numbers equal between `Event` and every adapter's `DossierEvent`,
//! and between the four adapters' requests and answers. So one request type whose events are
//! opaque bytes serves all of them, and a test can send what no generated client would.

use crate::facts::Fact;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::{Outcome, Position, outcome};
use lienthong_simulator::system::System;
use prost::Message;
use tokio_stream::{Stream, StreamExt};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// `ReportEventsRequest` of any adapter, its events unread.
#[derive(Clone, PartialEq, Message)]
pub struct Batch {
    /// Encoded `DossierEvent`s.
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub events: Vec<Bytes>,
}

/// `ReportEventsResponse` of any adapter.
#[derive(Clone, PartialEq, Message)]
pub struct BatchAnswer {
    /// One for each event, in the order of the request.
    #[prost(message, repeated, tag = "1")]
    pub outcomes: Vec<Outcome>,
}

/// `StreamEventsRequest` of any adapter, its event unread.
#[derive(Clone, PartialEq, Message)]
pub struct StreamItem {
    /// An encoded `DossierEvent`.
    #[prost(bytes = "bytes", optional, tag = "1")]
    pub event: Option<Bytes>,
}

/// `StreamEventsResponse` of any adapter.
#[derive(Clone, PartialEq, Message)]
pub struct StreamAnswer {
    /// Of the oldest message not yet answered.
    #[prost(message, optional, tag = "1")]
    pub outcome: Option<Outcome>,
}

/// A connection with windows wide enough not to be the limit.
///
/// # Errors
/// If nobody listens at `address` (`host:port`).
pub async fn connect(address: &str) -> Result<Channel, Status> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    endpoint
        .tcp_nodelay(true)
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .connect()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))
}

/// Calls `ReportEvents` of the system's adapter with events as they stand.
///
/// # Errors
/// The status that the hub answers.
pub async fn report_bytes(
    channel: &Channel,
    system: System,
    events: Vec<Bytes>,
) -> Result<Vec<Outcome>, Status> {
    let mut client = ready(channel).await?;
    let codec = ProstCodec::<Batch, BatchAnswer>::default();
    let request = Request::new(Batch { events });
    let answer = client.unary(request, system.report_path(), codec).await?;
    Ok(answer.into_inner().outcomes)
}

/// Calls `StreamEvents` of the system's adapter; the stream of answers is the caller's.
///
/// # Errors
/// The status that the hub answers before any outcome.
pub async fn open_stream(
    channel: &Channel,
    system: System,
    items: impl Stream<Item = StreamItem> + Send + 'static,
) -> Result<Streaming<StreamAnswer>, Status> {
    let mut client = ready(channel).await?;
    let codec = ProstCodec::<StreamItem, StreamAnswer>::default();
    let answer = client
        .streaming(Request::new(items), system.stream_path(), codec)
        .await?;
    Ok(answer.into_inner())
}

/// Sends facts of one system as one batch.
///
/// # Errors
/// The status that the hub answers.
pub async fn report(channel: &Channel, facts: &[Fact]) -> Result<Vec<Outcome>, Status> {
    let system = facts.first().map_or(System::Onestop, |fact| fact.system);
    report_bytes(channel, system, facts.iter().map(encode).collect()).await
}

/// Sends facts of one system over a stream, half-closes, and gathers every outcome.
///
/// # Errors
/// The status with which the stream ended, if not OK.
pub async fn stream(channel: &Channel, facts: &[Fact]) -> Result<Vec<Outcome>, Status> {
    let system = facts.first().map_or(System::Onestop, |fact| fact.system);
    let items: Vec<StreamItem> = facts.iter().map(item).collect();
    let mut answers = open_stream(channel, system, tokio_stream::iter(items)).await?;
    let mut outcomes = Vec::new();
    while let Some(answer) = answers.next().await {
        outcomes.extend(answer?.outcome);
    }
    Ok(outcomes)
}

/// The position of an outcome.
///
/// # Errors
/// The rejection in words.
pub fn position(outcome: &Outcome) -> Result<Position, String> {
    match &outcome.result {
        Some(outcome::Result::Position(position)) => Ok(*position),
        other => Err(format!("{} was not recorded: {other:?}", outcome.id)),
    }
}

/// The fact as a message of a stream.
pub fn item(fact: &Fact) -> StreamItem {
    StreamItem {
        event: Some(encode(fact)),
    }
}

/// The fact as an encoded `DossierEvent`.
pub fn encode(fact: &Fact) -> Bytes {
    fact.event.encode_to_vec().into()
}

async fn ready(channel: &Channel) -> Result<tonic::client::Grpc<Channel>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(64 << 20);
    match client.ready().await {
        Ok(()) => Ok(client),
        Err(error) => Err(Status::unavailable(error.to_string())),
    }
}
