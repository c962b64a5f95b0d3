//! What the source reads of an encoded event, and what it leaves out, without decoding the rest:
//! this is on the way of every event to every subscriber. A test over random events holds it to
//! the generated code.

use lienthong_domain::event::Fingerprint;
use lienthong_eventlog::Record;
use prost::encoding::{
    DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field,
};

/// `lienthong.event.v1.Event.header`.
const HEADER: u32 = 1;

/// Fields of `lienthong.event.v1.Header`.
const ID: u32 = 1;
const SOURCE: u32 = 2;
const DOSSIER_CODE: u32 = 3;
const CASE_CODE: u32 = 4;
const PROTECTED: u32 = 13;

/// `source` and `id` of a record's event. None if it is no event, or the second copy of a link,
/// which has another key than the first of `contract::event::keys`.
pub(super) fn fingerprint(record: &Record) -> Option<Fingerprint> {
    let [mut id, mut source, mut dossier, mut case] = [&[][..]; 4];
    let mut rest = &record.value[..];
    while let Some((number, content, _)) = field(&mut rest)? {
        if number != HEADER {
            continue;
        }
        let mut header = content?;
        while let Some((number, content, _)) = field(&mut header)? {
            match number {
                ID => id = content?,
                SOURCE => source = content?,
                DOSSIER_CODE => dossier = content?,
                CASE_CODE => case = content?,
                _ => {}
            }
        }
    }
    let key = if case.is_empty() { dossier } else { case };
    if key != &record.key[..] || id.is_empty() || source.is_empty() {
        return None;
    }
    let text = std::str::from_utf8;
    Some(Fingerprint::of(text(source).ok()?, text(id).ok()?))
}

/// Writes an event without its protected part; everything else byte for byte, fields of later
/// versions included. None for bytes that are no event.
pub(super) fn write_unprotected(event: &[u8], into: &mut Vec<u8>) -> Option<()> {
    let mut rest = event;
    while let Some((number, content, whole)) = field(&mut rest)? {
        if number != HEADER {
            into.extend_from_slice(whole);
            continue;
        }
        let header = content?;
        let mut length = 0;
        unprotected(header, |kept| length += kept.len())?;
        encode_key(HEADER, WireType::LengthDelimited, into);
        encode_varint(length as u64, into);
        unprotected(header, |kept| into.extend_from_slice(kept))?;
    }
    Some(())
}

/// The fields of a header that are not protected.
fn unprotected<'a>(mut header: &'a [u8], mut keep: impl FnMut(&'a [u8])) -> Option<()> {
    while let Some((number, _, whole)) = field(&mut header)? {
        if number != PROTECTED {
            keep(whole);
        }
    }
    Some(())
}

/// A field: its number, its content if it has a length, and the whole of it.
type Field<'a> = (u32, Option<&'a [u8]>, &'a [u8]);

/// The next field; `Some(None)` at the end, none for bytes that are no message.
#[allow(clippy::option_option)]
fn field<'a>(rest: &mut &'a [u8]) -> Option<Option<Field<'a>>> {
    let begin = *rest;
    if begin.is_empty() {
        return Some(None);
    }
    let (number, wire) = decode_key(rest).ok()?;
    let content = if wire == WireType::LengthDelimited {
        let length = usize::try_from(decode_varint(rest).ok()?).ok()?;
        let (content, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(content)
    } else {
        skip_field(wire, number, rest, DecodeContext::default()).ok()?;
        None
    };
    Some(Some((number, content, &begin[..begin.len() - rest.len()])))
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
