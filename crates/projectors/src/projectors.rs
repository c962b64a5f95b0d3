//! The door of the projectors: start them, ask them, look after them.

mod performance;

use crate::checkpoint::Owner;
use crate::generations::Generations;
use crate::joins::index::Index;
use crate::lane::Lane;
use crate::lanes::{Lanes, ViewLanes, view_named, views_named};
use crate::rebuild::{self, Subject};
use crate::runner::{self, Readiness, Runner};
use crate::store::StoreKind;
use crate::views::View;
use crate::{diff, figures, metrics, operations, questions};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::operations::v1::{
    DiffViewsRequest, DiffViewsResponse, ParkedDossier, RebuildProgress, VerifyViewsResponse,
    ViewLag, ViewPosition,
};
use lienthong_contract::pb::procedure::v1::{
    GetCaseRequest, GetCaseResponse, GetHorizontalRequest, GetHorizontalResponse,
    GetPathStatisticsRequest, GetPathStatisticsResponse, GetVerticalRequest, GetVerticalResponse,
    ListCasesRequest, ListCasesResponse,
};
use lienthong_contract::ports::{Questions, ViewOperations};
use lienthong_contract::reference::Current;
use lienthong_contract::status::Failure;
use lienthong_eventlog::EventLog;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How the projectors run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the checkpoints; made if missing.
    pub dir: PathBuf,
    /// Which library keeps them.
    pub store: StoreKind,
    /// About how often a changed view is checkpointed.
    pub checkpoint_every: Duration,
}

/// What the projectors use.
pub struct Handles {
    /// The log that the views are made of.
    pub log: Arc<dyn EventLog>,
    /// Levels and areas of agencies, joined when a question is asked.
    pub reference: Current,
}

/// Why the projectors could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder of the checkpoints cannot be made or written.
    #[error("{dir}: {source}. Fix: give the views a folder that this user can write")]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A thread could not be started.
    #[error("a thread for the views could not be started: {0}")]
    Thread(std::io::Error),
}

impl StartError {
    /// Whether starting again as it is may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, StartError::Thread(_))
    }
}

/// The running projectors: the doors [`Questions`] and [`ViewOperations`] of every view.
pub struct Projectors {
    pub(crate) lanes: Arc<Lanes>,
    shutdown: CancellationToken,
    /// Runners that have not ended.
    running: watch::Sender<usize>,
}

/// Starts one runner for each view and partition; they load their checkpoints and follow the
/// log until `shutdown`. Must be called inside a tokio runtime that outlives
/// [`Projectors::finished`].
///
/// # Errors
/// [`StartError`].
pub async fn start(
    config: Config,
    handles: Handles,
    shutdown: CancellationToken,
) -> Result<Arc<Projectors>, StartError> {
    let index = Arc::new(Index::default());
    let partitions = handles.log.partitions();
    let tables = handles.reference.now().mappings.clone();
    let mut views = Vec::new();
    let mut runners = Vec::new();
    for view in View::ALL {
        let mut lanes = Vec::new();
        let mut senders = Vec::new();
        for partition in 0..partitions {
            let owner = Owner {
                view,
                partition,
                partitions,
            };
            let of_case = (view == View::Case).then(|| index.clone());
            let lane = Arc::new(Lane::new(owner, tables.clone(), of_case));
            lane.follow(handles.reference.clone());
            let (sender, commands) = mpsc::channel(1);
            runners.push(Runner {
                lane: lane.clone(),
                log: handles.log.clone(),
                generations: generations(&config, owner)?,
                checkpoint_every: config.checkpoint_every,
                snapshots: None,
                readiness: Readiness::CaughtUpOrInTrouble,
                commands,
                shutdown: shutdown.clone(),
            });
            lanes.push(lane);
            senders.push(sender);
        }
        views.push(ViewLanes::new(lanes, senders));
    }
    let projectors = Arc::new(Projectors {
        lanes: Arc::new(Lanes {
            views,
            index,
            log: handles.log,
            reference: handles.reference,
            tied: RwLock::default(),
            known_ties: Mutex::new(None),
        }),
        shutdown,
        running: watch::Sender::new(0),
    });
    for runner in runners {
        spawn(runner, &projectors).map_err(StartError::Thread)?;
    }
    figures::keep_fresh(projectors.lanes.clone(), projectors.shutdown.clone());
    let lanes = projectors.lanes.clone();
    metrics::watch(
        Arc::new(move || lanes.all().cloned().collect()),
        projectors.lanes.log.clone(),
        &projectors.shutdown,
    );
    Ok(projectors)
}

fn generations(config: &Config, owner: Owner) -> Result<Generations, StartError> {
    Generations::new(&config.dir, config.store, owner).map_err(|source| StartError::Folder {
        dir: config.dir.clone(),
        source,
    })
}

fn spawn(runner: Runner, projectors: &Projectors) -> std::io::Result<()> {
    let running = projectors.running.clone();
    running.send_modify(|running| *running += 1);
    runner::spawn(runner, Box::new(Ended(running)))
}

/// Counts a runner off, also one that panicked or never began.
struct Ended(watch::Sender<usize>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Projectors {
    /// Waits until every view has loaded and caught up with the log as it was at the start.
    pub async fn loaded(&self) {
        for lane in self.lanes.all() {
            // The lane outlives the wait, so the sender is there.
            let _ = lane.watch_ready().wait_for(|ready| *ready).await;
        }
    }

    /// Whether every view has loaded and caught up with the log as it was at the start.
    pub fn is_loaded(&self) -> bool {
        self.lanes.all().all(|lane| lane.is_ready())
    }

    fn all(&self) -> Vec<Arc<Lane>> {
        self.lanes.all().cloned().collect()
    }

    fn subject(&self, view: View) -> Result<Subject, Failure> {
        Ok(Subject {
            view,
            running: self.lanes.of(view).running(),
            busy: self.lanes.occupy(view)?,
        })
    }

    /// Waits, after shutdown, until every runner has written its last checkpoint.
    pub async fn finished(&self) {
        let mut running = self.running.subscribe();
        // The sender is ours.
        let _ = running.wait_for(|running| *running == 0).await;
    }
}

#[async_trait]
impl Questions for Projectors {
    async fn wait_for(
        &self,
        view: &str,
        positions: &[Position],
        limit: Duration,
    ) -> Result<(), Failure> {
        questions::wait_for(&self.lanes, view, positions, limit).await
    }

    async fn case(&self, request: GetCaseRequest) -> Result<GetCaseResponse, Failure> {
        questions::case(&self.lanes, request).await
    }

    async fn cases(&self, request: ListCasesRequest) -> Result<ListCasesResponse, Failure> {
        questions::cases(&self.lanes, request).await
    }

    async fn horizontal(
        &self,
        request: GetHorizontalRequest,
    ) -> Result<GetHorizontalResponse, Failure> {
        questions::horizontal(&self.lanes, request).await
    }

    async fn vertical(&self, request: GetVerticalRequest) -> Result<GetVerticalResponse, Failure> {
        questions::vertical(&self.lanes, request).await
    }

    async fn path_statistics(
        &self,
        request: GetPathStatisticsRequest,
    ) -> Result<GetPathStatisticsResponse, Failure> {
        questions::path_statistics(&self.lanes, request).await
    }
}

#[async_trait]
impl ViewOperations for Projectors {
    async fn positions(&self) -> Vec<ViewPosition> {
        operations::positions(&self.all(), &self.lanes.reference)
    }

    async fn lag(&self) -> Result<Vec<ViewLag>, Failure> {
        Ok(crate::lag::told(&self.all(), self.lanes.log.as_ref()).await)
    }

    async fn parked(&self, view: &str) -> Result<Vec<ParkedDossier>, Failure> {
        operations::parked(&self.all(), view)
    }

    async fn rebuild(
        &self,
        view: &str,
    ) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
        let subject = self.subject(view_named(view)?)?;
        let tables = self.lanes.reference.now().mappings.clone();
        rebuild::rebuild(subject, tables, &self.lanes.log, &self.shutdown).await
    }

    async fn verify(
        &self,
        views: &[String],
    ) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
        let views = views_named(views, &View::ALL)?;
        let subjects: Result<Vec<Subject>, Failure> =
            views.into_iter().map(|view| self.subject(view)).collect();
        rebuild::verify(subjects?, &self.lanes.log, &self.shutdown).await
    }

    async fn diff(
        &self,
        request: DiffViewsRequest,
    ) -> Result<BoxStream<'static, Result<DiffViewsResponse, Failure>>, Failure> {
        let question = diff::Question::read(&request, self.lanes.reference.now())?;
        self.lanes.check_ready(&[View::Case])?;
        let subject = self.subject(View::Case)?;
        diff::diff(subject, question, &self.lanes.log, &self.shutdown).await
    }
}

#[cfg(test)]
#[path = "projectors_tests.rs"]
mod tests;
