//! Cases wait behind an event that could not be applied, or that a subscriber fails on.

use super::super::Parts;
use super::super::words::duration;
use super::{Found, Owners, Said, Weight, cause};
use lienthong_telemetry::stage::Stage;

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let views = parts.views.iter().filter(|view| view.parked > 0);
    let views = views.map(|view| {
        let name = &view.view;
        let said = Said {
            subject: format!("view {name}"),
            status: "parked",
            reason: format!(
                "{} cases of the view {name} wait behind an event that could not be applied, the oldest for {}",
                view.parked,
                duration(view.parked_oldest_seconds)
            ),
            what_to_do: "See why: `lienthong parked`; after an import of the status table or an upgrade `lienthong views rebuild`, or decide on each: `lienthong parked release KEY --offset OFFSET --retry`".to_owned(),
        };
        (said, Stage::Queryable, &owners.projectors, view.parked_oldest_seconds)
    });
    let subscriptions = parts.subscriptions.iter().filter(|one| one.parked > 0);
    let subscriptions = subscriptions.map(|one| {
        let name = &one.name;
        let said = Said {
            subject: format!("subscription {name}"),
            status: "parked",
            reason: format!(
                "{} events of cases that the subscription {name} fails on are parked, the oldest for {}",
                one.parked,
                duration(one.parked_oldest_seconds)
            ),
            what_to_do: format!(
                "See why: `lienthong subscriptions parked {name}`; once the consumer is mended: `lienthong subscriptions release {name} --all --retry`"
            ),
        };
        (said, Stage::Subscriber, name, one.parked_oldest_seconds)
    });
    let each = views.chain(subscriptions);
    each.map(|(said, stage, owner, seconds)| Found {
        cause: cause(said, stage, owner),
        runbook: "events-parked",
        weight: Weight::Open,
        seconds,
    })
    .collect()
}
