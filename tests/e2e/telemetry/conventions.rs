//! OpenTelemetry's semantic conventions and the hub's own names, written down once more by hand:
//! what an operator's tools rely on must not move with a constant of the code.

use lienthong_tests::otlp::{Attributes, Kind, Told, Traced};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use std::collections::BTreeMap;

/// A metric: its name, unit, kind, the attributes that every series has, those that it may have.
struct Metric(
    &'static str,
    &'static str,
    Kind,
    &'static [&'static str],
    &'static [&'static str],
    Expected,
);

/// Whether a hub that was called in every way exports it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Always,
    /// Only in some states, or by a service of its own.
    Sometimes,
}

use Expected::{Always, Sometimes};
use Kind::{Counter, Gauge, Histogram};

const RPC: &[&str] = &["rpc.system.name", "rpc.method", "rpc.status_code"];
const SENT: &[&str] = &[
    "messaging.system",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
];
const CONSUMED: &[&str] = &[
    "messaging.system",
    "messaging.operation.name",
    "messaging.operation.type",
    "messaging.destination.name",
    "messaging.destination.partition.id",
    "messaging.consumer.group.name",
];
const OF_CONSUMER: &[&str] = &[
    "error.type",
    "messaging.destination.partition.id",
    "messaging.consumer.group.name",
];
const ERROR: &[&str] = &["error.type"];
const VIEW: &[&str] = &["lienthong.view", "messaging.destination.partition.id"];
const SUBSCRIPTION: &[&str] = &["lienthong.subscription"];
const SOURCE: &[&str] = &["lienthong.source"];
const EITHER: &[&str] = &[
    "lienthong.view",
    "messaging.destination.partition.id",
    "lienthong.subscription",
];
const PROBE: &[&str] = &[
    "lienthong.route",
    "messaging.destination.partition.id",
    "stage",
];
const PROBE_SENT: &[&str] = &["lienthong.route", "messaging.destination.partition.id"];
const STAGE: &[&str] = &["stage", "owner"];
const ADAPTER: &[&str] = &["lienthong.adapter"];
const REASON: &[&str] = &["lienthong.adapter", "lienthong.reason"];
const NONE: &[&str] = &[];

const METRICS: &[Metric] = &[
    Metric(
        "rpc.server.call.duration",
        "s",
        Histogram,
        RPC,
        ERROR,
        Always,
    ),
    Metric(
        "rpc.client.call.duration",
        "s",
        Histogram,
        RPC,
        ERROR,
        Sometimes,
    ),
    Metric(
        "messaging.client.operation.duration",
        "s",
        Histogram,
        SENT,
        OF_CONSUMER,
        Always,
    ),
    Metric(
        "messaging.client.sent.messages",
        "{message}",
        Counter,
        SENT,
        ERROR,
        Always,
    ),
    Metric(
        "messaging.client.consumed.messages",
        "{message}",
        Counter,
        CONSUMED,
        ERROR,
        Always,
    ),
    Metric(
        "messaging.process.duration",
        "s",
        Histogram,
        CONSUMED,
        ERROR,
        Sometimes,
    ),
    Metric(
        "lienthong.ingest.accepted.events",
        "",
        Counter,
        ADAPTER,
        NONE,
        Always,
    ),
    Metric(
        "lienthong.ingest.rejected.events",
        "",
        Counter,
        REASON,
        NONE,
        Always,
    ),
    Metric("lienthong.projection.lag", "s", Gauge, VIEW, NONE, Always),
    Metric(
        "lienthong.projection.lag.events",
        "",
        Gauge,
        VIEW,
        NONE,
        Always,
    ),
    Metric("lienthong.projection.status", "", Gauge, VIEW, NONE, Always),
    Metric(
        "lienthong.projection.caught_up.eta",
        "s",
        Gauge,
        VIEW,
        NONE,
        Sometimes,
    ),
    Metric("lienthong.projection.in", "", Gauge, VIEW, NONE, Always),
    Metric("lienthong.projection.out", "", Gauge, VIEW, NONE, Always),
    Metric(
        "lienthong.subscription.lag",
        "s",
        Gauge,
        SUBSCRIPTION,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.subscription.lag.events",
        "",
        Gauge,
        SUBSCRIPTION,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.subscription.status",
        "",
        Gauge,
        SUBSCRIPTION,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.subscription.caught_up.eta",
        "s",
        Gauge,
        SUBSCRIPTION,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.stage.duration",
        "s",
        Histogram,
        STAGE,
        NONE,
        Always,
    ),
    Metric(
        "lienthong.event.end_to_end.duration",
        "s",
        Histogram,
        NONE,
        EITHER,
        Sometimes,
    ),
    Metric("lienthong.parked.events", "", Gauge, NONE, EITHER, Always),
    Metric(
        "lienthong.parked.oldest.age",
        "s",
        Gauge,
        NONE,
        EITHER,
        Always,
    ),
    Metric(
        "lienthong.retention.headroom",
        "s",
        Gauge,
        NONE,
        EITHER,
        Sometimes,
    ),
    Metric(
        "lienthong.probe.roundtrip.duration",
        "s",
        Histogram,
        PROBE,
        NONE,
        Sometimes,
    ),
    Metric("lienthong.probe.lost", "", Counter, PROBE, NONE, Sometimes),
    Metric(
        "lienthong.probe.sent",
        "",
        Counter,
        PROBE_SENT,
        NONE,
        Always,
    ),
    Metric(
        "lienthong.source.clock.skew",
        "s",
        Gauge,
        SOURCE,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.source.quiet",
        "s",
        Gauge,
        SOURCE,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.source.silent",
        "",
        Gauge,
        SOURCE,
        NONE,
        Sometimes,
    ),
    Metric(
        "lienthong.source.silence.probability",
        "",
        Gauge,
        SOURCE,
        NONE,
        Sometimes,
    ),
];

/// The advised boundaries of durations of calls and of messaging.
const BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Metrics that are to be exported and are not.
pub fn missing(told: &BTreeMap<String, Told>) -> Vec<&'static str> {
    let expected = METRICS.iter().filter(|metric| metric.5 == Always);
    let names = expected.map(|metric| metric.0);
    names.filter(|name| !told.contains_key(*name)).collect()
}

/// What of a metric is not by the table.
pub fn metric(name: &str, told: &Told) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |what: String| faults.push(format!("{name}: {what}"));
    let Some(Metric(_, unit, kind, always, sometimes, _)) =
        METRICS.iter().find(|metric| metric.0 == name)
    else {
        return vec![format!("{name} is not in the table")];
    };
    if told.unit != *unit || told.kind != *kind {
        fault(format!("unit {:?} and kind {:?}", told.unit, told.kind));
    }
    if told.description.is_empty() || !told.is_cumulative {
        fault("no description, or not cumulative".to_owned());
    }
    if name.starts_with("rpc.") || name.starts_with("messaging.") {
        let is_advised = *kind != Histogram || told.boundaries == BOUNDARIES;
        if !is_advised {
            fault(format!("boundaries {:?}", told.boundaries));
        }
    }
    if !told.not_text.is_empty() {
        fault(format!("attributes that are no text: {:?}", told.not_text));
    }
    for attributes in told.points.keys() {
        for what in keys(attributes, always, sometimes) {
            fault(what);
        }
        for (key, value) in attributes {
            if !is_bounded(key, value) {
                fault(format!("{key} has the value {value:?}"));
            }
        }
    }
    faults
}

/// The line that the scrape has for a metric.
pub fn of_prometheus(name: &str, told: &Told) -> String {
    let mut name = name.replace('.', "_");
    if told.unit == "s" {
        name.push_str("_seconds");
    }
    let kind = match told.kind {
        Counter => {
            name.push_str("_total");
            "counter"
        }
        Gauge => "gauge",
        Histogram => "histogram",
        Kind::Other => "untyped",
    };
    format!("# TYPE {name} {kind}\n")
}

/// What of a span is not by the conventions.
pub fn span(span: &Traced) -> Vec<String> {
    let mut faults = Vec::new();
    let operation = span.name.split_once(' ').map(|(operation, _)| operation);
    let told = |key: &str| span.attributes.get(key).map_or("", String::as_str);
    let (kinds, always, sometimes): (&[SpanKind], &[&str], &[&str]) = match operation {
        None => (&[SpanKind::Server, SpanKind::Client], RPC, ERROR),
        Some("POST") => (
            &[SpanKind::Server],
            &[
                "http.request.method",
                "http.route",
                "http.response.status_code",
            ],
            ERROR,
        ),
        Some("send") => (
            &[SpanKind::Producer],
            SENT,
            &[
                "messaging.message.id",
                "messaging.message.conversation_id",
                "messaging.batch.message_count",
                "error.type",
            ],
        ),
        Some("poll") => (
            &[SpanKind::Client],
            CONSUMED,
            &["messaging.batch.message_count", "error.type"],
        ),
        Some("process") => (
            &[SpanKind::Consumer],
            CONSUMED,
            &[
                "messaging.batch.message_count",
                "messaging.message.id",
                "messaging.message.conversation_id",
                "error.type",
            ],
        ),
        Some(_) => return vec![format!("a span of the name {:?}", span.name)],
    };
    if !kinds.contains(&span.kind) {
        faults.push(format!("{} of the kind {:?}", span.name, span.kind));
    }
    let of_span = keys(&span.attributes, always, sometimes).into_iter();
    faults.extend(of_span.map(|what| format!("{}: {what}", span.name)));
    let expected = match operation {
        None => told("rpc.method").to_owned(),
        Some("POST") => format!("POST {}", told("http.route")),
        Some(operation) => format!("{operation} {}", told("messaging.destination.name")),
    };
    if span.name != expected {
        faults.push(format!("{} is not {expected}", span.name));
    }
    if matches!(operation, Some("poll" | "process")) {
        if span.links.is_empty() || span.links.len() > 128 {
            faults.push(format!("{} has {} links", span.name, span.links.len()));
        }
        if operation == Some("process") && !span.parent.is_empty() {
            faults.push(format!("{} is no trace of its own", span.name));
        }
    }
    if !span.events.is_empty() {
        faults.push(format!("{} has events {:?}", span.name, span.events));
    }
    if span.is_error != span.attributes.contains_key("error.type") {
        faults.push(format!("{}: status and error.type differ", span.name));
    }
    if span.ended < span.began {
        faults.push(format!("{} ends before it begins", span.name));
    }
    for (key, value) in &span.attributes {
        // Two name an event; all others are of few values, as in metrics.
        let is_id = ["messaging.message.id", "messaging.message.conversation_id"];
        if !is_id.contains(&key.as_str()) && !is_bounded(key, value) {
            faults.push(format!("{}: {key} has the value {value:?}", span.name));
        }
    }
    faults
}

fn keys(attributes: &Attributes, always: &[&str], sometimes: &[&str]) -> Vec<String> {
    let missing = always.iter().filter(|key| !attributes.contains_key(**key));
    let missing = missing.map(|key| format!("{key} is missing"));
    let known = |key: &str| always.contains(&key) || sometimes.contains(&key);
    let strange = attributes.keys().filter(|key| !known(key));
    let strange = strange.map(|key| format!("{key} is not in the table"));
    missing.chain(strange).collect()
}

/// Whether a value is one of those few that its attribute can have in the test's hub.
fn is_bounded(key: &str, value: &str) -> bool {
    let views = ["case", "horizontal", "vertical", "performance", "quality"];
    let adapters = [
        "onestop",
        "civil_status",
        "population",
        "specialised",
        "qcvn120",
    ];
    let is_source = value.starts_with("urn:lienthong:vn:") && value.split(':').count() == 5;
    let is_word = |rest: &str| {
        let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
        !rest.is_empty() && rest.chars().all(letter)
    };
    match key {
        "rpc.system.name" => value == "grpc",
        "rpc.method" => is_method(value),
        "rpc.status_code" | "lienthong.reason" | "error.type" => is_word(value),
        "messaging.system" => ["kafka", "lienthong"].contains(&value),
        "messaging.operation.name" => ["send", "poll", "process"].contains(&value),
        "messaging.operation.type" => ["send", "receive", "process"].contains(&value),
        "messaging.destination.name" => {
            ["log", "rejected", "catalog", "subscriptions"].contains(&value)
        }
        "messaging.destination.partition.id" => value.parse::<u32>().is_ok_and(|n| n < 256),
        "messaging.consumer.group.name" => value
            .strip_prefix("lienthong.")
            .is_some_and(|name| name.split('.').all(is_word)),
        "messaging.batch.message_count" => value.parse::<u64>().is_ok_and(|count| count > 0),
        "lienthong.view" => views.contains(&value),
        "lienthong.subscription" => value == "all",
        "lienthong.adapter" | "lienthong.route" => adapters.contains(&value),
        "lienthong.source" => is_source || value == "_OTHER",
        "owner" => is_source || ["hub", "brokers", "all", "_OTHER"].contains(&value),
        "stage" => value.split('/').all(is_word),
        "http.request.method" => value == "POST",
        "http.route" => value == "/qcvn120/{service}",
        "http.response.status_code" => value.parse::<u16>().is_ok_and(|status| status < 600),
        _ => false,
    }
}

/// `package.Service/Method` of what a hub serves.
fn is_method(value: &str) -> bool {
    let Some((service, method)) = value.split_once('/') else {
        return value == "_OTHER";
    };
    let is_ours = service.starts_with("lienthong.") || service.starts_with("grpc.");
    is_ours && !method.is_empty() && method.chars().all(|c| c.is_ascii_alphabetic())
}

/// The tables do find faults.
pub fn is_by_the_conventions() {
    let attributes = |pairs: &[(&str, &str)]| -> Attributes {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };
    let good = attributes(&[
        ("rpc.system.name", "grpc"),
        (
            "rpc.method",
            "lienthong.onestop.v1.OnestopAdapterService/ReportEvents",
        ),
        ("rpc.status_code", "OK"),
    ]);
    let told = |attributes: Attributes| Told {
        unit: "s".into(),
        description: "Duration".into(),
        kind: Histogram,
        is_cumulative: true,
        boundaries: BOUNDARIES.to_vec(),
        points: BTreeMap::from([(attributes, 1.0)]),
        not_text: Vec::new(),
    };
    let name = "rpc.server.call.duration";
    assert_eq!(metric(name, &told(good.clone())), Vec::<String>::new());
    assert_eq!(metric("rpc.server.duration", &told(good.clone())).len(), 1);
    for (key, value) in [
        ("rpc.method", "invented.by/H56.15.03-261122-0000"),
        ("rpc.service", "OnestopAdapterService"),
        ("rpc.system.name", "http"),
    ] {
        let mut bad = good.clone();
        bad.insert(key.to_owned(), value.to_owned());
        assert!(!metric(name, &told(bad)).is_empty(), "{key}");
    }
    let mut wrong = told(good.clone());
    wrong.unit = "ms".into();
    wrong.boundaries.pop();
    assert_eq!(metric(name, &wrong).len(), 2);
    let mut without = good;
    without.remove("rpc.method");
    assert_eq!(metric(name, &told(without)).len(), 1);
    assert!(!is_bounded("owner", "Nguyen Van A"));
    assert!(!is_bounded(
        "lienthong.subscription",
        "H56.15.03-261122-0000"
    ));
}
