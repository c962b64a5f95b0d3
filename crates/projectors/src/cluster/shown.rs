//! A gateway shows as metrics what nobody else can: partitions whose instance is gone, or does not
//! answer. An alert about a view that stands still would otherwise go silent with the process that
//! stands still.

use super::Cluster;
use super::lags::lags;
use crate::lag::told::reading;
use crate::views::View;
use lienthong_contract::pb::operations::v1::ViewLag;
use lienthong_telemetry::projection::{self, Reading};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Each instance is asked as often.
const EVERY: Duration = Duration::from_secs(1);

/// What is shown of partitions that nobody keeps.
type Shown = BTreeMap<(View, u32), Arc<Mutex<Reading>>>;

/// Shows every partition that nobody keeps in each scrape until `stop`; those that somebody keeps are
/// shown by whoever does.
pub fn watch(cluster: Arc<Cluster>, stop: CancellationToken) {
    tokio::spawn(async move {
        let mut shown = Shown::new();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => look(&cluster, &mut shown).await,
            }
        }
        keep_only(&mut shown, &[]);
    });
}

async fn look(cluster: &Cluster, shown: &mut Shown) {
    // If nothing can be said of any, what was said last stays, the log being away: it is stalled.
    let Ok(told) = lags(
        &cluster.directory,
        cluster.log.as_ref(),
        &cluster.remembered,
    )
    .await
    else {
        return;
    };
    let untold = cluster.remembered.untold();
    keep_only(shown, &untold);
    for (view, partition) in untold {
        let is_of = |lag: &&ViewLag| of(lag) == (view.name(), partition);
        if let Some(lag) = told.iter().find(is_of) {
            show(shown, view, partition, reading(lag));
        }
    }
}

fn of(lag: &ViewLag) -> (&str, u32) {
    (&lag.view, lag.partition)
}

fn keep_only(shown: &mut Shown, unkept: &[(View, u32)]) {
    shown.retain(|&(view, partition), _| {
        let stays = unkept.contains(&(view, partition));
        if !stays {
            projection::forget(view.name(), partition);
        }
        stays
    });
}

fn show(shown: &mut Shown, view: View, partition: u32, reading: Reading) {
    if let Some(known) = shown.get(&(view, partition)) {
        *known.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        return;
    }
    let known = Arc::new(Mutex::new(reading));
    let told = known.clone();
    let source = move || *told.lock().unwrap_or_else(PoisonError::into_inner);
    projection::watch(view.name(), partition, Arc::new(source));
    shown.insert((view, partition), known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_that_somebody_keeps_again_is_shown_no_more() {
        let stalled = Reading {
            status: 5,
            ..Reading::default()
        };
        let mut shown = Shown::new();
        show(&mut shown, View::Case, 7, Reading::default());
        show(&mut shown, View::Case, 7, stalled);
        show(&mut shown, View::Vertical, 7, stalled);
        let held = shown[&(View::Case, 7)].lock();
        assert_eq!(held.map(|held| held.status).ok(), Some(5));
        keep_only(&mut shown, &[(View::Case, 7)]);
        let keys: Vec<_> = shown.keys().copied().collect();
        assert_eq!(keys, [(View::Case, 7)]);
        keep_only(&mut shown, &[]);
        assert!(shown.is_empty());
    }
}
