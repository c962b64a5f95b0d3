//! Several gateways over a real broker: `LIENTHONG_TEST_KAFKA` names it. Topics are fresh and never
//! deleted.

use super::*;
use crate::service::Service;
use crate::stream::{self, Streaming};
use lienthong_contract::pb::subscription::v1::consume_request;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::subscriptions_server::SubscriptionsServer;
use lienthong_eventlog::kafka;
use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};

const SUBSCRIPTIONS: usize = 12;
const ROUNDS: usize = 40;
const AT_ONCE: usize = 20;

/// Fresh topics on one broker.
#[derive(Clone)]
struct Cluster {
    events: kafka::Config,
    subscriptions: kafka::Config,
    group: String,
}

impl Cluster {
    fn new(brokers: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let fresh = format!("s-{}-{:x}", std::process::id(), now.as_nanos());
        let config = |topic: String, partitions| kafka::Config {
            partitions,
            replication: 1,
            min_insync_replicas: 1,
            ..kafka::Config::new(brokers, topic)
        };
        Self {
            events: config(format!("{fresh}.events"), 4),
            subscriptions: config(format!("{fresh}.subscriptions"), LANES),
            group: format!("{fresh}.gateway"),
        }
    }

    /// A gateway with threads of its own, and its address. Dropping the threads is its sudden end.
    async fn gateway(&self, name: &str) -> (Runtime, String) {
        let threads = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (cluster, name) = (self.clone(), name.to_owned());
        let started = threads.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let events = kafka::open(cluster.events).await.unwrap();
            let subscriptions = kafka::open(cluster.subscriptions).await.unwrap();
            let config = Config {
                gateway: name,
                address: address.clone(),
                session: Duration::from_secs(6),
                group: cluster.group,
            };
            let blocks: Arc<dyn Blocks> = testing::source(events.log.clone()).await;
            let handles = Handles {
                blocks: blocks.clone(),
                events: events.log,
                log: subscriptions.log,
                groups: Some(subscriptions.groups),
                poster: Arc::new(Posts::default()),
            };
            let shutdown = CancellationToken::new();
            let durable = start(config, handles, shutdown.clone()).await.unwrap();
            let streams = Streaming::new(blocks, stream::Config::default(), shutdown);
            let service = Service {
                streams: Arc::new(streams),
                durable,
            };
            let server = Server::builder().add_service(SubscriptionsServer::new(service));
            tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
            address
        });
        let address = started.await.unwrap();
        (threads, address)
    }
}

async fn client(address: &str) -> SubscriptionsClient<Channel> {
    SubscriptionsClient::connect(format!("http://{address}"))
        .await
        .unwrap()
}

/// What a consumer saw.
#[derive(Default)]
struct Seen {
    numbers: BTreeMap<u64, String>,
    cases: BTreeMap<String, u64>,
    again: usize,
    last: Option<Instant>,
    /// Longest time without an event.
    silence: Duration,
}

impl Seen {
    fn take(&mut self, event: &Delivery) {
        let now = Instant::now();
        let since = self.last.replace(now).unwrap_or(now);
        self.silence = self.silence.max(now - since);
        match self.numbers.insert(event.sequence, id(event)) {
            Some(before) => {
                assert_eq!(before, id(event), "number {}", event.sequence);
                self.again += 1;
            }
            None => {
                let offset = event.position.unwrap().offset;
                let before = self.cases.insert(event.partition_key.clone(), offset);
                assert!(before.is_none_or(|before| before < offset));
            }
        }
    }
}

/// Consumes and acknowledges until told to end, beginning again whenever the stream ends.
async fn live(
    mut client: SubscriptionsClient<Channel>,
    name: String,
    seen: Arc<Mutex<Seen>>,
    end: CancellationToken,
) {
    while !end.is_cancelled() {
        let (said, says) = mpsc::channel(64);
        let open = consume_request::Message::Open(opens(&name, "c"));
        let say = |message| ConsumeRequest {
            message: Some(message),
        };
        said.send(say(open)).await.unwrap();
        let Ok(told) = client.consume(ReceiverStream::new(says)).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut told = told.into_inner();
        while !end.is_cancelled() {
            let Ok(message) = timeout(Duration::from_millis(100), told.message()).await else {
                continue;
            };
            let Ok(Some(message)) = message else { break };
            let Some(Message::Handed(handed)) = message.message else {
                continue;
            };
            let mut done = Acknowledgements::default();
            for event in &handed.deliveries {
                seen.lock().unwrap().take(event);
                done.done.push(receipt(event));
            }
            let done = consume_request::Message::Acknowledgements(done);
            if said.send(say(done)).await.is_err() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_dies_loses_nothing_and_another_goes_on() {
    let Ok(brokers) = std::env::var("LIENTHONG_TEST_KAFKA") else {
        assert!(std::env::var("CI").is_err(), "set LIENTHONG_TEST_KAFKA");
        eprintln!("left out, for want of LIENTHONG_TEST_KAFKA: several gateways");
        return;
    };
    let cluster = Cluster::new(&brokers);
    let events = kafka::open(cluster.events.clone()).await.unwrap();
    let (dies, _) = cluster.gateway("dies").await;
    let (lives, address) = cluster.gateway("lives").await;
    let mut calls = client(&address).await;
    let mut seen = BTreeMap::new();
    let end = CancellationToken::new();
    let mut consumers = Vec::new();
    for number in 0..SUBSCRIPTIONS {
        let name = format!("portal-{number}");
        let request = CreateSubscriptionRequest {
            subscription: Some(named(&name)),
            start: Some(beginning()),
        };
        while let Err(refused) = calls.create_subscription(request.clone()).await {
            assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused}");
            sleep(Duration::from_millis(200)).await;
        }
        let of: Arc<Mutex<Seen>> = Arc::default();
        seen.insert(name.clone(), of.clone());
        consumers.push(tokio::spawn(live(
            client(&address).await,
            name,
            of,
            end.clone(),
        )));
    }
    // Both keep some, and either tells of all.
    let listed = loop {
        let listed = calls.list_subscriptions(ListSubscriptionsRequest {}).await;
        let statuses = listed.map_or_else(|_| Vec::new(), |listed| listed.into_inner().statuses);
        let elsewhere = |status: &SubscriptionStatus| status.gateway != address;
        if statuses.len() == SUBSCRIPTIONS
            && statuses.iter().any(elsewhere)
            && !statuses.iter().all(elsewhere)
        {
            break statuses;
        }
        sleep(Duration::from_millis(100)).await;
    };
    let mut dies = Some(dies);
    for round in 0..ROUNDS {
        let records = testing::records(30, round * AT_ONCE, (round + 1) * AT_ONCE);
        testing::append(events.log.as_ref(), records).await;
        sleep(Duration::from_millis(300)).await;
        if round == ROUNDS / 4
            && let Some(dies) = dies.take()
        {
            seen.values()
                .for_each(|seen| seen.lock().unwrap().silence = Duration::ZERO);
            dies.shutdown_background();
        }
    }
    let all = ROUNDS * AT_ONCE;
    for of in seen.values() {
        while of.lock().unwrap().numbers.len() < all {
            sleep(Duration::from_millis(100)).await;
        }
    }
    end.cancel();
    for consumer in consumers {
        consumer.await.unwrap();
    }
    for of in seen.values() {
        let of = of.lock().unwrap();
        assert!(of.numbers.keys().copied().eq(1..=all as u64));
        let mut ids: Vec<usize> = of.numbers.values().map(|id| id.parse().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..all).collect::<Vec<_>>());
    }
    let silence = seen.values().map(|of| of.lock().unwrap().silence).max();
    let again: usize = seen.values().map(|of| of.lock().unwrap().again).sum();
    eprintln!("longest silence of a subscription: {silence:?}; told again: {again}");
    for status in listed {
        let name = status.subscription.unwrap().name;
        let request = GetSubscriptionRequest { name };
        loop {
            let got = calls.get_subscription(request.clone()).await.unwrap();
            let status = got.into_inner().status.unwrap();
            assert_eq!(
                (status.last_sequence, status.gateway.as_str()),
                (all as u64, address.as_str())
            );
            if status.settled_sequence == all as u64 {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    // Threads must not be waited for here.
    lives.shutdown_background();
}
