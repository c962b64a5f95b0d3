//! Reads the few fields of a stored event that its headers tell, without decoding the rest: this
//! is on the way of every append. What is read agrees with the generated code, which a test over
//! random events proves; the protected part is skipped by its length.

use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Fields of `lienthong.event.v1.Event`.
const HEADER: u32 = 1;
const RECORDED_TIME: u32 = 2;
const ADAPTER: u32 = 3;
const MAPPED_STATUS: u32 = 4;
const TRACEPARENT: u32 = 5;

/// Fields of `lienthong.event.v1.Header`.
const ID: u32 = 1;
const SOURCE: u32 = 2;
const DOSSIER_CODE: u32 = 3;
const OCCURRED_TIME: u32 = 8;
const SEQUENCE: u32 = 9;
const CORRELATION_ID: u32 = 11;
const CAUSATION_ID: u32 = 12;

/// What the headers tell of an event.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Told<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub dossier_code: &'a str,
    pub occurred: Option<Moment>,
    pub recorded: Option<Moment>,
    pub sequence: u32,
    pub correlation_id: &'a str,
    pub causation_id: &'a str,
    pub traceparent: &'a str,
    /// Field number of the payload; 0 if there is none.
    pub payload: u32,
}

/// A protobuf timestamp.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Moment {
    pub seconds: i64,
    pub nanos: i32,
}

/// A field's value as far as it is needed.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

/// None for bytes that are no event.
pub fn read(value: &[u8]) -> Option<Told<'_>> {
    let mut told = Told::default();
    let mut rest = value;
    while let Some((field, value)) = next(&mut rest)? {
        match (field, value) {
            (HEADER, Value::Bytes(bytes)) => read_header(bytes, &mut told)?,
            (RECORDED_TIME, Value::Bytes(bytes)) => {
                read_moment(bytes, told.recorded.get_or_insert_default())?;
            }
            (TRACEPARENT, Value::Bytes(bytes)) => told.traceparent = text(bytes)?,
            (ADAPTER | MAPPED_STATUS, Value::Bytes(_)) => {}
            (HEADER..=TRACEPARENT, _) => return None,
            (payload, Value::Bytes(_)) => told.payload = payload,
            _ => {}
        }
    }
    Some(told)
}

fn read_header<'a>(mut rest: &'a [u8], told: &mut Told<'a>) -> Option<()> {
    while let Some((field, value)) = next(&mut rest)? {
        match (field, value) {
            (ID, Value::Bytes(bytes)) => told.id = text(bytes)?,
            (SOURCE, Value::Bytes(bytes)) => told.source = text(bytes)?,
            (DOSSIER_CODE, Value::Bytes(bytes)) => told.dossier_code = text(bytes)?,
            (OCCURRED_TIME, Value::Bytes(bytes)) => {
                read_moment(bytes, told.occurred.get_or_insert_default())?;
            }
            (SEQUENCE, Value::Number(number)) => told.sequence = number as u32,
            (CORRELATION_ID, Value::Bytes(bytes)) => told.correlation_id = text(bytes)?,
            (CAUSATION_ID, Value::Bytes(bytes)) => told.causation_id = text(bytes)?,
            (
                ID | SOURCE | DOSSIER_CODE | OCCURRED_TIME | SEQUENCE | CORRELATION_ID
                | CAUSATION_ID,
                _,
            ) => return None,
            _ => {}
        }
    }
    Some(())
}

fn read_moment(mut rest: &[u8], moment: &mut Moment) -> Option<()> {
    while let Some((field, value)) = next(&mut rest)? {
        match (field, value) {
            (1, Value::Number(number)) => moment.seconds = number as i64,
            (2, Value::Number(number)) => moment.nanos = number as i32,
            (1 | 2, _) => return None,
            _ => {}
        }
    }
    Some(())
}

/// The next field; `Some(None)` at the end, none for bytes that are no message.
#[allow(clippy::option_option)]
fn next<'a>(rest: &mut &'a [u8]) -> Option<Option<(u32, Value<'a>)>> {
    if rest.is_empty() {
        return Some(None);
    }
    let (field, wire) = decode_key(rest).ok()?;
    let value = match wire {
        WireType::Varint => Value::Number(decode_varint(rest).ok()?),
        WireType::LengthDelimited => {
            let length = usize::try_from(decode_varint(rest).ok()?).ok()?;
            let (bytes, after) = rest.split_at_checked(length)?;
            *rest = after;
            Value::Bytes(bytes)
        }
        other => {
            skip_field(other, field, rest, DecodeContext::default()).ok()?;
            Value::Other
        }
    };
    Some(Some((field, value)))
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
