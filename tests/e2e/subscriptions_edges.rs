//! The edges of what subscriptions promise: the window of repeats, what moving withdraws, what
//! skipping leaves out, what retention took, and what is durable when a stream ends.

mod repeats;
mod retention;
mod settled;
mod webhook;

use lienthong_contract::pb::event::v1::Event;
use lienthong_contract::pb::subscription::v1::consume_request::Message as Said;
use lienthong_contract::pb::subscription::v1::subscribe_response::Message;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    AcknowledgeRequest, Acknowledgements, Beginning, ConsumeRequest, ConsumeResponse,
    CreateSubscriptionRequest, Delivery, FetchRequest, GetSubscriptionRequest, Handling, Open,
    ReadRangeRequest, Receipt, Start, SubscribeRequest, Subscription, SubscriptionStatus, start,
};
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::embedded::{self, Config};
use lienthong_eventlog::{EventLog, Record};
use lienthong_tests::instance::{Instance, Stopped};
use lienthong_tests::sample;
use prost::Message as _;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

type Client = SubscriptionsClient<Channel>;

/// Longest wait for anything that must come.
const PATIENCE: Duration = Duration::from_secs(60);

async fn client(hub: &Instance) -> Client {
    let client = SubscriptionsClient::new(hub.gateway().await.unwrap());
    client.max_decoding_message_size(64 << 20)
}

fn beginning() -> Start {
    let place = Some(start::Place::Beginning(Beginning {}));
    Start { place }
}

fn token(token: &str) -> Start {
    let place = Some(start::Place::Token(token.to_owned()));
    Start { place }
}

fn id(delivery: &Delivery) -> String {
    let event = delivery.event.as_ref().unwrap();
    event.header.as_ref().unwrap().id.clone()
}

fn ids(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(id).collect()
}

fn receipt(delivery: &Delivery) -> Receipt {
    Receipt {
        sequence: delivery.sequence,
        attempt: delivery.attempt,
    }
}

fn done(deliveries: &[Delivery]) -> Acknowledgements {
    Acknowledgements {
        done: deliveries.iter().map(receipt).collect(),
        failed: Vec::new(),
    }
}

/// Everything that is recorded from a place on, and the token behind it.
async fn told(client: &mut Client, start: Start) -> Result<(Vec<Delivery>, String), Status> {
    let request = SubscribeRequest {
        start: Some(start),
        until_caught_up: true,
        ..SubscribeRequest::default()
    };
    let mut stream = client.subscribe(request).await?.into_inner();
    let (mut deliveries, mut last) = (Vec::new(), String::new());
    while let Some(response) = stream.message().await? {
        last = match response.message.unwrap() {
            Message::Events(events) => {
                deliveries.extend(events.deliveries);
                events.token
            }
            Message::CaughtUp(message) => message.token,
            Message::FellBehind(message) => message.token,
            Message::Checkpoint(message) => message.token,
            Message::GoingAway(message) => message.token,
            Message::Heartbeat(_) => continue,
        };
    }
    Ok((deliveries, last))
}

/// Makes a durable subscription from the beginning.
async fn create(client: &mut Client, name: &str, handling: Handling) {
    let request = CreateSubscriptionRequest {
        subscription: Some(Subscription {
            name: name.to_owned(),
            handling: Some(handling),
            ..Subscription::default()
        }),
        start: Some(beginning()),
    };
    client.create_subscription(request).await.unwrap();
}

async fn status(client: &mut Client, name: &str) -> SubscriptionStatus {
    let name = name.to_owned();
    let answer = client.get_subscription(GetSubscriptionRequest { name });
    answer.await.unwrap().into_inner().status.unwrap()
}

/// The status once it is as it must become.
async fn until(
    client: &mut Client,
    name: &str,
    holds: impl Fn(&SubscriptionStatus) -> bool,
) -> SubscriptionStatus {
    let began = Instant::now();
    loop {
        let status = status(client, name).await;
        if holds(&status) {
            return status;
        }
        assert!(began.elapsed() < PATIENCE, "{status:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What one call takes, waiting a second for the first.
async fn fetch(client: &mut Client, name: &str) -> Vec<Delivery> {
    let request = FetchRequest {
        name: name.to_owned(),
        consumer: "one".to_owned(),
        max_events: 100,
        max_wait_ms: 1_000,
    };
    client.fetch(request).await.unwrap().into_inner().deliveries
}

async fn acknowledge(client: &mut Client, name: &str, acknowledgements: Acknowledgements) {
    let request = AcknowledgeRequest {
        name: name.to_owned(),
        acknowledgements: Some(acknowledgements),
    };
    let answer = client.acknowledge(request).await.unwrap().into_inner();
    assert_eq!(answer.late, 0);
}

/// What was numbered from 1 to `last`.
async fn numbered(client: &mut Client, name: &str, last: u64) -> Vec<Delivery> {
    let request = ReadRangeRequest {
        name: name.to_owned(),
        first_sequence: 1,
        last_sequence: last,
    };
    let mut stream = client.read_range(request).await.unwrap().into_inner();
    let mut deliveries = Vec::new();
    while let Some(response) = stream.message().await.unwrap() {
        deliveries.extend(response.deliveries);
    }
    deliveries
}

/// A consumer's stream.
struct Consumer {
    says: mpsc::Sender<ConsumeRequest>,
    told: Streaming<ConsumeResponse>,
}

impl Consumer {
    async fn open(client: &mut Client, name: &str, max_in_flight: u32) -> Self {
        let (says, said) = mpsc::channel(1_024);
        let open = Open {
            name: name.to_owned(),
            consumer: "one".to_owned(),
            max_in_flight,
            heartbeat_s: 0,
        };
        let message = Some(Said::Open(open));
        says.send(ConsumeRequest { message }).await.unwrap();
        let told = client.consume(ReceiverStream::new(said)).await.unwrap();
        let told = told.into_inner();
        Self { says, told }
    }

    async fn acknowledge(&self, deliveries: &[Delivery]) {
        let message = Some(Said::Acknowledgements(done(deliveries)));
        self.says.send(ConsumeRequest { message }).await.unwrap();
    }
}

/// The settings of the log of a hub with one partition.
fn log_of(stopped: &Stopped, segment_bytes: u64) -> Config {
    Config {
        partitions: 1,
        segment_bytes,
        ..Config::new(stopped.data().join("log"))
    }
}

/// Puts records into the log of a hub that is not running, so many at once.
async fn fill(config: Config, records: Vec<Record>, at_once: usize) {
    let log = embedded::open(config).unwrap();
    for some in records.chunks(at_once) {
        log.append(some.to_vec()).await.unwrap();
    }
    log.close().await.unwrap();
}

/// An event of always the same case as the hub records it.
fn record(id: &str, change: impl FnOnce(&mut Event)) -> Record {
    let mut event = sample::fact("edge", 0).event;
    let recorded_ms = now_millis();
    event.recorded_time = Some(from_millis(recorded_ms));
    event.header.as_mut().unwrap().id = id.to_owned();
    change(&mut event);
    Record {
        key: sample::dossier_code(0).into(),
        value: event.encode_to_vec().into(),
        recorded_ms,
    }
}
