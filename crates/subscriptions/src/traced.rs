//! What subscribers are handed, as spans linked to those that sent it; nothing where no event of a
//! hand-out belongs to a trace, or nothing is traced.
//!
//! ```text
//! send T . . link . . > process T          handed to a stream, a consumer or a webhook
//!        . . link . . > POST               a webhook's request, which carries its traceparent
//! ```

use crate::durable::seat::Handed;
use crate::stream::Item;
use lienthong_contract::cloudevents;
use lienthong_telemetry::{log, messaging, request, trace};
use prost::encoding::{WireType, decode_key, decode_varint};
use std::time::{Duration, Instant};
use tracing::Span;

/// The field of `Delivery` that holds the event.
const EVENT: u32 = 1;
/// Most events of one message of a stream that are looked at.
const LOOKED_AT: usize = 256;
/// Least pause between two spans of one stream: a thousand busy streams must not make a span a
/// message.
const PAUSE: Duration = Duration::from_millis(100);

/// A stream's subscriber, as far as it is traced: while it follows what happens.
#[derive(Debug, Default)]
pub struct Streamed {
    is_live: bool,
    last: Option<Instant>,
}

impl Streamed {
    /// The subscriber is told this now.
    pub fn told(&mut self, item: &Item) {
        let parts = match item {
            Item::CaughtUp { .. } => return self.is_live = true,
            Item::FellBehind { .. } => return self.is_live = false,
            Item::Events { parts, .. } if self.is_live && trace::is_on() => parts,
            _ => return,
        };
        let now = Instant::now();
        if self.last.is_some_and(|last| now < last + PAUSE) {
            return;
        }
        let deliveries = parts.iter().flat_map(|part| {
            let bytes = &part.block.bytes;
            let range = |entry: &crate::source::Entry| {
                entry.delivery.start as usize..entry.delivery.end as usize
            };
            part.entries().filter_map(move |entry| bytes.get(range(entry)))
        });
        let count = parts.iter().map(|part| part.entries().count() as u64).sum();
        let mut senders = deliveries.take(LOOKED_AT).filter_map(sender);
        if hand_out(None, count, &mut senders).is_some() {
            self.last = Some(now);
        }
    }
}

/// A durable subscription hands out events.
pub fn handed(subscription: &str, events: &[Handed]) {
    if trace::is_on() {
        let mut senders = events.iter().filter_map(|event| sender(&event.event.delivery));
        hand_out(Some(subscription), events.len() as u64, &mut senders);
    }
}

fn hand_out(
    subscription: Option<&str>,
    count: u64,
    senders: &mut dyn Iterator<Item = &str>,
) -> Option<Span> {
    let names = log::get();
    let group = names.group("gateway");
    messaging::hand_out_span(&names.events, &group, subscription, count, senders)
}

/// The request that brings an event to a webhook.
#[derive(Debug)]
pub struct Request {
    span: Span,
    /// What the request carries: its own span's context if that is recorded, else that of the event,
    /// if it has one.
    pub traceparent: Option<String>,
}

impl Request {
    /// A request with this `Delivery`.
    pub fn of(subscription: &str, delivery: &[u8]) -> Self {
        let sender = sender(delivery).filter(|told| cloudevents::is_traceparent(told));
        let span = match sender {
            Some(sender) if trace::is_on() => request::sent(subscription, sender),
            _ => Span::none(),
        };
        let own = Some(trace::traceparent(&span)).filter(|own| !own.is_empty());
        Self {
            traceparent: own.or_else(|| sender.map(str::to_owned)),
            span,
        }
    }

    /// Says that the endpoint did not take it.
    pub fn fail(&self) {
        trace::fail(&self.span, "_OTHER");
    }
}

/// The context of who sent the event of a `Delivery`.
fn sender(delivery: &[u8]) -> Option<&str> {
    let mut rest = delivery;
    let (EVENT, WireType::LengthDelimited) = decode_key(&mut rest).ok()? else {
        return None;
    };
    let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
    cloudevents::traceparent(rest.get(..length)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_contract::pb::event::v1::{Event, Header};
    use lienthong_contract::pb::subscription::v1::Delivery;
    use prost::Message;

    const SENDER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    fn delivery(traceparent: &str) -> Vec<u8> {
        let event = Event {
            header: Some(Header {
                id: "e".to_owned(),
                ..Header::default()
            }),
            adapter: "onestop".to_owned(),
            traceparent: traceparent.to_owned(),
            ..Event::default()
        };
        let delivery = Delivery {
            event: Some(event),
            r#type: "t".to_owned(),
            ..Delivery::default()
        };
        delivery.encode_to_vec()
    }

    #[test]
    fn an_events_own_context_is_passed_on_where_nothing_is_traced() {
        let carried = |told: &str| Request::of("s", &delivery(told)).traceparent;
        assert_eq!(carried(SENDER).as_deref(), Some(SENDER));
        assert_eq!(carried(""), None);
        assert_eq!(carried("not one"), None);
        assert_eq!(Request::of("s", b"\xff").traceparent, None);
    }
}
