//! Events on their way to consumers, without being decoded: the fields of durable subscriptions
//! are put behind the encoded `Delivery`.

use super::seat::Handed;
use bytes::{BufMut, Bytes};
use lienthong_contract::codec::Encoded;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};
use std::vec::IntoIter;

/// Largest message of several events, in bytes; a single larger event has one of its own.
const LARGEST: usize = 64 * 1024;
/// Most bytes of the key and length of `ConsumeResponse.handed`.
const HEAD: usize = 8;
/// `Delivery.sequence`, `.attempt` and `.day`.
const SEQUENCE: u32 = 5;
const ATTEMPT: u32 = 6;
const DAY: u32 = 7;
/// `deliveries` of `Handed`, `FetchResponse` and `ReadRangeResponse`, and `ConsumeResponse.handed`.
const FIRST: u32 = 1;

/// The next `ConsumeResponse` of these events, as many as fit; none if there are none.
pub fn handed(events: &mut IntoIter<Handed>) -> Option<Encoded> {
    let deliveries = deliveries(events, LARGEST - HEAD)?;
    let mut head = Vec::with_capacity(8);
    encode_key(FIRST, WireType::LengthDelimited, &mut head);
    encode_varint(deliveries.len() as u64, &mut head);
    Some(Encoded {
        pieces: vec![head.into(), deliveries],
    })
}

/// The next `ReadRangeResponse` of these events, as many as fit; none if there are none.
pub fn read(events: &mut IntoIter<Handed>) -> Option<Encoded> {
    let deliveries = deliveries(events, LARGEST)?;
    Some(Encoded {
        pieces: vec![deliveries],
    })
}

/// The `FetchResponse` of all these events.
pub fn fetched(events: Vec<Handed>) -> Encoded {
    let deliveries = deliveries(&mut events.into_iter(), usize::MAX);
    Encoded {
        pieces: deliveries.into_iter().collect(),
    }
}

/// Elements of field 1: the first event, and as many as fit into `most` bytes.
fn deliveries(events: &mut IntoIter<Handed>, most: usize) -> Option<Bytes> {
    let first = events.next()?;
    let mut bytes = Vec::with_capacity(most.min(LARGEST));
    delivery(&first, &mut bytes);
    while let Some(next) = events.as_slice().first() {
        let length = length(next);
        let element = key_len(FIRST) + encoded_len_varint(length as u64) + length;
        if bytes.len() + element > most {
            break;
        }
        delivery(next, &mut bytes);
        events.next();
    }
    Some(bytes.into())
}

/// Bytes of a `Delivery`.
fn length(handed: &Handed) -> usize {
    let number = |tag, value| match value {
        0 => 0,
        value => key_len(tag) + encoded_len_varint(value),
    };
    let day = handed.day.len();
    handed.event.delivery.len()
        + number(SEQUENCE, handed.sequence)
        + number(ATTEMPT, u64::from(handed.attempt))
        + key_len(DAY)
        + encoded_len_varint(day as u64)
        + day
}

fn delivery(handed: &Handed, bytes: &mut Vec<u8>) {
    let attempt = u64::from(handed.attempt);
    let length = length(handed);
    let day = handed.day.len();
    encode_key(FIRST, WireType::LengthDelimited, bytes);
    encode_varint(length as u64, bytes);
    bytes.put_slice(&handed.event.delivery);
    for (tag, value) in [(SEQUENCE, handed.sequence), (ATTEMPT, attempt)] {
        if value != 0 {
            encode_key(tag, WireType::Varint, bytes);
            encode_varint(value, bytes);
        }
    }
    encode_key(DAY, WireType::LengthDelimited, bytes);
    encode_varint(day as u64, bytes);
    bytes.put_slice(handed.day.as_bytes());
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::source::Ready;
    use lienthong_contract::pb::event::v1::Position as Place;
    use lienthong_contract::pb::subscription::v1::consume_response::Message as Told;
    use lienthong_contract::pb::subscription::v1::{ConsumeResponse, Delivery, FetchResponse};
    use lienthong_eventlog::Position;
    use prost::Message;

    fn event(sequence: u64, attempt: u32, type_bytes: usize) -> (Handed, Delivery) {
        let plain = Delivery {
            r#type: "t".repeat(type_bytes),
            position: Some(Place::default()),
            partition_key: "K".to_owned(),
            ..Delivery::default()
        };
        let event = Ready {
            position: Position {
                partition: 0,
                offset: sequence,
            },
            recorded_ms: 1,
            case: "K".into(),
            source: "urn:s".into(),
            id: "1".into(),
            delivery: plain.encode_to_vec().into(),
            facets: None,
        };
        let handed = Handed {
            sequence,
            attempt,
            day: "2026-11-22".into(),
            event,
        };
        let whole = Delivery {
            sequence,
            attempt,
            day: "2026-11-22".to_owned(),
            ..plain
        };
        (handed, whole)
    }

    #[test]
    fn events_carry_number_attempt_and_day_behind_what_was_encoded_already() {
        let (events, expected): (Vec<_>, Vec<_>) = (1..=300)
            .map(|n| event(n * 77, n as u32 % 3, 10 * n as usize))
            .unzip();
        let fetched = FetchResponse::decode(fetched(events.clone()).encode_to_vec().as_slice());
        assert_eq!(fetched.unwrap().deliveries, expected);
        let mut events = events.into_iter();
        let mut told = Vec::new();
        while let Some(message) = handed(&mut events) {
            assert!(
                message.encoded_len() <= LARGEST,
                "{}",
                message.encoded_len()
            );
            let message = ConsumeResponse::decode(message.encode_to_vec().as_slice()).unwrap();
            let Some(Told::Handed(handed)) = message.message else {
                panic!("{message:?}");
            };
            told.extend(handed.deliveries);
        }
        assert_eq!(told, expected);
    }
}
