//! Where a stream begins, and the token of a place.

use super::{Blocks, Source, failure};
use crate::token::{Malformed, Place};
use futures_util::future::try_join_all;
use lienthong_contract::pb::event::v1::FieldViolation;
use lienthong_contract::pb::subscription::v1::{Start, start};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::to_millis;
use lienthong_eventlog::{Bounds, ReadError, Record};
use prost_types::Timestamp;
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for a record that is durable to become readable.
const PATIENCE: Duration = Duration::from_secs(5);

/// See [`Blocks::place`].
pub(super) async fn place(source: &Source, start: &Start) -> Result<Vec<u64>, Failure> {
    match &start.place {
        None => Err(Failure::of_field(
            "start",
            "it names no place",
            "set one of `beginning`, `end`, `time` and `token`",
        )),
        Some(start::Place::Beginning(_)) => {
            let bounds = bounds(source).await?;
            Ok(bounds.iter().map(|bounds| bounds.start).collect())
        }
        Some(start::Place::End(_)) => {
            let bounds = bounds(source).await?;
            Ok(bounds.iter().map(|bounds| bounds.end).collect())
        }
        Some(start::Place::Time(time)) => at_time(source, time).await,
        Some(start::Place::Token(token)) => of_token(source, token).await,
    }
}

/// See [`Blocks::token`]. Marks come from memory; one that would have to be read is left open, so
/// that the tokens of a thousand subscriptions, wherever they are, cost no reading.
pub(super) async fn token(source: &Source, positions: &[u64]) -> Result<String, Failure> {
    let mark = async |partition: u32, position: u64| {
        let Some(before) = position.checked_sub(1) else {
            return Ok(0);
        };
        match source.is_recent(partition, before) {
            true => mark_before(source, partition, position).await,
            false => Ok(source.catch_up.mark(partition, before)),
        }
    };
    let marks = (0..).zip(positions);
    let marks = marks.map(|(partition, position)| mark(partition, *position));
    let marks = try_join_all(marks).await.map_err(unavailable)?;
    Ok(Place::new(positions.to_vec(), marks).token())
}

fn unavailable(error: ReadError) -> Failure {
    Failure::new(Reason::LogUnavailable, error.to_string())
}

/// What each partition holds by now.
async fn bounds(source: &Source) -> Result<Vec<Bounds>, Failure> {
    let log = &source.shared.log;
    let bounds = (0..source.partitions()).map(|partition| log.bounds(partition));
    try_join_all(bounds).await.map_err(unavailable)
}

async fn at_time(source: &Source, time: &Timestamp) -> Result<Vec<u64>, Failure> {
    let recorded_ms = to_millis(time).filter(|millis| millis <= Record::RECORDED_MS.end());
    let recorded_ms = recorded_ms.ok_or_else(|| {
        let fix = "give a time before the year 10000 with nanos from 0 to 999999999";
        Failure::of_field("start.time", "it is out of range", fix)
    })?;
    // Nothing was recorded before the first time that a log keeps.
    let recorded_ms = recorded_ms.max(*Record::RECORDED_MS.start());
    let log = &source.shared.log;
    let partitions = 0..source.partitions();
    let offsets = partitions.map(|partition| log.offset_at(partition, recorded_ms));
    try_join_all(offsets).await.map_err(unavailable)
}

async fn of_token(source: &Source, token: &str) -> Result<Vec<u64>, Failure> {
    let place = Place::of_token(token).map_err(malformed)?;
    let bounds = bounds(source).await?;
    if place.positions().len() != bounds.len() {
        let (has, told) = (bounds.len(), place.positions().len());
        return Err(foreign(format!(
            "the log has {has} partitions, the token {told}"
        )));
    }
    let places = (0..).zip(place.positions().iter().zip(&bounds));
    for (partition, (position, bounds)) in places.clone() {
        if *position > bounds.end {
            let end = bounds.end;
            return Err(foreign(format!(
                "partition {partition} ends at {end}, the token is at {position}"
            )));
        }
    }
    for (partition, (position, bounds)) in places {
        if *position < bounds.start {
            let gone = ReadError::OutOfRange {
                partition,
                asked: *position,
                start: bounds.start,
                end: bounds.end,
            };
            return Err(failure(source, gone).await);
        }
    }
    let marks = (0..).zip(place.positions());
    let marks = marks.map(|(partition, position)| mark_before(source, partition, *position));
    let marks = try_join_all(marks).await.map_err(unavailable)?;
    for (partition, (told, is)) in place.marks().iter().zip(&marks).enumerate() {
        if *told != 0 && *is != 0 && told != is {
            let position = place.positions()[partition];
            return Err(foreign(format!(
                "partition {partition} has another record before {position} than when the token was given"
            )));
        }
    }
    Ok(place.positions().to_vec())
}

fn malformed(error: Malformed) -> Failure {
    let violation = FieldViolation {
        field: "start.token".to_owned(),
        description: error.to_string(),
        fix: "give a token as it was received, or begin at a time or at the beginning".to_owned(),
    };
    Failure::of_fields(Reason::TokenMalformed, vec![violation])
}

fn foreign(what: String) -> Failure {
    Failure::new(
        Reason::TokenForeign,
        format!("start.token: it was given for another event log: {what}"),
    )
}

/// The mark of the record before a position; 0 if there is none or retention took it.
async fn mark_before(source: &Source, partition: u32, position: u64) -> Result<u32, ReadError> {
    let Some(before) = position.checked_sub(1) else {
        return Ok(0);
    };
    let readable = async {
        loop {
            match source.block(partition, before).await {
                Ok(Some(block)) => return Ok(block.mark(before)),
                Ok(None) => source.grown_past(partition, before).await,
                Err(ReadError::OutOfRange { .. }) => return Ok(0),
                Err(error) => return Err(error),
            }
        }
    };
    timeout(PATIENCE, readable).await.unwrap_or_else(|_| {
        let what = format!("offset {before} did not become readable in time");
        Err(ReadError::Unavailable { partition, what })
    })
}
