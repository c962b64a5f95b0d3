//! From a row to the message that is sent.

use super::agencies::{self, Agency};
use super::mapping::{Mapping, Times};
use super::payload::payload;
use super::problem::Problem;
use super::rows::Row;
use super::rule::EventRule;
use crate::message::Message;
use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use lienthong_contract::pb::event::v1::{Header, SourceStatus, event::Payload};
use lienthong_contract::time::from_millis;
use std::collections::HashMap;

/// The next index of each case, for logs that do not number their events.
#[derive(Debug, Default)]
pub struct Indexes(HashMap<String, u32>);

/// A row as an event.
#[derive(Debug, Clone)]
pub struct Translated {
    /// What is sent.
    pub message: Message,
    /// The message's header and payload, for checks.
    pub header: Header,
    /// See `header`.
    pub payload: Payload,
    /// The agency that acted.
    pub agency: Option<Agency>,
    /// When the source wrote it down, milliseconds since the Unix epoch; the time of the
    /// event where no column tells.
    pub recorded_ms: i64,
}

impl Translated {
    /// Sorts events as they arrived: by recorded time, case and index.
    pub(super) fn arrival(&self) -> (i64, &str, u32) {
        (
            self.recorded_ms,
            &self.header.dossier_code,
            self.header.sequence,
        )
    }
}

/// Makes the one event that a row is. Rows must come in the order of the file.
///
/// # Errors
/// The first cell that is not what the mapping says it is.
pub fn translate(
    mapping: &Mapping,
    row: &Row,
    indexes: &mut Indexes,
) -> Result<Translated, Problem> {
    let columns = &mapping.columns;
    let case = required(row, &columns.case)?;
    let activity = required(row, &columns.activity)?;
    let sequence = sequence(mapping, row, case, indexes)?;
    let occurred_ms = millis(&mapping.times, row, &columns.time)?;
    let agency = agencies::of_row(mapping, row)?;
    let rule = mapping.rule(activity).ok_or_else(|| {
        let what = format!("the mapping does not know the activity {activity:?}");
        Problem::cell(
            row.line,
            &columns.activity,
            what,
            "add [events.\"...\"] for it, or [default]",
        )
    })?;
    let payload = payload(mapping, rule, row)?;
    let dossier_code = mapping.dossier_code(row);
    let header = Header {
        id: format!("{dossier_code}-{sequence}"),
        source: mapping.source.clone(),
        dossier_code,
        procedure_code: mapping.procedure_of(row).to_owned(),
        agency_code: agency
            .as_ref()
            .map(|agency| agency.code.clone())
            .unwrap_or_default(),
        unit_code: optional(row, &columns.unit).unwrap_or_default().to_owned(),
        occurred_time: Some(from_millis(occurred_ms)),
        sequence,
        source_status: source_status(rule).or_else(|| status(mapping, row)),
        ..Header::default()
    };
    let recorded_ms = match &columns.recorded {
        Some(column) => millis(&mapping.times, row, column)?,
        None => occurred_ms,
    };
    let column = &columns.activity;
    sent(mapping, row, column, header, payload, agency, recorded_ms)
}

/// The message of an event; `column` is the one that made it this event.
pub(super) fn sent(
    mapping: &Mapping,
    row: &Row,
    column: &str,
    header: Header,
    payload: Payload,
    agency: Option<Agency>,
    recorded_ms: i64,
) -> Result<Translated, Problem> {
    let message = Message::new(mapping.system(), header.clone(), payload.clone());
    let message = message.map_err(|error| {
        let fix = "choose another kind, or another adapter";
        Problem::cell(row.line, column, error.to_string(), fix)
    })?;
    Ok(Translated {
        message,
        header,
        payload,
        agency,
        recorded_ms,
    })
}

/// The time of a cell in milliseconds since the Unix epoch; what is finer is cut off.
///
/// # Errors
/// If the cell is empty, not of the mapping's format, or names no zone where none is set.
pub(super) fn millis(times: &Times, row: &Row, column: &str) -> Result<i64, Problem> {
    let cell = required(row, column)?;
    let zone = times
        .zone
        .as_deref()
        .and_then(|zone| TimeZone::get(zone).ok());
    let read = match &times.format {
        None => read_rfc3339(cell, zone),
        Some(format) => read_formatted(cell, format, zone),
    };
    read.map(Timestamp::as_millisecond).map_err(|error| {
        let fix =
            "write RFC 3339 such as 2026-10-08T09:30:00+07:00, or set times.format and times.zone";
        Problem::cell(
            row.line,
            column,
            format!("{cell:?} is no time: {error}"),
            fix,
        )
    })
}

fn read_rfc3339(cell: &str, zone: Option<TimeZone>) -> Result<Timestamp, jiff::Error> {
    match (cell.parse(), zone) {
        (Err(_), Some(zone)) => {
            let civil: jiff::civil::DateTime = cell.parse()?;
            Ok(civil.to_zoned(zone)?.timestamp())
        }
        (read, _) => read,
    }
}

fn read_formatted(
    cell: &str,
    format: &str,
    zone: Option<TimeZone>,
) -> Result<Timestamp, jiff::Error> {
    let broken = strtime::parse(format, cell)?;
    match zone {
        Some(zone) if broken.offset().is_none() => {
            Ok(broken.to_datetime()?.to_zoned(zone)?.timestamp())
        }
        _ => broken.to_timestamp(),
    }
}

fn required<'r>(row: &'r Row, column: &str) -> Result<&'r str, Problem> {
    match row.get(column) {
        "" => Err(Problem::cell(
            row.line,
            column,
            "it is empty",
            "fill it in, or correct the mapping",
        )),
        cell => Ok(cell),
    }
}

fn optional<'r>(row: &'r Row, column: &Option<String>) -> Option<&'r str> {
    let cell = row.get(column.as_deref()?);
    (!cell.is_empty()).then_some(cell)
}

fn sequence(
    mapping: &Mapping,
    row: &Row,
    case: &str,
    indexes: &mut Indexes,
) -> Result<u32, Problem> {
    let Some(column) = &mapping.columns.sequence else {
        let next = indexes.0.entry(case.to_owned()).or_default();
        *next += 1;
        return Ok(*next - 1);
    };
    row.get(column).parse().map_err(|_| {
        Problem::cell(
            row.line,
            column,
            "it is no whole number from 0 to 4,294,967,295",
            "number the events of each case from 0",
        )
    })
}

/// The status that a rule gives to all its events.
pub(super) fn source_status(rule: &EventRule) -> Option<SourceStatus> {
    rule.status.as_ref().map(|status| SourceStatus {
        system: status.system.clone(),
        code: status.code.clone(),
    })
}

fn status(mapping: &Mapping, row: &Row) -> Option<SourceStatus> {
    let code = optional(row, &mapping.columns.status)?;
    Some(SourceStatus {
        system: mapping.columns.status_system.clone()?,
        code: code.to_owned(),
    })
}
