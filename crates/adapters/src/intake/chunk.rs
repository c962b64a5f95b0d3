//! A run of events on its way into the log: checked, encoded into one block of memory, and, for
//! those that are not well-formed, set aside with what the rejected log keeps of them.

use super::{Adapter, Draft};
use bytes::{Bytes, BytesMut};
use lienthong_contract::check;
use lienthong_contract::event;
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_eventlog::Record;
use prost::Message;
use std::ops::Range;
use std::sync::Arc;

/// Bytes set aside for one event; most need fewer.
const EVENT_BYTES: usize = 400;
/// Most characters of a code of a rejected message that the rejected log's list shows.
const SHOWN: usize = 128;

/// Events of one adapter, in the order they came.
pub struct Chunk {
    adapter: Arc<Adapter>,
    /// Filled anew for each event, so that what all have in common is set once.
    event: pb::Event,
    recorded_ms: i64,
    block: BytesMut,
    spans: Vec<Span>,
    slots: Vec<Slot>,
}

/// Where a record's key and value lie in the block.
#[derive(Clone)]
struct Span {
    key: Range<usize>,
    value: Range<usize>,
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

impl Chunk {
    /// An empty chunk for about `events` events, recorded now.
    pub fn new(adapter: Arc<Adapter>, traceparent: &str, events: usize) -> Self {
        let recorded_ms = now_millis();
        let event = pb::Event {
            recorded_time: Some(from_millis(recorded_ms)),
            adapter: adapter.recorded_as.to_owned(),
            traceparent: traceparent.to_owned(),
            ..Default::default()
        };
        Self {
            adapter,
            event,
            recorded_ms,
            block: BytesMut::with_capacity(events * EVENT_BYTES),
            spans: Vec::with_capacity(events),
            slots: Vec::with_capacity(events),
        }
    }

    /// Events taken so far.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no event was taken.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether the limits of one append are reached.
    pub fn is_full(&self) -> bool {
        let limits = &self.adapter.limits;
        self.slots.len() >= limits.chunk_events || self.block.len() >= limits.chunk_bytes
    }

    /// The moment all of its events are recorded at, in milliseconds since the Unix epoch.
    pub fn recorded_ms(&self) -> i64 {
        self.recorded_ms
    }

    /// Takes an event: checks it, and encodes it or sets it aside.
    pub fn push(&mut self, draft: Draft) {
        let rules = &self.adapter.rules;
        match check::check(rules, draft.header.as_ref(), draft.payload.as_ref()) {
            Ok(mapped) => {
                self.event.header = draft.header;
                self.event.payload = draft.payload;
                self.event.mapped_status = mapped;
                self.encode();
            }
            Err(failure) => self.refuse(draft, failure),
        }
    }

    /// Takes a refusal that was found before there was an event.
    pub fn set_aside(&mut self, refusal: Refusal) {
        self.slots.push(Slot::Refused(Box::new(refusal)));
    }

    /// Adds the event at hand to the block, under both keys if it links two.
    fn encode(&mut self) {
        let read = match event::read(&self.event) {
            Ok(read) => read,
            Err(unreadable) => return self.refuse_at_hand(unreadable.to_string()),
        };
        let key = put(&mut self.block, read.key());
        let second = read.second_key().map(|key| put(&mut self.block, key));
        let start = self.block.len();
        if let Err(error) = self.event.encode(&mut self.block) {
            return self.refuse_at_hand(error.to_string());
        }
        let value = start..self.block.len();
        let span = self.spans.len();
        if let Some(second) = second {
            let value = value.clone();
            self.spans.push(Span { key, value });
            self.spans.push(Span {
                key: second,
                value: start..self.block.len(),
            });
        } else {
            self.spans.push(Span { key, value });
        }
        let id = self.event.header.take().map(|header| header.id);
        self.slots.push(Slot::Ready {
            id: id.unwrap_or_default(),
            span,
            spans: self.spans.len() - span,
        });
    }

    /// What passes the check can be read and encoded; if not, the two disagree.
    fn refuse_at_hand(&mut self, what: String) {
        let draft = Draft {
            header: self.event.header.take(),
            payload: self.event.payload.take(),
        };
        self.refuse(draft, Failure::new(Reason::Internal, what));
    }

    fn refuse(&mut self, draft: Draft, failure: Failure) {
        let id = draft.header.as_ref().map(|header| header.id.clone());
        let content = RejectedContent {
            message: Some(self.describe(&draft, &failure)),
            content_type: self.adapter.message.to_owned(),
            content: encode_as_received(draft),
        };
        self.slots.push(Slot::Refused(Box::new(Refusal {
            id: id.unwrap_or_default(),
            failure,
            content: Some(content),
        })));
    }

    fn describe(&self, draft: &Draft, failure: &Failure) -> RejectedMessage {
        let header = draft.header.as_ref();
        let shown = |code: fn(&pb::Header) -> &str| {
            header.map_or_else(String::new, |header| shorten(code(header)))
        };
        RejectedMessage {
            number: 0,
            rejected_time: self.event.recorded_time,
            adapter: self.adapter.name.to_owned(),
            source: shown(|header| &header.source),
            id: shown(|header| &header.id),
            dossier_code: shown(|header| &header.dossier_code),
            reason: failure.reason.name().to_owned(),
            violations: failure.violations.clone(),
            resubmitted: false,
        }
    }

    /// Ends the taking in.
    pub fn seal(self) -> Sealed {
        Sealed {
            block: self.block.freeze(),
            spans: self.spans,
            slots: self.slots,
            recorded_ms: self.recorded_ms,
        }
    }
}

/// A chunk that takes nothing more.
pub struct Sealed {
    block: Bytes,
    spans: Vec<Span>,
    /// What becomes of each event, in the order they came.
    pub slots: Vec<Slot>,
    recorded_ms: i64,
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

impl Span {
    fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }
}

fn put(block: &mut BytesMut, text: &str) -> Range<usize> {
    let start = block.len();
    block.extend_from_slice(text.as_bytes());
    start..block.len()
}

/// The message as its system sent it: header and payload have the field numbers of the adapters'
/// messages.
fn encode_as_received(draft: Draft) -> Bytes {
    let event = pb::Event {
        header: draft.header,
        payload: draft.payload,
        ..Default::default()
    };
    event.encode_to_vec().into()
}

fn shorten(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
