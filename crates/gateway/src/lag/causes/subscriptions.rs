//! A durable subscription is late, stands still, was disabled, is full or is kept by nobody.
//!
//! It is the subscriber's own who has events in hand and does not acknowledge them, or does not ask
//! for any; else the gateway does not keep up. One that a person paused is as that person wants it.

use super::super::Parts;
use super::super::summary::status_of;
use super::super::words::{duration, headroom};
use super::{Found, Owners, Said, Weight, cause};
use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_domain::lag::Status;
use lienthong_telemetry::stage::Stage;

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let late = parts.subscriptions.iter();
    late.filter_map(|lag| of(lag, owners)).collect()
}

fn of(lag: &SubscriptionLag, owners: &Owners) -> Option<Found> {
    let name = &lag.name;
    let late = duration(lag.lag_seconds);
    let (weight, runbook, gist) = match status_of(&lag.status) {
        Status::Current | Status::Paused => return None,
        Status::CatchingUp | Status::Loading => (
            Weight::Watched,
            "subscription-late",
            format!("is {late} late and catches up"),
        ),
        Status::FallingBehind | Status::Rewound => (
            Weight::Worse,
            "subscription-late",
            format!("is {late} late"),
        ),
        Status::Disabled => (
            Weight::Worse,
            "subscription-disabled",
            format!("was disabled and is {late} late"),
        ),
        Status::Lost => (
            Weight::Losing,
            "retention-headroom",
            "has lost events for good".to_owned(),
        ),
        Status::Full => (
            Weight::Standing,
            "events-parked",
            format!("is full and {late} late"),
        ),
        Status::Unkept => (
            Weight::Standing,
            "subscription-stalled",
            "is kept by no gateway".to_owned(),
        ),
        Status::Stalled => (
            Weight::Standing,
            "subscription-stalled",
            format!("is {late} late and stands still"),
        ),
    };
    let (stage, owner) = blamed(lag, owners);
    let outlook = lag.outlook.unwrap_or_default();
    let said = Said {
        subject: format!("subscription {name}"),
        status: &lag.status,
        reason: format!(
            "the subscription {name} {gist} ({} in flight, {} consumers): {}{}",
            lag.in_flight,
            lag.consumers,
            lag.reason,
            headroom(outlook.headroom_seconds)
        ),
        what_to_do: what_to_do(lag),
    };
    Some(Found {
        cause: cause(said, stage, owner),
        runbook,
        weight,
        seconds: lag.lag_seconds,
    })
}

fn blamed<'a>(lag: &'a SubscriptionLag, owners: &'a Owners) -> (Stage, &'a str) {
    let is_with_subscriber = lag.in_flight > 0 || lag.consumers == 0;
    match status_of(&lag.status) {
        Status::Lost => (Stage::Log, &owners.log),
        Status::Disabled | Status::Full => (Stage::Subscriber, &lag.name),
        Status::Unkept => (Stage::Subscriber, &owners.gateways),
        _ if is_with_subscriber => (Stage::Subscriber, &lag.name),
        _ => (Stage::Subscriber, &owners.gateways),
    }
}

fn what_to_do(lag: &SubscriptionLag) -> String {
    let name = &lag.name;
    match status_of(&lag.status) {
        Status::Disabled => format!(
            "Ask its team to mend the endpoint, then `lienthong subscriptions resume {name}`; or `lienthong subscriptions delete {name}`"
        ),
        Status::Full => format!(
            "Its team mends what fails on the parked events, then `lienthong subscriptions release {name} --all --retry`"
        ),
        Status::Unkept => {
            "Start a gateway: `lienthong serve gateway`; another takes it up by itself once the session of the one that died has ended".to_owned()
        }
        Status::Lost => format!(
            "Lengthen retention (setting log.retention_hours); tell its team which events it lacks: `lienthong subscriptions show {name}`"
        ),
        _ if lag.consumers == 0 => format!(
            "Nobody consumes it: its team starts a consumer, or pause it: `lienthong subscriptions pause {name}`"
        ),
        _ => format!(
            "See what it holds: `lienthong subscriptions show {name}`; its team restarts a consumer that hangs"
        ),
    }
}
