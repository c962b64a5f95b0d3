//! Retention will remove what a view or a subscription has not processed before it does.
//!
//! That is so where it comes before the time at which it will have caught up; and where there is no
//! such time, once more of what retention allows has passed than is left.

use super::super::Parts;
use super::super::words::duration;
use super::{Found, Owners, Said, Weight, cause};
use lienthong_contract::pb::operations::v1::Outlook;
use lienthong_telemetry::stage::Stage;

const WHAT_TO_DO: &str = "Lengthen retention now: settings log.retention_hours and log.retention_bytes, on Kafka `kafka-configs.sh --alter --topic PREFIX.events.v1 --add-config retention.ms=-1`; then see to why it is late";

/// Whoever may lose events.
struct Follower<'a> {
    subject: String,
    status: &'a str,
    stage: Stage,
    owner: &'a str,
    late_seconds: f64,
    outlook: Outlook,
}

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let views = parts.lags.iter().map(|lag| Follower {
        subject: format!("view {}/{}", lag.view, lag.partition),
        status: &lag.status,
        stage: Stage::Projector,
        owner: &owners.projectors,
        late_seconds: lag.lag_seconds,
        outlook: lag.outlook.unwrap_or_default(),
    });
    let subscriptions = parts.subscriptions.iter().map(|lag| Follower {
        subject: format!("subscription {}", lag.name),
        status: &lag.status,
        stage: Stage::Subscriber,
        owner: &lag.name,
        late_seconds: lag.lag_seconds,
        outlook: lag.outlook.unwrap_or_default(),
    });
    views.chain(subscriptions).filter_map(of).collect()
}

fn of(follower: Follower<'_>) -> Option<Found> {
    let headroom = follower.outlook.headroom_seconds?;
    let is_short = match follower.outlook.eta_seconds {
        Some(eta) => headroom <= eta,
        None => headroom <= follower.late_seconds,
    };
    if !is_short {
        return None;
    }
    let when = match headroom {
        ..=0.0 => "any moment".to_owned(),
        _ => format!("in {}", duration(headroom)),
    };
    let until = match follower.outlook.eta_seconds {
        Some(eta) => format!("it will have caught up in {}", duration(eta)),
        None => "it never catches up at this rate".to_owned(),
    };
    let said = Said {
        reason: format!(
            "retention removes what {} has not processed {when}; {until}",
            follower.subject
        ),
        subject: follower.subject,
        status: follower.status,
        what_to_do: WHAT_TO_DO.to_owned(),
    };
    Some(Found {
        cause: cause(said, follower.stage, follower.owner),
        runbook: "retention-headroom",
        weight: Weight::Losing,
        // The less is left the worse.
        seconds: -headroom,
    })
}
