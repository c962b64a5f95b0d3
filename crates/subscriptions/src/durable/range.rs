//! `ReadRange`: what was numbered, found through the lane and read again from the event log.
//!
//! Numbers are looked up in portions; a reader of the lane is open only meanwhile, and at most
//! [`READERS`] of them at once, because each costs a thread on Kafka. A client that does not read
//! its stream costs one portion of numbers.

use super::calls::Told;
use super::encode;
use super::kept::{Lookup, Numbered};
use super::lanes::Lane;
use super::seat::Handed;
use crate::source::{self, Block, Blocks, Entry as BlockEntry};
use futures_util::{StreamExt, stream};
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::Entry;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_domain::path::day::{day, day_number};
use lienthong_eventlog::{Position, ReadError};
use prost::Message;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tonic::Status;

/// Readers of lanes that all look-ups of a gateway share.
pub const READERS: usize = 4;
/// About so many numbers are looked up at once.
const PORTION: usize = 32_768;
/// Records read at once.
const AT_ONCE: usize = 1_024;
/// Events that are read before a message of them is made.
const EVENTS: usize = 256;

/// What ranges are read from.
#[derive(Clone)]
pub struct Sources {
    /// The lane of the subscription.
    pub lane: Arc<Lane>,
    /// The events.
    pub blocks: Arc<dyn Blocks>,
    /// [`READERS`].
    pub readers: Arc<Semaphore>,
}

/// A range under way.
struct Range {
    sources: Sources,
    lookup: Lookup,
    /// Where in the lane the look-up goes on.
    offset: u64,
    numbered: VecDeque<Numbered>,
    block: Option<Arc<Block>>,
    day: (i64, Arc<str>),
    rest: std::vec::IntoIter<Handed>,
}

/// The numbers of a look-up, in order.
pub fn stream(sources: Sources, lookup: Lookup) -> Told {
    let range = Range {
        offset: lookup.offset(),
        sources,
        lookup,
        numbered: VecDeque::new(),
        block: None,
        day: (i64::MIN, Arc::from("")),
        rest: Vec::new().into_iter(),
    };
    let messages = stream::try_unfold(range, |mut range| async move {
        let message = range.next().await.map_err(Status::from)?;
        Ok(message.map(|message| (message, range)))
    });
    messages.boxed()
}

impl Range {
    async fn next(&mut self) -> Result<Option<Encoded>, Failure> {
        loop {
            if let Some(message) = encode::read(&mut self.rest) {
                return Ok(Some(message));
            }
            if self.numbered.is_empty() {
                if self.lookup.is_done() {
                    return Ok(None);
                }
                self.look_up().await?;
            }
            let mut events = Vec::new();
            while events.len() < EVENTS
                && let Some(numbered) = self.numbered.pop_front()
            {
                events.push(self.event(numbered).await?);
            }
            self.rest = events.into_iter();
        }
    }

    /// Reads the lane on until a portion of numbers, or all, are found.
    async fn look_up(&mut self) -> Result<(), Failure> {
        let unreadable = |error: ReadError| Failure::new(Reason::LogUnavailable, error.to_string());
        let _turn = self.sources.readers.acquire().await;
        let lane = &self.sources.lane;
        let mut reader = lane.reader(self.offset).await.map_err(unreadable)?;
        while self.numbered.len() < PORTION && !self.lookup.is_done() {
            // All of the range was given, so that it is there to be read.
            let records = reader.next(AT_ONCE).await.map_err(unreadable)?;
            for stored in records {
                self.offset = stored.offset + 1;
                if let Ok(entry) = Entry::decode(stored.record.value.as_ref()) {
                    self.numbered.extend(self.lookup.read(&entry));
                }
                if self.lookup.is_done() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn event(&mut self, numbered: Numbered) -> Result<Handed, Failure> {
        let number = day_number(numbered.given_ms);
        if number != self.day.0 {
            self.day = (number, day(number).to_string().into());
        }
        let at = numbered.position;
        let holds = |block: &&Arc<Block>| {
            block.partition == at.partition && (block.first..block.next).contains(&at.offset)
        };
        if self.block.as_ref().filter(holds).is_none() {
            let read = self.sources.blocks.block(at.partition, at.offset).await;
            self.block = match read {
                Ok(block) => block,
                Err(error) => {
                    return Err(source::failure(self.sources.blocks.as_ref(), error).await);
                }
            };
        }
        let block = self.block.as_ref();
        let event = block.and_then(|block| Some(block.ready(entry_at(block, at)?)));
        let event = event.ok_or_else(|| {
            let message = format!(
                "number {} is offset {} of partition {}, which holds no event any more",
                numbered.sequence, at.offset, at.partition
            );
            Failure::new(Reason::LogUnavailable, message)
        })?;
        Ok(Handed {
            sequence: numbered.sequence,
            attempt: 0,
            day: self.day.1.clone(),
            event,
        })
    }
}

/// The event at a position; none if the block does not tell it.
pub fn entry_at(block: &Block, at: Position) -> Option<&BlockEntry> {
    let entry = block.from(at.offset).first();
    entry.filter(|entry| entry.offset == at.offset)
}
