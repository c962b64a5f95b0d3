//! A view made again from the log beside the running one: to take its place, or to be compared.
//!
//! ```text
//! running   ......................................|switch| goes on from the rebuilt state
//! rebuilt   0 ------------------------> log's end |
//! ```
//! Each partition has a thread of its own. Reads and positions go on meanwhile: the state that
//! takes the running one's place stands at the same position or after it.

use crate::feed::catch_up;
use crate::lane::Lane;
use crate::lanes::{Busy, Running, log_failed};
use crate::operations::hex;
use crate::runner::Command;
use crate::views::{State, View};
use futures_util::stream::{self, BoxStream, StreamExt};
use lienthong_contract::pb::operations::v1::{
    DigestComparison, RebuildProgress, VerifyViewsResponse,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_domain::status::Mappings;
use lienthong_eventlog::EventLog;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// A view to be made again, as far as this process keeps it.
pub struct Subject {
    /// The view.
    pub view: View,
    /// Its lanes that are kept here.
    pub running: Vec<Running>,
    /// Held until the end.
    pub busy: Busy,
}

/// Starts a rebuild under these status tables; see `ViewOperations::rebuild`.
///
/// # Errors
/// `LOG_TRUNCATED`, `LOG_UNAVAILABLE`.
pub async fn rebuild(
    subject: Subject,
    tables: Mappings,
    log: &Arc<dyn EventLog>,
    stop: &CancellationToken,
) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
    let ends = ends(&subject.running, log.as_ref()).await?;
    let (tell, told) = mpsc::channel(16);
    let (log, stop) = (log.clone(), stop.clone());
    tokio::spawn(async move {
        let again = Again::new(&subject, Tables::These(&tables), ends, log, &stop);
        let ended = replace(again, &subject.running, &tell).await;
        drop(subject.busy);
        // Whoever asked may have gone; the rebuild was carried out all the same.
        let _ = tell.send(ended).await;
    });
    Ok(stream_of(told))
}

/// Starts a verification, of each view under its own status tables; see `ViewOperations::verify`.
///
/// # Errors
/// `LOG_TRUNCATED`, `LOG_UNAVAILABLE`.
pub async fn verify(
    subjects: Vec<Subject>,
    log: &Arc<dyn EventLog>,
    stop: &CancellationToken,
) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
    for subject in &subjects {
        ends(&subject.running, log.as_ref()).await?;
    }
    let (tell, told) = mpsc::channel(16);
    let (log, stop) = (log.clone(), stop.clone());
    tokio::spawn(async move {
        for subject in &subjects {
            let compared = compare(subject, &log, &stop, &tell).await;
            let failed = compared.is_err();
            if tell.send(compared).await.is_err() || failed {
                break;
            }
        }
    });
    Ok(stream_of(told))
}

/// What is told, as a stream.
pub fn stream_of<T: Send + 'static>(told: mpsc::Receiver<T>) -> BoxStream<'static, T> {
    let next = |mut told: mpsc::Receiver<T>| async move { Some((told.recv().await?, told)) };
    stream::unfold(told, next).boxed()
}

/// The log's end in the partition of each lane, of a log that holds its beginning.
pub(crate) async fn ends(running: &[Running], log: &dyn EventLog) -> Result<Vec<u64>, Failure> {
    let mut ends = Vec::new();
    for Running { lane, .. } in running {
        let partition = lane.owner.partition;
        let bounds = log.bounds(partition).await;
        let bounds = bounds.map_err(|error| log_failed(&error))?;
        if bounds.start > 0 {
            return Err(Failure::new(
                Reason::LogTruncated,
                format!(
                    "partition {partition} of the log begins at offset {}",
                    bounds.start
                ),
            )
            .with("partition", partition)
            .with("start_offset", bounds.start));
        }
        ends.push(bounds.end);
    }
    Ok(ends)
}

/// Under which status tables a view is made again.
#[derive(Clone, Copy)]
pub(crate) enum Tables<'a> {
    /// Those of each running lane.
    Own,
    /// These.
    These(&'a Mappings),
}

/// A view on its way from the log's start.
pub(crate) struct Again {
    view: View,
    /// In the order of the running ones.
    pub(crate) rebuilt: Vec<Arc<Lane>>,
    /// In the same order: how far each has to get.
    pub(crate) ends: Vec<u64>,
    log: Arc<dyn EventLog>,
    pub(crate) stop: CancellationToken,
    started: Instant,
}

impl Again {
    /// Nothing read yet, to be read up to `ends`.
    pub(crate) fn new(
        subject: &Subject,
        tables: Tables<'_>,
        ends: Vec<u64>,
        log: Arc<dyn EventLog>,
        stop: &CancellationToken,
    ) -> Self {
        let lane = |Running { lane, .. }: &Running| {
            let tables = match tables {
                Tables::Own => lane.tables(),
                Tables::These(tables) => tables.clone(),
            };
            Arc::new(Lane::new(lane.owner, tables, None))
        };
        Self {
            view: subject.view,
            rebuilt: subject.running.iter().map(lane).collect(),
            ends,
            log,
            stop: stop.clone(),
            started: Instant::now(),
        }
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> RebuildProgress {
        let done = |(lane, end): (&Arc<Lane>, &u64)| lane.next().min(*end);
        let events_done: u64 = self.rebuilt.iter().zip(&self.ends).map(done).sum();
        let events_total: u64 = self.ends.iter().sum();
        let rate = events_done as f64 / self.started.elapsed().as_secs_f64().max(1e-6);
        let left = events_total.saturating_sub(events_done) as f64;
        RebuildProgress {
            view: self.view.name().to_owned(),
            events_done,
            events_total,
            events_per_second: rate,
            eta_seconds: if rate > 0.0 { left / rate } else { 0.0 },
            done: false,
        }
    }

    /// Reads every partition to its end, each on a thread of its own, telling progress.
    pub(crate) async fn run(
        &self,
        tell: &mut (dyn FnMut(RebuildProgress) + Send),
    ) -> Result<(), Failure> {
        let mut threads = tokio::task::JoinSet::new();
        for (lane, end) in self.rebuilt.iter().zip(&self.ends) {
            let (lane, end, stop) = (lane.clone(), *end, self.stop.clone());
            let log = self.log.clone();
            let runtime = tokio::runtime::Handle::current();
            threads.spawn_blocking(move || {
                let read = runtime.block_on(catch_up(&lane, log.as_ref(), end, &stop));
                read.map_err(|error| log_failed(&error))?;
                match lane.next() < end {
                    true => Err(draining()),
                    false => Ok(()),
                }
            });
        }
        let mut ticks = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                ended = threads.join_next() => match ended {
                    None => return Ok(()),
                    Some(Ok(ended)) => ended?,
                    Some(Err(panic)) => {
                        return Err(Failure::new(Reason::Internal, panic.to_string()));
                    }
                },
                _ = ticks.tick() => tell(self.progress()),
            }
        }
    }
}

fn draining() -> Failure {
    Failure::new(Reason::Draining, "the hub is shutting down")
}

fn moved(lane: &Lane) -> Failure {
    let (view, partition) = (lane.owner.view.name(), lane.owner.partition);
    Failure::new(
        Reason::ViewLoading,
        format!("partition {partition} of the view {view} has moved to another instance"),
    )
    .with("view", view)
    .with("partition", partition)
}

/// Makes the view again and switches to it, partition by partition.
async fn replace(
    mut again: Again,
    running: &[Running],
    tell: &mpsc::Sender<Result<RebuildProgress, Failure>>,
) -> Result<RebuildProgress, Failure> {
    // A listener that is slow misses some of the progress, not the rebuild its time.
    let mut progress = |progress| drop(tell.try_send(Ok(progress)));
    again.run(&mut progress).await?;
    // What was appended meanwhile is little; the runner reads the very last of it.
    again.ends = ends(running, again.log.as_ref()).await?;
    again.run(&mut progress).await?;
    let mut progress = again.progress();
    for (Running { lane, runner }, rebuilt) in running.iter().zip(&again.rebuilt) {
        let state = rebuilt.replace(State::new(again.view, 0, rebuilt.tables()));
        let (done, switched) = oneshot::channel();
        let command = Command::Switch {
            state: Box::new(state),
            done,
        };
        let left = || match again.stop.is_cancelled() {
            true => draining(),
            false => moved(lane),
        };
        runner.send(command).await.map_err(|_| left())?;
        let switched = switched.await.map_err(|_| left())?;
        switched.map_err(|error| log_failed(&error))?;
    }
    progress.done = true;
    Ok(progress)
}

/// Makes the view again exactly to where the running one stands and compares digests.
async fn compare(
    subject: &Subject,
    log: &Arc<dyn EventLog>,
    stop: &CancellationToken,
    tell: &mpsc::Sender<Result<VerifyViewsResponse, Failure>>,
) -> Result<VerifyViewsResponse, Failure> {
    let stand = |running: &Running| {
        let state = running.lane.state();
        (state.next, state.digest())
    };
    let running: Vec<(u64, u128)> = subject.running.iter().map(stand).collect();
    let to = running.iter().map(|(next, _)| *next).collect();
    let again = Again::new(subject, Tables::Own, to, log.clone(), stop);
    let mut progress = |progress| {
        let message = VerifyViewsResponse {
            progress: Some(progress),
            comparisons: Vec::new(),
        };
        drop(tell.try_send(Ok(message)));
    };
    again.run(&mut progress).await?;
    let mut comparisons = Vec::new();
    for (rebuilt, (next_offset, digest)) in again.rebuilt.iter().zip(running) {
        let found = rebuilt.state().digest();
        comparisons.push(DigestComparison {
            view: subject.view.name().to_owned(),
            partition: rebuilt.owner.partition,
            next_offset,
            running_digest: hex(digest),
            rebuilt_digest: hex(found),
            equal: found == digest,
        });
    }
    Ok(VerifyViewsResponse {
        progress: Some(RebuildProgress {
            done: true,
            ..again.progress()
        }),
        comparisons,
    })
}
