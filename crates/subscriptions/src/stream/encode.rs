//! A stream's items as messages of `Subscribe`, with the bytes that all subscribers share.

use super::{Entries, Item, Part};
use bytes::{BufMut, Bytes, BytesMut};
use lienthong_contract::codec::Encoded;
use lienthong_contract::pb::subscription::v1::subscribe_response::Message;
use lienthong_contract::pb::subscription::v1::{
    CaughtUp, Checkpoint, FellBehind, GoingAway, Heartbeat, SubscribeResponse,
};
use lienthong_contract::time::{from_millis, now_millis};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

/// `SubscribeResponse.events`.
const EVENTS: u32 = 1;
/// `Events.token`.
const TOKEN: u32 = 2;

/// The message of an item.
pub(super) fn message(item: Item) -> Encoded {
    let token = |place: crate::token::Place| place.token();
    let message = match item {
        Item::Events { parts, place } => return events(&parts, &place.token()),
        Item::CaughtUp { place } => Message::CaughtUp(CaughtUp {
            token: token(place),
        }),
        Item::FellBehind { place, records } => Message::FellBehind(FellBehind {
            token: token(place),
            records,
        }),
        Item::Checkpoint { place } => Message::Checkpoint(Checkpoint {
            token: token(place),
        }),
        Item::Heartbeat => Message::Heartbeat(Heartbeat {
            time: Some(from_millis(now_millis())),
        }),
        Item::GoingAway { why, place } => Message::GoingAway(GoingAway {
            why: why.into(),
            token: token(place),
        }),
    };
    let message = Some(message);
    Encoded::of(&SubscribeResponse { message })
}

/// `SubscribeResponse.events` around elements that are encoded already.
fn events(parts: &[Part], token: &str) -> Encoded {
    let mut pieces = vec![Bytes::new()];
    parts.iter().for_each(|part| slices(part, &mut pieces));
    let mut tail = BytesMut::with_capacity(token.len() + 4);
    encode_key(TOKEN, WireType::LengthDelimited, &mut tail);
    encode_varint(token.len() as u64, &mut tail);
    tail.put_slice(token.as_bytes());
    pieces.push(tail.freeze());

    let length = pieces.iter().map(Bytes::len).sum::<usize>() as u64;
    let mut head = BytesMut::with_capacity(key_len(EVENTS) + encoded_len_varint(length));
    encode_key(EVENTS, WireType::LengthDelimited, &mut head);
    encode_varint(length, &mut head);
    pieces[0] = head.freeze();
    Encoded { pieces }
}

/// The elements of a part; neighbours as one slice.
fn slices(part: &Part, into: &mut Vec<Bytes>) {
    let element = |index: usize| {
        let element = &part.block.entries[index].element;
        element.start as usize..element.end as usize
    };
    let mut add = |range| into.push(part.block.bytes.slice(range));
    match &part.entries {
        Entries::Range(range) => add(element(range.start).start..element(range.end - 1).end),
        Entries::These(these) => {
            let mut run = 0..0;
            for index in these {
                let next = element(*index as usize);
                match next.start == run.end {
                    true => run.end = next.end,
                    false => {
                        if !run.is_empty() {
                            add(run);
                        }
                        run = next;
                    }
                }
            }
            add(run);
        }
    }
}
