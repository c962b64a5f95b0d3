//! One durable subscription with one consumer that acknowledges everything.

use crate::Outcome;
use lienthong_contract::pb::subscription::v1::consume_request::Message as Said;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    Acknowledgements, Beginning, ConsumeRequest, CreateSubscriptionRequest, GetSubscriptionRequest,
    Handling, Open, Receipt, Start, Subscription, start as place,
};
use lienthong_tests::hub::{self, Hub, Options};
use lienthong_tests::measure::codec::BytesCodec;
use lienthong_tests::measure::load;
use lienthong_tests::sample;
use prost::Message as _;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};

/// Cases whose events come in turn: all first ones, then all second ones, and so on.
const CASES: u64 = 5_000;
const NAME: &str = "bench";
const PATH: &str = "/lienthong.subscription.v1.Subscriptions/Consume";

/// `ConsumeResponse` as far as it is needed: the events stay bytes, as in the peer's client.
#[derive(Clone, PartialEq, prost::Message)]
struct Told {
    #[prost(message, optional, tag = "1")]
    handed: Option<Handed>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Handed {
    #[prost(message, repeated, tag = "1")]
    deliveries: Vec<Delivery>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Delivery {
    #[prost(bytes = "bytes", tag = "1")]
    event: bytes::Bytes,
    #[prost(message, optional, tag = "3")]
    position: Option<lienthong_contract::pb::event::v1::Position>,
    #[prost(uint64, tag = "5")]
    sequence: u64,
    #[prost(uint32, tag = "6")]
    attempt: u32,
}

/// A consumer's stream.
struct Consuming {
    told: Streaming<bytes::Bytes>,
    says: mpsc::Sender<bytes::Bytes>,
}

/// Events a second, delivered and acknowledged, from a log that holds so many. The end is when the
/// hub says that all are settled.
pub async fn filled(events: u64, window: usize) -> Outcome<f64> {
    let data = tempfile::tempdir()?;
    let hub = hub::start(&Options::new(data.path())?)?;
    for first in (0..events).step_by(100_000) {
        let numbers = first..events.min(first + 100_000);
        let messages = numbers.map(|number| {
            let event = Some(interleaved("filled", number));
            let message = lienthong_contract::pb::onestop::v1::StreamEventsRequest { event };
            bytes::Bytes::from(message.encode_to_vec())
        });
        load::stream(&hub.addresses.adapters_grpc, messages.collect(), 1_024).await?;
    }
    let channel = create(&hub, window).await?;
    let began = Instant::now();
    let mut consuming = consume(&channel, window).await?;
    let mut taken = 0;
    while taken < events {
        taken += next(&mut consuming).await?.len() as u64;
    }
    let mut client = SubscriptionsClient::new(channel);
    loop {
        let request = GetSubscriptionRequest { name: NAME.into() };
        let answer = client.get_subscription(request).await?.into_inner();
        let status = answer.status.ok_or("an answer without status")?;
        if status.settled_sequence >= events {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(events as f64 / began.elapsed().as_secs_f64())
}

/// From the sender's acknowledgement to the consumer at a steady rate; microseconds, sorted.
pub async fn live(rate: u64, seconds: u64, senders: u64, window: usize) -> Outcome<Vec<f64>> {
    let data = tempfile::tempdir()?;
    let hub = hub::start(&Options::new(data.path())?)?;
    let channel = create(&hub, window).await?;
    let mut consuming = consume(&channel, window).await?;
    let (told, mut acknowledged) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for sender in 0..senders {
        let mut client = load::connect(&hub.addresses.adapters_grpc).await?;
        let told = told.clone();
        tasks.spawn(async move {
            let mut ticks =
                tokio::time::interval(Duration::from_micros(1_000_000 * senders / rate));
            let began = Instant::now();
            let mut number = sender;
            while began.elapsed() < Duration::from_secs(seconds) {
                ticks.tick().await;
                let position = load::one(&mut client, interleaved("live", number)).await?;
                let _ = told.send(((position.partition, position.offset), Instant::now()));
                number += senders;
            }
            Ok::<_, lienthong_tests::kill::Fault>(())
        });
    }
    drop(told);
    let mut delivered = HashMap::new();
    let quiet = Duration::from_secs(3);
    while let Ok(deliveries) = tokio::time::timeout(quiet, next(&mut consuming)).await {
        let at = Instant::now();
        let positions = deliveries?.into_iter().filter_map(|one| one.position);
        delivered.extend(positions.map(|place| ((place.partition, place.offset), at)));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let mut delays = Vec::new();
    while let Some((position, at)) = acknowledged.recv().await {
        let seen: &Instant = delivered
            .get(&position)
            .ok_or("an acknowledged event was not delivered")?;
        delays.push(seen.saturating_duration_since(at).as_secs_f64() * 1e6);
    }
    delays.sort_by(f64::total_cmp);
    Ok(delays)
}

/// The n-th event, so that those of a case are far apart, as in life.
fn interleaved(run: &str, number: u64) -> lienthong_contract::pb::onestop::v1::DossierEvent {
    let round = CASES * sample::EVENTS_A_CASE;
    let case = number / round * CASES + number % CASES;
    sample::event_of(run, case, number % round / CASES)
}

async fn create(hub: &Hub, window: usize) -> Outcome<Channel> {
    let address = format!("http://{}", hub.addresses.gateway);
    let endpoint = Endpoint::from_shared(address)?.tcp_nodelay(true);
    let channel = endpoint
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .connect()
        .await?;
    let request = CreateSubscriptionRequest {
        subscription: Some(Subscription {
            name: NAME.into(),
            handling: Some(Handling {
                max_in_flight: u32::try_from(window)?,
                ..Handling::default()
            }),
            ..Subscription::default()
        }),
        start: Some(Start {
            place: Some(place::Place::Beginning(Beginning {})),
        }),
    };
    let mut client = SubscriptionsClient::new(channel.clone());
    client.create_subscription(request).await?;
    Ok(channel)
}

async fn consume(channel: &Channel, window: usize) -> Outcome<Consuming> {
    let (says, said) = mpsc::channel(1_024);
    let open = Open {
        name: NAME.into(),
        max_in_flight: u32::try_from(window)?,
        ..Open::default()
    };
    says.send(say(Said::Open(open))).await?;
    let mut client = tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(64 << 20);
    client.ready().await?;
    let path = PathAndQuery::from_static(PATH);
    let request = Request::new(ReceiverStream::new(said));
    let told = client.streaming(request, path, BytesCodec).await?;
    Ok(Consuming {
        told: told.into_inner(),
        says,
    })
}

/// Waits for events and acknowledges them.
async fn next(consuming: &mut Consuming) -> Outcome<Vec<Delivery>> {
    loop {
        let message = consuming.told.next().await.ok_or("the stream ended")??;
        let Some(handed) = Told::decode(message)?.handed else {
            continue;
        };
        let done = handed.deliveries.iter().map(|one| Receipt {
            sequence: one.sequence,
            attempt: one.attempt,
        });
        let acknowledgements = Acknowledgements {
            done: done.collect(),
            failed: Vec::new(),
        };
        let said = say(Said::Acknowledgements(acknowledgements));
        consuming.says.send(said).await?;
        return Ok(handed.deliveries);
    }
}

fn say(message: Said) -> bytes::Bytes {
    let message = ConsumeRequest {
        message: Some(message),
    };
    message.encode_to_vec().into()
}
