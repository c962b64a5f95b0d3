//! How far a durable subscription is, and what it gave on which day.

use super::engine::in_force;
use super::kept::{Day, Kept};
use crate::source::Blocks;
use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_contract::pb::subscription::v1::{
    DayManifest, Subscription, SubscriptionState, SubscriptionStatus,
};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::path::day::{day, day_number, number_of};
use std::ops::RangeInclusive;

/// Most days of manifests in one call.
const DAYS: i64 = 366;
/// A day may still get events for so long after it ended, from a gateway whose clock is behind.
const CLOCKS_DIFFER_MS: i64 = 600_000;

/// What the keeper's task knows of a subscription at a moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// As it was made.
    pub subscription: Subscription,
    /// Its state, `FULL` included.
    pub state: SubscriptionState,
    /// Why, in words; empty for `ACTIVE`.
    pub why: String,
    /// When it was made, milliseconds since the epoch.
    pub created_ms: i64,
    /// The last number given.
    pub last_sequence: u64,
    /// Every event up to this one is settled.
    pub settled_sequence: u64,
    /// Events numbered and not settled.
    pub outstanding: u64,
    /// Those in parked cases.
    pub parked: u64,
    /// Those handed out and not acknowledged.
    pub in_flight: u64,
    /// Next offset to read of each partition.
    pub positions: Vec<u64>,
    /// Who takes part.
    pub consumers: Vec<String>,
}

/// The status that callers see.
///
/// # Errors
/// `LOG_UNAVAILABLE`.
pub async fn status(
    blocks: &dyn Blocks,
    at: Snapshot,
    lag: Option<SubscriptionLag>,
    gateway: &str,
) -> Result<SubscriptionStatus, Failure> {
    let ends = blocks.ends();
    let unread = |(position, end): (&u64, &u64)| end.saturating_sub(*position);
    let unread_records = at.positions.iter().zip(&ends).map(unread).sum();
    let lag_seconds = lag.as_ref().map_or(0.0, |lag| lag.lag_seconds);
    Ok(SubscriptionStatus {
        subscription: Some(in_force(&at.subscription)),
        state: at.state.into(),
        why: at.why,
        created_time: Some(from_millis(at.created_ms)),
        last_sequence: at.last_sequence,
        settled_sequence: at.settled_sequence,
        outstanding: at.outstanding,
        parked: at.parked,
        in_flight: at.in_flight,
        unread_records,
        lag_ms: (lag_seconds * 1_000.0).round() as u64,
        token: blocks.token(&at.positions).await?,
        consumers: at.consumers,
        gateway: gateway.to_owned(),
        lag,
    })
}

/// The days that are asked for, as numbers.
///
/// # Errors
/// `REQUEST_MALFORMED` with the field.
pub fn days(first: &str, last: &str, now_ms: i64) -> Result<RangeInclusive<i64>, Failure> {
    let number = |field: &str, text: &str| {
        let parsed = text.parse().map(number_of);
        parsed.map_err(|_| {
            let fix = "write ISO 8601, such as 2026-11-22";
            Failure::of_field(field, format!("{text:?} is no day"), fix)
        })
    };
    let first_day = match first {
        "" => day_number(now_ms),
        first => number("first_day", first)?,
    };
    let last_day = match last {
        "" => first_day,
        last => number("last_day", last)?,
    };
    if last_day < first_day {
        let fix = "give `first_day` or a later one";
        return Err(Failure::of_field(
            "last_day",
            "it comes before `first_day`",
            fix,
        ));
    }
    if last_day - first_day >= DAYS {
        let description = format!("{} days are asked for", last_day - first_day + 1);
        let fix = "ask for at most 366 days in one call";
        return Err(Failure::of_field("last_day", description, fix));
    }
    Ok(first_day..=last_day)
}

/// Their manifests. A day is over once a later one has events, or ten minutes after its end by
/// this gateway's clock: until then another gateway's clock may still be in it.
pub fn manifests(kept: &Kept, days: RangeInclusive<i64>, now_ms: i64) -> Vec<DayManifest> {
    let today = day_number(now_ms.saturating_sub(CLOCKS_DIFFER_MS));
    let given = day_number(kept.given_ms);
    let manifest = |(number, of): (&i64, &Day)| DayManifest {
        day: day(*number).to_string(),
        first_sequence: of.first,
        last_sequence: of.last,
        count: of.count,
        digest: of.digest_text(),
        closed: *number < today || *number < given,
    };
    kept.days.range(days).map(manifest).collect()
}

/// A number that was not given yet.
pub fn not_yet(asked: u64, last: u64) -> Failure {
    let message = format!("number {asked} was not given yet; the last is {last}");
    Failure::new(Reason::SequenceNotYet, message).with("last_sequence", last)
}
