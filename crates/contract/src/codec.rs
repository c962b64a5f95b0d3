//! Protobuf on the wire, as tonic has it, except that a message that cannot be decoded is
//! refused with the hub's own rich error instead of a bare `INTERNAL`.

use crate::pb::event::v1::FieldViolation;
use crate::reason::Reason;
use crate::status::Failure;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::encoding::{self, DecodeContext, WireType, skip_field};
use prost::{DecodeError, Message};
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// The codec of every generated service and client: sends `T`, takes `U`.
#[derive(Debug)]
pub struct Protobuf<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Protobuf<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for Protobuf<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Reading<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        Reading(PhantomData)
    }
}

/// Decodes `U`.
#[derive(Debug)]
pub struct Reading<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for Reading<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        U::decode(buffer)
            .map(Some)
            .map_err(|error| unreadable(&error.to_string()).into())
    }
}

/// A message that is encoded already, in pieces that many calls may share: what is told to a
/// thousand subscribers is encoded once. What it reads it keeps as it is, so that a message can be
/// passed on without being understood; groups, which proto3 does not have, are left out.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Encoded {
    /// The message's bytes, in order.
    pub pieces: Vec<Bytes>,
}

impl Encoded {
    /// The message.
    pub fn of(message: &impl Message) -> Self {
        Self {
            pieces: vec![message.encode_to_vec().into()],
        }
    }
}

impl Message for Encoded {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        for piece in &self.pieces {
            buffer.put_slice(piece);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut head = BytesMut::new();
        match wire_type {
            WireType::LengthDelimited => {
                let mut told = Bytes::new();
                encoding::bytes::merge(wire_type, &mut told, buffer, context)?;
                encoding::encode_key(tag, wire_type, &mut head);
                encoding::encode_varint(told.len() as u64, &mut head);
                self.pieces.extend([head.freeze(), told]);
                return Ok(());
            }
            WireType::Varint => {
                let mut told = 0;
                encoding::uint64::merge(wire_type, &mut told, buffer, context)?;
                encoding::uint64::encode(tag, &told, &mut head);
            }
            WireType::SixtyFourBit => {
                let mut told = 0;
                encoding::fixed64::merge(wire_type, &mut told, buffer, context)?;
                encoding::fixed64::encode(tag, &told, &mut head);
            }
            WireType::ThirtyTwoBit => {
                let mut told = 0;
                encoding::fixed32::merge(wire_type, &mut told, buffer, context)?;
                encoding::fixed32::encode(tag, &told, &mut head);
            }
            WireType::StartGroup | WireType::EndGroup => {
                return skip_field(wire_type, tag, buffer, context);
            }
        }
        self.pieces.push(head.freeze());
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    fn clear(&mut self) {
        self.pieces.clear();
    }
}

/// prost says `failed to decode Protobuf message: B.c: A.b: what`, from the innermost field to
/// the outermost; the path is `b.c`.
fn unreadable(words: &str) -> Failure {
    let words = words
        .strip_prefix("failed to decode Protobuf message: ")
        .unwrap_or(words);
    let mut path = Vec::new();
    let mut what = words;
    while let Some((place, rest)) = what.split_once(": ") {
        match place.split_once('.') {
            Some((_, field)) if !place.contains(' ') => path.push(field),
            _ => break,
        }
        what = rest;
    }
    if path.is_empty() {
        let message = format!("the bytes are no message of this call: {what}");
        return Failure::new(Reason::RequestMalformed, message);
    }
    path.reverse();
    let violation = FieldViolation {
        field: path.join("."),
        description: format!("its bytes cannot be decoded: {what}"),
        fix: "encode the message with code generated from the proto file".to_owned(),
    };
    Failure::of_fields(Reason::RequestMalformed, vec![violation])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pb::onestop::v1::ReportEventsRequest;

    fn failure(bytes: &[u8]) -> Failure {
        unreadable(&ReportEventsRequest::decode(bytes).unwrap_err().to_string())
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_the_path_of_its_field() {
        let failure = failure(b"\x0a\x06\x0a\x04\x0a\x02\xc3\x28");
        assert_eq!(failure.reason, Reason::RequestMalformed);
        assert_eq!(failure.violations[0].field, "events.header.id", "{failure}");
        assert!(failure.message.contains("UTF-8"), "{failure}");
    }

    #[test]
    fn what_is_passed_on_is_what_was_read() {
        let event = b"\x08\x96\x01\x12\x03abc\x1d\x01\x02\x03\x04\x21\x01\x02\x03\x04\x05\x06\x07\x08\x12\x00";
        let read = Encoded::decode(&event[..]).unwrap();
        assert_eq!(read.encode_to_vec(), event);
        assert!(Encoded::decode(&event[..7]).is_err());
    }

    #[test]
    fn bytes_that_are_no_message_are_refused_in_words() {
        let failure = failure(b"\xff\xff");
        assert_eq!(failure.reason, Reason::RequestMalformed);
        assert!(failure.violations.is_empty(), "{failure}");
    }
}
