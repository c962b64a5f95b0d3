//! The part of a stored event that views read. Decoding it skips the protected part and
//! what only callers and operators look at, which is half of a record.

use super::detail::observed;
use super::{Unreadable, fill, kind, required};
use crate::pb::event::v1::event::Payload;
use crate::pb::event::v1::{Observation, SourceStatus};
use lienthong_domain::event::{Event, Party};
use lienthong_domain::status::{Mappings, PortalStatus, StatusError};
use prost_types::Timestamp;

/// `lienthong.event.v1.Event` without what no view keeps; a test holds it to the contract.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Told {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, optional, tag = "2")]
    recorded_time: Option<Timestamp>,
    #[prost(message, optional, tag = "4")]
    mapped_status: Option<MappedStatus>,
    #[prost(enumeration = "Observation", repeated, tag = "6")]
    observations: Vec<i32>,
    /// What happened.
    #[prost(
        oneof = "Payload",
        tags = "20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 50, 51, 52, 53, 60, 61, 62, 63, 64, 70, 80, 81"
    )]
    pub payload: Option<Payload>,
}

/// `lienthong.event.v1.Header`, likewise.
#[derive(Clone, PartialEq, prost::Message)]
struct Header {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    source: String,
    #[prost(string, tag = "3")]
    dossier_code: String,
    #[prost(string, tag = "4")]
    case_code: String,
    #[prost(string, tag = "5")]
    procedure_code: String,
    #[prost(string, tag = "6")]
    agency_code: String,
    #[prost(string, tag = "7")]
    unit_code: String,
    #[prost(message, optional, tag = "8")]
    occurred_time: Option<Timestamp>,
    #[prost(uint32, tag = "9")]
    sequence: u32,
    #[prost(message, optional, tag = "10")]
    source_status: Option<SourceStatus>,
}

/// `lienthong.event.v1.MappedStatus`, likewise.
#[derive(Clone, PartialEq, prost::Message)]
struct MappedStatus {
    #[prost(uint32, tag = "1")]
    portal_status: u32,
}

/// Reads what a stored event tells, its status under `tables`: those that the adapter had are only
/// kept beside. Checks only what reading needs; [`crate::check`] has the rules for what may be
/// taken in.
///
/// # Errors
/// [`Unreadable::Field`], [`Unreadable::UnknownKind`] or [`Unreadable::UnknownStatus`].
pub fn read<'a>(told: &'a Told, tables: &Mappings) -> Result<Event<'a>, Unreadable> {
    let header = told.header.as_ref().ok_or(Unreadable::Field("header"))?;
    let payload = told.payload.as_ref().ok_or(Unreadable::UnknownKind)?;
    let mut read = Event {
        id: &header.id,
        source: &header.source,
        dossier: &header.dossier_code,
        case: &header.case_code,
        procedure: &header.procedure_code,
        actor: Party {
            agency: &header.agency_code,
            unit: &header.unit_code,
        },
        occurred_ms: required(&header.occurred_time, "header.occurred_time")?,
        recorded_ms: required(&told.recorded_time, "recorded_time")?,
        sequence: header.sequence,
        portal_status: status(told, header, tables)?,
        kind: kind(payload).ok_or(Unreadable::UnknownKind)?,
        addressee: Party::default(),
        reference: "",
        due_ms: None,
        detail: observed(&told.observations),
        link: None,
        release: None,
    };
    if read.dossier.is_empty() {
        return Err(Unreadable::Field("header.dossier_code"));
    }
    fill(&mut read, payload)?;
    Ok(read)
}

/// What the source's own status means under these tables. An event without one, such as that of a
/// system that speaks the portal's own codes, keeps what it was mapped to.
fn status(told: &Told, header: &Header, tables: &Mappings) -> Result<u8, Unreadable> {
    if let Some(own) = &header.source_status {
        let mapped = tables.map(&own.system, &own.code);
        return mapped
            .map(PortalStatus::code)
            .map_err(|error| unknown(&error, tables));
    }
    match &told.mapped_status {
        None => Ok(0),
        Some(status) => u8::try_from(status.portal_status)
            .map_err(|_| Unreadable::Field("mapped_status.portal_status")),
    }
}

/// Which code, by name; what to write instead is the operator's to look up.
fn unknown(error: &StatusError, tables: &Mappings) -> Unreadable {
    let words = error.to_string();
    let what = words
        .split_once(". Fix: ")
        .map_or(&*words, |(what, _)| what);
    Unreadable::UnknownStatus(format!("{what} (status tables {})", tables.fingerprint()))
}
