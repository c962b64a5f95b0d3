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
use crate::lanes::{Busy, Lanes, log_failed, view_named};
use crate::operations::hex;
use crate::runner::Command;
use crate::views::{State, View};
use futures_util::stream::{self, BoxStream, StreamExt};
use lienthong_contract::pb::operations::v1::{
    DigestComparison, RebuildProgress, VerifyViewsResponse,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// Starts a rebuild; see `ViewOperations::rebuild`.
///
/// # Errors
/// `VIEW_UNKNOWN`, `REBUILD_UNDER_WAY`, `LOG_TRUNCATED`, `LOG_UNAVAILABLE`.
pub async fn rebuild(
    lanes: &Arc<Lanes>,
    view: &str,
    stop: &CancellationToken,
) -> Result<BoxStream<'static, Result<RebuildProgress, Failure>>, Failure> {
    let view = view_named(view)?;
    let busy = lanes.occupy(view)?;
    let ends = ends(lanes).await?;
    let (tell, told) = mpsc::channel(16);
    let (lanes, stop) = (lanes.clone(), stop.clone());
    tokio::spawn(async move {
        let again = Again::new(&lanes, view, ends, &stop);
        let ended = replace(again, busy, &tell).await;
        // Whoever asked may have gone; the rebuild was carried out all the same.
        let _ = tell.send(ended).await;
    });
    Ok(stream_of(told))
}

/// Starts a verification; see `ViewOperations::verify`.
///
/// # Errors
/// `VIEW_UNKNOWN`, `REBUILD_UNDER_WAY`, `LOG_TRUNCATED`, `LOG_UNAVAILABLE`.
pub async fn verify(
    lanes: &Arc<Lanes>,
    views: &[String],
    stop: &CancellationToken,
) -> Result<BoxStream<'static, Result<VerifyViewsResponse, Failure>>, Failure> {
    let named: Result<Vec<View>, Failure> = views.iter().map(|name| view_named(name)).collect();
    let mut views = named?;
    if views.is_empty() {
        views = View::ALL.to_vec();
    }
    views.dedup();
    let busy: Result<Vec<Busy>, Failure> = views.iter().map(|view| lanes.occupy(*view)).collect();
    let busy = busy?;
    ends(lanes).await?;
    let (tell, told) = mpsc::channel(16);
    let (lanes, stop) = (lanes.clone(), stop.clone());
    tokio::spawn(async move {
        let _busy = busy;
        for view in views {
            let compared = compare(&lanes, view, &stop, &tell).await;
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

/// The log's end in each partition, of a log that holds its beginning.
async fn ends(lanes: &Lanes) -> Result<Vec<u64>, Failure> {
    let mut ends = Vec::new();
    for partition in 0..lanes.log.partitions() {
        let bounds = lanes.log.bounds(partition).await;
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

/// A view on its way from the log's start.
struct Again {
    lanes: Arc<Lanes>,
    view: View,
    /// By partition.
    rebuilt: Vec<Arc<Lane>>,
    /// By partition: how far it has to get.
    ends: Vec<u64>,
    stop: CancellationToken,
    started: Instant,
}

impl Again {
    fn new(lanes: &Arc<Lanes>, view: View, ends: Vec<u64>, stop: &CancellationToken) -> Self {
        let running = lanes.of(view).lanes.iter();
        Self {
            lanes: lanes.clone(),
            view,
            rebuilt: running
                .map(|lane| Arc::new(Lane::new(lane.owner, None)))
                .collect(),
            ends,
            stop: stop.clone(),
            started: Instant::now(),
        }
    }

    fn progress(&self) -> RebuildProgress {
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
    async fn run(&self, tell: &mut (dyn FnMut(RebuildProgress) + Send)) -> Result<(), Failure> {
        let mut threads = tokio::task::JoinSet::new();
        for (lane, end) in self.rebuilt.iter().zip(&self.ends) {
            let (lane, end, stop) = (lane.clone(), *end, self.stop.clone());
            let log = self.lanes.log.clone();
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

/// Makes the view again and switches to it, partition by partition.
async fn replace(
    mut again: Again,
    _busy: Busy,
    tell: &mpsc::Sender<Result<RebuildProgress, Failure>>,
) -> Result<RebuildProgress, Failure> {
    // A listener that is slow misses some of the progress, not the rebuild its time.
    let mut progress = |progress| drop(tell.try_send(Ok(progress)));
    again.run(&mut progress).await?;
    // What was appended meanwhile is little; the runner reads the very last of it.
    again.ends = ends(&again.lanes).await?;
    again.run(&mut progress).await?;
    let runners = &again.lanes.of(again.view).runners;
    let mut progress = again.progress();
    for (runner, rebuilt) in runners.iter().zip(&again.rebuilt) {
        let state = rebuilt.replace(State::new(again.view, 0));
        let (done, switched) = oneshot::channel();
        let command = Command::Switch {
            state: Box::new(state),
            done,
        };
        runner.send(command).await.map_err(|_| draining())?;
        let switched = switched.await.map_err(|_| draining())?;
        switched.map_err(|error| log_failed(&error))?;
    }
    progress.done = true;
    Ok(progress)
}

/// Makes the view again exactly to where the running one stands and compares digests.
async fn compare(
    lanes: &Arc<Lanes>,
    view: View,
    stop: &CancellationToken,
    tell: &mpsc::Sender<Result<VerifyViewsResponse, Failure>>,
) -> Result<VerifyViewsResponse, Failure> {
    let running: Vec<(u64, u128)> = lanes
        .of(view)
        .lanes
        .iter()
        .map(|lane| {
            let state = lane.state();
            (state.next, state.digest())
        })
        .collect();
    let to = running.iter().map(|(next, _)| *next).collect();
    let again = Again::new(lanes, view, to, stop);
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
            view: view.name().to_owned(),
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
