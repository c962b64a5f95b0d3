//! The only loop that reads the log for the views: one for each partition of each view.
//!
//! Each runner has a thread of its own that blocks on its loop. Catching up is work for the
//! processor without a pause in which other tasks could run; on a thread of its own it leaves the
//! runtime's threads to those who append and ask, and the kernel shares the cores fairly.
//!
//! ```text
//! load the checkpoint -> read on from its position -> follow
//!        |                        ^                     |
//!        | does not prove itself  |                     +-> a checkpoint about every second
//!        +-> begin at the log's start
//! ```
//! Where instances share a view, a snapshot that stands further than the checkpoint takes its
//! place.

use crate::feed::{catch_up, record_at};
use crate::generations::{Found, Generations};
use crate::lane::{Lane, Trouble};
use crate::snapshots::Folder;
use crate::source::{RETRY, Source};
use crate::views::State;
use crate::views::state::identity;
use crate::writer::Writer;
use lienthong_eventlog::{EventLog, ReadError};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// A checkpoint that failed is tried again after so many times the usual pause.
const AFTER_FAILURE: u32 = 5;
/// While catching up there is no checkpoint for so long: writing what is about to change again
/// would take more than half of the processor.
const CATCHING_UP: Duration = Duration::from_secs(60);

/// What a runner is asked to do.
pub enum Command {
    /// Go on with this state, which was made from the log, in the place of the present one.
    Switch {
        /// The state; it may be a little behind the present one or ahead of it.
        state: Box<State>,
        /// Told once questions are answered from it.
        done: oneshot::Sender<Result<(), ReadError>>,
    },
}

/// When a lane that loads answers questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Once it has caught up, or cannot: nobody else has the partition, and what its checkpoint
    /// holds, with its lag, is the best answer there is.
    CaughtUpOrInTrouble,
    /// Only once it has caught up: it may have begun from nothing, and what another instance
    /// answered a moment ago must not be denied now.
    CaughtUp,
}

/// What a runner works with.
pub struct Runner {
    /// The lane it keeps.
    pub lane: Arc<Lane>,
    /// The log it reads.
    pub log: Arc<dyn EventLog>,
    /// Where its checkpoints are.
    pub generations: Generations,
    /// About how often it writes one.
    pub checkpoint_every: Duration,
    /// Where its snapshots are, if they are kept.
    pub snapshots: Option<Folder>,
    /// When it answers questions.
    pub readiness: Readiness,
    /// What it is asked.
    pub commands: mpsc::Receiver<Command>,
    /// When to stop.
    pub shutdown: CancellationToken,
}

/// Starts a thread for the runner, which runs until shutdown on the runtime that this is called
/// in. `ended` is dropped once it has ended for any reason; nothing is written after that.
///
/// # Errors
/// If there is no thread to be had.
pub fn spawn(runner: Runner, ended: Box<dyn Send>) -> io::Result<()> {
    let owner = runner.lane.owner;
    let name = format!("{}-{}", owner.view.name(), owner.partition);
    let runtime = Handle::current();
    std::thread::Builder::new().name(name).spawn(move || {
        let _ended = ended;
        run(runner, &runtime);
    })?;
    Ok(())
}

fn run(runner: Runner, runtime: &Handle) {
    let found = load(&runner, runtime);
    let local = found.proven.as_ref().map_or(0, |(state, _)| state.next);
    let snapshot = newer_snapshot(&runner, local, runtime);
    runtime.block_on(follow(runner, found, snapshot, runtime.clone()));
}

/// The checkpoint, if it proves itself and belongs to this log.
fn load(runner: &Runner, runtime: &Handle) -> Found {
    let log = runner.log.as_ref();
    let partition = runner.lane.owner.partition;
    let fits = |state: &State| runtime.block_on(fits(log, partition, state));
    let tables = runner.lane.tables();
    runner.generations.load(&tables, &fits).unwrap_or_else(|error| {
        warn!(view = runner.lane.owner.view.name(), partition, %error, "checkpoints cannot be listed; the view is made again from the log");
        Found {
            proven: None,
            thrown_away: Some(error.to_string()),
        }
    })
}

/// A snapshot that stands after offset `local`, if it proves itself and belongs to this log. It was
/// made elsewhere: it counts only once the log has confirmed it, however long that takes.
fn newer_snapshot(runner: &Runner, local: u64, runtime: &Handle) -> Option<State> {
    let (log, partition) = (runner.log.as_ref(), runner.lane.owner.partition);
    let confirmed = |state: &State| {
        runtime.block_on(async {
            loop {
                match compare(log, partition, state).await {
                    Ok(fits) => return fits,
                    Err(error) => warn!(partition, %error,
                        "a snapshot could not be compared with the log; it is tried again"),
                }
                tokio::select! {
                    () = runner.shutdown.cancelled() => {
                        return Err("the log did not answer before the end".to_owned());
                    }
                    () = sleep(RETRY) => {}
                }
            }
        })
    };
    let folder = runner.snapshots.as_ref()?;
    folder.load(local, &runner.lane.tables(), &confirmed)
}

/// Whether a checkpoint belongs to the log: its position is within, and the record before the
/// position is the one the checkpoint remembers. A log that does not read just now contradicts
/// nothing.
async fn fits(log: &dyn EventLog, partition: u32, state: &State) -> Result<(), String> {
    match compare(log, partition, state).await {
        Ok(fits) => fits,
        Err(error) => {
            warn!(partition, %error, "a checkpoint could not be compared with the log");
            Ok(())
        }
    }
}

async fn compare(
    log: &dyn EventLog,
    partition: u32,
    state: &State,
) -> Result<Result<(), String>, ReadError> {
    let end = log.bounds(partition).await?.end;
    if state.next > end {
        let next = state.next;
        return Ok(Err(format!(
            "its position {next} lies after the log's end {end}"
        )));
    }
    let Some(last) = state.last else {
        return Ok(Ok(()));
    };
    let record = record_at(log, partition, last.offset).await?;
    Ok(match record {
        Some(record) if identity(&record) != last.identity => Err(format!(
            "the log holds another record at offset {}",
            last.offset
        )),
        _ => Ok(()),
    })
}

async fn follow(mut runner: Runner, found: Found, snapshot: Option<State>, runtime: Handle) {
    let lane = runner.lane.clone();
    let loaded = found.proven.map(|(state, generation)| {
        let names = state.facts.parts().names().size();
        lane.checkpointed.store(state.next, Ordering::Relaxed);
        lane.replace(state);
        (generation, names)
    });
    if let Some(reason) = found.thrown_away {
        lane.note(reason);
    }
    let mut source = Source::new(
        runner.log.clone(),
        lane.owner.view,
        lane.owner.partition,
        loaded.is_some() || snapshot.is_some(),
    );
    let stored = lane.checkpointed.load(Ordering::Relaxed);
    let snapshots = runner.snapshots.take();
    let is_covered = snapshots
        .as_ref()
        .is_some_and(|folder| stored > 0 && folder.reaches(stored));
    let mut writer = Writer::new(
        runner.generations.clone(),
        runtime,
        loaded,
        runner.checkpoint_every * AFTER_FAILURE,
        snapshots,
    );
    if is_covered {
        writer.put_off_copy();
    }
    let mut begun = Instant::now();
    match snapshot {
        None => lane.set_stored(stored),
        Some(state) => {
            writer.go_on_from_snapshot(state.next).await;
            lane.replace(state);
            begun -= CATCHING_UP.max(runner.checkpoint_every);
        }
    }
    lane.set_opened();
    let caught_up_at = end_of(&runner).await;
    loop {
        let in_trouble =
            || runner.readiness == Readiness::CaughtUpOrInTrouble && lane.trouble().is_some();
        if lane.next() >= caught_up_at || in_trouble() {
            lane.set_ready();
        }
        let pause = match source.at_end {
            true => runner.checkpoint_every,
            false => runner.checkpoint_every.max(CATCHING_UP),
        };
        let due = (begun + pause).max(writer.not_before());
        tokio::select! {
            biased;
            () = runner.shutdown.cancelled() => break,
            Some(command) = runner.commands.recv() => {
                switch(command, &runner, &mut source, &mut writer).await;
                begun = Instant::now() - pause;
            }
            () = writer.step(&lane), if writer.is_under_way() => {}
            () = sleep_until(due), if writer.is_wanted(&lane) => {
                begun = Instant::now();
                writer.begin(&lane);
            }
            records = source.next(lane.next()), if writer.has_room(&lane) => {
                source.take(&lane, records).await;
            }
        }
    }
    writer.finish(&lane).await;
    if writer.is_wanted(&lane) {
        writer.begin(&lane);
        writer.finish(&lane).await;
    }
    writer.copy_last(&lane).await;
}

/// The log's end as it is now: a lane that has got there has caught up. A log that does not say
/// leaves nothing to catch up with, or is asked until it does, by what the runner's readiness is.
async fn end_of(runner: &Runner) -> u64 {
    loop {
        let bounds = runner.log.bounds(runner.lane.owner.partition).await;
        match (bounds, runner.readiness) {
            (Ok(bounds), _) => return bounds.end,
            (Err(_), Readiness::CaughtUpOrInTrouble) => return 0,
            (Err(error), Readiness::CaughtUp) => {
                runner
                    .lane
                    .set_trouble(Some(Trouble::Stalled(error.to_string())));
            }
        }
        tokio::select! {
            () = runner.shutdown.cancelled() => return u64::MAX,
            () = sleep(RETRY) => {}
        }
    }
}

/// Brings the new state to where the lane is, if it is behind, and puts it in the lane's place.
async fn switch(command: Command, runner: &Runner, source: &mut Source, writer: &mut Writer) {
    let Command::Switch { state, done } = command;
    let lane = &runner.lane;
    let shadow = Lane::new(lane.owner, state.tables.clone(), None);
    shadow.replace(*state);
    let caught_up = catch_up(&shadow, runner.log.as_ref(), lane.next(), &runner.shutdown).await;
    let answer = caught_up.map(|()| {
        let (before, mut state) = (lane.state().digest(), shadow.into_state());
        let same_tables = state.tables.fingerprint() == lane.tables().fingerprint();
        let comparable = state.next == lane.next() && same_tables;
        state.facts.parts_mut().changes_mut().clear();
        let equal = state.digest() == before;
        let old = lane.replace(state);
        drop(old);
        let (view, partition) = (lane.owner.view.name(), lane.owner.partition);
        if comparable && !equal {
            warn!(
                view,
                partition, "the rebuilt view differs from the one it replaces"
            );
        }
        info!(
            view,
            partition,
            next = lane.next(),
            status_tables = lane.tables().fingerprint(),
            "the view is a rebuilt one"
        );
    });
    if answer.is_ok() {
        source.begin_anew();
        writer.renew().await;
    }
    // Who asked may have gone; the view is switched all the same.
    let _ = done.send(answer);
}
