//! The hub's own probes: they go the whole way, are measured on it, and show nowhere else.

use crate::answers::{case_json, horizontal_json, vertical_json};
use lienthong_contract::pb::event::v1::{Event, Position, Probe, event::Payload};
use lienthong_contract::pb::operations::v1::{GetLagRequest, ProbeLag};
use lienthong_contract::probe::{ROUTES, is_probe};
use lienthong_contract::time::to_millis;
use lienthong_eventlog::EventLog;
use lienthong_tests::broker::{Home, given};
use lienthong_tests::cli::run;
use lienthong_tests::fleet::{Fleet, Grouping, Kind, Shape};
use lienthong_tests::instance::Instance;
use lienthong_tests::{http, sample, wire};
use prost::Message;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

const PROBED: [(&str, &str); 2] = [
    ("LIENTHONG_PROBE__EVERY_MS", "200"),
    ("LIENTHONG_PROBE__LOST_AFTER_MS", "2000"),
];
const PARTITIONS: u32 = 4;
const EVENTS: u64 = 100;
const STAGES: [&str; 5] = [
    "log",
    "queryable/case",
    "queryable/horizontal",
    "queryable/vertical",
    "subscriber",
];
/// Longest wait for anything that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The samples of a metric, by route, partition and stage.
async fn samples(metrics: &str, name: &str) -> BTreeMap<(String, u32, String), f64> {
    let text = http::get(metrics, "/metrics").await.unwrap().body;
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    let read = |line: &str| {
        let (labels, value) = line.rsplit_once("} ").unwrap();
        let label = |name: &str| {
            let (_, rest) = labels
                .split_once(&format!("{name}=\""))
                .unwrap_or(("", "\""));
            rest.split('"').next().unwrap().to_owned()
        };
        let partition = label("messaging_destination_partition_id");
        let key = (
            label("lienthong_route"),
            partition.parse().unwrap(),
            label("stage"),
        );
        (key, value.parse().unwrap())
    };
    lines.map(read).collect()
}

/// Waits until probes of every route reached every stage of every partition, `times` times more.
async fn go_round(metrics: &str, routes: &[&str], partitions: u32, stages: &[&str]) {
    let began = Instant::now();
    let name = "lienthong_probe_roundtrip_duration_seconds_count";
    let before = samples(metrics, name).await;
    loop {
        let now = samples(metrics, name).await;
        let mut missing = Vec::new();
        for route in routes {
            for partition in 0..partitions {
                for stage in stages {
                    let key = ((*route).to_owned(), partition, (*stage).to_owned());
                    let count = |at: &BTreeMap<_, f64>| at.get(&key).copied().unwrap_or(0.0);
                    if count(&now) < count(&before) + 2.0 {
                        missing.push(key);
                    }
                }
            }
        }
        if missing.is_empty() {
            return;
        }
        assert!(
            began.elapsed() < PATIENCE,
            "probes do not reach {missing:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn lost(metrics: &str, stage: &str) -> f64 {
    let all = samples(metrics, "lienthong_probe_lost_total").await;
    let of = all.iter().filter(|((_, _, at), _)| at.starts_with(stage));
    of.map(|(_, count)| count).sum()
}

fn json(hub: &Instance, command: &[&str]) -> Value {
    let done = run(hub, &[command, &["--json"]].concat()).unwrap();
    assert_eq!(done.code, Some(0), "{command:?}: {done:?}");
    done.json().unwrap()
}

/// The events of a command that prints one a line.
fn lines(hub: &Instance, command: &[&str]) -> Vec<Value> {
    let done = run(hub, &[command, &["--json"]].concat()).unwrap();
    assert_eq!(done.code, Some(0), "{command:?}: {done:?}");
    let lines = done.out.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn ids(events: &[Value]) -> BTreeSet<String> {
    let id = |event: &Value| event["event"]["header"]["id"].as_str().unwrap().to_owned();
    events.iter().map(id).collect()
}

async fn tell(hub: &Instance) -> Vec<Position> {
    let facts: Vec<_> = (0..EVENTS)
        .map(|number| sample::fact("told", number))
        .collect();
    let mut last = Vec::new();
    for some in facts.chunks(20) {
        last.extend(hub.tell(some).await.unwrap());
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    last
}

/// Everything that callers are told of dossiers, without positions and times of recording.
async fn told(hub: &Instance, positions: &[Position]) -> Vec<Value> {
    let mut all = vec![
        horizontal_json(hub, positions).await,
        vertical_json(hub, positions).await,
    ];
    for number in 0..EVENTS / sample::EVENTS_A_CASE {
        all.push(case_json(hub, &sample::dossier_code(number), positions).await);
    }
    let october = ["performance", "--from", "2026-10-01", "--to", "2026-10-31"];
    for command in [&october[..], &["quality"]] {
        let mut figures = json(hub, command);
        strip(&mut figures);
        all.push(figures);
    }
    all
}

/// Leaves out what two hubs told the same differ in: when they were asked, and how far each is.
fn strip(value: &mut Value) {
    if let Value::Object(fields) = value {
        for own in ["freshness", "asOfTime", "referenceVersion"] {
            fields.remove(own);
        }
        fields.values_mut().for_each(strip);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_go_the_whole_way_and_show_in_no_answer_figure_or_subscription() {
    let hub = Instance::start_with(&PROBED).unwrap();
    let metrics = hub.hub.addresses.metrics.clone();
    json(
        &hub,
        &["subscriptions", "create", "tax", "--from", "beginning"],
    );
    go_round(&metrics, &ROUTES, PARTITIONS, &STAGES).await;
    let positions = tell(&hub).await;
    go_round(&metrics, &ROUTES, PARTITIONS, &STAGES).await;

    let quiet = Instance::start().unwrap();
    let others = tell(&quiet).await;
    assert_eq!(told(&hub, &positions).await, told(&quiet, &others).await);
    let parked = json(&hub, &["parked"]);
    assert!(!parked.to_string().contains("probe"), "{parked}");

    let everything = ["subscribe", "--from", "beginning", "--until-caught-up"];
    let streamed = lines(&hub, &everything);
    assert_eq!((streamed.len(), ids(&streamed).len()), (100, 100));
    let path = "/v1/events?from=beginning&until_caught_up=true";
    let page = http::get(&hub.hub.addresses.gateway_http, path)
        .await
        .unwrap()
        .body;
    assert_eq!(page.matches("\"specversion\"").count(), 100);
    assert!(!page.contains("probe"), "no probe in events over HTTP");

    let consumed = lines(&hub, &["consume", "tax", "--max-events", "100"]);
    let numbers: BTreeSet<u64> = consumed
        .iter()
        .map(|one| one["sequence"].as_u64().unwrap())
        .collect();
    assert!(numbers.iter().copied().eq(1..=100), "{numbers:?}");
    assert_eq!(ids(&consumed), ids(&streamed));
    let manifest = json(&hub, &["subscriptions", "manifest", "tax"]);
    assert_eq!(manifest["days"][0]["count"], 100, "{manifest}");
    let range = lines(&hub, &["subscriptions", "range", "tax", "1", "100"]);
    assert_eq!(ids(&range), ids(&streamed));

    let verified = run(&hub, &["views", "verify"]).unwrap();
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(lost(&metrics, "").await, 0.0);

    let stopped = hub.stop().unwrap();
    let log = stopped.log().unwrap();
    let mut events = 0;
    for partition in 0..PARTITIONS {
        events += check_partition(log.as_ref(), partition).await;
    }
    assert_eq!(events, EVENTS);
    log.close().await.unwrap();
    drop(log);
    // The views come back from the same log, probes and all.
    let hub = stopped.start_again().unwrap();
    assert_eq!(told(&hub, &positions).await, told(&quiet, &others).await);
}

/// The probes of a partition are numbered without a gap and end with a goodbye. Says how many other
/// records there are.
async fn check_partition(log: &dyn EventLog, partition: u32) -> u64 {
    let bounds = log.bounds(partition).await.unwrap();
    let mut reader = log.reader(partition, 0).await.unwrap();
    let mut probes: BTreeMap<String, Vec<Probe>> = BTreeMap::new();
    let mut others = 0;
    while reader.position() < bounds.end {
        for stored in reader.poll_now(1_000).await.unwrap() {
            let event = Event::decode(&stored.record.value[..]).unwrap();
            match event.payload {
                Some(Payload::Probe(probe)) => {
                    assert!(is_probe(&stored.record.key));
                    assert_eq!(log.partition_of(&stored.record.key), partition);
                    assert_eq!(probe.instance, "hub");
                    probes.entry(probe.route.clone()).or_default().push(probe);
                }
                _ => {
                    assert!(!is_probe(&stored.record.key));
                    others += 1;
                }
            }
        }
    }
    let routes: BTreeSet<&str> = probes.keys().map(String::as_str).collect();
    assert_eq!(routes, ROUTES.into());
    for (route, probes) in &probes {
        let numbers: Vec<u64> = probes.iter().map(|probe| probe.number).collect();
        assert!(
            numbers.iter().copied().eq(1..=probes.len() as u64),
            "{route}: {numbers:?}"
        );
        let last = probes.len() - 1;
        for (at, probe) in probes.iter().enumerate() {
            assert_eq!(probe.every_ms, if at == last { 0 } else { 200 }, "{route}");
            assert!(probe.began_time.as_ref().and_then(to_millis).is_some());
        }
    }
    others
}

/// The probes that a gateway tells of.
async fn lags(gateway: &str) -> Vec<ProbeLag> {
    use lienthong_contract::pb::operations::v1::operations_service_client::OperationsServiceClient;
    let mut operations = OperationsServiceClient::new(wire::connect(gateway).await.unwrap());
    let answer = operations.get_lag(GetLagRequest::default()).await.unwrap();
    answer.into_inner().probes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn get_lag_tells_each_route_partition_and_view_of_the_probes() {
    let hub = Instance::start_with(&PROBED).unwrap();
    go_round(&hub.hub.addresses.metrics, &ROUTES, PARTITIONS, &STAGES).await;
    let told = lags(&hub.hub.addresses.gateway).await;
    let ways: BTreeSet<_> = told
        .iter()
        .map(|lag| (&*lag.route, lag.partition))
        .collect();
    assert_eq!((told.len(), ways.len()), (20, 20), "{told:?}");
    for lag in &told {
        assert_eq!(
            (&*lag.status, &*lag.instance, lag.lost),
            ("arriving", "hub", 0)
        );
        assert!(lag.number >= 2 && lag.durable_seconds.is_some(), "{lag:?}");
        assert!(
            lag.delivered_seconds.is_some_and(|seconds| seconds < 2.0),
            "{lag:?}"
        );
        let views: Vec<_> = lag.queryable_seconds.keys().map(String::as_str).collect();
        let mut wanted = ["case", "horizontal", "vertical"].to_vec();
        wanted.retain(|view| views.contains(view));
        assert_eq!(wanted.len(), 3, "{lag:?}");
    }
}

/// The CloudEvents types of a topic's records by what its key begins with, as `kcat` reads them.
fn types(bootstrap: &str, topic: &str) -> BTreeMap<bool, BTreeSet<String>> {
    let output = Command::new("kcat")
        .args(["-C", "-b", bootstrap, "-t", topic, "-o", "beginning"])
        .args(["-e", "-q", "-f", "%k\t%h\n"])
        .output()
        .expect("kcat is missing. Fix: deploy/kafka/setup.sh installs it");
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{words}");
    let mut types: BTreeMap<bool, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (key, headers) = line.split_once('\t').unwrap();
        let told = headers
            .split(',')
            .find_map(|one| one.strip_prefix("ce_type="));
        let of = types.entry(key.starts_with("!probe/")).or_default();
        of.insert(told.unwrap_or_default().to_owned());
    }
    types
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_that_is_killed_loses_probes_until_another_is_there() {
    let Some(bootstrap) = given("probes find out that a projector is gone").unwrap() else {
        return;
    };
    let home = Home::fresh(&bootstrap);
    let shape = Shape {
        adapters: 1,
        projectors: 1,
        gateways: 1,
        grouping: Grouping::Together,
    };
    let mut fleet = Fleet::start(&home, shape, &PROBED).await.unwrap();
    let door =
        |fleet: &Fleet, kind, door: &str| fleet.process(kind, 1).unwrap().address(door).unwrap();
    let gateway = door(&fleet, Kind::Gateway, "gateway");
    let metrics = door(&fleet, Kind::Gateway, "metrics");
    let adapters = door(&fleet, Kind::Adapter, "metrics");
    let all = home.partitions;
    go_round(&metrics, &ROUTES, all, &STAGES[1..]).await;
    go_round(&adapters, &ROUTES, all, &STAGES[..1]).await;
    assert_eq!(lost(&metrics, "queryable").await, 0.0);

    fleet.kill(Kind::Projector, 1).unwrap();
    let began = Instant::now();
    while lost(&metrics, "queryable/case").await < f64::from(5 * all) {
        assert!(began.elapsed() < PATIENCE, "lost probes are counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    go_round(&metrics, &ROUTES, all, &["subscriber"]).await;
    assert_eq!(
        lost(&metrics, "subscriber").await + lost(&metrics, "adapter").await,
        0.0
    );

    fleet.start_again(Kind::Projector, 1).await.unwrap();
    go_round(&metrics, &ROUTES, all, &STAGES[1..]).await;
    let recovered = lost(&metrics, "queryable").await;
    go_round(&metrics, &ROUTES, all, &STAGES[1..]).await;
    assert_eq!(lost(&metrics, "queryable").await, recovered);

    // Those who left without a word are silent; those with one are forgotten.
    fleet.kill(Kind::Adapter, 1).unwrap();
    let began = Instant::now();
    while lost(&metrics, "adapter").await == 0.0 {
        assert!(began.elapsed() < PATIENCE, "silence is counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let silent = lags(&gateway).await;
    assert!(
        silent.iter().any(|lag| lag.status == "silent"),
        "{silent:?}"
    );
    fleet.start_again(Kind::Adapter, 1).await.unwrap();
    go_round(&metrics, &ROUTES, all, &STAGES[1..]).await;
    fleet.stop(Kind::Adapter, 1).await.unwrap();
    let began = Instant::now();
    while !lags(&gateway).await.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{:?}", lags(&gateway).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let types = types(&bootstrap, &home.topic());
    let own: BTreeSet<String> = ["vn.lienthong.hub.probe.v1".to_owned()].into();
    assert_eq!(types, [(true, own)].into(), "{types:?}");
    fleet.drain().await.unwrap();
}
