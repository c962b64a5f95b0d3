//! A probe of the hub's own is lost, or none comes any more; the first stage that it did not reach
//! is to blame. Where an instance is silent on some partitions and others of its probes arrive, that
//! is the log's partition; where none of it comes, the adapter has ended.

use super::super::Parts;
use super::{Found, Owners, Said, Weight, cause};
use lienthong_contract::pb::operations::v1::ProbeLag;
use lienthong_telemetry::stage::Stage;

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let views: Vec<&str> = parts.views.iter().map(|view| view.view.as_str()).collect();
    let probes = parts.probes.iter();
    let ill = probes.filter(|probe| matches!(probe.status.as_str(), "lost" | "silent"));
    ill.map(|probe| of(probe, &views, &parts.probes, owners))
        .collect()
}

fn of(probe: &ProbeLag, views: &[&str], all: &[ProbeLag], owners: &Owners) -> Found {
    let (stage, owner) = match probe.status == "silent" {
        true => silent(probe, all, owners),
        false => blamed(probe, views, owners),
    };
    let subject = format!("probe {}/{}", probe.route, probe.partition);
    let from = match probe.instance.is_empty() {
        true => String::new(),
        false => format!(" of {}", probe.instance),
    };
    let what = match probe.status.as_str() {
        "lost" => "did not arrive in time",
        _ => "does not come any more",
    };
    let said = Said {
        reason: format!("{subject}{from} {what}: {}", probe.reason),
        subject,
        status: &probe.status,
        what_to_do: "What real events meet there is the same: see where it ended, `lienthong lag --json`, and whether the log and the adapters answer, `lienthong doctor`".to_owned(),
    };
    Found {
        cause: cause(said, stage, owner),
        runbook: "probe-lost",
        weight: Weight::Standing,
        seconds: probe.lost as f64,
    }
}

fn silent<'a>(probe: &ProbeLag, all: &[ProbeLag], owners: &'a Owners) -> (Stage, &'a str) {
    let goes_on = |other: &ProbeLag| other.instance == probe.instance && other.status != "silent";
    match all.iter().any(goes_on) {
        true => (Stage::Log, &owners.log),
        false => (Stage::Adapter, &owners.adapters),
    }
}

fn blamed<'a>(probe: &ProbeLag, views: &[&str], owners: &'a Owners) -> (Stage, &'a str) {
    let is_seen = |view: &&str| probe.queryable_seconds.contains_key(*view);
    match probe.durable_seconds {
        None => (Stage::Log, &owners.log),
        Some(_) if !views.iter().all(is_seen) => (Stage::Projector, &owners.projectors),
        Some(_) => (Stage::Subscriber, &owners.gateways),
    }
}
