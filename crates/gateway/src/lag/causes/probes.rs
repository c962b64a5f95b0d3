//! A probe of the hub's own is lost, or none comes any more; the first stage that one did not reach
//! is to blame. Where an instance is silent on some partitions and others of its probes arrive, that
//! is the log's partition; where none of it comes, the adapter has ended.

use super::super::Parts;
use super::log::is_cut_off;
use super::{Found, Owners, Said, Weight, cause};
use lienthong_contract::pb::operations::v1::ProbeLag;
use lienthong_telemetry::stage::Stage;

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let probes = parts.probes.iter();
    let ill = probes.filter(|probe| matches!(probe.status.as_str(), "lost" | "silent"));
    ill.map(|probe| of(probe, parts, owners)).collect()
}

fn of(probe: &ProbeLag, parts: &Parts, owners: &Owners) -> Found {
    let (stage, owner) = blamed(probe, parts, owners);
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

/// None comes where the adapter has ended, or where the log gives nothing: then it does not answer
/// others either.
fn blamed<'a>(probe: &ProbeLag, parts: &Parts, owners: &'a Owners) -> (Stage, &'a str) {
    let is_lost_at = |stage: &str| probe.lost_at.iter().any(|lost_at| lost_at == stage);
    let is_unseen = probe.lost_at.iter().any(|at| at.starts_with("queryable/"));
    let is_log_down = parts.lags.iter().any(is_cut_off);
    let goes_on = |other: &ProbeLag| other.instance == probe.instance && other.status != "silent";
    let is_silent = probe.status == "silent";
    let is_partition_silent = is_silent && parts.probes.iter().any(goes_on);
    if is_log_down || is_lost_at("log") || is_partition_silent {
        return (Stage::Log, &owners.log);
    }
    if is_silent || is_lost_at("adapter") {
        return (Stage::Adapter, &owners.adapters);
    }
    match is_unseen {
        true => (Stage::Projector, &owners.projectors),
        false => (Stage::Subscriber, &owners.gateways),
    }
}
