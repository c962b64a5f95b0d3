//! A source is silent against its own rhythm, or its clock is wrong.

use super::super::Parts;
use super::super::words::duration;
use super::{Found, Owners, Said, Weight, cause};
use lienthong_contract::pb::operations::v1::SourceLag;
use lienthong_telemetry::stage::Stage;

/// A clock that differs from the hub's by more seconds is wrong, as the runbook and the alert have
/// it: the shortest times that are reckoned from it are minutes.
const WRONG_CLOCK_SECONDS: f64 = 60.0;

pub(super) fn find(parts: &Parts, _: &Owners) -> Vec<Found> {
    let sources = parts.sources.iter();
    sources
        .flat_map(|source| silent(source).into_iter().chain(wrong_clock(source)))
        .collect()
}

fn silent(source: &SourceLag) -> Option<Found> {
    if source.status != "silent" {
        return None;
    }
    let urn = &source.source;
    let said = Said {
        subject: format!("source {urn}"),
        status: "silent",
        reason: format!(
            "{urn} has reported nothing for {}: {}",
            duration(source.quiet_seconds),
            source.reason
        ),
        what_to_do: "Is what it sends refused? `lienthong rejected`. Else call its team; several silent at once: see whether the adapter is reachable, `lienthong doctor`".to_owned(),
    };
    Some(Found {
        cause: cause(said, Stage::Source, urn),
        runbook: "source-silent",
        weight: Weight::Worse,
        seconds: source.quiet_seconds,
    })
}

fn wrong_clock(source: &SourceLag) -> Option<Found> {
    let skew = source.clock_skew_seconds?;
    if skew.abs() <= WRONG_CLOCK_SECONDS {
        return None;
    }
    let urn = &source.source;
    let side = match skew < 0.0 {
        true => "ahead of",
        false => "behind",
    };
    let said = Said {
        subject: format!("source {urn}"),
        status: "wrong_clock",
        reason: format!(
            "the clock of {urn} is {} {side} the hub's; deadlines reckoned from its times are as wrong, lag is not",
            duration(skew.abs())
        ),
        what_to_do: "One source: its team mends its time synchronisation. Every source by as much: it is the hub's own clock, `timedatectl`".to_owned(),
    };
    Some(Found {
        cause: cause(said, Stage::Source, urn),
        runbook: "source-clock",
        weight: Weight::Open,
        seconds: skew.abs(),
    })
}
