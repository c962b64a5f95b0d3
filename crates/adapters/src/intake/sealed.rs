//! A chunk ready for the log: its records, and what becomes of each event.

use super::trace::{Caller, Sending};
use bytes::Bytes;
use lienthong_contract::pb::operations::v1::RejectedContent;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::Record;
use std::ops::Range;
use std::time::Instant;

/// A chunk that takes nothing more.
pub struct Sealed {
    /// Keys and values of all records.
    pub block: Bytes,
    /// Where each record's lie.
    pub spans: Vec<Span>,
    /// What becomes of each event, in the order they came.
    pub slots: Vec<Slot>,
    /// When all of them are recorded, in milliseconds since the Unix epoch.
    pub recorded_ms: i64,
    /// The same moment by this machine's steady clock.
    pub taken: Instant,
    /// Who brought them.
    pub by: Caller,
    /// Its sending, until that has ended.
    pub sending: Sending,
}

impl Sealed {
    /// The records to append. They share one block, so that asking again costs no copy.
    pub fn records(&self) -> Vec<Record> {
        self.spans
            .iter()
            .map(|span| Record {
                key: self.block.slice(span.key.clone()),
                value: self.block.slice(span.value.clone()),
                recorded_ms: self.recorded_ms,
            })
            .collect()
    }

    /// Sets aside the events whose record has more than `limit` bytes of key and value, and says
    /// how many there were.
    pub fn refuse_larger_than(&mut self, limit: usize) -> usize {
        let mut refused = 0;
        let mut kept = Vec::with_capacity(self.spans.len());
        for slot in &mut self.slots {
            let Slot::Ready { id, span, spans } = slot else {
                continue;
            };
            let own = *span..*span + *spans;
            let largest = self.spans[own.clone()]
                .iter()
                .map(Span::bytes)
                .max()
                .unwrap_or(0);
            if largest <= limit {
                *span = kept.len();
                kept.extend(self.spans[own].iter().cloned());
                continue;
            }
            let what = format!("the event has {largest} bytes, the log takes {limit}");
            *slot = Slot::Refused(Box::new(Refusal {
                id: std::mem::take(id),
                failure: Failure::new(Reason::EventTooLarge, what),
                content: None,
            }));
            refused += 1;
        }
        self.spans = kept;
        refused
    }
}

/// Where a record's key and value lie in the block.
#[derive(Clone)]
pub struct Span {
    /// Of the key.
    pub key: Range<usize>,
    /// Of the value.
    pub value: Range<usize>,
}

/// What becomes of one event.
pub enum Slot {
    /// To be recorded; its first record is the one at `span`.
    Ready {
        /// The source's own id.
        id: String,
        /// Index of its first record.
        span: usize,
        /// Records it makes: 2 for a link between two keys.
        spans: usize,
    },
    /// Not well-formed.
    Refused(Box<Refusal>),
}

/// An event that is not recorded.
pub struct Refusal {
    /// The source's own id, as far as it was told.
    pub id: String,
    /// Why.
    pub failure: Failure,
    /// What the rejected log keeps; none for what is kept elsewhere or not at all.
    pub content: Option<RejectedContent>,
}

impl Span {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}
