//! What an operator asks: positions, parked dossiers.

use crate::lane::Lane;
use crate::lanes::view_named;
use crate::parking::Parked;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{ParkedDossier, ViewPosition};
use lienthong_contract::reference::Current;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Waiting offsets shown of one parked key.
const MOST_WAITING: usize = 100;

/// Position and digest of each of these lanes, with its status tables beside those in force.
pub fn positions(lanes: &[Arc<Lane>], reference: &Current) -> Vec<ViewPosition> {
    let newest = reference.now();
    let newest = newest.mappings.fingerprint();
    lanes.iter().map(|lane| position(lane, newest)).collect()
}

fn position(lane: &Lane, newest: &str) -> ViewPosition {
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
        mapping_version: state.tables.fingerprint().to_owned(),
        newest_mapping_version: newest.to_owned(),
    }
}

/// A digest as operators read it.
pub fn hex(digest: u128) -> String {
    format!("{digest:032x}")
}

/// Dossiers parked in those of these lanes that are of the view, or in all if the name is empty.
///
/// # Errors
/// `VIEW_UNKNOWN`.
pub fn parked(lanes: &[Arc<Lane>], view: &str) -> Result<Vec<ParkedDossier>, Failure> {
    let only = match view {
        "" => None,
        name => Some(view_named(name)?),
    };
    let mut all = Vec::new();
    let asked = |lane: &&Arc<Lane>| only.is_none_or(|view| lane.owner.view == view);
    for lane in lanes.iter().filter(asked) {
        let state = lane.state();
        let parked = state.parking.iter();
        all.extend(parked.map(|(key, parked)| shown(lane, key, parked)));
    }
    Ok(all)
}

fn shown(lane: &Lane, key: &[u8], parked: &Parked) -> ParkedDossier {
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
