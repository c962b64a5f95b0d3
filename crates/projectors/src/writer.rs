//! Writes a lane's checkpoints: at most one at a time, on a thread of its own, while the lane goes
//! on.
//!
//! ```text
//! lane      taking .. | begin | taking .. piece .. taking .. piece .. | commit
//! thread              | put             put             put           | sync, then done
//! ```

use crate::checkpoint;
use crate::generations::{Generation, Generations};
use crate::lane::Lane;
use crate::store::{Error, Row};
use crate::views::names::Size;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::warn;

/// After a checkpoint its writer rests this many times as long as the checkpoint took, so that
/// checkpoints cost at most a fifth of the time however much changes.
const REST: u32 = 4;
/// Pieces on their way to the thread.
const IN_FLIGHT: usize = 2;
/// What a checkpoint under way may hold back in memory before the lane waits for it.
const CROWDED_BYTES: usize = 8 << 20;

/// Writes the checkpoints of one lane.
pub struct Writer {
    generations: Generations,
    runtime: Handle,
    /// The open store; none before the first checkpoint, after a failure, or while one is written.
    idle: Option<Open>,
    writing: Option<Writing>,
    /// The folder with the last finished checkpoint.
    good: Option<u64>,
    /// The next checkpoint is due though the position may not have moved.
    owed: bool,
    /// No checkpoint begins before this.
    not_before: Instant,
    /// Pause after a checkpoint that failed.
    after_failure: Duration,
}

/// A store and how much of the vocabulary it holds.
struct Open {
    generation: Generation,
    names: Size,
}

enum Message {
    Rows(Vec<Row>),
    Commit,
}

struct Writing {
    /// None once everything has been sent.
    pieces: Option<mpsc::Sender<Message>>,
    done: JoinHandle<(Generation, Result<bool, Error>)>,
    next: u64,
    names: Size,
    began: Instant,
}

impl Writer {
    /// Goes on with the store that the lane was loaded from, if there is one.
    pub fn new(
        generations: Generations,
        runtime: Handle,
        loaded: Option<(Generation, Size)>,
        after_failure: Duration,
    ) -> Self {
        Self {
            generations,
            runtime,
            good: loaded.as_ref().map(|(generation, _)| generation.number),
            owed: false,
            idle: loaded.map(|(generation, names)| Open { generation, names }),
            writing: None,
            not_before: Instant::now(),
            after_failure,
        }
    }

    /// Whether a checkpoint is being written.
    pub fn is_under_way(&self) -> bool {
        self.writing.is_some()
    }

    /// Whether there is anything to write that is not being written.
    pub fn is_wanted(&self, lane: &Lane) -> bool {
        let moved = lane.next() != lane.checkpointed.load(Ordering::Relaxed);
        !self.is_under_way() && (moved || self.owed)
    }

    /// Whether the lane may change further before more of the checkpoint is written.
    pub fn has_room(&self, lane: &Lane) -> bool {
        let crowded = || lane.state().facts.parts().changes().rescued_bytes() > CROWDED_BYTES;
        !self.is_under_way() || !crowded()
    }

    /// No checkpoint should begin before this.
    pub fn not_before(&self) -> Instant {
        self.not_before
    }

    /// Begins a checkpoint of the lane as it is now, if none is under way. Does nothing but warn
    /// if no store can be opened.
    pub fn begin(&mut self, lane: &Lane) {
        if self.is_under_way() {
            return;
        }
        let open = match self.idle.take() {
            Some(open) => Ok(open),
            None => self.open_fresh(lane),
        };
        let started = open.and_then(|open| {
            let mut state = lane.state_mut();
            let rows = checkpoint::begin(&mut state, self.generations.owner(), open.names)?;
            let names = state.facts.parts().names().size();
            Ok(self.start(open, rows, state.next, names))
        });
        match started {
            Ok(writing) => {
                self.writing = Some(writing);
                self.owed = false;
            }
            Err(error) => self.failed(lane, &error),
        }
    }

    /// A store in a folder of its own, for which every part counts as changed.
    fn open_fresh(&self, lane: &Lane) -> Result<Open, Error> {
        self.generations.keep_only(self.good);
        let generation = self.generations.fresh()?;
        let mut state = lane.state_mut();
        let parts = state.facts.parts_mut();
        let keys = parts.counts().keys as u32;
        parts.changes_mut().mark_all(keys);
        Ok(Open {
            generation,
            names: Size::EMPTY,
        })
    }

    fn start(&self, open: Open, first: Vec<Row>, next: u64, names: Size) -> Writing {
        let (pieces, received) = mpsc::channel(IN_FLIGHT);
        let thread = move || {
            let mut generation = open.generation;
            let result = write(&mut generation, first, received);
            (generation, result)
        };
        Writing {
            pieces: Some(pieces),
            done: self.runtime.spawn_blocking(thread),
            next,
            names,
            began: Instant::now(),
        }
    }

    /// Takes the checkpoint one piece further, waiting for the thread. Cancel-safe.
    pub async fn step(&mut self, lane: &Lane) {
        let Some(writing) = &mut self.writing else {
            return;
        };
        if let Some(pieces) = &writing.pieces
            && let Ok(room) = pieces.clone().reserve_owned().await
        {
            let rows = checkpoint::next_rows(&mut lane.state_mut());
            if rows.is_empty() {
                room.send(Message::Commit);
                writing.pieces = None;
            } else {
                room.send(Message::Rows(rows));
            }
            return;
        }
        let outcome = (&mut writing.done).await;
        let (next, names) = (writing.next, writing.names);
        self.not_before = Instant::now() + writing.began.elapsed() * REST;
        self.writing = None;
        match outcome {
            Ok((generation, Ok(true))) => {
                lane.checkpointed.store(next, Ordering::Relaxed);
                self.good = Some(generation.number);
                self.generations.keep_only(self.good);
                match generation.store.is_worn() {
                    true => self.owed = true,
                    false => self.idle = Some(Open { generation, names }),
                }
            }
            Ok((_, Ok(false))) => {}
            Ok((_, Err(error))) => self.failed(lane, &error),
            Err(panic) => self.failed(lane, &Error::Write(panic.to_string())),
        }
    }

    /// Ends the checkpoint under way.
    pub async fn finish(&mut self, lane: &Lane) {
        while self.is_under_way() {
            self.step(lane).await;
        }
    }

    /// Breaks off the checkpoint under way and closes the store: the next checkpoint goes whole
    /// into a folder of its own, and the present folder stays until that is finished.
    pub async fn renew(&mut self) {
        self.idle = None;
        if let Some(mut writing) = self.writing.take() {
            writing.pieces = None;
            // The thread sees the end of the pieces and takes back what it put.
            let _ = writing.done.await;
        }
        self.owed = true;
        self.not_before = Instant::now();
    }

    fn failed(&mut self, lane: &Lane, error: &Error) {
        let owner = self.generations.owner();
        warn!(view = owner.view.name(), partition = owner.partition, %error,
            "a checkpoint could not be written; the next one is written whole");
        lane.state_mut().facts.parts_mut().changes_mut().clear();
        self.idle = None;
        self.owed = true;
        self.not_before = Instant::now() + self.after_failure;
    }
}

/// Runs on the thread. False: the pieces ended without a commit.
fn write(
    generation: &mut Generation,
    first: Vec<Row>,
    mut pieces: mpsc::Receiver<Message>,
) -> Result<bool, Error> {
    let store = generation.store.as_mut();
    store.put(first)?;
    loop {
        match pieces.blocking_recv() {
            Some(Message::Rows(rows)) => store.put(rows)?,
            Some(Message::Commit) => return store.commit().map(|()| true),
            None => {
                store.abandon();
                return Ok(false);
            }
        }
    }
}
