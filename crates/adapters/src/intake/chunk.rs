//! A run of events on its way into the log: checked, encoded into one block of memory, and, for
//! those that are not well-formed, set aside with what the rejected log keeps of them.

use super::sealed::{Refusal, Sealed, Slot, Span};
use super::trace::{Call, Sending};
use super::{Adapter, Draft, observed};
use bytes::Bytes;
use lienthong_contract::check;
use lienthong_contract::event;
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use prost::Message;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

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
    taken: Instant,
    call: Call,
    sending: Sending,
    block: Vec<u8>,
    spans: Vec<Span>,
    slots: Vec<Slot>,
}

impl Chunk {
    /// An empty chunk for about `events` events.
    pub fn new(adapter: Arc<Adapter>, call: Call, events: usize) -> Self {
        let event = pb::Event {
            adapter: adapter.recorded_as.to_owned(),
            ..Default::default()
        };
        Self {
            adapter,
            event,
            recorded_ms: 0,
            taken: Instant::now(),
            call,
            sending: Sending::untraced(),
            block: Vec::with_capacity(events * EVENT_BYTES),
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

    /// Takes an event: checks it, and encodes it or sets it aside. All events of a chunk are
    /// recorded at the moment of its first.
    pub fn push(&mut self, draft: Draft) {
        if self.event.recorded_time.is_none() {
            self.begin();
        }
        let rules = &self.adapter.rules;
        match check::check(rules, draft.header.as_ref(), draft.payload.as_ref()) {
            Ok(mapped) => {
                let seen = draft
                    .observed
                    .or_else(|| draft.header.as_ref().map(observed::of));
                let seen = seen.unwrap_or_default().into_iter();
                self.event.observations = seen.map(i32::from).collect();
                self.event.header = draft.header;
                self.event.payload = draft.payload;
                self.event.mapped_status = mapped;
                self.encode();
            }
            Err(failure) => self.refuse(draft, failure),
        }
    }

    /// The moment of the first event, which is that of all.
    fn begin(&mut self) {
        self.recorded_ms = now_millis();
        self.taken = Instant::now();
        self.event.recorded_time = Some(from_millis(self.recorded_ms));
        self.sending = self.call.send();
        self.event.traceparent = self.call.traceparent(&self.sending);
    }

    /// Takes a refusal that was found before there was an event.
    pub fn set_aside(&mut self, refusal: Refusal) {
        self.slots.push(Slot::Refused(Box::new(refusal)));
    }

    /// Adds the event at hand to the block, under both keys if it links two.
    fn encode(&mut self) {
        let (Some(header), Some(payload)) = (&self.event.header, &self.event.payload) else {
            return self.refuse_at_hand("an event without header or payload".to_owned());
        };
        let (key, second) = event::keys(header, payload);
        let key = put(&mut self.block, key);
        let second = second.map(|key| put(&mut self.block, key));
        let start = self.block.len();
        if let Err(error) = self.event.encode(&mut self.block) {
            return self.refuse_at_hand(error.to_string());
        }
        let value = start..self.block.len();
        let span = self.spans.len();
        let keys = [Some(key), second].into_iter().flatten();
        self.spans.extend(keys.map(|key| Span {
            key,
            value: value.clone(),
        }));
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
            observed: None,
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
        let one = match &self.spans[..] {
            [one] => self.block.get(one.value.clone()),
            _ => None,
        };
        self.sending.tell(self.spans.len(), one);
        Sealed {
            block: Bytes::from(self.block),
            spans: self.spans,
            slots: self.slots,
            recorded_ms: self.recorded_ms,
            taken: self.taken,
            by: self.call.by,
            sending: self.sending,
        }
    }
}

fn put(block: &mut Vec<u8>, text: &str) -> Range<usize> {
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
