//! What an operator asks: positions, lag, parked dossiers.

use crate::lag;
use crate::lane::Lane;
use crate::lanes::{Lanes, log_failed, view_named};
use crate::parking::Parked;
use crate::views::View;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{ParkedDossier, ViewLag, ViewPosition};
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use std::sync::atomic::Ordering;

/// Waiting offsets shown of one parked key.
const MOST_WAITING: usize = 100;

/// Position and digest of every view, by partition.
pub fn positions(lanes: &Lanes) -> Vec<ViewPosition> {
    lanes.all().map(|lane| position(lane)).collect()
}

/// Position and digest of one lane.
pub fn position(lane: &Lane) -> ViewPosition {
    let state = lane.state();
    let counts = state.facts.parts().counts();
    ViewPosition {
        view: lane.owner.view.name().to_owned(),
        partition: lane.owner.partition,
        next_offset: state.next,
        digest: hex(state.digest()),
        checkpoint_offset: lane.checkpointed.load(Ordering::Relaxed),
        facts: counts.facts,
        keys: counts.keys,
        duplicates: counts.duplicates,
    }
}

/// A digest as operators read it.
pub fn hex(digest: u128) -> String {
    format!("{digest:032x}")
}

/// Lag of every view, by partition.
///
/// # Errors
/// `LOG_UNAVAILABLE`.
pub async fn lags(lanes: &Lanes) -> Result<Vec<ViewLag>, Failure> {
    let now_ms = now_millis();
    let mut lags = Vec::new();
    for lane in lanes.all() {
        let lag = lag::lag(lane, lanes.log.as_ref(), now_ms).await;
        lags.push(lag.map_err(|error| log_failed(&error))?);
    }
    Ok(lags)
}

/// Parked dossiers of a view, or of all if the name is empty.
///
/// # Errors
/// `VIEW_UNKNOWN`.
pub fn parked(lanes: &Lanes, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
    let views = match view {
        "" => View::ALL.to_vec(),
        name => vec![view_named(name)?],
    };
    let mut all = Vec::new();
    for lane in views.iter().flat_map(|view| &lanes.of(*view).lanes) {
        let state = lane.state();
        let parked = state.parking.iter();
        all.extend(parked.map(|(key, parked)| shown(lane, key, parked)));
    }
    Ok(all)
}

/// A parked key as operators see it.
pub fn shown(lane: &Lane, key: &[u8], parked: &Parked) -> ParkedDossier {
    ParkedDossier {
        view: lane.owner.view.name().to_owned(),
        key: String::from_utf8_lossy(key).into_owned(),
        position: Some(Position {
            partition: lane.owner.partition,
            offset: parked.offset,
        }),
        reason: parked.fault.reason().name().to_owned(),
        detail: parked.detail.clone(),
        parked_time: Some(from_millis(parked.recorded_ms)),
        waiting_offsets: parked.waiting.iter().take(MOST_WAITING).copied().collect(),
        waiting_total: parked.waiting.len() as u64,
    }
}
