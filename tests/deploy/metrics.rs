//! Metrics that rules, dashboards and pages name: all are among the hub's names, in the form that a
//! running hub shows them in.

use crate::{root, texts};
use lienthong_tests::http;
use lienthong_tests::instance::Instance;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What the hub can show: series and labels in Prometheus form.
#[derive(Debug, Default)]
struct Names {
    series: BTreeSet<String>,
    labels: BTreeSet<String>,
}

/// From the one file that has every name, and how its comments begin.
fn names() -> Names {
    let file = root().join("crates/telemetry/src/names.rs");
    let text = std::fs::read_to_string(file).unwrap();
    let mut names = Names::default();
    let mut about = String::new();
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("/// ") {
            about.push_str(words);
            continue;
        }
        let value = line.split_once(": &str = \"");
        if let Some(name) = value.and_then(|(_, rest)| rest.split('"').next()) {
            names.take(&about, &name.replace('.', "_"));
        }
        about.clear();
    }
    assert!(
        names.series.len() > 40 && names.labels.len() > 10,
        "{names:?}"
    );
    names
}

impl Names {
    fn take(&mut self, about: &str, name: &str) {
        if about.starts_with("Attribute") {
            self.labels.insert(name.to_owned());
        } else if about.starts_with("Histogram, seconds") {
            for part in ["bucket", "count", "sum"] {
                self.series.insert(format!("{name}_seconds_{part}"));
            }
        } else if about.starts_with("Counter") {
            self.series.insert(format!("{name}_total"));
        } else if about.starts_with("Gauge, seconds") {
            self.series.insert(format!("{name}_seconds"));
        } else if about.starts_with("Gauge") {
            self.series.insert(name.to_owned());
        } else {
            panic!("the comment of {name} does not say what it is: {about}");
        }
    }
}

/// Words of PromQL that look like the hub's names.
fn named(expression: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    expression
        .split(move |c| !is_part(c))
        .filter(|word| word.contains('_') || word.contains(':'))
        .filter(|word| {
            let prefixes = ["lienthong_", "lienthong:", "rpc_", "messaging_"];
            prefixes.iter().any(|prefix| word.starts_with(prefix))
        })
}

/// Every query of every panel, with where it is.
fn queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for (name, text) in texts("deploy/grafana/dashboards", "json") {
        let dashboard: Value = serde_json::from_str(&text).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for query in panel["targets"].as_array().unwrap() {
                let at = format!("{name}: {}", panel["title"].as_str().unwrap());
                queries.push((at, query["expr"].as_str().unwrap().to_owned()));
            }
        }
    }
    queries
}

#[test]
fn every_metric_of_rules_and_dashboards_is_one_of_the_hubs() {
    let names = names();
    let mut records = BTreeSet::new();
    let mut texts_of: Vec<(String, String)> = queries();
    for (name, text) in texts("deploy/prometheus/rules", "yml") {
        for line in text.lines().map(str::trim) {
            if let Some(record) = line.strip_prefix("- record: ") {
                records.insert(record.to_owned());
            }
        }
        // Comments and the names of groups are words, not queries.
        let queries = text.lines().filter(|line| {
            let line = line.trim();
            !line.starts_with('#') && !line.starts_with("- name:")
        });
        texts_of.push((name, queries.collect::<Vec<_>>().join("\n")));
    }
    let mut used = BTreeSet::new();
    for (at, text) in &texts_of {
        for word in named(text) {
            let known = names.series.contains(word)
                || names.labels.contains(word)
                || records.contains(word);
            assert!(known, "{at}: the hub has no {word}");
            used.insert(word);
        }
    }
    let gauges = names
        .series
        .iter()
        .filter(|name| name.starts_with("lienthong_"));
    let unused: Vec<_> = gauges
        .filter(|name| !name.ends_with("_sum") && !used.contains(name.as_str()))
        .collect();
    assert!(
        unused.iter().all(|name| name.ends_with("_count")),
        "shown on no dashboard and in no rule: {unused:?}"
    );
}

#[tokio::test]
async fn a_running_hub_shows_its_metrics_under_these_names() {
    let every = ("LIENTHONG_PROBE__EVERY_MS", "200");
    let instance = Instance::start_up(&["--demo"], &[every]).unwrap();
    let wanted = [
        "lienthong_projection_lag_seconds",
        "lienthong_projection_status",
        "lienthong_projection_in",
        "lienthong_stage_duration_seconds_bucket",
        "lienthong_event_end_to_end_duration_seconds_count",
        "lienthong_probe_roundtrip_duration_seconds_bucket",
        "lienthong_probe_sent_total",
        "lienthong_probe_lost_total",
        "lienthong_source_silent",
        "lienthong_ingest_accepted_events_total",
        "rpc_server_call_duration_seconds_count",
        "messaging_client_operation_duration_seconds_count",
    ];
    let began = Instant::now();
    let shown = loop {
        let address = &instance.hub.addresses.metrics;
        let scraped = http::get(address, "/metrics").await.unwrap().body;
        let lines = scraped.lines().filter(|line| !line.starts_with('#'));
        let shown: BTreeSet<String> = lines
            .filter_map(|line| line.split(['{', ' ']).next())
            .map(str::to_owned)
            .collect();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|name| !shown.contains(**name))
            .collect();
        if missing.is_empty() {
            break shown;
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{missing:?} of\n{scraped}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let names = names();
    for name in shown {
        let known = names.series.contains(&name) || name == "target_info";
        assert!(known, "{name} is shown and not among the names");
    }
}
