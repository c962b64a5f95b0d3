//! Events to one subscriber who keeps the place himself, in the form that every way of telling
//! them shares: gRPC ([`Streaming`]) and server-sent events.
//!
//! A stream is pulled: nothing is read, chosen or encoded for a subscriber before what he was told
//! last has gone out, and he has neither a task nor a queue. So a slow one falls behind the memory
//! of the source by himself, reads on from the log, and comes back; a dead one costs nothing.
//!
//! ```text
//! Checkpoint  Events ...  CaughtUp  Events ...  FellBehind  Events ...  CaughtUp ...  GoingAway
//! ```

mod encode;
mod follow;
mod streaming;

pub use follow::follow;
pub use lienthong_contract::pb::subscription::v1::going_away::Why;
pub use streaming::{Config, Streaming, open};

use crate::filter::Filter;
use crate::source::{Block, Entry};
use crate::token::Place;
use lienthong_contract::pb::subscription::v1::Start;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// What a subscriber asked for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where to begin; none: the end.
    pub start: Option<Start>,
    /// Which events.
    pub filter: Filter,
    /// When to end.
    pub until: Until,
    /// A heartbeat is sent after so long without any message.
    pub heartbeat: Duration,
}

/// When a stream ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When the gateway wants it to.
    GoingAway,
    /// Once everything recorded when it began was told.
    CaughtUp,
}

/// How a stream goes on from its place.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which events.
    pub filter: Filter,
    /// Ends the stream once it has passed these positions.
    pub until: Option<Vec<u64>>,
    /// A heartbeat is told after so long without anything else.
    pub heartbeat: Duration,
    /// Ends the stream after so long.
    pub max_age: Duration,
}

/// What a subscriber is told next. The place is always that after everything told so far.
#[derive(Debug, Clone)]
pub enum Item {
    /// Events, in the order of the parts; about 64 KiB at most.
    Events {
        /// Never empty, nor is any of them.
        parts: Vec<Part>,
        /// Behind the last record of every part's block.
        place: Place,
    },
    /// From here on events are told as they happen.
    CaughtUp {
        /// The place.
        place: Place,
    },
    /// The stream reads from the log until it has caught up again.
    FellBehind {
        /// The place.
        place: Place,
        /// Records not read yet.
        records: u64,
    },
    /// How far the stream is.
    Checkpoint {
        /// The place.
        place: Place,
    },
    /// Nothing happened.
    Heartbeat,
    /// The stream ends; nothing follows.
    GoingAway {
        /// Why.
        why: Why,
        /// The place.
        place: Place,
    },
}

/// Those events of one block that are wanted. For a token after each of them: put the place on to
/// `entry.offset + 1` of the block's partition with [`Block::mark`] of `entry.offset`, beginning
/// with the place of the item before.
#[derive(Debug, Clone)]
pub struct Part {
    /// The block.
    pub block: Arc<Block>,
    /// Which of its entries.
    pub entries: Entries,
}

/// Indices of [`Block::entries`], ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entries {
    /// All of a range, not empty.
    Range(Range<usize>),
    /// These; not empty.
    These(Vec<u32>),
}

impl Part {
    /// The events, in order.
    pub fn entries(&self) -> Box<dyn Iterator<Item = &Entry> + Send + '_> {
        match &self.entries {
            Entries::Range(range) => Box::new(self.block.entries[range.clone()].iter()),
            Entries::These(these) => {
                let entry = |index: &u32| &self.block.entries[*index as usize];
                Box::new(these.iter().map(entry))
            }
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
