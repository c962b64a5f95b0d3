//! Writes a lane's checkpoints: at most one at a time, on a thread of its own, while the lane goes
//! on.
//!
//! ```text
//! lane      taking .. | begin | taking .. piece .. taking .. piece .. | commit
//! thread              | put             put             put           | sync, then done
//! ```
//! Where snapshots are kept, the store is copied into one by the same kind of thread when the last
//! has become old; until that is done no checkpoint begins.

use crate::checkpoint;
use crate::generations::{Generation, Generations};
use crate::lane::Lane;
use crate::snapshot;
use crate::snapshots::Folder;
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
    /// None where no snapshots are kept.
    copies: Option<Copies>,
}

/// The snapshots of the store.
struct Copies {
    folder: Folder,
    /// Position of the last one.
    next: Option<u64>,
    /// The next one is due from then on.
    due: Instant,
    under_way: Option<Copying>,
}

/// A snapshot that is being written.
struct Copying {
    done: JoinHandle<(Generation, Result<(), snapshot::Error>)>,
    next: u64,
    names: Size,
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
    /// Goes on with the store that the lane was loaded from, if there is one. Where snapshots are
    /// kept, the first is due with the first checkpoint.
    pub fn new(
        generations: Generations,
        runtime: Handle,
        loaded: Option<(Generation, Size)>,
        after_failure: Duration,
        snapshots: Option<Folder>,
    ) -> Self {
        let copies = snapshots.map(|folder| Copies {
            next: None,
            due: Instant::now(),
            under_way: None,
            folder,
        });
        Self {
            generations,
            runtime,
            good: loaded.as_ref().map(|(generation, _)| generation.number),
            owed: false,
            idle: loaded.map(|(generation, names)| Open { generation, names }),
            writing: None,
            not_before: Instant::now(),
            after_failure,
            copies,
        }
    }

    /// Whether a checkpoint or a snapshot is being written.
    pub fn is_under_way(&self) -> bool {
        self.writing.is_some() || self.is_copying()
    }

    fn is_copying(&self) -> bool {
        let copies = self.copies.as_ref();
        copies.is_some_and(|copies| copies.under_way.is_some())
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

    /// Takes what is under way one piece further, waiting for the thread. Cancel-safe.
    pub async fn step(&mut self, lane: &Lane) {
        self.step_copy(lane).await;
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
                lane.set_stored(next);
                self.good = Some(generation.number);
                self.generations.keep_only(self.good);
                match generation.store.is_worn() {
                    true => self.owed = true,
                    false => self.idle = Some(Open { generation, names }),
                }
                if self
                    .copies
                    .as_ref()
                    .is_some_and(|copies| copies.due <= Instant::now())
                {
                    self.begin_copy(next);
                }
            }
            Ok((_, Ok(false))) => {}
            Ok((_, Err(error))) => self.failed(lane, &error),
            Err(panic) => self.failed(lane, &Error::Write(panic.to_string())),
        }
    }

    /// Begins a snapshot of the open store, whose checkpoint stands at `next`, unless there is one.
    fn begin_copy(&mut self, next: u64) {
        let Some(copies) = &mut self.copies else {
            return;
        };
        if copies.next == Some(next) {
            return;
        }
        let Some(Open {
            mut generation,
            names,
        }) = self.idle.take()
        else {
            return;
        };
        copies.due = Instant::now() + copies.folder.every();
        let folder = copies.folder.clone();
        let thread = move || {
            let written = folder.write(generation.store.as_mut(), next);
            (generation, written)
        };
        copies.under_way = Some(Copying {
            done: self.runtime.spawn_blocking(thread),
            next,
            names,
        });
    }

    /// Waits for the snapshot under way, if there is one. Cancel-safe.
    async fn step_copy(&mut self, lane: &Lane) {
        let Some(copies) = &mut self.copies else {
            return;
        };
        let Some(copying) = &mut copies.under_way else {
            return;
        };
        let outcome = (&mut copying.done).await;
        let (next, names) = (copying.next, copying.names);
        copies.under_way = None;
        match outcome {
            Ok((generation, Ok(()))) => {
                copies.next = Some(next);
                self.idle = Some(Open { generation, names });
            }
            Ok((generation, Err(snapshot::Error::Io(error)))) => {
                let owner = self.generations.owner();
                warn!(view = owner.view.name(), partition = owner.partition, %error,
                    "a snapshot could not be written, nothing else suffers; make the folder of snapshots writable");
                self.idle = Some(Open { generation, names });
            }
            Ok((_, Err(snapshot::Error::Store(error)))) => self.failed(lane, &error),
            Err(panic) => self.failed(lane, &Error::Read(panic.to_string())),
        }
    }

    /// Writes a snapshot of the last checkpoint, however young the one before is.
    pub async fn copy_last(&mut self, lane: &Lane) {
        self.finish(lane).await;
        self.begin_copy(lane.checkpointed.load(Ordering::Relaxed));
        self.finish(lane).await;
    }

    /// What the lane goes on from is this snapshot, and not the open store: the next checkpoint
    /// goes whole into a folder of its own.
    pub async fn go_on_from_snapshot(&mut self, next: u64) {
        self.renew().await;
        if let Some(copies) = &mut self.copies {
            copies.next = Some(next);
        }
        self.put_off_copy();
    }

    /// The next snapshot is due after one interval: there is one that reaches as far as the lane.
    pub fn put_off_copy(&mut self) {
        if let Some(copies) = &mut self.copies {
            copies.due = Instant::now() + copies.folder.every();
        }
    }

    /// Ends what is under way.
    pub async fn finish(&mut self, lane: &Lane) {
        while self.is_under_way() {
            self.step(lane).await;
        }
    }

    /// Breaks off the checkpoint under way and closes the store: the next checkpoint goes whole
    /// into a folder of its own, and the present folder stays until that is finished. A snapshot
    /// of it is due at once: those that there are show what was replaced.
    pub async fn renew(&mut self) {
        if let Some(copies) = &mut self.copies {
            copies.next = None;
            copies.due = Instant::now();
            if let Some(copying) = copies.under_way.take() {
                let _ = copying.done.await;
            }
        }
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
