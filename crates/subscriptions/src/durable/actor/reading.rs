//! Taking up events: new ones as there is room, and again those that are to be handed out and are
//! not in memory.

use super::Actor;
use crate::durable::range::entry_at;
use crate::source::{Block, Entry, Ready};
use futures_util::future::BoxFuture;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{Position, ReadError};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Events that are read again at once, at most.
const AGAIN: usize = 1_024;
/// Pause before a read that failed is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// What reading found.
pub enum Found {
    /// The log has grown.
    Growth,
    /// The block at a place that comes next; none: there is nothing yet.
    Next(Position, Result<Option<Arc<Block>>, ReadError>),
    /// The block of an event that is to be handed out again.
    Again(Position, Result<Option<Arc<Block>>, ReadError>),
}

/// One read at a time.
#[derive(Default)]
pub struct Reading {
    under_way: Option<BoxFuture<'static, Found>>,
    /// It only waits for the log to grow.
    waits: bool,
    /// The partition that was read last.
    last: usize,
    /// After a failure nothing is read before this.
    not_before: Option<Instant>,
    failing: bool,
    /// Events that are to be read again, in the order in which they are needed.
    again: VecDeque<(u64, Position)>,
}

impl Reading {
    /// Whether a block is being read.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some() && !self.waits
    }

    /// When a read that failed is tried again.
    pub fn again_at(&self) -> Option<Instant> {
        self.not_before
    }

    /// What was found. Cancel-safe; never resolves while nothing is read.
    pub async fn done(&mut self) -> Found {
        match &mut self.under_way {
            None => std::future::pending().await,
            Some(reading) => {
                let found = reading.await;
                self.under_way = None;
                found
            }
        }
    }

    /// Reads on later from where it is.
    fn stop(&mut self) {
        self.under_way = None;
    }

    /// Forgets everything: the subscription was moved.
    pub fn forget(&mut self) {
        self.under_way = None;
        self.again.clear();
    }
}

impl Actor {
    /// Begins to read what is wanted most, unless a block is being read already.
    pub(super) fn read(&mut self) {
        if self.reading.is_under_way() {
            return;
        }
        if self
            .reading
            .not_before
            .is_some_and(|from| from > Instant::now())
        {
            return;
        }
        self.reading.not_before = None;
        if !self.is_active() || self.table.is_empty() {
            return self.reading.stop();
        }
        let blocks = self.context.handles.blocks.clone();
        if self.reading.again.is_empty() {
            self.reading.again = self.engine.missing(AGAIN).into();
        }
        if let Some((_, at)) = self.reading.again.front().copied() {
            self.reading.waits = false;
            self.reading.under_way = Some(Box::pin(async move {
                Found::Again(at, blocks.block(at.partition, at.offset).await)
            }));
            return;
        }
        if self.engine.room() == 0 {
            return self.reading.stop();
        }
        if self.reading.under_way.is_some() {
            return;
        }
        let next = self.next_unread(&blocks.ends());
        self.reading.waits = next.is_none();
        self.reading.under_way = Some(match next {
            Some(at) => {
                Box::pin(
                    async move { Found::Next(at, blocks.block(at.partition, at.offset).await) },
                )
            }
            None => {
                let positions = self.engine.positions().to_vec();
                Box::pin(async move {
                    blocks.grown(&positions).await;
                    Found::Growth
                })
            }
        });
    }

    /// Where to read next, partition after partition.
    fn next_unread(&mut self, ends: &[u64]) -> Option<Position> {
        let positions = self.engine.positions();
        let partitions = positions.len();
        let others = (1..=partitions).map(|step| (self.reading.last + step) % partitions);
        let unread = |partition: &usize| ends.get(*partition) > positions.get(*partition);
        let partition = others.into_iter().find(unread)?;
        let offset = *positions.get(partition)?;
        self.reading.last = partition;
        Some(Position {
            partition: u32::try_from(partition).ok()?,
            offset,
        })
    }

    pub(super) fn found(&mut self, found: Found) {
        match found {
            Found::Growth => {}
            Found::Next(at, Ok(Some(block))) => {
                self.reading.failing = false;
                self.take_up(at, &block);
            }
            Found::Again(at, Ok(Some(block))) => {
                self.reading.failing = false;
                self.take_again(at, &block);
            }
            Found::Next(..) | Found::Again(..) => {
                self.unreadable(found);
            }
        }
    }

    fn take_up(&mut self, at: Position, block: &Block) {
        let partition = at.partition as usize;
        // It was moved meanwhile.
        if self.engine.positions().get(partition) != Some(&at.offset) {
            return;
        }
        let mut next = block.next;
        for entry in block.from(at.offset) {
            if !self.filter.holds(&entry.facets) {
                continue;
            }
            if self.engine.room() == 0 {
                next = entry.offset;
                break;
            }
            self.engine.offer(self.copy(block, entry));
        }
        self.engine.passed(at.partition, next);
    }

    /// What is kept of an event while it is in flight.
    fn copy(&self, block: &Block, entry: &Entry) -> Ready {
        match self.subscription.webhook {
            Some(_) => block.ready_with_facets(entry),
            None => block.ready(entry),
        }
    }

    fn take_again(&mut self, at: Position, block: &Block) {
        let within = |at: &Position| {
            at.partition == block.partition && (block.first..block.next).contains(&at.offset)
        };
        if !within(&at) {
            self.reading.not_before = Some(Instant::now() + PAUSE);
            return;
        }
        for (sequence, at) in std::mem::take(&mut self.reading.again) {
            match (within(&at), entry_at(block, at)) {
                (false, _) => self.reading.again.push_back((sequence, at)),
                (true, Some(entry)) => self.engine.fetched(sequence, self.copy(block, entry)),
                (true, None) => {
                    self.is_gone(sequence, at, "its place in the log holds no event any more");
                }
            }
        }
    }

    /// The first event that was to be read again cannot be.
    fn next_is_gone(&mut self, why: &str) {
        if let Some((sequence, at)) = self.reading.again.pop_front() {
            self.is_gone(sequence, at, why);
        }
    }

    fn is_gone(&mut self, sequence: u64, at: Position, why: &str) {
        tracing::error!(
            subscription = self.name,
            sequence,
            partition = at.partition,
            offset = at.offset,
            why,
            "an event that was not acknowledged cannot be read any more; its case is parked"
        );
        self.engine.unavailable(sequence, why, now_millis());
    }

    fn unreadable(&mut self, found: Found) {
        match found {
            Found::Next(at, Err(ReadError::OutOfRange { asked, start, .. })) if asked < start => {
                tracing::error!(
                    subscription = self.name,
                    partition = at.partition,
                    asked,
                    start,
                    "retention removed events that a durable subscription has not read; it is disabled"
                );
                self.disable(format!(
                    "retention removed offsets {asked} to {} of partition {} before they were read; move the subscription to go on",
                    start - 1, at.partition
                ));
                // Nothing is read until then.
                self.reading.not_before = Some(Instant::now() + PAUSE);
            }
            Found::Again(_, Err(ReadError::OutOfRange { asked, start, .. })) if asked < start => {
                self.next_is_gone("retention removed it before it was acknowledged");
            }
            Found::Next(_, Err(error)) | Found::Again(_, Err(error)) => {
                if !self.reading.failing {
                    tracing::warn!(subscription = self.name, %error, "the event log cannot be read; trying on");
                }
                self.reading.failing = true;
                self.reading.not_before = Some(Instant::now() + PAUSE);
            }
            // Its end was known too early.
            Found::Next(_, Ok(_)) | Found::Again(_, Ok(_)) => {
                self.reading.not_before = Some(Instant::now() + PAUSE);
            }
            Found::Growth => {}
        }
    }
}
