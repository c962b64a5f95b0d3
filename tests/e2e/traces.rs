//! One event followed from a ministry's call through the log to each view and each subscriber, by
//! the spans that a collector receives.

use crate::packets::{dossier, envelope};
use crate::telemetry::calls::{Caller, caller, report};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use lienthong_contract::pb::operations::v1::ResubmitRejectedRequest;
use lienthong_contract::pb::subscription::v1::subscriptions_client::SubscriptionsClient;
use lienthong_contract::pb::subscription::v1::{
    CreateSubscriptionRequest, End, Start, SubscribeRequest, Subscription, Webhook, start as place,
    subscribe_response::Message,
};
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::otlp::{Receiver, Traced};
use lienthong_tests::{http, wire};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(30);
const GROUP: &str = "messaging.consumer.group.name";
const VIEWS: [&str; 3] = ["case", "horizontal", "vertical"];

/// A hub that exports to a receiver and traces what its callers trace.
async fn traced_hub() -> (Receiver, Instance) {
    let receiver = Receiver::start().await.unwrap();
    let hub = Instance::start_with(&[
        ("LIENTHONG_TELEMETRY__OTLP_ENDPOINT", &receiver.endpoint()),
        ("LIENTHONG_TELEMETRY__TRACE_RATIO", "0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_PRIVATE", "true"),
        ("LIENTHONG_GATEWAY__WEBHOOKS__ALLOW_HTTP", "true"),
    ]);
    (receiver, hub.unwrap())
}

fn fact(id: &str, code: &str) -> Fact {
    Fact::new(System::Onestop, id, code, 0, step("step"))
}

/// The producer's span of a caller's trace, once it is there.
async fn sent(receiver: &Receiver, caller: &Caller) -> Traced {
    let is_sent =
        |span: &Traced| span.trace_id == caller.trace_id && span.kind == SpanKind::Producer;
    let arrived = |receiver: &Receiver| receiver.spans().iter().any(is_sent);
    assert!(
        receiver.waits_for(PATIENCE, arrived).await,
        "nothing was sent: {:#?}",
        receiver.spans()
    );
    let spans = receiver.spans();
    spans.into_iter().find(is_sent).unwrap()
}

/// The spans that are linked to one.
fn linked(receiver: &Receiver, sent: &Traced) -> Vec<Traced> {
    let spans = receiver.spans().into_iter();
    spans
        .filter(|span| span.links.contains(&sent.context()))
        .collect()
}

fn groups(spans: &[Traced], name: &str) -> BTreeSet<String> {
    let named = spans.iter().filter(|span| span.name == name);
    named
        .filter_map(|span| span.attributes.get(GROUP).cloned())
        .collect()
}

fn of_views() -> BTreeSet<String> {
    VIEWS
        .map(|view| format!("lienthong.projector.{view}"))
        .into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_event_is_followed_from_the_call_to_each_view_and_subscriber() {
    let (receiver, hub) = traced_hub().await;
    let (url, mut posted) = endpoint().await;
    let gateway = format!("http://{}", hub.hub.addresses.gateway);
    let mut client = SubscriptionsClient::connect(gateway).await.unwrap();
    let end = Start {
        place: Some(place::Place::End(End {})),
    };
    let request = CreateSubscriptionRequest {
        subscription: Some(Subscription {
            name: "hook".to_owned(),
            webhook: Some(Webhook {
                url,
                ..Webhook::default()
            }),
            ..Subscription::default()
        }),
        start: Some(end.clone()),
    };
    client.create_subscription(request).await.unwrap();
    let request = SubscribeRequest {
        start: Some(end),
        ..SubscribeRequest::default()
    };
    let mut stream = client.subscribe(request).await.unwrap().into_inner();
    loop {
        let told = stream.message().await.unwrap().unwrap();
        if matches!(told.message, Some(Message::CaughtUp(_))) {
            break;
        }
    }

    let channel = hub.adapters().await.unwrap();
    let calling = caller(7, true);
    report(&channel, &[fact("e-1", "H56.15.03-261122-0001")], &calling)
        .await
        .unwrap();
    let sent = sent(&receiver, &calling).await;
    assert_eq!(sent.name, "send log");
    let header = posted.recv().await.unwrap();
    let subscribers = |spans: &[Traced]| {
        let handed = spans.iter().filter(|span| {
            span.name == "process log"
                && span
                    .attributes
                    .get(GROUP)
                    .is_some_and(|group| group == "lienthong.gateway")
        });
        let name = |span: &Traced| span.attributes.get("lienthong.subscription").cloned();
        handed.map(name).collect::<BTreeSet<_>>()
    };
    let everybody: BTreeSet<_> = [None, Some("hook".to_owned())].into();
    let is_whole = |receiver: &Receiver| {
        let spans = linked(receiver, &sent);
        groups(&spans, "process log").is_superset(&of_views())
            && groups(&spans, "poll log").is_superset(&of_views())
            && groups(&spans, "poll log").contains("lienthong.gateway")
            && subscribers(&spans) == everybody
            && spans.iter().any(|span| span.name == "POST")
    };
    assert!(
        receiver.waits_for(PATIENCE, is_whole).await,
        "linked to {sent:#?} are {:#?}",
        linked(&receiver, &sent)
    );
    let spans = linked(&receiver, &sent);
    let request = spans.iter().find(|span| span.name == "POST").unwrap();
    let (trace, span) = request.context();
    assert_eq!(header, Some(format!("00-{trace}-{span}-01")));
    assert!(spans.iter().all(|span| span.trace_id != calling.trace_id));

    let metrics = http::get(&hub.hub.addresses.metrics, "/metrics");
    let metrics = metrics.await.unwrap().body;
    let source = fact("e-1", "c").event.header.unwrap().source;
    for (owner, stage) in [(&*source, "source"), ("hub", "adapter"), ("hub", "log")] {
        let line = format!(
            r#"lienthong_stage_duration_seconds_count{{owner="{owner}",stage="{stage}"}} 1"#
        );
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
    hub.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_packet_and_a_resubmitted_message_are_followed_like_any_other() {
    let (receiver, hub) = traced_hub().await;
    let packet = envelope("DongBoHoSoMC", json!([dossier("H56.15.03-261122-0002")]));
    let calling = caller(8, true);
    post_packet(&hub, &packet, &calling).await;
    let of_packet = sent(&receiver, &calling).await;
    let spans = receiver.spans();
    let request = spans
        .iter()
        .find(|span| span.span_id == of_packet.parent)
        .unwrap_or_else(|| panic!("its request has no span: {spans:#?}"));
    assert_eq!(request.name, "POST /qcvn120/{service}");
    assert_eq!(request.parent, calling.span_id);
    assert_eq!(request.attributes["http.response.status_code"], "200");

    let channel = hub.adapters().await.unwrap();
    let bad = fact("e-2", "H56.15.03-261122-0003").status("DVCQG_TEXT", "posting");
    wire::report(&channel, &[bad]).await.unwrap_err();
    let good = fact("e-2", "H56.15.03-261122-0003");
    let again = caller(9, true);
    let mut request = tonic::Request::new(ResubmitRejectedRequest {
        number: 1,
        corrected_content: wire::encode(&good),
    });
    let context = traceparent(&again).parse().unwrap();
    request.metadata_mut().insert("traceparent", context);
    let mut rejected = hub.rejected().await.unwrap();
    rejected.resubmit_rejected(request).await.unwrap();
    let of_message = sent(&receiver, &again).await;
    for sent in [&of_packet, &of_message] {
        let is_read = |receiver: &Receiver| {
            groups(&linked(receiver, sent), "process log").is_superset(&of_views())
        };
        assert!(receiver.waits_for(PATIENCE, is_read).await, "{sent:#?}");
    }
    hub.stop().unwrap();
}

fn traceparent(caller: &Caller) -> String {
    format!("00-{}-{}-01", caller.trace_id, caller.span_id)
}

async fn post_packet(hub: &Instance, packet: &Value, caller: &Caller) {
    let body = packet.to_string();
    let request = format!(
        "POST /qcvn120 HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nContent-Type: application/json\r\ntraceparent: {}\r\nContent-Length: {}\r\n\r\n{body}",
        traceparent(caller),
        body.len()
    );
    let mut socket = TcpStream::connect(&hub.hub.addresses.adapters_http)
        .await
        .unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// An endpoint of a webhook that takes everything; the `traceparent` of each event it takes.
async fn endpoint() -> (String, mpsc::Receiver<Option<String>>) {
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
    tells: mpsc::Sender<Option<String>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let header = request.headers().get("traceparent");
    let header = header.map(|value| value.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let event: Value = serde_json::from_slice(&body).unwrap();
    let challenge = event["data"]["challenge"].clone();
    if challenge.is_null() {
        tells.send(header).await.unwrap();
    }
    let answer = json!({ "challenge": challenge }).to_string();
    Ok(Response::new(Full::new(Bytes::from(answer))))
}
