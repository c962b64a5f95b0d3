//! One look at a hub: what it answers about lag, and where everything stood before and after.

use super::ground::{Ground, Told};
use super::now_ms;
use crate::fleet::asker::Asker;
use crate::kill::Fault;
use lienthong_contract::pb::operations::v1::{GetLagResponse, ListPositionsResponse};
use lienthong_contract::pb::subscription::v1::SubscriptionStatus;
use std::collections::BTreeMap;

/// Where everything stands at a moment.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The least and the most that each view's next offset can be, by view and partition.
    pub next: BTreeMap<(String, u32), (u64, u64)>,
    /// First offset kept and end, by partition.
    pub bounds: BTreeMap<u32, (u64, u64)>,
}

/// What was asked, and what stood around it.
#[derive(Debug, Clone)]
pub struct Look {
    /// Which phase.
    pub phase: usize,
    /// Just before lag was asked for, milliseconds since the Unix epoch.
    pub from_ms: f64,
    /// Just after the answer.
    pub until_ms: f64,
    /// Just before `from_ms`.
    pub before: Places,
    /// Just after `until_ms`.
    pub after: Places,
    /// What was answered, or why nothing was.
    pub answer: Result<GetLagResponse, String>,
    /// Up to which number each subscription was settled just before `from_ms`.
    pub settled: BTreeMap<String, u64>,
    /// What Kafka told just after the answer; none without Kafka.
    pub told: Option<Told>,
}

/// Asks for lag once; `frozen` are the places where the views stood when their projector was seen
/// last, while it does not work.
///
/// # Errors
/// If the gateway or the brokers do not answer.
pub async fn look(
    phase: usize,
    ground: &Ground,
    asker: &Asker,
    frozen: Option<&Places>,
) -> Result<Look, Fault> {
    let before = places(ground, asker, frozen).await?;
    let subscriptions = asker.subscriptions().await?;
    let from_ms = now_ms();
    let answer = asker.lags().await.map_err(|status| status.to_string());
    let until_ms = now_ms();
    let after = places(ground, asker, frozen).await?;
    Ok(Look {
        phase,
        from_ms,
        until_ms,
        before,
        after,
        answer,
        settled: settled(subscriptions),
        told: ground.told().await?,
    })
}

/// Where everything stands. While a projector does not work nobody can ask it: a view then stands
/// somewhere from what it committed to where it was seen last.
///
/// # Errors
/// If the gateway or the brokers do not answer.
pub async fn places(
    ground: &Ground,
    asker: &Asker,
    frozen: Option<&Places>,
) -> Result<Places, Fault> {
    let told = match frozen {
        Some(_) => ground.told().await?,
        None => None,
    };
    let (Some(frozen), Some(told)) = (frozen, told) else {
        return seen(ground, asker.positions().await?).await;
    };
    let next = told.committed.iter().map(|(place, committed)| {
        let committed = committed.unwrap_or(0);
        let last = frozen.next.get(place).map_or(committed, |(_, most)| *most);
        (place.clone(), (committed, last.max(committed)))
    });
    Ok(Places {
        next: next.collect(),
        bounds: told.bounds,
    })
}

fn settled(subscriptions: Vec<SubscriptionStatus>) -> BTreeMap<String, u64> {
    let statuses = subscriptions.into_iter();
    let settled = statuses.filter_map(|status| {
        let name = status.subscription?.name;
        Some((name, status.settled_sequence))
    });
    settled.collect()
}

impl Places {
    /// As a gateway tells.
    pub fn of(positions: ListPositionsResponse) -> Self {
        let bounds = positions.log.iter();
        let next = positions.views.into_iter().map(|view| {
            let place = (view.view, view.partition);
            (place, (view.next_offset, view.next_offset))
        });
        Self {
            next: next.collect(),
            bounds: bounds
                .map(|log| (log.partition, (log.start_offset, log.end_offset)))
                .collect(),
        }
    }
}

async fn seen(ground: &Ground, positions: ListPositionsResponse) -> Result<Places, Fault> {
    let unowned = positions.views.iter();
    // Nobody keeps it, or who does has not yet looked for where it goes on from.
    let unowned = unowned.filter(|view| view.digest.is_empty() || view.next_offset == 0);
    let unowned: Vec<_> = unowned
        .map(|view| (view.view.clone(), view.partition))
        .collect();
    let mut places = Places::of(positions);
    // What nobody keeps stands where it was committed: Kafka's own word counts.
    if !unowned.is_empty()
        && let Some(told) = ground.told().await?
    {
        for place in unowned {
            let committed = told.committed.get(&place).copied().flatten().unwrap_or(0);
            places.next.insert(place, (committed, committed));
        }
    }
    Ok(places)
}
