//! Reads the few fields of a stored event that its headers tell, and those that say whose it is,
//! without decoding the rest: this is on the way of every append and of every delivery. What is
//! read agrees with the generated code, which a test over random events proves; the protected part
//! is skipped by its length.

use super::kinds;
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
const CASE_CODE: u32 = 4;
const PROCEDURE_CODE: u32 = 5;
const AGENCY_CODE: u32 = 6;
const OCCURRED_TIME: u32 = 8;
const SEQUENCE: u32 = 9;
const CORRELATION_ID: u32 = 11;
const CAUSATION_ID: u32 = 12;
const SENT_TIME: u32 = 14;

/// What is read of an event; the fields are those of the proto file, empty where not told.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Told<'a> {
    pub id: &'a str,
    pub source: &'a str,
    pub dossier_code: &'a str,
    pub case_code: &'a str,
    pub procedure_code: &'a str,
    pub agency_code: &'a str,
    pub occurred: Option<Moment>,
    pub sent: Option<Moment>,
    pub recorded: Option<Moment>,
    pub sequence: u32,
    pub correlation_id: &'a str,
    pub causation_id: &'a str,
    pub traceparent: &'a str,
    /// Field number of the payload; 0 if there is none.
    pub payload: u32,
}

impl Told<'_> {
    /// The CloudEvents type; none if the payload is of a kind that this version does not know.
    pub fn kind(&self) -> Option<&'static str> {
        kinds::of(self.payload)
    }

    /// Whether its payload is the hub's own and no dossier's, so that no subscriber is told of it.
    pub fn is_hubs_own(&self) -> bool {
        kinds::is_own(self.payload)
    }
}

/// A protobuf timestamp as it was sent, within its range or not.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Moment {
    /// Seconds since the epoch.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanos: i32,
}

impl Moment {
    /// Milliseconds since the epoch; none if out of range.
    pub fn millis(self) -> Option<i64> {
        let Self { seconds, nanos } = self;
        crate::time::to_millis(&prost_types::Timestamp { seconds, nanos })
    }
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

/// The `traceparent` alone, where there is one: the fields before it are skipped by their lengths,
/// those after it are not looked at. The generated code writes fields by their numbers.
pub fn traceparent(value: &[u8]) -> Option<&str> {
    let mut rest = value;
    while let Some((field, value)) = next(&mut rest)? {
        match (field, value) {
            (TRACEPARENT, Value::Bytes(bytes)) => return text(bytes),
            (HEADER..TRACEPARENT, _) => {}
            _ => return None,
        }
    }
    None
}

fn read_header<'a>(mut rest: &'a [u8], told: &mut Told<'a>) -> Option<()> {
    while let Some((field, value)) = next(&mut rest)? {
        match (field, value) {
            (ID, Value::Bytes(bytes)) => told.id = text(bytes)?,
            (SOURCE, Value::Bytes(bytes)) => told.source = text(bytes)?,
            (DOSSIER_CODE, Value::Bytes(bytes)) => told.dossier_code = text(bytes)?,
            (CASE_CODE, Value::Bytes(bytes)) => told.case_code = text(bytes)?,
            (PROCEDURE_CODE, Value::Bytes(bytes)) => told.procedure_code = text(bytes)?,
            (AGENCY_CODE, Value::Bytes(bytes)) => told.agency_code = text(bytes)?,
            (OCCURRED_TIME, Value::Bytes(bytes)) => {
                read_moment(bytes, told.occurred.get_or_insert_default())?;
            }
            (SENT_TIME, Value::Bytes(bytes)) => {
                read_moment(bytes, told.sent.get_or_insert_default())?;
            }
            (SEQUENCE, Value::Number(number)) => told.sequence = number as u32,
            (CORRELATION_ID, Value::Bytes(bytes)) => told.correlation_id = text(bytes)?,
            (CAUSATION_ID, Value::Bytes(bytes)) => told.causation_id = text(bytes)?,
            (
                ID | SOURCE | DOSSIER_CODE | CASE_CODE | PROCEDURE_CODE | AGENCY_CODE
                | OCCURRED_TIME | SEQUENCE | CORRELATION_ID | CAUSATION_ID | SENT_TIME,
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
