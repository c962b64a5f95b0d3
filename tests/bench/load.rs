//! Load on anything that speaks the one-stop adapter's contract: the hub and the echo
//! floor get the same messages from the same client code.

use crate::Outcome;
use lienthong_contract::pb::event::v1::{Position, outcome};
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_client::OnestopAdapterServiceClient;
use lienthong_contract::pb::onestop::v1::{DossierEvent, ReportEventsRequest, StreamEventsRequest};
use lienthong_tests::sample;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio_stream::StreamExt;
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
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .tcp_nodelay(true)
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .connect()
        .await?;
    Ok(OnestopAdapterServiceClient::new(channel).max_decoding_message_size(64 << 20))
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

/// One bidirectional stream with at most `window` messages not yet acknowledged.
pub async fn stream(address: &str, run: &str, window: usize, seconds: u64) -> Outcome<Reached> {
    let (acknowledged, elapsed) =
        stream_some(address, run, window, u64::MAX, 0, Some(seconds)).await?;
    Ok(Reached {
        per_second: acknowledged as f64 / elapsed.as_secs_f64(),
        p50_us: 0.0,
        p99_us: 0.0,
    })
}

/// Streams the events `first..first + count` and waits for every acknowledgement.
pub async fn fill(address: &str, run: &str, first: u64, count: u64) -> Outcome<Duration> {
    let (acknowledged, elapsed) = stream_some(address, run, 8_192, count, first, None).await?;
    check(acknowledged == count)?;
    Ok(elapsed)
}

async fn stream_some(
    address: &str,
    run: &str,
    window: usize,
    count: u64,
    first: u64,
    seconds: Option<u64>,
) -> Outcome<(u64, Duration)> {
    let mut client = connect(address).await?;
    let permits = Arc::new(Semaphore::new(window));
    let (sender, receiver) = tokio::sync::mpsc::channel(window);
    let began = Instant::now();
    let end = seconds.map(|seconds| began + Duration::from_secs(seconds));
    let feeder = tokio::spawn({
        let (permits, run) = (permits.clone(), run.to_owned());
        async move {
            for number in first..first.saturating_add(count) {
                if number % 64 == 0 && end.is_some_and(|end| Instant::now() >= end) {
                    break;
                }
                let Ok(permit) = permits.acquire().await else {
                    break;
                };
                permit.forget();
                let message = StreamEventsRequest {
                    event: Some(sample::event(&run, number)),
                };
                if sender.send(message).await.is_err() {
                    break;
                }
            }
        }
    });
    let mut answers = client
        .stream_events(tokio_stream::wrappers::ReceiverStream::new(receiver))
        .await?
        .into_inner();
    let mut acknowledged = 0;
    while let Some(answer) = answers.next().await {
        check(answer?.outcome.as_ref().is_some_and(is_recorded))?;
        acknowledged += 1;
        permits.add_permits(1);
    }
    feeder.await?;
    Ok((acknowledged, began.elapsed()))
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
