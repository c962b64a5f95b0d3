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
use lienthong_contract::reference::{demo_agencies, registry};
use lienthong_eventlog::Record;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub const PARTITIONS: u32 = 3;

/// Lanes over a log that holds `records`, not fed yet.
pub fn lanes(records: impl IntoIterator<Item = Record>) -> (Arc<Lanes>, Arc<MemoryLog>) {
    let log = MemoryLog::new(PARTITIONS);
    log.put(records);
    let index = Arc::new(Index::default());
    let lane = |view: View, partition: u32| {
        let of_case = (view == View::Case).then(|| index.clone());
        let lane = Lane::new(owner(view, partition), of_case);
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
        registry: Arc::new(registry(&[demo_agencies()]).unwrap()),
    };
    (Arc::new(lanes), log)
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

/// Writes a checkpoint into a store that holds `written` of the vocabulary. With `kill_after`, the
/// process dies after so many pieces: nothing is committed.
pub fn save(
    lane: &Lane,
    store: &mut dyn Store,
    written: Size,
    kill_after: Option<usize>,
) -> Option<Size> {
    let mut state = lane.state_mut();
    let rows = checkpoint::begin(&mut state, lane.owner, written).unwrap();
    let names = state.facts.parts().names().size();
    store.put(rows).unwrap();
    let mut pieces = 0;
    loop {
        if kill_after.is_some_and(|most| pieces >= most) {
            return None;
        }
        let rows = checkpoint::next_rows(&mut state);
        if rows.is_empty() {
            break;
        }
        store.put(rows).unwrap();
        pieces += 1;
    }
    store.commit().unwrap();
    Some(names)
}

/// Loads what the store holds into the lane; a lane begins anew if it holds nothing.
pub fn load(lane: &Lane, store: &mut dyn Store) -> Size {
    let state = checkpoint::load(store, lane.owner).unwrap();
    let state = state.unwrap_or_else(|| State::new(lane.owner.view, 0));
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
