//! Checks of requests, each naming its field and the fix.

use jiff::civil::Date;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::now_millis;
use lienthong_domain::level::Level;
use lienthong_domain::path::day::{day as day_of, day_number};

/// Most entries of a page.
const LONGEST_PAGE: u32 = 1_000;
/// Entries of a page when the request does not say.
const PAGE: u32 = 100;

/// A day that may be left out.
pub fn day_or_none(field: &str, text: &str) -> Result<Option<Date>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(day) if text.len() == 10 => Ok(Some(day)),
        _ => Err(Failure::of_field(
            field,
            format!("{text:?} is not a day"),
            "write yyyy-MM-dd, such as 2025-07-01",
        )),
    }
}

/// A day; today at +07:00 if it is left out.
pub fn day_or_today(field: &str, text: &str) -> Result<Date, Failure> {
    let day = day_or_none(field, text)?;
    Ok(day.unwrap_or_else(|| day_of(day_number(now_millis()))))
}

/// A day that must be given.
pub fn day(field: &str, text: &str) -> Result<Date, Failure> {
    let missing = || Failure::of_field(field, "it is empty", "write yyyy-MM-dd");
    day_or_none(field, text)?.ok_or_else(missing)
}

/// A level; none: all.
pub fn level(text: &str) -> Result<Option<Level>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let level = Level::parse(text);
    level.map(Some).ok_or_else(|| {
        Failure::of_field(
            "level",
            format!("{text:?} is not a level"),
            "write commune, district, province or ministry",
        )
    })
}

/// How many entries a page has.
pub fn page(size: u32) -> Result<usize, Failure> {
    match size {
        0 => Ok(PAGE as usize),
        size if size <= LONGEST_PAGE => Ok(size as usize),
        size => Err(Failure::of_field(
            "page_size",
            format!("it is {size}"),
            "give 1 to 1,000, or 0 for 100",
        )),
    }
}

/// Nothing of that code is in the tables.
pub fn unknown(what: &str, code: &str, day: Option<Date>) -> Failure {
    let on = day.map_or_else(String::new, |day| format!(" on {day}"));
    let what = format!("no {what} {code:?} is in the tables{on}");
    Failure::new(Reason::ReferenceNotFound, what)
}
