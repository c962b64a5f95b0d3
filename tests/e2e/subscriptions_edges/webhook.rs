//! A webhook tells of an event what everybody else is told.

use super::*;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use lienthong_contract::pb::subscription::v1::Webhook;
use lienthong_tests::http;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use tokio::net::TcpListener;

/// Events of the run: one case.
const EVENTS: usize = 5;
/// What only a durable subscription tells.
const OF_THE_SUBSCRIPTION: [&str; 3] = ["subscriptionsequence", "attempt", "manifestday"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_tells_what_events_over_http_tell_and_its_own_numbers_besides() {
    let hub = Instance::start_with(&[
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_PRIVATE", "true"),
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_HTTP", "true"),
    ])
    .unwrap();
    let facts: Vec<_> = (0..EVENTS as u64).map(|n| sample::fact("run", n)).collect();
    hub.tell(&facts).await.unwrap();
    let (url, mut posted) = endpoint().await;
    let request = CreateSubscriptionRequest {
        subscription: Some(Subscription {
            name: "hook".to_owned(),
            webhook: Some(Webhook {
                url,
                ..Webhook::default()
            }),
            ..Subscription::default()
        }),
        start: Some(beginning()),
    };
    let mut client = client(&hub).await;
    client.create_subscription(request).await.unwrap();
    let mut bodies = BTreeMap::new();
    while bodies.len() < EVENTS {
        let mut body = posted.recv().await.unwrap();
        let event = body.as_object_mut().unwrap();
        for name in OF_THE_SUBSCRIPTION {
            assert!(event.remove(name).is_some(), "{name} is told: {event:?}");
        }
        bodies.insert(event["id"].as_str().unwrap().to_owned(), body);
    }

    let path = "/v1/events?from=beginning&until_caught_up=true";
    let streamed = http::get(&hub.hub.addresses.gateway_http, path).await;
    let streamed = streamed.unwrap().body;
    let data = streamed
        .lines()
        .filter_map(|line| line.strip_prefix("data:"));
    let data = data.map(|data| serde_json::from_str::<Value>(data.trim()).unwrap());
    let events = data.filter(|data| data.get("specversion").is_some());
    let streamed: BTreeMap<String, Value> = events
        .map(|event| (event["id"].as_str().unwrap().to_owned(), event))
        .collect();
    assert_eq!(bodies, streamed);
    for event in bodies.values() {
        for name in ["level", "unit"] {
            assert!(event[name].is_string(), "reference data is told: {event:#}");
        }
    }
}

/// An endpoint that takes everything, and what it takes.
async fn endpoint() -> (String, mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (tells, told) = mpsc::channel(64);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let tells = tells.clone();
            let service = service_fn(move |request| answer(request, tells.clone()));
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service);
            tokio::spawn(connection);
        }
    });
    (url, told)
}

async fn answer(
    request: Request<Incoming>,
    tells: mpsc::Sender<Value>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let event: Value = serde_json::from_slice(&body).unwrap();
    let challenge = event["data"]["challenge"].clone();
    if challenge.is_null() {
        tells.send(event).await.unwrap();
    }
    let answer = json!({ "challenge": challenge }).to_string();
    Ok(Response::new(Full::new(Bytes::from(answer))))
}
