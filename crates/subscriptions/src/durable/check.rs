//! What callers may ask for: every field with its path, and what to give instead.

use super::engine::{Decision, Which};
use super::kept::case_hash;
use super::poster::Poster;
use crate::filter::Filter;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::subscription::v1::release_parked_case_request::Decision as Told;
use lienthong_contract::pb::subscription::v1::{
    Acknowledgements, FetchRequest, Handling, Open, ReadRangeRequest, ReleaseParkedCaseRequest,
    Start, Subscription,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest description, in characters.
const DESCRIPTION: usize = 500;
/// Longest reason of a failure, in characters.
const REASON: usize = 500;
/// Longest pause that a consumer may ask for: a day.
const RETRY_AFTER_MS: u32 = 86_400_000;
/// Most numbers that one `ReadRange` may ask for.
const RANGE: u64 = 1_000_000;

/// 0 stands for the default and always holds.
fn within(found: &mut Violations, field: &str, value: u32, range: RangeInclusive<u32>) {
    if value != 0 && !range.contains(&value) {
        let (from, to) = range.into_inner();
        let description = format!("{value} is outside {from} to {to}");
        let fix = "give a value of the range, or 0 for the default";
        found.add(field, description, fix);
    }
}

fn done(found: Violations) -> Result<(), Failure> {
    match found.is_empty() {
        true => Ok(()),
        false => Err(Failure::of_fields(
            Reason::RequestMalformed,
            found.into_list(),
        )),
    }
}

/// A subscription as it is to be made.
///
/// # Errors
/// `REQUEST_MALFORMED` with all fields at fault, their paths beginning with `subscription`.
pub fn subscription(told: &Subscription, poster: &dyn Poster) -> Result<Filter, Failure> {
    let mut found = Violations::default();
    if let Err(description) = is_name(&told.name) {
        found.add("subscription.name", description, NAME_FIX);
    }
    if told.description.chars().count() > DESCRIPTION {
        let description = format!("it is longer than {DESCRIPTION} characters");
        found.add("subscription.description", description, "shorten it");
    }
    if let Some(handling) = &told.handling {
        check_handling(&mut found, handling);
    }
    let mut found = found.into_list();
    if let Some(webhook) = &told.webhook {
        found.extend(poster.check(webhook, "subscription.webhook"));
    }
    let filter = Filter::compile(&told.filters, "subscription.filters");
    match filter {
        Ok(filter) if found.is_empty() => return Ok(filter),
        Ok(_) => {}
        Err(violations) => found.extend(violations),
    }
    Err(Failure::of_fields(Reason::RequestMalformed, found))
}

fn check_handling(found: &mut Violations, handling: &Handling) {
    let fields = [
        ("max_in_flight", handling.max_in_flight, 1..=100_000),
        ("ack_timeout_s", handling.ack_timeout_s, 1..=3_600),
        ("max_attempts", handling.max_attempts, 1..=100),
        ("backoff_ms", handling.backoff_ms, 1..=3_600_000),
        ("max_backoff_s", handling.max_backoff_s, 1..=86_400),
        (
            "max_parked_events",
            handling.max_parked_events,
            1..=1_000_000,
        ),
    ];
    for (field, value, range) in fields {
        within(
            found,
            &format!("subscription.handling.{field}"),
            value,
            range,
        );
    }
}

const NAME_FIX: &str =
    "use 1 to 100 of a-z, 0-9, `-`, `.` and `_`, beginning with a letter, such as `portal.events`";

fn is_name(name: &str) -> Result<(), &'static str> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    match name.chars().next() {
        None => Err("it is empty"),
        Some(first) if !first.is_ascii_lowercase() => Err("it does not begin with a letter a-z"),
        Some(_) if name.len() > 100 => Err("it is longer than 100 characters"),
        Some(_) if !name.chars().all(legal) => Err("it has a character that names do not have"),
        Some(_) => Ok(()),
    }
}

/// The name by which a subscription is asked for.
///
/// # Errors
/// `REQUEST_MALFORMED` with the field.
pub fn name(field: &str, name: &str) -> Result<(), Failure> {
    is_name(name).map_err(|description| Failure::of_field(field, description, NAME_FIX))
}

/// A start that has to be given.
///
/// # Errors
/// `REQUEST_MALFORMED`.
pub fn required_start(start: Option<&Start>) -> Result<&Start, Failure> {
    start.filter(|start| start.place.is_some()).ok_or_else(|| {
        let fix = "give one of `beginning`, `end`, `time` and `token`";
        Failure::of_field("start", "it is not set", fix)
    })
}

fn is_consumer(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic())
}

const CONSUMER_FIX: &str = "use 1 to 100 printable ASCII characters without spaces";

/// What opens a stream.
///
/// # Errors
/// `REQUEST_MALFORMED` with the fields.
pub fn open(open: &Open) -> Result<(), Failure> {
    let mut found = Violations::default();
    if let Err(description) = is_name(&open.name) {
        found.add("open.name", description, NAME_FIX);
    }
    if !open.consumer.is_empty() && !is_consumer(&open.consumer) {
        found.add("open.consumer", "it is no name", CONSUMER_FIX);
    }
    within(
        &mut found,
        "open.max_in_flight",
        open.max_in_flight,
        1..=100_000,
    );
    within(&mut found, "open.heartbeat_s", open.heartbeat_s, 1..=300);
    done(found)
}

/// What is fetched.
///
/// # Errors
/// `REQUEST_MALFORMED` with the fields.
pub fn fetch(request: &FetchRequest) -> Result<(), Failure> {
    let mut found = Violations::default();
    if let Err(description) = is_name(&request.name) {
        found.add("name", description, NAME_FIX);
    }
    if !is_consumer(&request.consumer) {
        found.add("consumer", "it is no name", CONSUMER_FIX);
    }
    within(&mut found, "max_events", request.max_events, 1..=1_000);
    within(&mut found, "max_wait_ms", request.max_wait_ms, 1..=60_000);
    done(found)
}

/// What a consumer says of events; `path` is that of the message, ending in a dot.
///
/// # Errors
/// `REQUEST_MALFORMED` with the fields.
pub fn acknowledgements(told: &Acknowledgements, path: &str) -> Result<(), Failure> {
    let mut found = Violations::default();
    let fix = "give `sequence` and `attempt` as the delivery had them, both from 1";
    for (index, receipt) in told.done.iter().enumerate() {
        if receipt.sequence == 0 || receipt.attempt == 0 {
            found.add(&format!("{path}done[{index}]"), "it names no delivery", fix);
        }
    }
    for (index, failed) in told.failed.iter().enumerate() {
        let receipt = failed.receipt.unwrap_or_default();
        let field = format!("{path}failed[{index}]");
        if receipt.sequence == 0 || receipt.attempt == 0 {
            found.add(&format!("{field}.receipt"), "it names no delivery", fix);
        }
        if failed.retry_after_ms > RETRY_AFTER_MS {
            let description = format!("{} is more than a day", failed.retry_after_ms);
            let fix = "give at most 86400000, or 0 for the subscription's back-off";
            found.add(&format!("{field}.retry_after_ms"), description, fix);
        }
        if failed.reason.chars().count() > REASON {
            let description = format!("it is longer than {REASON} characters");
            found.add(&format!("{field}.reason"), description, "shorten it");
        }
    }
    done(found)
}

/// A range of numbers to be read again.
///
/// # Errors
/// `REQUEST_MALFORMED` with the fields.
pub fn range(request: &ReadRangeRequest) -> Result<(), Failure> {
    let mut found = Violations::default();
    if let Err(description) = is_name(&request.name) {
        found.add("name", description, NAME_FIX);
    }
    let (first, last) = (request.first_sequence, request.last_sequence);
    if first == 0 {
        found.add("first_sequence", "numbers begin with 1", "give 1 or more");
    }
    if last < first {
        let description = format!("{last} comes before `first_sequence`, {first}");
        found.add(
            "last_sequence",
            description,
            "give `first_sequence` or more",
        );
    } else if last - first >= RANGE {
        let description = format!("{} numbers are asked for", (last - first).saturating_add(1));
        found.add(
            "last_sequence",
            description,
            "ask for at most 1000000 in one call",
        );
    }
    done(found)
}

/// How many parked cases are listed.
///
/// # Errors
/// `REQUEST_MALFORMED` with the field.
pub fn most_cases(told: u32) -> Result<usize, Failure> {
    let mut found = Violations::default();
    within(&mut found, "max_cases", told, 1..=1_000);
    done(found)?;
    Ok(if told == 0 { 100 } else { told as usize })
}

/// Which parked cases go on, and how.
///
/// # Errors
/// `REQUEST_MALFORMED` with the fields.
pub fn release(request: &ReleaseParkedCaseRequest) -> Result<(Which, Decision), Failure> {
    let mut found = Violations::default();
    let decision = match request.decision() {
        Told::Retry => Decision::Retry,
        Told::Skip => Decision::Skip,
        Told::Unspecified => {
            let fix = "give DECISION_RETRY or DECISION_SKIP";
            found.add("decision", "it is not set", fix);
            Decision::Retry
        }
    };
    let which = match (request.partition_key.as_str(), request.all) {
        ("", true) => Which::All,
        ("", false) => {
            let fix = "give the case, or set `all`";
            found.add("partition_key", "it is empty", fix);
            Which::All
        }
        (_, true) => {
            let fix = "leave one of the two out";
            found.add("partition_key", "it is given beside `all`", fix);
            Which::All
        }
        (case, false) => Which::Case(case_hash(case)),
    };
    done(found).map(|()| (which, decision))
}

/// How long an old secret signs beside the new one.
///
/// # Errors
/// `REQUEST_MALFORMED` with the field.
pub fn overlap(told: u32) -> Result<Duration, Failure> {
    let mut found = Violations::default();
    within(&mut found, "overlap_s", told, 1..=604_800);
    done(found)?;
    let seconds = if told == 0 { 86_400 } else { told };
    Ok(Duration::from_secs(u64::from(seconds)))
}
