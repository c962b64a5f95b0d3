//! How late a lane is, exactly: now minus the recorded time of the first event it has not taken.
//!
//! Where that event is follows from the log and the lane alone ([`waiting`]); how the lane does is
//! told from samples that an observer takes of it by a clock of its own ([`trail`], see
//! `lienthong_domain::lag`). A look that is taken for a question is judged with the samples, and
//! leaves no trace in them.

pub mod told;
pub mod trail;
pub mod waiting;

use crate::lane::{Lane, Trouble};
use lienthong_contract::pb::operations::v1::{Outlook, ViewLag};
use lienthong_contract::time::now_millis;
use lienthong_domain::lag::{Condition, Phase, Window};
use lienthong_eventlog::{Bounds, EventLog, ReadError};
use lienthong_telemetry::stage::Stage;
use std::time::Duration;
use told::{Look, ParkedKeys, Told};

/// How long the log may take to say where it ends before the lag is told without.
pub const PATIENCE: Duration = Duration::from_secs(2);

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
    let end = log.bounds(partition).await?.end;
    let known = lane.trail().waiting();
    let known = known.look(log, partition, next, end).await?;
    let first = known.first(next, end);
    Ok(first.map_or(0, |first| (now_ms - first.recorded_ms).max(0)))
}

/// The lag of a lane at this moment, for a question. Told also when the log does not answer: then
/// the view is stalled, and later than it was known to be by at most the time since.
pub async fn told(lane: &Lane, log: &dyn EventLog) -> ViewLag {
    match look(lane, log).await {
        Ok(look) => {
            let window = lane.trail().with(look.seen(), &|| lane.next());
            message(lane, log, look, &window).await
        }
        Err(why) => unknown(lane, &why),
    }
}

/// As [`told`], as a sample of the lane's observer.
pub async fn observed(lane: &Lane, log: &dyn EventLog) -> ViewLag {
    // Before it is opened, where it goes on from is not known; what stands there would look like a
    // leap.
    if !lane.is_opened() {
        return told(lane, log).await;
    }
    match look(lane, log).await {
        Ok(look) => {
            let window = lane.trail().push(look.seen(), &|| lane.next());
            message(lane, log, look, &window).await
        }
        Err(why) => unknown(lane, &why),
    }
}

/// Where the lane and the log are now, or why that is not known.
async fn look(lane: &Lane, log: &dyn EventLog) -> Result<Look, String> {
    let partition = lane.owner.partition;
    let asked = async {
        let bounds = log.bounds(partition).await?;
        // After the end, so that nothing is told to wait that has been processed.
        let next = lane.next();
        let asked_ms = now_millis();
        let known = lane.trail().waiting();
        let known = known.look(log, partition, next, bounds.end).await?;
        lane.trail().set_waiting(known);
        // What was found holds for then, and for now if the lane has not got on meanwhile.
        let now_ms = match lane.next() == next {
            true => now_millis(),
            false => asked_ms,
        };
        Ok::<_, ReadError>(Look {
            next,
            bounds: Bounds {
                end: bounds.end.max(next),
                ..bounds
            },
            first: known.first(next, bounds.end),
            now_ms,
        })
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(seen)) => {
            lane.trail().set_known(seen.lag_ms());
            Ok(seen)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn message(lane: &Lane, log: &dyn EventLog, look: Look, window: &Window) -> ViewLag {
    let (condition, stage) = condition(lane);
    // A log that has answered a moment ago and does not know the partition is no log of ours.
    let retention = log
        .retention(lane.owner.partition)
        .await
        .unwrap_or_default();
    let told = Told {
        place: (lane.owner.view.name(), lane.owner.partition),
        look,
        window,
        condition,
        retention,
        parked: parked(lane),
        stage,
    };
    told.message()
}

/// The lag of a lane while the log does not say where it ends.
fn unknown(lane: &Lane, why: &str) -> ViewLag {
    let next = lane.next();
    let window = lane.trail().window();
    let parked = parked(lane);
    let condition = Condition {
        blocked: Some(format!(
            "the log's end is not known, so neither are the events that wait; the seconds are the most it can be: {why}"
        )),
        ..condition(lane).0
    };
    let (status, reason) = window.judge(&condition);
    let (stage, owner) = told::blamed(status, Stage::Log);
    let outlook = window.outlook();
    ViewLag {
        view: lane.owner.view.name().to_owned(),
        partition: lane.owner.partition,
        next_offset: next,
        log_end_offset: next,
        lag_events: 0,
        lag_seconds: lane.trail().at_most_ms() as f64 / 1_000.0,
        status: status.name().to_owned(),
        reason,
        outlook: Some(Outlook {
            in_per_second: outlook.in_per_second,
            out_per_second: outlook.out_per_second,
            window_seconds: outlook.covered_seconds,
            ..Outlook::default()
        }),
        stage,
        owner,
        parked: parked.count,
        parked_oldest_seconds: told::age_seconds(parked.oldest_ms, now_millis()),
    }
}

/// What is known of the lane beside its samples, and whose stage it is if it is late.
fn condition(lane: &Lane) -> (Condition, Stage) {
    let phase = match (lane.is_opened(), lane.is_ready()) {
        (false, _) => Phase::Opening,
        (true, false) => Phase::Loading,
        (true, true) => Phase::Following,
    };
    let note = lane.noted();
    let note = note.map(|why| format!("the checkpoint did not count: {why}"));
    let blocked = match lane.trouble() {
        Some(Trouble::Stalled(why)) => Some(format!("the log cannot be read on: {why}")),
        Some(Trouble::Lost(_)) | None => None,
    };
    let stage = match blocked {
        Some(_) => Stage::Log,
        None => Stage::Projector,
    };
    let lost = lane.state().lost;
    let condition = Condition {
        phase,
        note: note.unwrap_or_default(),
        blocked,
        lost: lost.map(|lost| lost.from..lost.to),
    };
    (condition, stage)
}

fn parked(lane: &Lane) -> ParkedKeys {
    let state = lane.state();
    let parked = state.parking.iter();
    let recorded = parked.map(|(_, parked)| parked.recorded_ms);
    recorded.fold(ParkedKeys::default(), |all, recorded_ms| ParkedKeys {
        count: all.count + 1,
        oldest_ms: Some(
            all.oldest_ms
                .map_or(recorded_ms, |oldest| oldest.min(recorded_ms)),
        ),
    })
}

#[cfg(test)]
#[path = "lag_tests.rs"]
mod tests;
