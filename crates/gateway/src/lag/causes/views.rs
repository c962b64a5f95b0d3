//! A partition of a view is late, stands still, went back or has lost events.

use super::super::Parts;
use super::super::summary::status_of;
use super::super::words::{duration, headroom};
use super::log::is_cut_off;
use super::{Found, Owners, Said, Weight, cause};
use lienthong_contract::pb::operations::v1::ViewLag;
use lienthong_domain::lag::Status;
use lienthong_telemetry::stage::Stage;

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let late = parts.lags.iter().filter(|lag| !is_cut_off(lag));
    late.filter_map(|lag| of(lag, owners)).collect()
}

fn of(lag: &ViewLag, owners: &Owners) -> Option<Found> {
    let status = status_of(&lag.status);
    let view = &lag.view;
    let late = duration(lag.lag_seconds);
    let outlook = lag.outlook.unwrap_or_default();
    let gained = outlook.out_per_second - outlook.in_per_second;
    let (weight, runbook, gist, what_to_do) = match status {
        Status::Current => return None,
        Status::CatchingUp => (
            Weight::Watched,
            "view-late",
            match gained > 0.0 {
                true => format!("is {late} late and gains {gained:.0} records a second"),
                false => format!("is {late} late"),
            },
            format!("Watch whether it goes on: `lienthong lag --view {view} --partitions --watch`"),
        ),
        Status::Loading => (
            Weight::Watched,
            "view-late",
            "is loading".to_owned(),
            format!("Watch whether it goes on: `lienthong lag --view {view} --partitions --watch`"),
        ),
        Status::FallingBehind => (
            Weight::Worse,
            "view-late",
            format!(
                "is {late} late and falls {:.0} records a second behind",
                (-gained).max(0.0)
            ),
            format!(
                "Give it more: another projector (`lienthong serve projector {view}`), or more processor where it runs"
            ),
        ),
        Status::Rewound => (
            Weight::Worse,
            "view-rewound",
            format!("went back and is {late} late"),
            format!(
                "Was it rebuilt or moved on purpose? Then wait; else prove it once it has caught up: `lienthong views verify {view}`"
            ),
        ),
        Status::Lost => (
            Weight::Losing,
            "view-lost",
            "has lost events for good".to_owned(),
            format!(
                "Lengthen retention first (setting log.retention_hours), then make it again from a copy of the log: `lienthong views rebuild {view}`"
            ),
        ),
        _ => (
            Weight::Standing,
            "view-stalled",
            format!("is {late} late and stands still"),
            format!(
                "See whether a projector keeps it: `lienthong lag --view {view} --partitions`; start or restart the projector (`lienthong serve projector {view}`)"
            ),
        ),
    };
    let subject = format!("view {view}/{}", lag.partition);
    let said = Said {
        reason: format!(
            "{subject} {gist}: {}{}",
            lag.reason,
            headroom(outlook.headroom_seconds)
        ),
        subject,
        status: &lag.status,
        what_to_do,
    };
    let (stage, owner) = match status {
        Status::Lost => (Stage::Log, &owners.log),
        _ => (Stage::Projector, &owners.projectors),
    };
    Some(Found {
        cause: cause(said, stage, owner),
        runbook,
        weight,
        seconds: lag.lag_seconds,
    })
}
