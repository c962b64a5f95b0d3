//! The hub's own probes, as they arrive: what they took, and which were lost.
//!
//! | stage | reached when | lost when, after `lost_after` by this process's clock |
//! |---|---|---|
//! | `log` | it is durable, as its adapter tells with the next | its adapter counts that |
//! | `queryable/VIEW` | `Questions::wait_for` of the view answers, as for a caller's `min_positions` | it has not |
//! | `subscriber` | a follower of the same blocks as any stream's has been woken and holds it | it came later, or the one after it came without it |
//! | `adapter` | | no further one came, and the last said that one would |
//!
//! What is not covered: a subscriber's filter, the network to it and its own acknowledgement. In a
//! cluster the question goes over the wire to the projector, as a caller's does.
//!
//! Nothing is judged before it worked once: a process that starts up, and a view that loads, lose no
//! probe. One that ends in order says so in its last probe and is forgotten; one that leaves
//! otherwise is silent, which counts as loss, until it is back or an hour has passed.

mod minute;
mod queryable;
mod stages;
mod way;
mod ways;

use super::{Config, Handles};
use crate::source::Block;
use lienthong_contract::pb::operations::v1::{ProbeLag, StageLag};
use lienthong_contract::ports::Questions;
use lienthong_contract::time::now_millis;
use queryable::{Arrived, Asker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;
use ways::Ways;

/// The views that are asked for probes.
const VIEWS: [&str; 3] = ["case", "horizontal", "vertical"];
/// How often it is looked whether probes still come.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What is known of probes.
pub struct Probes {
    ways: Mutex<Ways>,
    questions: Option<Arc<dyn Questions>>,
    /// Of every view and partition.
    askers: Vec<Arc<Asker>>,
}

impl Probes {
    /// Nothing is known yet.
    pub fn new(config: &Config, handles: &Handles) -> Arc<Self> {
        let partitions = handles.blocks.partitions();
        let views = match handles.questions {
            Some(_) => &VIEWS[..],
            None => &[],
        };
        let of_view = |view| (0..partitions).map(move |partition| Asker::new(view, partition));
        let askers = views.iter().copied().flat_map(of_view).map(Arc::new);
        Arc::new(Self {
            ways: Mutex::new(Ways::new(config.lost_after, views)),
            questions: handles.questions.clone(),
            askers: askers.collect(),
        })
    }

    /// Takes what a block has from an offset on.
    pub fn take(&self, block: &Block, from: u64) {
        let (now, now_ms) = (Instant::now(), now_millis());
        let mut ways = self.ways();
        let probes = block.probes.iter().filter(|probe| probe.offset >= from);
        let arrived = probes.filter_map(|probe| {
            let one = ways.arrived(block.partition, probe, now, now_ms)?;
            Some((probe.offset, one))
        });
        let (offsets, those): (Vec<u64>, Vec<_>) = arrived.unzip();
        drop(ways);
        let Some(offset) = offsets.into_iter().max() else {
            return;
        };
        let here = |asker: &&Arc<Asker>| asker.partition == block.partition;
        for asker in self.askers.iter().filter(here) {
            let arrived = Arrived {
                offset,
                at: now,
                those: those.clone(),
            };
            asker.push(arrived, &mut self.ways());
        }
    }

    /// See `Watched::probes`.
    pub fn lags(&self, _now_ms: i64) -> Vec<ProbeLag> {
        self.ways().lags(Instant::now())
    }

    /// See `Watched::stages`. Of probes it is not known when a projector took them up: `queryable`
    /// is from durable until questions see them.
    pub fn stages(&self, _now_ms: i64) -> Vec<StageLag> {
        self.ways().stages.told(Instant::now())
    }

    fn ways(&self) -> MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is done by the clock, until `shutdown`.
pub async fn run(probes: Arc<Probes>, shutdown: CancellationToken) {
    let mut asking = JoinSet::new();
    if let Some(questions) = &probes.questions {
        for asker in &probes.askers {
            let run = queryable::run(asker.clone(), questions.clone(), probes.clone());
            asking.spawn(run);
        }
    }
    let mut looks = interval(LOOK_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = looks.tick() => probes.ways().look(Instant::now()),
        }
    }
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
