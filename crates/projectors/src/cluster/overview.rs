//! What an operator asks of all instances: everything side by side.

use super::directory::{Directory, Holder, unowned};
use super::kept::of_lane;
use super::peer::{Call, Peer};
use crate::lanes::view_named;
use crate::views::View;
use futures_util::future::{FutureExt, join_all};
use lienthong_contract::pb::operations::v1::{ParkedDossier, ViewPosition};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A partition and who keeps it.
pub struct Place {
    /// The view.
    pub view: View,
    /// The partition.
    pub partition: u32,
    /// Who keeps it; none: nobody does.
    pub holder: Option<Holder>,
}

/// Every partition of these views, ordered.
pub async fn places(directory: &Directory, views: &[View]) -> Vec<Place> {
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
pub async fn ask_each<T>(
    places: &[Place],
    call: Call<'_, T>,
) -> BTreeMap<String, Result<T, Failure>> {
    let holders = places.iter().filter_map(|place| place.holder.as_ref());
    let peers: BTreeMap<&String, &Arc<dyn Peer>> = holders
        .map(|holder| (&holder.address, &holder.peer))
        .collect();
    let asked = peers.values().map(|peer| call((*peer).clone()));
    let answers = join_all(asked).await.into_iter();
    let addresses = peers.into_keys().cloned();
    addresses.zip(answers).collect()
}

/// What the instance that keeps a place said of it.
///
/// # Errors
/// Why there is nothing.
pub fn said<'a, T>(
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
