//! Streams and pages over real connections, on a log in a folder of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::source::{self, Block};
use async_trait::async_trait;
use axum::http::StatusCode;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::pb::subscription::v1::Start;
use lienthong_contract::reference::{self, Current};
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::{EventLog, ReadError, Record, embedded};
use prost::Message;
use reqwest::{Client, RequestBuilder, Response as Answer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinHandle;

const BATCH: &str = "application/cloudevents-batch+json";

/// A listener over a log.
struct Hub {
    log: Arc<dyn EventLog>,
    address: String,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), Error>>,
    client: Client,
    _dir: tempfile::TempDir,
}

impl Hub {
    async fn start() -> Self {
        Self::with(|blocks| blocks).await
    }

    /// A hub whose blocks are seen through something.
    async fn with(through: impl FnOnce(Arc<dyn Blocks>) -> Arc<dyn Blocks>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = embedded::Config {
            partitions: 2,
            ..embedded::Config::new(dir.path().to_owned())
        };
        let log: Arc<dyn EventLog> = embedded::open(config).unwrap();
        let shutdown = CancellationToken::new();
        let current = Current::new(reference::demo().unwrap());
        let source = source::start(Arc::clone(&log), current, shutdown.clone());
        let blocks = through(source.await.unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let handles = Handles {
            blocks,
            streams: stream::Config::default(),
            origins: vec!["https://portal.example".to_owned()],
        };
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            log,
            address: format!("http://{address}"),
            served: tokio::spawn(run(listener, handles, shutdown.clone())),
            shutdown,
            client: Client::builder().no_proxy().build().unwrap(),
            _dir: dir,
        }
    }

    /// Appends events of dossiers 0, 1, ..., 4, 0, ..., whose ids are these numbers.
    async fn append(&self, numbers: std::ops::Range<usize>) {
        self.append_with(numbers, "").await;
    }

    async fn append_with(&self, numbers: std::ops::Range<usize>, correlation_id: &str) {
        let records = numbers
            .map(|number| record(number, correlation_id))
            .collect();
        self.log.append(records).await.unwrap();
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.address))
    }

    async fn stream(&self, query: &str) -> Stream {
        Stream::of(self.get(&format!("/v1/events?{query}"))).await
    }
}

fn record(number: usize, correlation_id: &str) -> Record {
    let dossier = format!("H56.15.03-261008-000{}", number % 5);
    let payload = match number % 2 {
        0 => Payload::Received(pb::Received::default()),
        _ => Payload::Approved(pb::Approved {}),
    };
    let event = pb::Event {
        header: Some(pb::Header {
            id: number.to_string(),
            source: "urn:lienthong:vn:H56:onestop".to_owned(),
            dossier_code: dossier.clone(),
            agency_code: "H56.15.03".to_owned(),
            occurred_time: Some(from_millis(now_millis())),
            correlation_id: correlation_id.to_owned(),
            protected: Some(pb::Protected {
                notes: vec!["ghi chú kín".to_owned()],
                ..pb::Protected::default()
            }),
            ..pb::Header::default()
        }),
        recorded_time: Some(from_millis(now_millis())),
        payload: Some(payload),
        ..pb::Event::default()
    };
    Record {
        key: dossier.into_bytes().into(),
        value: event.encode_to_vec().into(),
        recorded_ms: now_millis(),
    }
}

/// Reads server-sent events as a browser does.
struct Stream {
    answer: Answer,
    text: String,
}

/// One that was dispatched.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sent {
    id: String,
    name: String,
    data: String,
}

impl Sent {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }

    /// The number of an event.
    fn number(&self) -> usize {
        assert_eq!(self.name, "", "{self:?}");
        number(&self.json())
    }
}

fn number(event: &Value) -> usize {
    event["id"].as_str().unwrap().parse().unwrap()
}

impl Stream {
    async fn of(request: RequestBuilder) -> Self {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        let text = String::new();
        Self { answer, text }
    }

    /// The lines up to the next empty one; none at the end.
    async fn lines(&mut self) -> Option<Vec<String>> {
        loop {
            if let Some((lines, rest)) = self.text.split_once("\n\n") {
                let lines = lines.lines().map(str::to_owned).collect();
                self.text = rest.to_owned();
                return Some(lines);
            }
            let chunk = self.answer.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next(&mut self) -> Option<Sent> {
        loop {
            let mut sent = Sent::default();
            for line in self.lines().await? {
                let (field, value) = line.split_once(':').unwrap();
                let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
                match field {
                    "id" => sent.id = value,
                    "event" => sent.name = value,
                    "data" => sent.data = value,
                    "retry" => assert!(RETRY.contains(&value.parse().unwrap())),
                    other => assert_eq!(other, "", "a field that no browser knows"),
                }
            }
            if !sent.data.is_empty() {
                return Some(sent);
            }
        }
    }

    /// The next that is an event or has this name.
    async fn until(&mut self, name: &str) -> Sent {
        loop {
            let sent = self.next().await.unwrap();
            if sent.name == name {
                return sent;
            }
        }
    }

    async fn rest(mut self) -> Vec<Sent> {
        let mut all = Vec::new();
        while let Some(sent) = self.next().await {
            all.push(sent);
        }
        all
    }
}

const RETRY: std::ops::RangeInclusive<u64> = 500..=2_500;

fn events(all: &[Sent]) -> Vec<Sent> {
    let events = all.iter().filter(|sent| sent.name.is_empty());
    events.cloned().collect()
}

fn numbers(all: &[Sent]) -> BTreeSet<usize> {
    events(all).iter().map(Sent::number).collect()
}

#[tokio::test]
async fn a_stream_tells_what_was_and_what_happens() {
    let hub = Hub::start().await;
    hub.append(0..20).await;
    let mut stream = hub.stream("from=beginning").await;
    let first = stream.next().await.unwrap();
    assert_eq!(first.name, "checkpoint");
    let mut told = Vec::new();
    loop {
        match stream.next().await.unwrap() {
            sent if sent.name == "caught-up" => break,
            sent => told.push(sent),
        }
    }
    assert_eq!(numbers(&told), (0..20).collect());
    assert_eq!(told.len(), 20, "each once");
    for dossier in 0..5 {
        let of_dossier = told
            .iter()
            .map(Sent::number)
            .filter(|one| one % 5 == dossier);
        assert!(of_dossier.is_sorted(), "in the order of its case");
    }
    hub.append(20..21).await;
    let live = stream.until("").await;
    assert_eq!(live.number(), 20);
    let json = live.json();
    assert_eq!(json["type"], "vn.lienthong.dossier.received.v1");
    assert_eq!(json["level"], "commune");
    assert_eq!(json["unit"], "14758");
    assert_eq!(json["data"]["header"]["agencyCode"], "H56.15.03");
    assert!(!live.data.contains("kín"), "{live:?}");
}

#[tokio::test]
async fn a_browser_resumes_after_any_event_with_exactly_the_rest() {
    let hub = Hub::start().await;
    hub.append(0..40).await;
    let all = hub
        .stream("from=beginning&until_caught_up=true")
        .await
        .rest()
        .await;
    let told = events(&all);
    assert_eq!(told.len(), 40);
    for (at, sent) in told.iter().enumerate() {
        let request = hub.get("/v1/events?from=beginning&until_caught_up=true");
        let request = request.header("Last-Event-ID", &sent.id);
        let rest = events(&Stream::of(request).await.rest().await);
        let both = numbers(&told[..=at]).intersection(&numbers(&rest)).count();
        assert_eq!((both, at + 1 + rest.len()), (0, 40), "after {at}");
    }
    let last = all.last().unwrap();
    assert_eq!(last.name, "going-away");
    assert_eq!(last.json()["why"], "WHY_CAUGHT_UP");
    let query = format!("last_event_id={}&until_caught_up=true", last.id);
    let rest = hub.stream(&query).await.rest().await;
    assert_eq!(events(&rest), []);
}

#[tokio::test]
async fn a_stream_can_be_resumed_after_any_event_of_those_it_wants() {
    let hub = Hub::start().await;
    hub.append(0..40).await;
    let query = "type=vn.lienthong.dossier.approved.v1&until_caught_up=true";
    let all = hub
        .stream(&format!("from=beginning&{query}"))
        .await
        .rest()
        .await;
    let told = events(&all);
    assert_eq!(numbers(&told), (0..40).filter(|one| one % 2 == 1).collect());
    for (at, sent) in told.iter().enumerate() {
        let query = format!("last_event_id={}&{query}", sent.id);
        let rest = hub.stream(&query).await.rest().await;
        let told_before = numbers(&told[..=at]);
        assert!(numbers(&rest).is_disjoint(&told_before));
        assert_eq!(told_before.len() + numbers(&rest).len(), 20, "after {at}");
    }
}

#[tokio::test]
async fn a_gateway_that_goes_tells_its_streams_where_they_are() {
    let hub = Hub::start().await;
    hub.append(0..3).await;
    let mut stream = hub.stream("from=beginning").await;
    stream.until("caught-up").await;
    hub.shutdown.cancel();
    let rest = stream.rest().await;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0].name, "going-away");
    assert_eq!(rest[0].json()["why"], "WHY_DRAINING");
    assert!(!rest[0].id.is_empty());
    hub.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn silence_is_broken_by_comments() {
    let hub = Hub::start().await;
    let mut stream = hub.stream("heartbeat=1").await;
    loop {
        let lines = stream.lines().await.unwrap();
        if lines.iter().all(|line| line.starts_with(':')) {
            break;
        }
    }
}

#[tokio::test]
async fn pages_lead_from_one_to_the_next_up_to_the_end_and_beyond() {
    let hub = Hub::start().await;
    hub.append(0..25).await;
    let mut path = "/v1/events?from=beginning&max=7&agency=H56.15.03".to_owned();
    let mut told = Vec::new();
    let mut pages = 0;
    let mut added = false;
    loop {
        let answer = hub.get(&path).header("Accept", BATCH).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with(BATCH), "{kind}");
        let link = answer.headers()["link"].to_str().unwrap().to_owned();
        let caught_up = answer.headers()["lienthong-caught-up"] == "true";
        let page: Vec<Value> = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(page.len() <= 7);
        told.extend(page.iter().map(number));
        pages += 1;
        let next = link.strip_prefix('<').unwrap();
        path = next.strip_suffix(r#">; rel="next""#).unwrap().to_owned();
        assert!(path.contains("&max=7&agency=H56.15.03"), "{path}");
        if caught_up && !added {
            hub.append(25..27).await;
            added = true;
        } else if caught_up {
            break;
        }
    }
    assert!(pages >= 5, "{pages}");
    assert_eq!(told.len(), 27, "each once");
    assert_eq!(
        told.iter().copied().collect::<BTreeSet<_>>(),
        (0..27).collect()
    );
}

async fn problem(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let status = answer.status();
    let problem: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(problem["status"], status.as_u16());
    (status, problem)
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_a_problem_that_names_it() {
    let hub = Hub::start().await;
    let (status, told) = problem(hub.get("/v1/events?agncy=H56&from=now")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(told["reason"], "REQUEST_MALFORMED");
    assert_eq!(told["violations"][0]["field"], "from");
    assert_eq!(told["violations"][1]["field"], "agncy");

    let (status, told) = problem(hub.get("/v1/events?last_event_id=AQMA")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(told["reason"], "TOKEN_MALFORMED");
    assert_eq!(told["violations"][0]["field"], "last_event_id");

    let other = Hub::start().await;
    other.append(0..9).await;
    let foreign = other
        .stream("from=beginning")
        .await
        .until("caught-up")
        .await
        .id;
    let (status, told) = problem(hub.get(&format!("/v1/events?last_event_id={foreign}"))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(told["reason"], "TOKEN_FOREIGN");

    let request = hub.get("/v1/events").header("Accept", "application/json");
    assert_eq!(problem(request).await.0, StatusCode::NOT_ACCEPTABLE);
    assert_eq!(problem(hub.get("/v1/event")).await.0, StatusCode::NOT_FOUND);
    let request = hub.client.post(format!("{}/v1/events", hub.address));
    assert_eq!(problem(request).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn only_pages_of_origins_that_are_named_may_read() {
    let hub = Hub::start().await;
    let url = format!("{}/v1/events", hub.address);
    let preflight = |origin: &'static str| {
        let request = hub.client.request(Method::OPTIONS, &url);
        let request = request.header("Access-Control-Request-Method", "GET");
        request.header("Origin", origin).send()
    };
    let named = preflight("https://portal.example").await.unwrap();
    assert!(named.status().is_success());
    let headers = named.headers();
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://portal.example"
    );
    assert_eq!(headers["access-control-allow-methods"], "GET");
    let allowed = headers["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("last-event-id"), "{allowed}");
    let other = preflight("https://other.example").await.unwrap();
    assert!(!other.headers().contains_key("access-control-allow-origin"));

    let request = hub
        .get("/v1/events")
        .header("Origin", "https://portal.example");
    let stream = Stream::of(request).await;
    let headers = stream.answer.headers();
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://portal.example"
    );
}

#[test]
fn an_origin_that_no_browser_sends_is_refused_at_the_start() {
    let all = |origins: &[&str]| {
        let origins: Vec<String> = origins.iter().map(|one| (*one).to_owned()).collect();
        allowed(&origins)
    };
    assert!(all(&[]).is_ok() && all(&["*"]).is_ok());
    assert!(all(&["https://portal.example", "http://localhost:8080"]).is_ok());
    for bad in [
        "portal.example",
        "https://portal.example/",
        "https://portal.example/x",
        "null",
        "",
    ] {
        let error = all(&["https://portal.example", bad]).expect_err("should be refused");
        assert!(
            !error.is_retryable() && error.to_string().contains("Fix:"),
            "{error}"
        );
    }
}

/// Blocks of a log whose retention overtakes, or that is slow to be asked.
struct Through {
    blocks: Arc<dyn Blocks>,
    gone: bool,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Blocks for Through {
    fn partitions(&self) -> u32 {
        self.blocks.partitions()
    }

    fn ends(&self) -> Vec<u64> {
        self.blocks.ends()
    }

    async fn block(&self, partition: u32, offset: u64) -> Result<Option<Arc<Block>>, ReadError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.gone {
            return Err(ReadError::OutOfRange {
                partition,
                asked: offset,
                start: offset + 1,
                end: offset + 2,
            });
        }
        self.blocks.block(partition, offset).await
    }

    async fn grown(&self, positions: &[u64]) {
        self.blocks.grown(positions).await;
    }

    async fn place(&self, start: &Start) -> Result<Vec<u64>, Failure> {
        self.blocks.place(start).await
    }

    async fn token(&self, positions: &[u64]) -> Result<String, Failure> {
        self.blocks.token(positions).await
    }
}

#[tokio::test]
async fn a_stream_that_retention_overtakes_is_told_so_and_where_it_can_begin() {
    let through = |blocks| -> Arc<dyn Blocks> {
        let asked = Arc::default();
        let gone = true;
        Arc::new(Through {
            blocks,
            gone,
            asked,
        })
    };
    let hub = Hub::with(through).await;
    hub.append(0..9).await;
    let told = hub.stream("from=beginning").await.rest().await;
    let last = told.last().unwrap();
    assert_eq!(last.name, "failure");
    assert_eq!(last.json()["reason"], "POSITION_GONE");
    assert_eq!(last.json()["status"], 410);
    assert!(last.json()["metadata"]["earliest_token"].is_string());
    assert_eq!(last.id, "", "a browser comes back with the place it had");

    let page = hub.get("/v1/events?from=beginning").header("Accept", BATCH);
    assert_eq!(problem(page).await.0, StatusCode::GONE);
}

#[tokio::test]
async fn nothing_is_read_for_a_client_that_does_not_read() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let through = |blocks| -> Arc<dyn Blocks> {
        let gone = false;
        let asked = counting;
        Arc::new(Through {
            blocks,
            gone,
            asked,
        })
    };
    let hub = Hub::with(through).await;
    let long = "x".repeat(40_000);
    for at in 0..20 {
        hub.append_with(at * 100..at * 100 + 100, &long).await;
    }
    let stream = hub.stream("from=beginning&until_caught_up=true").await;
    let mut before = usize::MAX;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = asked.load(Ordering::Relaxed);
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    assert!(
        before < 1_000,
        "{before} of 2,000 blocks were read for nobody"
    );
    let told = stream.rest().await;
    assert_eq!(numbers(&told), (0..2_000).collect());
}
