//! What reading the log tells of those who report and of the hub's own probes.
//!
//! ```text
//!                                +--> sources: last seen, delay, clock, rhythm
//! blocks, from the log's end on -+
//!                                +--> probes: durable, queryable, delivered, lost
//! ```
//! Every partition is followed as a subscriber follows it, from the end that the log has at the
//! start, so a watch sees an event when a subscriber could. What it tells comes from memory. Each
//! gateway keeps a watch of its own.

mod follow;
mod probes;
mod sources;

use crate::source::Blocks;
use lienthong_contract::pb::operations::v1::{ProbeLag, SourceLag, StageLag};
use lienthong_contract::ports::{Questions, Watched};
use lienthong_contract::reference::Current;
use probes::Probes;
use sources::Sources;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How it watches.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file in which the rhythms of sources outlive the process; it may be deleted. None: they
    /// are learned from the log at every start.
    pub rhythms: Option<PathBuf>,
    /// A probe that has not arrived after so long is lost.
    pub lost_after: Duration,
}

/// What it watches with.
#[derive(Clone)]
pub struct Handles {
    /// The event log.
    pub blocks: Arc<dyn Blocks>,
    /// The views, which tell when probes are queryable; none: that is not told.
    pub questions: Option<Arc<dyn Questions>>,
    /// The reference data in force, of which the calendar tells days off.
    pub reference: Current,
}

/// A running watch.
pub struct Watch {
    sources: Arc<Sources>,
    probes: Arc<Probes>,
    finished: watch::Receiver<bool>,
}

/// Begins to watch until `shutdown`. Must be called inside a tokio runtime that outlives
/// [`Watch::finished`].
pub fn start(config: Config, handles: Handles, shutdown: CancellationToken) -> Arc<Watch> {
    let sources = Sources::new(&config, &handles);
    let probes = Probes::new(&config, &handles);
    let (tell, finished) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for (partition, end) in (0..).zip(handles.blocks.ends()) {
        let follower = follow::Follower {
            blocks: handles.blocks.clone(),
            partition,
            next: end,
            sources: sources.clone(),
            probes: probes.clone(),
        };
        tasks.spawn(follow::run(follower, shutdown.clone()));
    }
    tasks.spawn(sources::run(sources.clone(), shutdown.clone()));
    tasks.spawn(probes::run(probes.clone(), shutdown));
    tokio::spawn(async move {
        while tasks.join_next().await.is_some() {}
        tell.send_replace(true);
    });
    Arc::new(Watch {
        sources,
        probes,
        finished,
    })
}

impl Watch {
    /// Waits until, after shutdown, the rhythms are written down.
    pub async fn finished(&self) {
        // An end without a word is one, too.
        let _ = self.finished.clone().wait_for(|finished| *finished).await;
    }
}

impl Watched for Watch {
    fn sources(&self, now_ms: i64) -> Vec<SourceLag> {
        self.sources.lags(now_ms)
    }

    fn probes(&self, now_ms: i64) -> Vec<ProbeLag> {
        self.probes.lags(now_ms)
    }

    fn stages(&self, now_ms: i64) -> Vec<StageLag> {
        let mut stages = self.sources.stages(now_ms);
        stages.extend(self.probes.stages(now_ms));
        stages
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
