//! What an operator asks of all instances: everything side by side.

use super::directory::{Directory, Holder, unowned};
use super::freshness::{At, recorded_ms};
use super::kept::of_lane;
use super::peer::{Call, Peer};
use crate::lag::Status;
use crate::lanes::{log_failed, view_named};
use crate::views::View;
use futures_util::future::{FutureExt, join_all};
use lienthong_contract::pb::operations::v1::{ParkedDossier, ViewLag, ViewPosition};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::EventLog;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A partition and who keeps it.
struct Place {
    view: View,
    partition: u32,
    holder: Option<Holder>,
}

/// Every partition of these views, ordered.
async fn places(directory: &Directory, views: &[View]) -> Vec<Place> {
    let mut places = Vec::new();
    for view in views {
        let table = directory.table(*view).await;
        let holders = (0..).zip(table.iter());
        places.extend(holders.map(|(partition, holder)| Place {
            view: *view,
            partition,
            holder: holder.clone(),
        }));
    }
    places
}

/// Asks every instance that keeps one of the places, once; answers by address.
async fn ask_each<T>(places: &[Place], call: Call<'_, T>) -> BTreeMap<String, Result<T, Failure>> {
    let holders = places.iter().filter_map(|place| place.holder.as_ref());
    let peers: BTreeMap<&String, &Arc<dyn Peer>> = holders
        .map(|holder| (&holder.address, &holder.peer))
        .collect();
    let asked = peers.values().map(|peer| call((*peer).clone()));
    let answers = join_all(asked).await.into_iter();
    let addresses = peers.into_keys().cloned();
    addresses.zip(answers).collect()
}

/// What the instance that keeps a place said of it, or why there is nothing.
fn said<'a, T>(
    place: &Place,
    answers: &'a BTreeMap<String, Result<Vec<T>, Failure>>,
    is_of: impl Fn(&T) -> bool,
) -> Result<&'a T, Failure> {
    let holder = place.holder.as_ref();
    let answer = holder.and_then(|holder| answers.get(&holder.address));
    let answer = answer.ok_or_else(|| unowned(place.view, place.partition))?;
    let rows = answer.as_ref().map_err(Failure::clone)?;
    // An instance that kept it a moment ago may have given it up.
    let found = rows.iter().find(|row| is_of(row));
    found.ok_or_else(|| unowned(place.view, place.partition))
}

/// See `ViewOperations::positions`.
pub async fn positions(directory: &Directory) -> Vec<ViewPosition> {
    let places = places(directory, &View::ALL).await;
    let answers = ask_each(&places, &|peer| {
        async move { Ok(peer.positions().await?.views) }.boxed()
    })
    .await;
    let mut positions = Vec::new();
    for place in &places {
        let view = place.view.name();
        let is_of = |row: &ViewPosition| row.view == view && row.partition == place.partition;
        match said(place, &answers, is_of) {
            Ok(position) => positions.push(position.clone()),
            Err(_) => {
                let committed = directory.committed(place.view).await.unwrap_or_default();
                let next = committed.get(place.partition as usize).copied().flatten();
                positions.push(ViewPosition {
                    view: view.to_owned(),
                    partition: place.partition,
                    next_offset: next.unwrap_or(0),
                    checkpoint_offset: next.unwrap_or(0),
                    ..ViewPosition::default()
                });
            }
        }
    }
    positions
}

/// See `ViewOperations::lag`.
///
/// # Errors
/// `LOG_UNAVAILABLE`.
pub async fn lags(directory: &Directory, log: &dyn EventLog) -> Result<Vec<ViewLag>, Failure> {
    let places = places(directory, &View::ALL).await;
    let answers = ask_each(&places, &|peer| {
        async move { Ok(peer.lag().await?.lags) }.boxed()
    })
    .await;
    let mut lags = Vec::new();
    for place in &places {
        let view = place.view.name();
        let is_of = |row: &ViewLag| row.view == view && row.partition == place.partition;
        lags.push(match said(place, &answers, is_of) {
            Ok(lag) => lag.clone(),
            Err(why) => lag_without_owner(directory, log, place, &why).await?,
        });
    }
    Ok(lags)
}

/// The lag of a partition that nobody keeps: from where its last owner committed.
async fn lag_without_owner(
    directory: &Directory,
    log: &dyn EventLog,
    place: &Place,
    why: &Failure,
) -> Result<ViewLag, Failure> {
    let committed = directory.committed(place.view).await?;
    let committed = committed.get(place.partition as usize).copied().flatten();
    let bounds = log.bounds(place.partition).await;
    let bounds = bounds.map_err(|error| log_failed(&error))?;
    let next = committed.unwrap_or(bounds.start);
    // What retention removed of it cannot be read; what is left of it can.
    let at = At::new(next.max(bounds.start), None);
    let recorded_ms = recorded_ms(log, place.partition, &at, bounds.end).await?;
    let lag_ms = recorded_ms.map_or(0, |recorded_ms| (now_millis() - recorded_ms).max(0));
    Ok(ViewLag {
        view: place.view.name().to_owned(),
        partition: place.partition,
        next_offset: next,
        log_end_offset: bounds.end,
        lag_events: bounds.end.saturating_sub(next),
        lag_seconds: lag_ms as f64 / 1_000.0,
        status: Status::Stalled.name().to_owned(),
        reason: why.message.clone(),
        ..ViewLag::default()
    })
}

/// See `ViewOperations::parked`.
///
/// # Errors
/// `VIEW_UNKNOWN`, `VIEW_UNOWNED`.
pub async fn parked(directory: &Directory, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
    let views = match view {
        "" => View::ALL.to_vec(),
        name => vec![view_named(name)?],
    };
    let places = places(directory, &views).await;
    let mut answers = ask_each(&places, &|peer| {
        let view = view.to_owned();
        async move { Ok(peer.parked(&view).await?.parked) }.boxed()
    })
    .await;
    let mut all = Vec::new();
    for place in &places {
        let (view, partition) = (place.view, place.partition);
        let holder = place.holder.as_ref();
        let answer = holder.and_then(|holder| answers.get_mut(&holder.address));
        let rows = answer.ok_or_else(|| unowned(view, partition))?;
        let rows = rows.as_mut().map_err(|failure| match failure.reason {
            Reason::ViewUnowned => {
                of_lane(failure.reason, view, partition, failure.message.clone())
            }
            _ => failure.clone(),
        })?;
        let is_of = |row: &mut ParkedDossier| {
            let at = row.position.unwrap_or_default();
            row.view == view.name() && at.partition == partition
        };
        all.extend(rows.extract_if(.., is_of));
    }
    Ok(all)
}
