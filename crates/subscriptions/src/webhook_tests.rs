//! Webhooks against a real server that misbehaves in every way, its requests verified by the
//! published library of Standard Webhooks.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::durable::seat::{Answer, Ended, Handed, Outcome, Told};
use crate::source::Ready;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::BoxFuture;
use lienthong_contract::pb::event::v1::{self as event, event::Payload};
use lienthong_contract::pb::subscription::v1::Delivery;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::Position;
use prost::Message;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;

const VALIDATION: &str = "vn.lienthong.subscription.validation.v1";

/// A request as a receiver sees it.
#[derive(Debug, Clone)]
struct Posted {
    headers: HeaderMap,
    body: Bytes,
}

impl Posted {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> String {
        self.headers[name].to_str().unwrap().to_owned()
    }

    fn is_validation(&self) -> bool {
        self.json()["type"] == VALIDATION
    }

    fn sequence(&self) -> u64 {
        let json = self.json();
        json["subscriptionsequence"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    fn verified_with(&self, secret: &str) -> bool {
        let verifier = standardwebhooks::Webhook::new(secret).unwrap();
        verifier.verify(&self.body, &self.headers).is_ok()
    }
}

type Script = Arc<dyn Fn(Posted) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// A receiver that answers by a script and keeps what it was sent.
struct Receiver {
    address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    async fn new(
        script: impl Fn(Posted) -> Response<Body> + Send + Sync + Clone + 'static,
    ) -> Self {
        let script: Script = Arc::new(move |posted| {
            let script = script.clone();
            Box::pin(async move { script(posted) })
        });
        Self::at("127.0.0.1:0", script).await
    }

    async fn at(address: &str, script: Script) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let posted = Arc::new(Mutex::new(Vec::new()));
        let router = Router::new()
            .fallback(take)
            .with_state((script, Arc::clone(&posted)));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            address,
            posted,
            serving,
        }
    }

    fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State((script, all)): State<(Script, Arc<Mutex<Vec<Posted>>>)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let posted = Posted { headers, body };
    all.lock().unwrap().push(posted.clone());
    script(posted).await
}

fn answer(status: u16, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// An endpoint as it should be: consents, and takes everything else.
fn good(posted: &Posted) -> Response<Body> {
    match posted.json()["data"]["challenge"].as_str() {
        Some(challenge) => answer(200, format!("{{\"challenge\":\"{challenge}\"}}")),
        None => answer(204, Body::empty()),
    }
}

pub(super) fn config() -> Config {
    Config {
        reach: Reach::Private,
        transport: Transport::Http,
        key: Some(vec![7; 32]),
    }
}

fn webhooks() -> Webhooks {
    Webhooks::new(config()).unwrap()
}

/// Pauses of a few milliseconds instead of hours.
fn hasty() -> Webhooks {
    Webhooks {
        schedule: Schedule {
            pauses: vec![Duration::from_millis(20)],
            give_up: Duration::from_secs(3_600),
        },
        ..webhooks()
    }
}

pub(super) fn target(url: &str) -> Target {
    Target {
        name: "bhxh".to_owned(),
        incarnation: 3,
        webhook: Webhook {
            url: url.to_owned(),
            timeout_s: 5,
            ..Webhook::default()
        },
        generation: 1,
        old_until_ms: 0,
    }
}

pub(super) fn handed(sequence: u64, attempt: u32) -> Handed {
    let case = format!("H56.15.03-261008-{sequence:04}");
    let header = event::Header {
        id: format!("e-{sequence}"),
        source: "urn:lienthong:vn:H56:onestop".to_owned(),
        dossier_code: case.clone(),
        occurred_time: Some(from_millis(1_791_428_400_500)),
        ..event::Header::default()
    };
    let delivery = Delivery {
        event: Some(event::Event {
            header: Some(header),
            recorded_time: Some(from_millis(1_791_428_402_000)),
            payload: Some(Payload::PaymentRequested(event::PaymentRequested::default())),
            ..event::Event::default()
        }),
        r#type: "vn.lienthong.dossier.payment_requested.v1".to_owned(),
        position: Some(event::Position::default()),
        partition_key: case.clone(),
        ..Delivery::default()
    };
    Handed {
        sequence,
        attempt,
        day: Arc::from("2026-11-22"),
        event: Ready {
            position: Position {
                partition: 0,
                offset: sequence,
            },
            recorded_ms: 1_791_428_402_000,
            case: Arc::from(case),
            source: Arc::from("urn:lienthong:vn:H56:onestop"),
            id: Arc::from(format!("e-{sequence}")),
            delivery: Bytes::from(delivery.encode_to_vec()),
            facets: None,
        },
    }
}

/// The subscription's side of a seat.
struct Desk {
    told: mpsc::Sender<Told>,
    answers: mpsc::Receiver<Vec<Answer>>,
    running: JoinHandle<End>,
}

impl Desk {
    fn of(webhooks: Webhooks, target: Target) -> Self {
        let (told, to_seat) = mpsc::channel(8);
        let (from_seat, answers) = mpsc::channel(8);
        let seat = Seat {
            told: to_seat,
            answers: from_seat,
        };
        let running = tokio::spawn(async move { webhooks.run(target, seat).await });
        Self {
            told,
            answers,
            running,
        }
    }

    async fn hand(&self, sequences: impl IntoIterator<Item = u64>) {
        let events = sequences.into_iter().map(|sequence| handed(sequence, 1));
        self.told
            .send(Told::Handed(events.collect()))
            .await
            .unwrap();
    }

    /// The outcomes of so many events, by their numbers.
    async fn outcomes(&mut self, count: usize) -> BTreeMap<u64, Outcome> {
        let mut outcomes = BTreeMap::new();
        while outcomes.len() < count {
            for answer in self.answers.recv().await.unwrap() {
                outcomes.insert(answer.sequence, answer.outcome);
            }
        }
        outcomes
    }

    /// Hands out what is returned, as a subscription does, until so many are done; how many
    /// failures were counted.
    async fn until_done(&mut self, count: usize) -> usize {
        let (mut done, mut failed) = (BTreeSet::new(), 0);
        while done.len() < count {
            for answer in self.answers.recv().await.unwrap() {
                let pause = match answer.outcome {
                    Outcome::Done => {
                        done.insert(answer.sequence);
                        continue;
                    }
                    Outcome::Failed { .. } => {
                        failed += 1;
                        Duration::from_millis(5)
                    }
                    Outcome::Returned { retry_after } => retry_after,
                };
                let told = self.told.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    let again = handed(answer.sequence, answer.attempt + 1);
                    let _ = told.send(Told::Handed(vec![again])).await;
                });
            }
        }
        failed
    }
}

/// An address where nobody listens.
async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn events_are_posted_as_signed_cloud_events_and_any_2xx_acknowledges() {
    let receiver = Receiver::new(|posted| match posted.sequence() % 3 {
        0 => answer(200, "thanks"),
        1 => answer(202, Body::empty()),
        _ => answer(299, "x".repeat(1_000_000)),
    })
    .await;
    let secret = webhooks().secret(&target("")).unwrap();
    let mut desk = Desk::of(webhooks(), target(&receiver.url()));
    desk.hand(1..=9).await;
    let outcomes = desk.outcomes(9).await;
    assert!(outcomes.values().all(|outcome| *outcome == Outcome::Done));
    let posted = receiver.posted();
    assert_eq!(posted.len(), 9);
    for posted in posted {
        assert!(posted.verified_with(&secret));
        assert_eq!(
            posted.header("content-type"),
            "application/cloudevents+json; charset=UTF-8"
        );
        let json = posted.json();
        let sequence = posted.sequence();
        assert_eq!(json["specversion"], "1.0");
        assert_eq!(json["id"], format!("e-{sequence}"));
        assert_eq!(json["type"], "vn.lienthong.dossier.payment_requested.v1");
        assert_eq!(json["attempt"], 1);
        let timestamp: i64 = posted.header("webhook-timestamp").parse().unwrap();
        assert!((timestamp * 1_000..=now_millis()).contains(&(timestamp * 1_000)));
    }
    drop(desk.told);
    assert_eq!(desk.running.await.unwrap(), End::Left);
}

#[tokio::test]
async fn a_body_or_secret_that_was_changed_is_not_verified() {
    let receiver = Receiver::new(|posted| good(&posted)).await;
    let target = target(&receiver.url());
    webhooks().validate(&target).await.unwrap();
    let posted = receiver.posted().remove(0);
    let secret = webhooks().secret(&target).unwrap();
    assert!(posted.verified_with(&secret));
    let forged = Posted {
        body: Bytes::from(posted.json().to_string().replace("bhxh", "bhyt")),
        ..posted.clone()
    };
    assert!(!forged.verified_with(&secret));
    let other = Target {
        incarnation: 4,
        ..target
    };
    assert!(!posted.verified_with(&webhooks().secret(&other).unwrap()));
}

#[tokio::test]
async fn after_a_rotation_both_secrets_verify_until_the_old_ones_time_is_over() {
    let receiver = Receiver::new(|posted| good(&posted)).await;
    let old = target(&receiver.url());
    let rotated = |old_until_ms| Target {
        generation: 2,
        old_until_ms,
        ..old.clone()
    };
    let overlapping = rotated(now_millis() + 3_600_000);
    let secrets = [&old, &overlapping].map(|target| webhooks().secret(target).unwrap());
    assert_ne!(secrets[0], secrets[1]);
    webhooks().validate(&overlapping).await.unwrap();
    webhooks()
        .validate(&rotated(now_millis() - 1))
        .await
        .unwrap();
    let posted = receiver.posted();
    let verified = posted
        .iter()
        .map(|posted| [0, 1].map(|of| posted.verified_with(&secrets[of])));
    assert_eq!(verified.collect::<Vec<_>>(), [[true, true], [false, true]]);
}

#[tokio::test]
async fn an_event_keeps_its_id_over_attempts_and_no_other_has_it() {
    let receiver = Receiver::new(|posted| good(&posted)).await;
    let mut desk = Desk::of(webhooks(), target(&receiver.url()));
    desk.hand([1, 2]).await;
    desk.outcomes(2).await;
    let again = Told::Handed(vec![handed(1, 2)]);
    desk.told.send(again).await.unwrap();
    desk.outcomes(1).await;
    let mut ids: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for posted in receiver.posted() {
        let of = ids.entry(posted.sequence()).or_default();
        of.insert(posted.header("webhook-id"));
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    assert_ne!(ids[&1], ids[&2]);
}

#[tokio::test]
async fn an_endpoint_consents_only_by_giving_the_challenge_back() {
    type Answering = fn(Posted) -> Response<Body>;
    let plain: Answering = |posted| {
        let challenge = posted.json()["data"]["challenge"].clone();
        answer(201, challenge.as_str().unwrap().to_owned())
    };
    for consents in [|posted: Posted| good(&posted), plain] {
        let receiver = Receiver::new(consents).await;
        let validated = webhooks().validate(&target(&receiver.url())).await;
        assert_eq!(validated, Ok(()));
        assert!(receiver.posted()[0].is_validation());
    }
    let refusing: [(Answering, &str); 8] = [
        (|_| answer(204, Body::empty()), "challenge"),
        (|posted| answer(200, posted.body), "challenge"),
        (|_| answer(200, "secret words"), "challenge"),
        (|_| answer(200, vec![b' '; 65 * 1024]), "64 KiB"),
        (|_| answer(401, "secret words"), "HTTP 401"),
        (|_| answer(410, Body::empty()), "HTTP 410"),
        (|_| answer(429, Body::empty()), "wait"),
        (|_| answer(500, "secret words"), "HTTP 500"),
    ];
    for (refuses, words) in refusing {
        let receiver = Receiver::new(refuses).await;
        let refused = webhooks().validate(&target(&receiver.url())).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.reason, Reason::WebhookRefused);
        assert!(refused.message.contains(words), "{}", refused.message);
        assert!(!refused.message.contains("secret"), "{}", refused.message);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_said_so() {
    let elsewhere = Receiver::new(|posted| good(&posted)).await;
    let location = elsewhere.url();
    let receiver = Receiver::new(move |_| {
        let mut response = answer(307, Body::empty());
        let headers = response.headers_mut();
        headers.insert("location", location.parse().unwrap());
        response
    })
    .await;
    let refused = webhooks().validate(&target(&receiver.url())).await;
    let message = refused.unwrap_err().message;
    assert!(
        message.contains("HTTP 307") && message.contains("redirects"),
        "{message}"
    );
    assert!(elsewhere.posted().is_empty());
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_reached_or_does_not_answer_is_refused_in_words() {
    let silent = Receiver::at(
        "127.0.0.1:0",
        Arc::new(|_| Box::pin(std::future::pending())),
    )
    .await;
    let closing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = closing.local_addr().unwrap();
    let closer = tokio::spawn(async move {
        while let Ok((stream, _)) = closing.accept().await {
            drop(stream);
        }
    });
    let cases = [
        (
            format!("http://{}/", nobody().await),
            "no connection: connection refused",
        ),
        ("http://no-such-host.invalid/".to_owned(), "no address"),
        (silent.url(), "no answer within 1 s"),
        (format!("http://{closed}/"), "without an answer"),
        ("http://169.254.169.254/".to_owned(), "not allowed"),
        (format!("https://{closed}/"), "no connection"),
    ];
    for (url, words) in cases {
        let mut target = target(&url);
        target.webhook.timeout_s = 1;
        let refused = webhooks().validate(&target).await.unwrap_err();
        assert!(
            refused.message.contains(words),
            "{url}: {}",
            refused.message
        );
    }
    closer.abort();
}

#[tokio::test]
async fn a_name_is_judged_by_the_address_it_has_when_it_is_connected_to() {
    let receiver = Receiver::new(|posted| good(&posted)).await;
    let url = format!("http://localhost:{}/", receiver.address.port());
    // As if the name had had a public address when it was checked.
    let endpoint = request::endpoint(&config(), target(&url));
    let courier = Courier::new(Reach::Public, Vec::new()).unwrap();
    let refused = validation::ask(&courier, &endpoint).await.unwrap_err();
    assert!(refused.contains("loopback"), "{refused}");
    assert!(receiver.posted().is_empty());
    let courier = Courier::new(Reach::Private, Vec::new()).unwrap();
    assert_eq!(validation::ask(&courier, &endpoint).await, Ok(()));
}

#[tokio::test]
async fn an_event_that_fails_alone_is_counted_and_does_not_stop_the_others() {
    for (status, words) in [(500, "HTTP 500"), (400, "HTTP 400"), (303, "redirects")] {
        let receiver = Receiver::new(move |posted| {
            let poison = !posted.is_validation() && posted.sequence() == 3;
            if poison {
                answer(status, "x")
            } else {
                good(&posted)
            }
        })
        .await;
        let mut desk = Desk::of(webhooks(), target(&receiver.url()));
        desk.hand(1..=20).await;
        for (sequence, outcome) in desk.outcomes(20).await {
            match outcome {
                Outcome::Done => assert_ne!(sequence, 3),
                Outcome::Failed {
                    retry_after,
                    reason,
                } => {
                    assert_eq!((sequence, retry_after), (3, None));
                    assert!(reason.contains(words), "{reason}");
                }
                Outcome::Returned { .. } => panic!("{sequence} was returned"),
            }
        }
    }
}

#[tokio::test]
async fn the_only_event_there_is_is_counted_if_the_endpoint_says_that_it_works() {
    let receiver = Receiver::new(|posted| match posted.is_validation() {
        true => good(&posted),
        false => answer(500, "x"),
    })
    .await;
    let mut desk = Desk::of(webhooks(), target(&receiver.url()));
    desk.hand([1]).await;
    let outcome = desk.outcomes(1).await.remove(&1);
    assert!(
        matches!(outcome, Some(Outcome::Failed { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_event_whose_connection_breaks_off_or_that_is_never_answered_is_counted_alone() {
    let script: Script = Arc::new(|posted: Posted| {
        Box::pin(async move {
            if !posted.is_validation() && posted.sequence() == 2 {
                std::future::pending::<()>().await;
            }
            good(&posted)
        })
    });
    let receiver = Receiver::at("127.0.0.1:0", script).await;
    let mut target = target(&receiver.url());
    target.webhook.timeout_s = 1;
    let mut desk = Desk::of(webhooks(), target);
    desk.hand(1..=4).await;
    let outcomes = desk.outcomes(4).await;
    let Outcome::Failed { reason, .. } = &outcomes[&2] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(reason, "no answer within 1 s");
    let done = outcomes
        .values()
        .filter(|outcome| **outcome == Outcome::Done);
    assert_eq!(done.count(), 3);
}

#[tokio::test]
async fn while_everything_fails_no_event_is_counted_and_all_come_through_when_it_works_again() {
    let broken = Arc::new(AtomicUsize::new(40));
    let left = Arc::clone(&broken);
    let receiver = Receiver::new(move |posted| {
        let fails = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
            left.checked_sub(1)
        });
        if fails.is_ok() {
            answer(502, "x")
        } else {
            good(&posted)
        }
    })
    .await;
    let mut desk = Desk::of(hasty(), target(&receiver.url()));
    desk.hand(1..=30).await;
    assert_eq!(desk.until_done(30).await, 0);
    assert_eq!(broken.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_endpoint_that_is_started_later_misses_nothing_and_counts_nothing() {
    let address = nobody().await;
    let mut desk = Desk::of(hasty(), target(&format!("http://{address}/")));
    desk.hand(1..=10).await;
    let first = desk.outcomes(10).await;
    let returned = |outcome: &Outcome| matches!(outcome, Outcome::Returned { .. });
    assert!(first.values().all(returned), "{first:?}");
    let receiver = Receiver::at(
        &address.to_string(),
        Arc::new(|posted: Posted| Box::pin(async move { good(&posted) })),
    )
    .await;
    desk.hand(1..=10).await;
    assert_eq!(desk.until_done(10).await, 0);
    assert!(receiver.posted().len() >= 10);
}

#[tokio::test]
async fn while_it_is_down_an_endpoint_gets_one_request_at_a_time() {
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counting, highest) = (Arc::clone(&at_once), Arc::clone(&most));
    let script: Script = Arc::new(move |_| {
        let (counting, highest) = (Arc::clone(&counting), Arc::clone(&highest));
        Box::pin(async move {
            let now = counting.fetch_add(1, Ordering::SeqCst) + 1;
            highest.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            counting.fetch_sub(1, Ordering::SeqCst);
            answer(500, "x")
        })
    });
    let receiver = Receiver::at("127.0.0.1:0", script).await;
    let mut desk = Desk::of(hasty(), target(&receiver.url()));
    // It is known to be down once five events failed.
    desk.hand(1..=16).await;
    desk.outcomes(16).await;
    // The first failure made it ask whether the endpoint works.
    let asked = || receiver.posted().iter().any(Posted::is_validation);
    while !asked() || at_once.load(Ordering::SeqCst) > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    most.store(0, Ordering::SeqCst);
    let before = receiver.posted().len();
    while receiver.posted().len() < before + 10 {
        desk.hand(1..=16).await;
        desk.outcomes(16).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(most.load(Ordering::SeqCst), 1);
    let tried: BTreeSet<u64> = receiver.posted()[before..]
        .iter()
        .map(Posted::sequence)
        .collect();
    assert!(tried.len() > 1, "always the same event is tried");
}

#[tokio::test]
async fn an_endpoint_that_fails_for_too_long_is_disabled_in_words() {
    let webhooks = Webhooks {
        schedule: Schedule {
            pauses: vec![Duration::from_millis(5)],
            give_up: Duration::from_millis(50),
        },
        ..webhooks()
    };
    let mut desk = Desk::of(webhooks, target(&format!("http://{}/", nobody().await)));
    desk.hand([1, 2]).await;
    while let Some(answers) = desk.answers.recv().await {
        for answer in answers {
            let Outcome::Returned { retry_after } = answer.outcome else {
                panic!("{answer:?}")
            };
            tokio::time::sleep(retry_after).await;
            let again = Told::Handed(vec![handed(answer.sequence, answer.attempt + 1)]);
            // The last one may come after the end.
            let _ = desk.told.send(again).await;
        }
    }
    let End::Disabled(why) = desk.running.await.unwrap() else {
        panic!("it left")
    };
    assert!(
        why.contains("nothing came through") && why.contains("refused"),
        "{why}"
    );
}

#[tokio::test]
async fn http_410_disables_at_once() {
    let receiver = Receiver::new(|_| answer(410, "x")).await;
    let desk = Desk::of(webhooks(), target(&receiver.url()));
    desk.hand([1]).await;
    let End::Disabled(why) = desk.running.await.unwrap() else {
        panic!("it left")
    };
    assert!(why.contains("410"), "{why}");
}

#[tokio::test]
async fn an_endpoint_that_asks_to_wait_is_left_alone_for_so_long_and_nothing_is_counted() {
    for (status, told, seconds) in [(429, "7", 7), (503, "40", 40), (429, "9999999", 86_400)] {
        let receiver = Receiver::new(move |_| {
            let mut response = answer(status, "x");
            let headers = response.headers_mut();
            headers.insert("retry-after", told.parse().unwrap());
            response
        })
        .await;
        let mut desk = Desk::of(webhooks(), target(&receiver.url()));
        desk.hand([1]).await;
        let outcome = desk.outcomes(1).await.remove(&1).unwrap();
        let retry_after = Duration::from_secs(seconds);
        assert_eq!(outcome, Outcome::Returned { retry_after });
        desk.hand([2]).await;
        let outcome = desk.outcomes(1).await.remove(&2).unwrap();
        assert!(matches!(outcome, Outcome::Returned { retry_after: left } if left <= retry_after));
        assert_eq!(receiver.posted().len(), 1, "nothing is sent meanwhile");
    }
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way_and_as_many_as_allowed_are() {
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counting, highest) = (Arc::clone(&at_once), Arc::clone(&most));
    let full = Arc::new(Notify::new());
    let script: Script = Arc::new(move |_| {
        let (counting, highest) = (Arc::clone(&counting), Arc::clone(&highest));
        let full = Arc::clone(&full);
        Box::pin(async move {
            let now = counting.fetch_add(1, Ordering::SeqCst) + 1;
            let before = highest.fetch_max(now, Ordering::SeqCst);
            // The first three wait for each other, which they could not if fewer were allowed.
            match (now, before) {
                (3, _) => full.notify_waiters(),
                (_, 3..) => {}
                _ => full.notified().await,
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            counting.fetch_sub(1, Ordering::SeqCst);
            answer(204, Body::empty())
        })
    });
    let receiver = Receiver::at("127.0.0.1:0", script).await;
    let mut target = target(&receiver.url());
    target.webhook.max_concurrent = 3;
    let mut desk = Desk::of(webhooks(), target);
    desk.hand(1..=30).await;
    let outcomes = desk.outcomes(30).await;
    assert!(outcomes.values().all(|outcome| *outcome == Outcome::Done));
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn withdrawn_events_are_not_posted_and_a_seat_that_ends_stops_posting() {
    let (release, entered) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (open, inside) = (Arc::clone(&release), Arc::clone(&entered));
    let script: Script = Arc::new(move |posted: Posted| {
        let (open, inside) = (Arc::clone(&open), Arc::clone(&inside));
        Box::pin(async move {
            inside.notify_one();
            open.notified().await;
            good(&posted)
        })
    });
    let receiver = Receiver::at("127.0.0.1:0", script).await;
    let mut target = target(&receiver.url());
    target.webhook.max_concurrent = 2;
    let mut desk = Desk::of(webhooks(), target);
    desk.hand([1]).await;
    entered.notified().await;
    desk.hand([2]).await;
    entered.notified().await;
    desk.hand([3]).await;
    desk.told.send(Told::Withdrawn(3, 3)).await.unwrap();
    desk.told.send(Told::Ended(Ended::Draining)).await.unwrap();
    release.notify_one();
    release.notify_one();
    let outcomes = desk.outcomes(2).await;
    assert_eq!(outcomes.into_keys().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(desk.running.await.unwrap(), End::Left);
    assert_eq!(receiver.posted().len(), 2);
}

#[tokio::test]
async fn a_seat_that_moved_or_is_gone_is_left_at_once() {
    for ended in [Ended::Moved, Ended::Gone] {
        let silent: Script = Arc::new(|_| Box::pin(std::future::pending()));
        let receiver = Receiver::at("127.0.0.1:0", silent).await;
        let mut desk = Desk::of(webhooks(), target(&receiver.url()));
        desk.hand([1]).await;
        desk.told.send(Told::Ended(ended)).await.unwrap();
        assert_eq!(desk.running.await.unwrap(), End::Left);
        assert!(desk.answers.recv().await.is_none());
    }
}

#[tokio::test]
async fn without_a_key_nothing_is_sent_and_the_setting_is_named() {
    let receiver = Receiver::new(|posted| good(&posted)).await;
    let keyless = || {
        let config = Config {
            key: None,
            ..config()
        };
        Webhooks::new(config).unwrap()
    };
    let target = target(&receiver.url());
    let refusals = [
        keyless().secret(&target).unwrap_err(),
        keyless().validate(&target).await.unwrap_err(),
    ];
    for refusal in refusals {
        assert_eq!(refusal.reason, Reason::WebhookRefused);
        assert!(refusal.message.contains("gateway.webhooks.key"));
        assert!(refusal.message.contains("gateway.webhooks.key_file"));
    }
    let mut desk = Desk::of(keyless(), target);
    desk.hand([1]).await;
    let outcome = desk.outcomes(1).await.remove(&1);
    assert!(matches!(outcome, Some(Outcome::Returned { .. })));
    assert!(receiver.posted().is_empty());
}

/// Serves the validation event over TLS with a certificate for `localhost`; its authority as PEM.
async fn over_tls() -> (SocketAddr, String, JoinHandle<()>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let encoded = BASE64_STANDARD.encode(made.cert.der());
    let authority = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                give_challenge_back(stream).await;
            }
        }
    });
    (address, authority, serving)
}

/// Reads one request and answers it with its challenge.
async fn give_challenge_back(mut stream: tokio_rustls::server::TlsStream<tokio::net::TcpStream>) {
    let mut read = Vec::new();
    let challenge = loop {
        assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        let text = String::from_utf8(read.clone()).unwrap();
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        if let Ok(json) = serde_json::from_str::<Value>(body) {
            break json["data"]["challenge"].as_str().unwrap().to_owned();
        }
    };
    let length = challenge.len();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{challenge}");
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

#[tokio::test]
async fn https_needs_a_certificate_of_a_trusted_authority_for_the_very_host() {
    let (address, authority, serving) = over_tls().await;
    let url = |host: &str| format!("https://{host}:{}/hook", address.port());
    let trusting = Webhooks::with_authorities(config(), authority.as_bytes()).unwrap();
    let validated = trusting.validate(&target(&url("localhost"))).await;
    assert_eq!(validated, Ok(()));
    let wrong_host = trusting.validate(&target(&url("127.0.0.1"))).await;
    let not_trusted = webhooks().validate(&target(&url("localhost"))).await;
    for refused in [wrong_host, not_trusted] {
        let message = refused.unwrap_err().message;
        assert!(
            message.contains("TLS") || message.contains("root"),
            "{message}"
        );
    }
    serving.abort();
}

#[test]
fn authorities_that_are_no_certificates_are_refused() {
    let pem = "-----BEGIN CERTIFICATE-----\nno base64!\n-----END CERTIFICATE-----\n";
    let refused = Webhooks::with_authorities(config(), pem.as_bytes());
    assert!(matches!(refused, Err(Error::Authority(_))));
}

#[test]
fn a_short_key_is_refused_and_a_key_is_never_shown() {
    let short = Config {
        key: Some(vec![1; 31]),
        ..Config::default()
    };
    assert!(matches!(Webhooks::new(short), Err(Error::ShortKey(31))));
    let shown = format!("{:?}", Webhooks::new(config()).unwrap());
    assert!(!shown.contains("7, 7"), "{shown}");
}

#[test]
fn an_answer_comes_before_a_subscription_takes_the_event_for_lost() {
    use crate::durable::engine::Limits;
    use lienthong_contract::pb::subscription::v1::Subscription;
    for (timeout_s, max_per_second) in [(0, 0), (1, 0), (60, 0), (60, 1), (15, 10_000)] {
        let webhook = Webhook {
            timeout_s,
            max_per_second,
            ..Webhook::default()
        };
        let longest = endpoint::Limits::of(&webhook).longest_answer();
        let subscription = Subscription {
            webhook: Some(webhook),
            ..Subscription::default()
        };
        let lost = Limits::of(&subscription).ack_timeout_ms;
        assert!(longest.as_millis() < lost.unsigned_abs().into());
    }
}
