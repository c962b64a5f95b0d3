//! What a sender is told, in the format it wrote in.
//!
//! Existing senders look at `error_code` alone: `00` (0 as a number) only if every record was
//! recorded. Whoever looks further finds each record's outcome in `results`; an answer that is
//! not 2xx is also a problem of RFC 9457.

use super::envelope::Format;
use super::packet::Record;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use lienthong_contract::pb::event::v1::{Outcome, Position, Rejection, outcome};
use lienthong_contract::problem;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use serde_json::{Value, json};

/// Everything was recorded.
const ALL: &str = "00";
/// Some records were rejected.
const SOME: &str = "01";

/// What became of one record.
struct Told {
    recorded: bool,
    /// Of the first event that was not recorded.
    reason: Option<String>,
    result: Value,
}

/// The answer to a packet that was read, given the outcome of each event.
pub fn of_records(format: Format, records: &[Record], outcomes: &[Outcome]) -> Response<Body> {
    let told: Vec<Told> = records
        .iter()
        .map(|record| {
            tell(
                record,
                outcomes.get(record.slots.clone()).unwrap_or_default(),
            )
        })
        .collect();
    let recorded = told.iter().filter(|told| told.recorded).count();
    let message = format!("{recorded} of {} records were recorded", records.len());
    let reasons: Vec<&str> = told
        .iter()
        .filter_map(|told| told.reason.as_deref())
        .collect();
    let reason = match reasons.split_first() {
        Some((first, rest)) if rest.iter().all(|other| other == first) => Reason::from_name(first),
        _ => None,
    };
    let results: Vec<Value> = told.into_iter().map(|told| told.result).collect();
    if recorded == 0 {
        let failure = Failure::new(reason.unwrap_or(Reason::EventMalformed), message);
        return of_reason(Some(format), &failure, results);
    }
    let error_code = if recorded == records.len() { ALL } else { SOME };
    let body = json!({"error_code": error_code, "message": message, "results": results});
    respond(
        StatusCode::OK,
        format.content_type(),
        format.write("response", &body),
    )
}

/// The answer to a request of which nothing was taken in.
pub fn of_failure(format: Option<Format>, failure: &Failure) -> Response<Body> {
    of_reason(format, failure, Vec::new())
}

/// The answer to a request that is wrong by HTTP alone.
pub fn of_request(status: StatusCode, detail: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Error");
    let mut body = problem::of_request(status.as_u16(), title, detail);
    body["error_code"] = Value::from(status.as_str());
    respond(
        status,
        problem::CONTENT_TYPE,
        Format::Json.write("problem", &body),
    )
}

fn of_reason(format: Option<Format>, failure: &Failure, results: Vec<Value>) -> Response<Body> {
    let entry = failure.reason.entry();
    let code = failure.reason.http_status();
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut body = problem::of(failure);
    body["error_code"] = Value::from(status.as_str());
    if !results.is_empty() {
        body["results"] = Value::Array(results);
    }
    let (format, kind) = match format {
        Some(Format::Xml) => (Format::Xml, "application/problem+xml"),
        _ => (Format::Json, problem::CONTENT_TYPE),
    };
    let mut response = respond(status, kind, format.write("problem", &body));
    if let Some(seconds) = entry.retry_after_s {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// A record is recorded if all of its events are. They share a partition, so that the last one's
/// position stands for all.
fn tell(record: &Record, outcomes: &[Outcome]) -> Told {
    let mut last: Option<Position> = None;
    for outcome in outcomes {
        match &outcome.result {
            Some(outcome::Result::Position(position)) => last = Some(*position),
            Some(outcome::Result::Rejection(rejection)) => return refused(record, rejection),
            None => {}
        }
    }
    let position = last.map(|last| json!({"partition": last.partition, "offset": last.offset}));
    Told {
        recorded: true,
        reason: None,
        result: json!({"maHoSo": record.code, "outcome": "recorded", "position": position}),
    }
}

fn refused(record: &Record, rejection: &Rejection) -> Told {
    Told {
        recorded: false,
        reason: Some(rejection.reason.clone()),
        result: json!({
            "maHoSo": record.code,
            "outcome": "rejected",
            "reason": rejection.reason,
            "rejectedNumber": rejection.rejected_number,
            "violations": problem::violations(&rejection.violations),
        }),
    }
}

fn respond(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
