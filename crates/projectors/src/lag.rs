//! How late a lane is, exactly: now minus the recorded time of the first event it has not taken.

use crate::feed::record_at;
use crate::lane::{Lane, Trouble};
use lienthong_contract::pb::operations::v1::ViewLag;
use lienthong_eventlog::{EventLog, ReadError};
use lienthong_telemetry::projection::Reading;
use std::time::Duration;

/// Below this a lane is current: it is taking what has just been recorded.
const CURRENT_MS: i64 = 1_000;
/// A lane with events to take that has not got on for so long is stalled.
const STALLED_MS: i64 = 30_000;

/// How long the log may take to say where it ends before the lag is told without.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a lane's lag is called, in the order of the numbers that metrics use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing to take, or only what was recorded this very second.
    Current,
    /// Events wait.
    Behind,
    /// The lane has not yet caught up with the log as it was at the start.
    Loading,
    /// It cannot get on.
    Stalled,
    /// Retention removed events that it had not read.
    Lost,
}

impl Status {
    /// The name that operators read.
    pub fn name(self) -> &'static str {
        match self {
            Status::Current => "current",
            Status::Behind => "behind",
            Status::Loading => "loading",
            Status::Stalled => "stalled",
            Status::Lost => "lost",
        }
    }
}

/// Milliseconds since the first event from `next` on was recorded; 0 if there is none.
///
/// # Errors
/// If the log does not read.
pub async fn lag_ms(
    lane: &Lane,
    log: &dyn EventLog,
    next: u64,
    now_ms: i64,
) -> Result<i64, ReadError> {
    let partition = lane.owner.partition;
    if next >= log.bounds(partition).await?.end {
        return Ok(0);
    }
    let waiting = match lane.first_waiting_ms() {
        Some(recorded_ms) if lane.next() == next => Some(recorded_ms),
        _ => {
            let record = record_at(log, partition, next).await?;
            record.map(|record| record.record.recorded_ms)
        }
    };
    Ok(waiting.map_or(0, |recorded_ms| (now_ms - recorded_ms).max(0)))
}

/// The lag of a lane.
///
/// # Errors
/// If the log does not read.
pub async fn lag(lane: &Lane, log: &dyn EventLog, now_ms: i64) -> Result<ViewLag, ReadError> {
    let next = lane.next();
    let end = log.bounds(lane.owner.partition).await?.end;
    let millis = lag_ms(lane, log, next, now_ms).await?;
    let lag_events = end.saturating_sub(next);
    let (status, reason) = status(lane, lag_events, millis, now_ms);
    lane.set_known_lag(now_ms, millis);
    Ok(ViewLag {
        view: lane.owner.view.name().to_owned(),
        partition: lane.owner.partition,
        next_offset: next,
        log_end_offset: end,
        lag_events,
        lag_seconds: millis as f64 / 1_000.0,
        status: status.name().to_owned(),
        reason,
        ..ViewLag::default()
    })
}

/// The lag of a lane, told also when the log does not answer: then the view is stalled, and later
/// than it was known to be by at most the time since.
pub async fn told(lane: &Lane, log: &dyn EventLog, now_ms: i64) -> ViewLag {
    let why = match tokio::time::timeout(PATIENCE, lag(lane, log, now_ms)).await {
        Ok(Ok(lag)) => return lag,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    let next = lane.next();
    let (known_ms, lag_ms) = lane.known_lag();
    let at_most_ms = (now_ms - known_ms).max(0) + lag_ms;
    ViewLag {
        view: lane.owner.view.name().to_owned(),
        partition: lane.owner.partition,
        next_offset: next,
        log_end_offset: next,
        lag_events: 0,
        lag_seconds: at_most_ms as f64 / 1_000.0,
        status: Status::Stalled.name().to_owned(),
        reason: format!(
            "the log's end is not known, so neither are the events that wait; the seconds are the most it can be: {why}"
        ),
        ..ViewLag::default()
    }
}

fn status(lane: &Lane, lag_events: u64, lag_ms: i64, now_ms: i64) -> (Status, String) {
    let idle_ms = now_ms - lane.progress_ms();
    match lane.trouble() {
        Some(Trouble::Stalled(reason)) => (Status::Stalled, reason),
        Some(Trouble::Lost(lost)) => (
            Status::Lost,
            format!(
                "offsets {} to {} (exclusive) were removed by retention before the view read them",
                lost.from, lost.to
            ),
        ),
        None if !lane.is_ready() => {
            let why = lane
                .noted()
                .map(|why| format!("; the checkpoint did not count: {why}"));
            let why = why.unwrap_or_default();
            (
                Status::Loading,
                format!("loading; {lag_events} events to take{why}"),
            )
        }
        None if lag_events == 0 || lag_ms < CURRENT_MS => (Status::Current, String::new()),
        None if idle_ms > STALLED_MS => (
            Status::Stalled,
            format!(
                "no event taken for {} s while {lag_events} wait",
                idle_ms / 1_000
            ),
        ),
        None => (Status::Behind, format!("{lag_events} events to take")),
    }
}

/// The lag as metrics show it.
pub fn reading(lag: &ViewLag) -> Reading {
    let all = [
        Status::Current,
        Status::Behind,
        Status::Loading,
        Status::Stalled,
        Status::Lost,
    ];
    let status = all.iter().position(|status| status.name() == lag.status);
    Reading {
        lag_seconds: lag.lag_seconds,
        lag_events: lag.lag_events,
        status: status.unwrap_or_default() as u8,
        ..Reading::default()
    }
}
