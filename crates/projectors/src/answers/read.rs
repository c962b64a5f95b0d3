//! Fields that several questions have.

use super::entry::Rule;
use super::wire;
use jiff::civil::Date;
use lienthong_contract::pb::event::v1 as event;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::pb::procedure::v1 as procedure;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{now_millis, to_millis};
use lienthong_domain::basis::Basis;
use lienthong_domain::clock::Precision;
use lienthong_domain::event::detail::Channel;
use lienthong_domain::level::Level;
use prost_types::Timestamp;

const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 1_000;

/// A day. Required.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn day(field: &str, text: &str) -> Result<Date, Failure> {
    text.parse().map_err(|_| {
        let what = match text {
            "" => "it is missing.".to_owned(),
            _ => format!("{text:?} is not a day."),
        };
        Failure::of_field(field, what, "send an ISO 8601 date such as 2026-05-01")
    })
}

/// The basis; absent: as it was.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn basis(basis: Option<&procedure::Basis>) -> Result<Basis, Failure> {
    match basis.map_or("", |basis| basis.units_of.as_str()) {
        "" => Ok(Basis::AsItWas),
        text => Ok(Basis::UnitsOf(day("basis.units_of", text)?)),
    }
}

/// The moment until which facts count; absent: now.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(crate) fn moment(field: &str, time: Option<&Timestamp>) -> Result<i64, Failure> {
    let Some(time) = time else {
        return Ok(now_millis());
    };
    to_millis(time).ok_or_else(|| {
        Failure::of_field(field, "it is not a moment.", "send an RFC 3339 timestamp")
    })
}

/// Which deadline decides.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn rule(number: i32) -> Result<Rule, Failure> {
    match pb::Deadline::try_from(number) {
        Ok(pb::Deadline::Unspecified) => Ok(Rule::LegalElseTold),
        Ok(pb::Deadline::Told) => Ok(Rule::Told),
        Ok(pb::Deadline::Legal) => Ok(Rule::Legal),
        Err(_) => Err(unknown("deadline", "Deadline", number)),
    }
}

/// How finely moments are compared.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn precision(number: i32) -> Result<Precision, Failure> {
    match pb::Precision::try_from(number) {
        Ok(pb::Precision::Unspecified | pb::Precision::Day) => Ok(Precision::Day),
        Ok(pb::Precision::Moment) => Ok(Precision::Moment),
        Err(_) => Err(unknown("precision", "Precision", number)),
    }
}

/// A channel; unspecified: none.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn channel(field: &str, number: i32) -> Result<Option<Channel>, Failure> {
    match event::Channel::try_from(number) {
        Ok(event::Channel::Unspecified) => Ok(None),
        Ok(event::Channel::Desk) => Ok(Some(Channel::Desk)),
        Ok(event::Channel::Online) => Ok(Some(Channel::Online)),
        Ok(event::Channel::Post) => Ok(Some(Channel::Post)),
        Ok(event::Channel::System) => Ok(Some(Channel::System)),
        Err(_) => Err(unknown(field, "Channel", number)),
    }
}

/// A level; unspecified: none.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn level(field: &str, number: i32) -> Result<Option<Level>, Failure> {
    let level = procedure::Level::try_from(number);
    let level = level.map_err(|_| unknown(field, "Level", number))?;
    Ok(wire::read_level(level))
}

/// How many lines a page has.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub(super) fn page_size(size: u32) -> Result<usize, Failure> {
    match size as usize {
        0 => Ok(USUAL_PAGE),
        size if size <= LARGEST_PAGE => Ok(size),
        size => Err(Failure::of_field(
            "page_size",
            format!("{size} is over {LARGEST_PAGE}."),
            "ask for at most 1000 and follow next_page_token",
        )),
    }
}

/// That a page token is none of this question.
pub(super) fn foreign_token() -> Failure {
    Failure::of_field(
        "page_token",
        "it was not given by this call for the same question.",
        "send next_page_token of the answer before, with that request's fields, or leave it empty for the first page",
    )
}

/// That a number is no value of an enumeration.
pub(super) fn unknown(field: &str, name: &str, number: i32) -> Failure {
    Failure::of_field(
        field,
        format!("{number} is no value of {name}."),
        "send one of its values, or leave it out",
    )
}
