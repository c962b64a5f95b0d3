//! One look at a hub: what it answers about lag, and where everything stood before and after.

use super::ground::{Ground, Told};
use super::now_ms;
use crate::fleet::asker::Asker;
use crate::kill::Fault;
use lienthong_contract::pb::operations::v1::{GetLagResponse, ListPositionsResponse, ViewPosition};
use lienthong_contract::pb::subscription::v1::SubscriptionStatus;
use std::collections::BTreeMap;

/// A next offset that is not known: no further than the view was seen later.
pub const ANYWHERE: u64 = u64::MAX;

/// Where everything stands at a moment.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The least and the most that each view's next offset can be, by view and partition.
    pub next: BTreeMap<(String, u32), (u64, u64)>,
    /// First offset kept and end, by partition.
    pub bounds: BTreeMap<u32, (u64, u64)>,
}

/// Where everything stood when it was asked for.
#[derive(Debug, Clone)]
pub struct Sighting {
    /// Just before it was asked, milliseconds since the Unix epoch.
    pub from_ms: f64,
    /// Just after the answer.
    pub until_ms: f64,
    /// What was answered, without the places that nobody spoke for.
    pub places: Places,
}

impl Sighting {
    /// In the middle of asking.
    pub fn at_ms(&self) -> f64 {
        (self.from_ms + self.until_ms) / 2.0
    }
}

/// A projector, as it is when somebody looks.
#[derive(Debug, Clone, Copy)]
pub enum Projector<'a> {
    /// It answers.
    Works,
    /// It gets on, and may be too slow to say where it stands.
    Crawls,
    /// It does not work; there the views stood when it was seen last.
    Frozen(&'a Places),
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

/// Asks for lag once.
///
/// # Errors
/// If the gateway or the brokers do not answer.
pub async fn look(
    phase: usize,
    ground: &Ground,
    asker: &Asker,
    projector: Projector<'_>,
) -> Result<Look, Fault> {
    let before = places(ground, asker, projector).await?;
    let subscriptions = asker.subscriptions().await?;
    let from_ms = now_ms();
    let answer = asker.lags().await.map_err(|status| status.to_string());
    let until_ms = now_ms();
    let after = places(ground, asker, projector).await?;
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
/// somewhere from what it committed to where it was seen last. Of one that is too slow to say so only
/// what it committed is known: it may stand anywhere after it.
///
/// # Errors
/// If the gateway or the brokers do not answer.
pub async fn places(
    ground: &Ground,
    asker: &Asker,
    projector: Projector<'_>,
) -> Result<Places, Fault> {
    let Projector::Frozen(frozen) = projector else {
        let crawls = matches!(projector, Projector::Crawls);
        return seen(ground, asker.positions().await?, crawls).await;
    };
    let told = ground.told().await?;
    let told = told.ok_or("one process has no projector of its own")?;
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
    /// As a gateway tells, without what nobody speaks for.
    pub fn known(mut positions: ListPositionsResponse) -> Self {
        positions.views.retain(is_known);
        Self::of(positions)
    }

    /// As a gateway tells.
    fn of(positions: ListPositionsResponse) -> Self {
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

/// Whether whoever keeps a place says where it stands: neither nobody, nor one who has not yet looked
/// for where it goes on from.
fn is_known(view: &ViewPosition) -> bool {
    !view.digest.is_empty() && view.next_offset > 0
}

async fn seen(
    ground: &Ground,
    positions: ListPositionsResponse,
    crawls: bool,
) -> Result<Places, Fault> {
    let unowned = positions.views.iter().filter(|view| !is_known(view));
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
            let most = if crawls { ANYWHERE } else { committed };
            places.next.insert(place, (committed, most));
        }
    }
    Ok(places)
}
