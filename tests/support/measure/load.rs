//! Load on anything that speaks the one-stop adapter's contract: the hub and the echo
//! floor get the same messages from the same client code.

use super::Outcome;
use super::codec::BytesCodec;
use crate::sample;
use bytes::{Bytes, BytesMut};
use lienthong_contract::pb::event::v1::{Position, outcome};
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_client::OnestopAdapterServiceClient;
use lienthong_contract::pb::onestop::v1::{
    DossierEvent, ReportEventsRequest, StreamEventsRequest, StreamEventsResponse,
};
use prost::Message;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tonic::Request;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};

/// What a load run reached.
pub struct Reached {
    /// Acknowledged events a second.
    pub per_second: f64,
    /// Median time from sending a call to its acknowledgement, microseconds; 0 for streams.
    pub p50_us: f64,
    /// 99th percentile of the same.
    pub p99_us: f64,
}

/// A connection with windows wide enough not to be the limit.
pub async fn connect(address: &str) -> Outcome<OnestopAdapterServiceClient<Channel>> {
    Ok(OnestopAdapterServiceClient::new(channel(address).await?)
        .max_decoding_message_size(64 << 20))
}

async fn channel(address: &str) -> Outcome<Channel> {
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .tcp_nodelay(true)
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .connect()
        .await?;
    Ok(channel)
}

/// Unary calls of `batch` events, `in_flight` at a time over at most four connections.
pub async fn unary(
    address: &str,
    run: &str,
    in_flight: usize,
    batch: usize,
    seconds: u64,
) -> Outcome<Reached> {
    let number = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for _ in 0..in_flight.min(4) {
        clients.push(connect(address).await?);
    }
    let began = Instant::now();
    let end = began + Duration::from_secs(seconds);
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..in_flight {
        let mut client = clients[worker % clients.len()].clone();
        let (number, run) = (number.clone(), run.to_owned());
        workers.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < end {
                let first = number.fetch_add(batch as u64, Relaxed);
                let events: Vec<DossierEvent> = (first..first + batch as u64)
                    .map(|n| sample::event(&run, n))
                    .collect();
                let start = Instant::now();
                let answer = client
                    .report_events(ReportEventsRequest { events })
                    .await?
                    .into_inner();
                times.push(start.elapsed());
                check(answer.outcomes.len() == batch && answer.outcomes.iter().all(is_recorded))?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = workers.join_next().await {
        times.extend(done??);
    }
    let elapsed = began.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    Ok(Reached {
        per_second: (times.len() * batch) as f64 / elapsed,
        p50_us: at(0.5),
        p99_us: at(0.99),
    })
}

/// The stream messages of the events `first..first + count`, encoded beforehand so that
/// building them is not part of what is measured.
pub fn prepare(run: &str, first: u64, count: u64) -> Vec<Bytes> {
    let mut buffer = BytesMut::new();
    let encode = |number| {
        let message = StreamEventsRequest {
            event: Some(sample::event(run, number)),
        };
        buffer.extend_from_slice(&message.encode_to_vec());
        buffer.split().freeze()
    };
    (first..first + count).map(encode).collect()
}

/// Sends prepared messages over one bidirectional stream with at most `window` not yet
/// acknowledged, and waits for every acknowledgement.
pub async fn stream(address: &str, messages: Vec<Bytes>, window: usize) -> Outcome<Reached> {
    let count = messages.len();
    let permits = Arc::new(Semaphore::new(window));
    let given = permits.clone();
    let requests = futures_util::stream::unfold(
        (messages.into_iter(), given),
        |(mut messages, given)| async move {
            given.acquire().await.ok()?.forget();
            messages.next().map(|message| (message, (messages, given)))
        },
    );
    let path =
        PathAndQuery::from_static("/lienthong.onestop.v1.OnestopAdapterService/StreamEvents");
    let mut client = tonic::client::Grpc::new(channel(address).await?);
    client.ready().await?;
    let began = Instant::now();
    let mut answers = client
        .streaming(Request::new(requests), path, BytesCodec)
        .await?
        .into_inner();
    for _ in 0..count {
        let answer = answers
            .message()
            .await?
            .ok_or("the stream ended before its last acknowledgement")?;
        check(
            StreamEventsResponse::decode(answer)?
                .outcome
                .as_ref()
                .is_some_and(is_recorded),
        )?;
        permits.add_permits(1);
    }
    Ok(Reached {
        per_second: count as f64 / began.elapsed().as_secs_f64(),
        p50_us: 0.0,
        p99_us: 0.0,
    })
}

/// Sends one event and gives the position at which it is durable.
pub async fn one(
    client: &mut OnestopAdapterServiceClient<Channel>,
    event: DossierEvent,
) -> Outcome<Position> {
    let answer = client
        .report_events(ReportEventsRequest {
            events: vec![event],
        })
        .await?
        .into_inner();
    match answer
        .outcomes
        .into_iter()
        .next()
        .and_then(|outcome| outcome.result)
    {
        Some(outcome::Result::Position(position)) => Ok(position),
        other => Err(format!("not recorded: {other:?}").into()),
    }
}

fn is_recorded(outcome: &lienthong_contract::pb::event::v1::Outcome) -> bool {
    matches!(outcome.result, Some(outcome::Result::Position(_)))
}

fn check(holds: bool) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        Err("an event of the benchmark was not recorded".into())
    }
}
