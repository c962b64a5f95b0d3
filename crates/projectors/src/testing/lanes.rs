//! Lanes without runners: fed by hand, checkpointed and loaded by hand.

use super::log::MemoryLog;
use crate::checkpoint::{self, Owner};
use crate::feed::catch_up;
use crate::joins::index::Index;
use crate::lane::Lane;
use crate::lanes::{Lanes, ViewLanes};
use crate::store::Store;
use crate::views::names::Size;
use crate::views::{State, View};
use lienthong_contract::reference::{Current, demo};
use lienthong_domain::reference::Reference;
use lienthong_domain::status::{Mappings, StatusRow};
use lienthong_eventlog::Record;
use std::sync::{Arc, LazyLock, Mutex};
use tokio_util::sync::CancellationToken;

pub const PARTITIONS: u32 = 3;

/// Read once: it takes a while.
static DEMO: LazyLock<Reference> = LazyLock::new(|| demo().unwrap());

/// Lanes over a log that holds `records`, not fed yet.
pub fn lanes(records: impl IntoIterator<Item = Record>) -> (Arc<Lanes>, Arc<MemoryLog>) {
    let log = MemoryLog::new(PARTITIONS);
    log.put(records);
    let index = Arc::new(Index::default());
    let lane = |view: View, partition: u32| {
        let of_case = (view == View::Case).then(|| index.clone());
        let lane = Lane::new(owner(view, partition), tables(), of_case);
        lane.set_ready();
        Arc::new(lane)
    };
    let views = View::ALL.map(|view| {
        let lanes = (0..PARTITIONS).map(|partition| lane(view, partition));
        ViewLanes::new(lanes.collect(), Vec::new())
    });
    let lanes = Lanes {
        views: views.into_iter().collect(),
        index,
        log: log.clone(),
        reference: Current::new(DEMO.clone()),
        tied: Default::default(),
        known_ties: Mutex::new(None),
    };
    (Arc::new(lanes), log)
}

/// The status tables that ship with the hub.
pub fn tables() -> Mappings {
    super::cluster::reference_once().now().mappings.clone()
}

/// The same with another meaning of one code.
pub fn changed(system: &str, code: &str, maps_to: &str) -> Mappings {
    let row = StatusRow {
        system,
        code,
        maps_to,
    };
    tables().changed(&[row]).unwrap()
}

pub fn owner(view: View, partition: u32) -> Owner {
    Owner {
        view,
        partition,
        partitions: PARTITIONS,
    }
}

/// Feeds every lane up to the log's end.
pub async fn feed_all(lanes: &Lanes) {
    for lane in lanes.all() {
        let end = lanes.log.bounds(lane.owner.partition).await.unwrap().end;
        feed_to(lanes, lane, end).await;
    }
}

pub async fn feed_to(lanes: &Lanes, lane: &Lane, to: u64) {
    let stop = CancellationToken::new();
    catch_up(lane, lanes.log.as_ref(), to, &stop).await.unwrap();
}

/// How a checkpoint goes.
pub struct Save {
    /// Of the vocabulary, what the store holds.
    pub written: Size,
    /// The process dies after so many pieces: nothing is committed.
    pub kill_after: Option<usize>,
    /// So many events are taken while it is written.
    pub meanwhile: u64,
}

/// Writes a checkpoint into a store. None if the process died.
pub async fn save(lanes: &Lanes, lane: &Lane, store: &mut dyn Store, save: Save) -> Option<()> {
    let rows = checkpoint::begin(&mut lane.state_mut(), lane.owner, save.written).unwrap();
    store.put(rows).unwrap();
    feed_to(lanes, lane, lane.next() + save.meanwhile).await;
    let mut pieces = 0;
    loop {
        if save.kill_after.is_some_and(|most| pieces >= most) {
            return None;
        }
        let rows = checkpoint::next_rows(&mut lane.state_mut());
        if rows.is_empty() {
            break;
        }
        store.put(rows).unwrap();
        pieces += 1;
    }
    store.commit().unwrap();
    Some(())
}

/// Loads what the store holds into the lane; a lane begins anew if it holds nothing.
pub fn load(lane: &Lane, store: &mut dyn Store) -> Size {
    let state = checkpoint::load(store, lane.owner, &lane.tables()).unwrap();
    let state = state.unwrap_or_else(|| State::new(lane.owner.view, 0, lane.tables()));
    let names = match state.next {
        0 => Size::EMPTY,
        _ => state.facts.parts().names().size(),
    };
    lane.replace(state);
    names
}

/// Digests of every lane.
pub fn digests(lanes: &Lanes) -> Vec<u128> {
    lanes.all().map(|lane| lane.state().digest()).collect()
}
