//! What is in a `SubscribeResponse`, by its tags.

use crate::Outcome;
use lienthong_contract::pb::subscription::v1::SubscribeResponse;
use lienthong_contract::pb::subscription::v1::subscribe_response::Message as Told;
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// `SubscribeResponse.events` and `Events.deliveries`.
const FIRST: u32 = 1;
/// `Delivery.position`.
const POSITION: u32 = 3;

/// The length-delimited fields of a message, one by one; calls `each` with tag and content.
fn fields<'a>(mut message: &'a [u8], mut each: impl FnMut(u32, &'a [u8])) -> Option<()> {
    while !message.is_empty() {
        let (tag, wire) = decode_key(&mut message).ok()?;
        if wire == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
            let (content, rest) = message.split_at_checked(length)?;
            each(tag, content);
            message = rest;
        } else {
            skip_field(wire, tag, &mut message, DecodeContext::default()).ok()?;
        }
    }
    Some(())
}

/// How many deliveries; none if it is no message.
pub fn deliveries(message: &[u8]) -> Option<u64> {
    let mut count = 0;
    let mut whole = Some(());
    fields(message, |tag, events| {
        if tag == FIRST {
            whole = fields(events, |tag, _| count += u64::from(tag == FIRST));
        }
    })?;
    whole.map(|()| count)
}

/// Partition and offset of each delivery; none if one has no position.
pub fn positions(message: &[u8]) -> Option<Vec<(u32, u64)>> {
    let mut positions = Vec::new();
    let mut whole = true;
    fields(message, |tag, events| {
        if tag != FIRST {
            return;
        }
        let read = fields(events, |tag, delivery| {
            if tag == FIRST {
                let before = positions.len();
                let read = fields(delivery, |tag, position| {
                    if tag == POSITION {
                        positions.extend(position_of(position));
                    }
                });
                whole &= read.is_some() && positions.len() == before + 1;
            }
        });
        whole &= read.is_some();
    })?;
    whole.then_some(positions)
}

fn position_of(message: &[u8]) -> Option<(u32, u64)> {
    let position = lienthong_contract::pb::event::v1::Position::decode(message).ok()?;
    Some((position.partition, position.offset))
}

/// Decodes a message in full: it has so many deliveries, each a whole event without its protected
/// part.
pub fn verify(message: &[u8], deliveries: u64) -> Outcome<()> {
    let Some(Told::Events(events)) = SubscribeResponse::decode(message)?.message else {
        return Err("a message counted as events is none".into());
    };
    let whole = events.deliveries.iter().all(|delivery| {
        let event = delivery.event.as_ref();
        let header = event.and_then(|event| event.header.as_ref());
        event.is_some_and(|event| event.payload.is_some())
            && header.is_some_and(|header| header.protected.is_none() && !header.id.is_empty())
            && delivery.position.is_some()
            && !delivery.partition_key.is_empty()
    });
    if !whole || events.deliveries.len() as u64 != deliveries || events.token.is_empty() {
        return Err("a message of events is not whole".into());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use lienthong_contract::pb::event::v1::Position;
    use lienthong_contract::pb::subscription::v1::{Checkpoint, Delivery, Events};

    fn message(offsets: &[u64]) -> Vec<u8> {
        let delivery = |offset: &u64| Delivery {
            position: Some(Position {
                partition: 3,
                offset: *offset,
            }),
            partition_key: "K".into(),
            ..Delivery::default()
        };
        let events = Events {
            deliveries: offsets.iter().map(delivery).collect(),
            token: "t".into(),
        };
        SubscribeResponse {
            message: Some(Told::Events(events)),
        }
        .encode_to_vec()
    }

    #[test]
    fn deliveries_are_counted_by_their_tags_and_positions_read() {
        let three = message(&[0, 5, 300]);
        assert_eq!(deliveries(&three), Some(3));
        assert_eq!(positions(&three), Some(vec![(3, 0), (3, 5), (3, 300)]));
        let checkpoint = Told::Checkpoint(Checkpoint { token: "t".into() });
        let checkpoint = SubscribeResponse {
            message: Some(checkpoint),
        };
        assert_eq!(deliveries(&checkpoint.encode_to_vec()), Some(0));
        assert_eq!(deliveries(&three[..three.len() - 1]), None, "broken off");
    }

    #[test]
    fn a_message_whose_events_are_not_whole_is_no_message_of_events() {
        assert!(
            verify(&message(&[1]), 1).is_err(),
            "there is no event in it"
        );
    }
}
