//! One stream: what its subscriber is told next, worked out when he is ready for it.

use super::{Entries, Item, Options, Part, Why};
use crate::source::{Block, Blocks, failure};
use crate::token::Place;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, unfold};
use lienthong_contract::status::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Bytes of deliveries from which on an item is full.
const FULL: usize = 32 * 1024;
/// The place is told at least so often while it moves.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// Where a stream is between the log and what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was told yet.
    Opening,
    /// Not all that was recorded is told.
    Behind,
    /// The end was reached, and the source's memory reaches back to the place ever since.
    Live,
    /// The last item was told.
    Ended,
}

/// A stream on its way.
struct Following {
    blocks: Arc<dyn Blocks>,
    options: Options,
    shutdown: CancellationToken,
    place: Place,
    phase: Phase,
    /// The partition to begin the next reading with, so that none waits behind a busy one.
    turn: u32,
    ends_at: Instant,
    told_at: Instant,
    /// The ends as they were when this was last about to read.
    horizon: Vec<u64>,
    /// When the place was told last, and whether it has moved since.
    placed_at: Instant,
    moved: bool,
}

/// Events from a place on that a subscriber wants, and the markers between them, as
/// `SubscribeResponse` specifies them. Ends after [`Item::GoingAway`] or an error:
/// `POSITION_GONE` if retention overtook the stream, `LOG_UNAVAILABLE`.
pub fn follow(
    blocks: Arc<dyn Blocks>,
    place: Place,
    options: Options,
    shutdown: CancellationToken,
) -> BoxStream<'static, Result<Item, Failure>> {
    let now = Instant::now();
    let following = Following {
        ends_at: now + options.max_age,
        blocks,
        options,
        shutdown,
        place,
        phase: Phase::Opening,
        turn: 0,
        horizon: Vec::new(),
        told_at: now,
        placed_at: now,
        moved: false,
    };
    let next = |mut following: Following| async move {
        if following.phase == Phase::Ended {
            return None;
        }
        let told = following.next().await;
        following.note(&told);
        Some((told, following))
    };
    unfold(following, next).boxed()
}

impl Following {
    /// Remembers what is told.
    fn note(&mut self, told: &Result<Item, Failure>) {
        self.told_at = Instant::now();
        match told {
            Ok(Item::Heartbeat) => {}
            Ok(Item::GoingAway { .. }) | Err(_) => self.phase = Phase::Ended,
            Ok(_) => (self.placed_at, self.moved) = (self.told_at, false),
        }
    }

    async fn next(&mut self) -> Result<Item, Failure> {
        if self.phase == Phase::Opening {
            self.phase = Phase::Behind;
            self.horizon = self.blocks.ends();
            return Ok(self.checkpoint());
        }
        loop {
            if let Some(why) = self.leaves() {
                return Ok(self.going_away(why));
            }
            if self.phase == Phase::Behind && self.has_passed(&self.horizon) {
                self.phase = Phase::Live;
                let place = self.place.clone();
                return Ok(Item::CaughtUp { place });
            }
            if self.is_done() {
                return Ok(self.going_away(Why::CaughtUp));
            }
            self.horizon = self.blocks.ends();
            if let Some(item) = self.read().await? {
                return Ok(item);
            }
            if self.phase == Phase::Behind && self.has_passed(&self.horizon) {
                continue;
            }
            if self.moved && self.placed_at.elapsed() >= CHECKPOINT {
                return Ok(self.checkpoint());
            }
            if self.told_at.elapsed() >= self.options.heartbeat {
                self.probe().await?;
                return Ok(Item::Heartbeat);
            }
            self.wait().await;
        }
    }

    fn checkpoint(&self) -> Item {
        let place = self.place.clone();
        Item::Checkpoint { place }
    }

    fn going_away(&self, why: Why) -> Item {
        let place = self.place.clone();
        Item::GoingAway { why, place }
    }

    /// Whether the stream is to end though its subscriber wants more.
    fn leaves(&self) -> Option<Why> {
        if self.shutdown.is_cancelled() {
            return Some(Why::Draining);
        }
        (Instant::now() >= self.ends_at).then_some(Why::Age)
    }

    /// Whether everything was told that the stream was opened for.
    fn is_done(&self) -> bool {
        let until = self.options.until.as_ref();
        until.is_some_and(|until| self.has_passed(until))
    }

    /// Whether everything before these offsets was read. With those of the last reading: the stream
    /// takes with each message all there is, though the log may never stand still.
    fn has_passed(&self, offsets: &[u64]) -> bool {
        let mut both = self.place.positions().iter().zip(offsets);
        both.all(|(position, offset)| position >= offset)
    }

    /// Records that are not read yet.
    fn unread(&self) -> u64 {
        let ends = self.blocks.ends();
        let both = self.place.positions().iter().zip(&ends);
        both.map(|(position, end)| end.saturating_sub(*position))
            .sum()
    }

    /// The next events, or a marker that is due while there are none that fit; none at the end.
    async fn read(&mut self) -> Result<Option<Item>, Failure> {
        let mut parts = Vec::new();
        let mut bytes = 0;
        loop {
            // Where much is in memory, or nothing of much fits, others get their turn, too.
            tokio::task::coop::consume_budget().await;
            let ends = self.blocks.ends();
            if self.phase == Phase::Live && self.has_lost_touch(&ends) {
                if !parts.is_empty() {
                    break;
                }
                self.phase = Phase::Behind;
                let (place, records) = (self.place.clone(), self.unread());
                return Ok(Some(Item::FellBehind { place, records }));
            }
            let mut read = false;
            for _ in 0..ends.len() {
                let partition = self.turn;
                self.turn = (self.turn + 1) % ends.len() as u32;
                let Some(part) = self.part(partition, &ends, parts.is_empty()).await? else {
                    continue;
                };
                read = true;
                if let Some((part, more)) = part {
                    bytes += more;
                    parts.push(part);
                }
                if bytes >= FULL {
                    break;
                }
            }
            if !read || bytes >= FULL {
                break;
            }
            let checkpoint_due = self.placed_at.elapsed() >= CHECKPOINT;
            if checkpoint_due || self.leaves().is_some() || self.is_done() {
                break;
            }
        }
        let place = self.place.clone();
        match parts.is_empty() {
            false => Ok(Some(Item::Events { parts, place })),
            true if self.moved && self.placed_at.elapsed() >= CHECKPOINT => {
                Ok(Some(self.checkpoint()))
            }
            true => Ok(None),
        }
    }

    /// Whether what comes next is no longer in memory.
    fn has_lost_touch(&self, ends: &[u64]) -> bool {
        let mut places = (0..).zip(self.place.positions().iter().zip(ends));
        places.any(|(partition, (position, end))| {
            position < end && !self.blocks.is_recent(partition, *position)
        })
    }

    /// Reads one block of a partition: none if there is nothing to read; else what of it is wanted,
    /// with its size in bytes, if anything. With events in hand (`patient` is false) only a block in
    /// memory is read, so that they do not wait for the log.
    async fn part(
        &mut self,
        partition: u32,
        ends: &[u64],
        patient: bool,
    ) -> Result<Option<Option<(Part, usize)>>, Failure> {
        let at = partition as usize;
        let position = self.place.positions()[at];
        if position >= ends[at] || !(patient || self.blocks.is_recent(partition, position)) {
            return Ok(None);
        }
        let block = match self.blocks.block(partition, position).await {
            Ok(Some(block)) => block,
            Ok(None) => return Ok(None),
            Err(error) => return Err(failure(&*self.blocks, error).await),
        };
        let mark = block.mark(block.next.saturating_sub(1));
        self.place.go_on(partition, block.next, mark);
        self.moved = true;
        Ok(Some(self.chosen(block, position)))
    }

    /// What is wanted of a block from an offset on.
    fn chosen(&self, block: Arc<Block>, from: u64) -> Option<(Part, usize)> {
        let all = block.entries.len();
        let range = all - block.from(from).len()..all;
        let of = |index: usize| &block.entries[index];
        if self.options.filter.is_everything() {
            let first = range.clone().next().map(of)?;
            let bytes = of(all - 1).element.end - first.element.start;
            let entries = Entries::Range(range);
            return Some((Part { block, entries }, bytes as usize));
        }
        let wanted = range.filter(|index| self.options.filter.holds(&of(*index).facets));
        let these: Vec<u32> = wanted.map(|index| index as u32).collect();
        let sizes = these.iter().map(|index| of(*index as usize).element.len());
        let bytes = sizes.sum::<usize>();
        let entries = Entries::These(these);
        (bytes > 0).then_some((Part { block, entries }, bytes))
    }

    /// Finds out whether the log can still be read, where nothing happens.
    async fn probe(&self) -> Result<(), Failure> {
        for (partition, position) in (0..).zip(self.place.positions()) {
            if let Err(error) = self.blocks.block(partition, *position).await {
                return Err(failure(&*self.blocks, error).await);
            }
        }
        Ok(())
    }

    /// Waits until something may have to be told.
    async fn wait(&self) {
        let heartbeat = self.told_at + self.options.heartbeat;
        let mut until = heartbeat.min(self.ends_at);
        if self.moved {
            until = until.min(self.placed_at + CHECKPOINT);
        }
        tokio::select! {
            () = self.shutdown.cancelled() => {}
            () = self.blocks.grown(self.place.positions()) => {}
            () = sleep_until(until) => {}
        }
    }
}
