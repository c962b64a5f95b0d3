//! What the hub tells of itself: exported by OTLP to a receiver of the test's own, judged by tables
//! written down from the conventions; and what happens while nobody receives it.

pub mod calls;
mod conventions;

use crate::answers;
use calls::{caller, report, unknown_method};
use conventions::{is_by_the_conventions, metric, of_prometheus, span};
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, step};
use lienthong_tests::instance::Instance;
use lienthong_tests::otlp::{Receiver, Traced};
use lienthong_tests::{cli, http, wire};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const ENDPOINT: &str = "LIENTHONG_TELEMETRY__OTLP_ENDPOINT";
const EVERY: &str = "LIENTHONG_TELEMETRY__METRICS_EVERY_MS";
const RATIO: &str = "LIENTHONG_TELEMETRY__TRACE_RATIO";
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);
const REPORT: &str = "lienthong.onestop.v1.OnestopAdapterService/ReportEvents";

/// A code of a dossier that nothing but events may hold.
fn code(n: usize) -> String {
    format!("H56.15.03-261122-{n:04}")
}

fn facts(from: usize, count: usize) -> Vec<Fact> {
    let fact = |n| {
        Fact::new(
            System::Onestop,
            &format!("told-{n}"),
            &code(n),
            0,
            step("step"),
        )
    };
    (from..from + count).map(fact).collect()
}

fn accepted(receiver: &Receiver) -> f64 {
    let metrics = receiver.metrics();
    let metric = metrics.get("lienthong.ingest.accepted.events");
    metric.map_or(0.0, |metric| metric.points.values().sum())
}

fn named(receiver: &Receiver, name: &str) -> Vec<Traced> {
    let spans = receiver.spans().into_iter();
    spans.filter(|span| span.name == name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_metric_and_span_that_is_exported_is_by_the_conventions() {
    let receiver = Receiver::start().await.unwrap();
    let endpoint = receiver.endpoint();
    let hub = Instance::start_with(&[
        (ENDPOINT, &endpoint),
        (EVERY, "200"),
        (RATIO, "0"),
        ("LIENTHONG_PROBE__EVERY_MS", "500"),
        ("LIENTHONG_TELEMETRY__OWNERS__LOG", "brokers"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        ),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ])
    .unwrap();
    let channel = hub.adapters().await.unwrap();
    let sampled = caller(1, true);
    report(&channel, &facts(0, 1), &sampled).await.unwrap();
    report(&channel, &facts(1, 20), &caller(2, true))
        .await
        .unwrap();
    report(&channel, &facts(21, 5), &caller(3, false))
        .await
        .unwrap();
    let positions = hub.tell(&facts(26, 5)).await.unwrap();
    let unknown = facts(31, 1).remove(0).status("DVCQG_TEXT", "posting");
    let refused = wire::report(&channel, &[unknown]).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    let refused = unknown_method(&channel, &caller(4, true)).await;
    assert_eq!(refused.code(), tonic::Code::Unimplemented);
    answers::case(&hub, &code(0), &positions).await;
    consume(&hub, 31);

    assert!(
        receiver
            .waits_for(PATIENCE, |receiver| {
                accepted(receiver) >= 31.0
                    && !named(receiver, "_OTHER").is_empty()
                    && named(receiver, REPORT).len() >= 2
                    && conventions::missing(&receiver.metrics()).is_empty()
            })
            .await,
        "of metrics there are missing {:?}; spans: {:#?}",
        conventions::missing(&receiver.metrics()),
        receiver.spans()
    );
    let of_hub = &receiver.resources()[0];
    for (name, value) in [
        ("service.name", "lienthong"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "test"),
    ] {
        assert_eq!(of_hub.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(of_hub["service.instance.id"].len(), 36);
    assert_eq!(receiver.resources().len(), 1, "one process is one resource");

    let scraped = http::get(&hub.hub.addresses.metrics, "/metrics");
    let scraped = scraped.await.unwrap().body;
    let mut faults = Vec::new();
    for (name, told) in receiver.metrics() {
        faults.extend(metric(&name, &told));
        let line = of_prometheus(&name, &told);
        if !scraped.contains(&line) {
            faults.push(format!("/metrics has no line `{line}`"));
        }
    }
    for traced in receiver.spans() {
        faults.extend(span(&traced));
    }
    assert_eq!(faults, Vec::<String>::new());
    followed(&receiver, &sampled);
    for unsampled in [caller(3, false)] {
        let strangers = receiver.spans().into_iter();
        let strangers = strangers.filter(|span| span.trace_id == unsampled.trace_id);
        assert_eq!(strangers.count(), 0, "its caller does not trace it");
    }
    hub.stop().unwrap();
}

/// The call's span is the child of its caller's, and what it sent is the child of that.
fn followed(receiver: &Receiver, caller: &calls::Caller) {
    let spans = receiver.spans();
    let of_trace: Vec<_> = spans
        .iter()
        .filter(|span| span.trace_id == caller.trace_id)
        .collect();
    let call = of_trace.iter().find(|span| span.kind == SpanKind::Server);
    let call = call.unwrap_or_else(|| panic!("the call has no span: {of_trace:#?}"));
    assert_eq!((&*call.name, &call.parent), (REPORT, &caller.span_id));
    assert_eq!(call.state, "vendor=value");
    let sent = of_trace.iter().find(|span| span.kind == SpanKind::Producer);
    let sent = sent.unwrap_or_else(|| panic!("nothing was sent: {of_trace:#?}"));
    assert_eq!(sent.parent, call.span_id);
    assert!(sent.attributes["messaging.message.id"].ends_with("told-0"));
    assert!(sent.began >= call.began && sent.ended <= call.ended);
    // Whoever was given the event tells so in a trace of its own that is linked to it.
    let linked = |span: &&Traced| span.links.contains(&sent.context());
    let readers: Vec<_> = spans.iter().filter(linked).collect();
    assert!(!readers.is_empty(), "nobody is linked to {sent:#?}");
    for reader in readers {
        assert_ne!(reader.trace_id, caller.trace_id);
    }
}

/// A durable subscription is told everything and acknowledges it.
fn consume(hub: &Instance, count: usize) {
    let create = ["subscriptions", "create", "all", "--from", "beginning"];
    let created = cli::run(hub, &create).unwrap();
    assert_eq!(created.code, Some(0), "{created:?}");
    let count = count.to_string();
    let consume = ["consume", "all", "--max-events", &count, "--json"];
    let consumed = cli::run(hub, &consume).unwrap();
    assert_eq!(consumed.code, Some(0), "{consumed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_is_traced_where_the_ratio_says_so() {
    let receiver = Receiver::start().await.unwrap();
    let endpoint = receiver.endpoint();
    let hub = Instance::start_with(&[
        (ENDPOINT, ""),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_SERVICE_NAME", "lienthong-of-lang-son"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        (RATIO, "1"),
    ])
    .unwrap();
    hub.tell(&facts(0, 3)).await.unwrap();
    assert!(
        receiver
            .waits_for(PATIENCE, |receiver| !named(receiver, REPORT).is_empty())
            .await,
        "{:#?}",
        receiver.spans()
    );
    let call = &named(&receiver, REPORT)[0];
    assert_eq!(call.parent, "", "it is a root: {call:#?}");
    let name = receiver.resources()[0]["service.name"].clone();
    assert_eq!(name, "lienthong-of-lang-son");
    hub.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_exports_what_was_measured_last() {
    let receiver = Receiver::start().await.unwrap();
    let endpoint = receiver.endpoint();
    let hub = Instance::start_with(&[
        (ENDPOINT, &endpoint),
        (EVERY, "3600000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
    ])
    .unwrap();
    let channel = hub.adapters().await.unwrap();
    report(&channel, &facts(0, 7), &caller(1, true))
        .await
        .unwrap();
    assert_eq!(accepted(&receiver), 0.0);
    drop(channel);
    hub.stop().unwrap();
    assert_eq!(accepted(&receiver), 7.0);
    assert_eq!(named(&receiver, REPORT).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_comes_late_learns_every_count_and_one_that_leaves_harms_nobody() {
    let free = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address: SocketAddr = free.await.unwrap().local_addr().unwrap();
    let endpoint = format!("http://{address}");
    let hub = Instance::start_with(&[
        (ENDPOINT, &endpoint),
        (EVERY, "100"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ])
    .unwrap();
    let channel = hub.adapters().await.unwrap();
    for n in 0..20 {
        report(&channel, &facts(n, 1), &caller(n + 1, true))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let receiver = Receiver::start_at(address).await.unwrap();
    assert!(
        receiver
            .waits_for(PATIENCE, |receiver| accepted(receiver) == 20.0)
            .await,
        "{} of 20",
        accepted(&receiver)
    );
    let exports = receiver.exports();
    drop(receiver);
    assert!(exports > 0);
    report(&channel, &facts(20, 5), &caller(30, true))
        .await
        .unwrap();
    assert_eq!(
        http::get(&hub.hub.addresses.metrics, "/readyz")
            .await
            .unwrap()
            .status,
        200
    );
    drop(channel);
    let stopped = hub.stop().unwrap();
    let log = std::fs::read_to_string(stopped.data().join("hub.out")).unwrap();
    let away = log.matches("the collector takes nothing").count();
    let back = log.matches("the collector is back").count();
    // Metrics and spans each say it once for each time that it went away.
    assert!((1..=4).contains(&away), "{away} times away:\n{log}");
    assert!((1..=2).contains(&back), "{back} times back:\n{log}");
}

#[test]
fn a_setting_of_telemetry_that_is_none_is_refused_by_its_name() {
    for (variable, value, key) in [
        (RATIO, "1.5", "telemetry.trace_ratio"),
        (EVERY, "50", "telemetry.metrics_every_ms"),
        (ENDPOINT, "collector:4317", "telemetry.otlp_endpoint"),
        (
            ENDPOINT,
            "https://collector:4317",
            "telemetry.otlp_endpoint",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().display().to_string();
        let given = [("LIENTHONG_DATA_DIR", data.as_str()), (variable, value)];
        let done = cli::run_with(&["up"], &given).unwrap();
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(
            done.err.contains(key) && done.err.contains("Fix:"),
            "{done:?}"
        );
    }
}

#[test]
fn the_tables_find_what_is_not_by_the_conventions() {
    is_by_the_conventions();
}
