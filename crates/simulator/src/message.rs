//! A message ready to send: encoded once, however often it is sent again.
//!
//! The contract keeps three numbers equal: a payload's field in `Event` and in each adapter's
//! `DossierEvent`, the event's field (1) in `StreamEventsRequest`, and the events' field (1) in
//! `ReportEventsRequest`. So one frame serves every adapter, the stream and the batch.

use crate::system::System;
use bytes::{Bytes, BytesMut};
use lienthong_contract::pb::event::v1::{Event, Header, event::Payload};
use lienthong_contract::pb::{civil_status, onestop, population, specialised};
use lienthong_contract::time::{from_millis, to_millis};
use prost::Message as _;
use prost::encoding::WireType;

/// The field of a request that holds the event.
const EVENT: u32 = 1;

/// An event on its way to an adapter.
#[derive(Debug, Clone)]
pub struct Message {
    system: System,
    id: Box<str>,
    frame: Bytes,
    /// How far the clock of its source is ahead, if it says when it is sent; in milliseconds.
    ahead_ms: Option<i64>,
}

/// The adapter's contract has no such payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {} adapter takes no `{kind}`", system.name())]
pub struct NotTaken {
    /// The adapter.
    pub system: System,
    /// The payload's field name.
    pub kind: &'static str,
}

impl NotTaken {
    /// Always false: another adapter or another kind is needed.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

impl Message {
    /// Encodes an event for the system's adapter. Nothing but the kind of payload is
    /// checked: a simulated system may lie.
    ///
    /// # Errors
    /// If the adapter's contract has no such payload.
    pub fn new(system: System, header: Header, payload: Payload) -> Result<Self, NotTaken> {
        let kind = lienthong_contract::event::kind(&payload).map_or("probe", |kind| kind.name());
        let id = header.id.clone().into_boxed_str();
        let event = Event {
            header: Some(header),
            payload: Some(payload),
            ..Event::default()
        };
        let length = event.encoded_len();
        let mut frame = BytesMut::with_capacity(length + 6);
        prost::encoding::message::encode(EVENT, &event, &mut frame);
        let body_from = frame.len() - length;
        if !takes(system, &frame[body_from..]) {
            return Err(NotTaken { system, kind });
        }
        Ok(Self {
            system,
            id,
            frame: frame.freeze(),
            ahead_ms: None,
        })
    }

    /// The same message of a source that says when it sends, by a clock that is right.
    pub fn telling(self) -> Self {
        Self {
            ahead_ms: Some(0),
            ..self
        }
    }

    /// The same message of a source that says when it sends, by a clock that is so many milliseconds
    /// ahead (behind, if negative): when it happened is told by the same clock.
    ///
    /// # Errors
    /// Never for a message made by [`Message::new`].
    pub fn told_by_clock(self, ahead_ms: i64) -> Result<Self, prost::DecodeError> {
        let mut message = self;
        message.ahead_ms = Some(ahead_ms);
        let mut event = message.event()?;
        let occurred = event.header.as_mut().and_then(|header| header.occurred_time.as_mut());
        if let Some(occurred) = occurred
            && let Some(millis) = to_millis(occurred)
        {
            *occurred = from_millis(millis.saturating_add(ahead_ms));
        }
        let mut frame = BytesMut::with_capacity(message.frame.len());
        prost::encoding::message::encode(EVENT, &event, &mut frame);
        message.frame = frame.freeze();
        Ok(message)
    }

    /// The system that sends it.
    pub fn system(&self) -> System {
        self.system
    }

    /// The source's own id of the event.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The event as field 1 of a request.
    pub fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// The frame as it is sent at `now_ms`, milliseconds since the Unix epoch: with the sending time
    /// of a source that tells it. A field told twice is merged by whoever reads it, so the header is
    /// not encoded anew.
    pub fn frame_at(&self, now_ms: i64) -> Bytes {
        let Some(ahead_ms) = self.ahead_ms else {
            return self.frame.clone();
        };
        let mut body = self.frame.clone();
        let read = prost::encoding::decode_key(&mut body)
            .and_then(|_| prost::encoding::decode_varint(&mut body));
        if read.is_err() {
            return self.frame.clone();
        }
        let sent = Event {
            header: Some(Header {
                sent_time: Some(from_millis(now_ms.saturating_add(ahead_ms))),
                ..Header::default()
            }),
            ..Event::default()
        };
        let length = body.len() + sent.encoded_len();
        let mut frame = BytesMut::with_capacity(length + 6);
        prost::encoding::encode_key(EVENT, WireType::LengthDelimited, &mut frame);
        prost::encoding::encode_varint(length as u64, &mut frame);
        frame.extend_from_slice(&body);
        // It cannot fail: the buffer grows.
        sent.encode_raw(&mut frame);
        frame.freeze()
    }

    /// The event as it was encoded, without the request around it.
    ///
    /// # Errors
    /// Never for a message made by [`Message::new`].
    pub fn event(&self) -> Result<Event, prost::DecodeError> {
        let mut body = self.frame.clone();
        prost::encoding::decode_key(&mut body)?;
        prost::encoding::decode_varint(&mut body)?;
        Event::decode(body)
    }
}

/// Whether the adapter's own message finds a payload in the encoded event.
fn takes(system: System, event: &[u8]) -> bool {
    match system {
        System::Onestop => {
            onestop::v1::DossierEvent::decode(event).is_ok_and(|event| event.payload.is_some())
        }
        System::CivilStatus => {
            civil_status::v1::DossierEvent::decode(event).is_ok_and(|event| event.payload.is_some())
        }
        System::Population => {
            population::v1::DossierEvent::decode(event).is_ok_and(|event| event.payload.is_some())
        }
        System::Specialised => {
            specialised::v1::DossierEvent::decode(event).is_ok_and(|event| event.payload.is_some())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::double::event;
    use lienthong_contract::pb::event::v1::PersonalNumberAssigned;

    #[test]
    fn one_frame_is_a_stream_request_and_an_element_of_a_batch() {
        let event = event("e-1");
        let message = Message::new(
            System::Onestop,
            event.header.clone().unwrap(),
            event.payload.clone().unwrap(),
        )
        .unwrap();
        assert_eq!((message.id(), message.system()), ("e-1", System::Onestop));
        assert_eq!(message.event().unwrap(), event);
        let streamed = onestop::v1::StreamEventsRequest::decode(message.frame().clone()).unwrap();
        assert_eq!(streamed.event.unwrap().header, event.header);
        let two = [message.frame().as_ref(), message.frame().as_ref()].concat();
        let batch = onestop::v1::ReportEventsRequest::decode(two.as_slice()).unwrap();
        assert_eq!(batch.events.len(), 2);
        assert!(
            batch
                .events
                .iter()
                .all(|sent| sent.header == event.header && sent.payload.is_some())
        );
    }

    #[test]
    fn a_message_says_when_it_is_sent_by_the_clock_of_its_source() {
        let mut event = event("e-2");
        let header = event.header.as_mut().unwrap();
        header.occurred_time = Some(from_millis(1_000_000));
        let message = Message::new(
            System::Onestop,
            header.clone(),
            event.payload.clone().unwrap(),
        )
        .unwrap();
        assert_eq!(message.frame_at(5), message.frame(), "it tells nothing");
        let ahead = message.told_by_clock(90_500).unwrap();
        for now in [2_000_000, 3_000_000] {
            let sent = onestop::v1::StreamEventsRequest::decode(ahead.frame_at(now)).unwrap();
            let told = sent.event.unwrap().header.unwrap();
            assert_eq!(told.sent_time, Some(from_millis(now + 90_500)));
            assert_eq!(told.occurred_time, Some(from_millis(1_090_500)));
            assert_eq!(told.id, "e-2");
        }
    }

    #[test]
    fn an_adapter_is_not_sent_what_its_contract_does_not_have() {
        let payload = Payload::PersonalNumberAssigned(PersonalNumberAssigned {});
        let made = |system| Message::new(system, Header::default(), payload.clone()).map(|_| ());
        assert_eq!(made(System::Population), Ok(()));
        let kind = "personal_number_assigned";
        assert_eq!(
            made(System::Onestop),
            Err(NotTaken {
                system: System::Onestop,
                kind
            })
        );
    }
}
