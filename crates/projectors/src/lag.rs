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
use crate::patience::patiently;
use futures_util::future::join_all;
use lienthong_contract::pb::operations::v1::{Outlook, ViewLag};
use lienthong_contract::time::now_millis;
use lienthong_domain::lag::{Condition, Phase, Window};
use lienthong_eventlog::{Bounds, EventLog, ReadError};
use lienthong_telemetry::stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use told::{Look, ParkedKeys, Told};
use trail::Seen;

/// How long the log may take to say where it ends before the lag is told without, by
/// [`patiently`].
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

/// The lag of each of the lanes at this moment, for a question. Told also when the log does not
/// answer: then the view is stalled, and later than it was known to be by at most the time since.
pub async fn told(lanes: &[Arc<Lane>], log: &dyn EventLog) -> Vec<ViewLag> {
    each(lanes, log, |lane, seen| {
        lane.trail().with(seen, &|| lane.next())
    })
    .await
}

/// As [`told`], as samples of the lanes' observer.
pub async fn observed(lanes: &[Arc<Lane>], log: &dyn EventLog) -> Vec<ViewLag> {
    each(lanes, log, |lane, seen| match lane.is_opened() {
        true => lane.trail().push(seen, &|| lane.next()),
        // Where it goes on from is not known; what stands there would look like a leap.
        false => lane.trail().with(seen, &|| lane.next()),
    })
    .await
}

/// The log is asked once where a partition ends, for all views of it.
async fn each(
    lanes: &[Arc<Lane>],
    log: &dyn EventLog,
    window: impl Fn(&Lane, Seen) -> Window,
) -> Vec<ViewLag> {
    let partitions: BTreeSet<u32> = lanes.iter().map(|lane| lane.owner.partition).collect();
    let asked = partitions.into_iter().map(async |partition| {
        let bounds = answered(log.bounds(partition)).await;
        (partition, bounds)
    });
    let bounds: BTreeMap<_, _> = join_all(asked).await.into_iter().collect();
    let looks = lanes.iter().map(async |lane| {
        let look = match &bounds[&lane.owner.partition] {
            Ok(bounds) => look(lane, log, *bounds).await,
            Err(why) => Err(why.clone()),
        };
        match look {
            Ok(look) => message(lane, log, look, &window(lane, look.seen())).await,
            Err(why) => unknown(lane, &why),
        }
    });
    join_all(looks).await
}

/// Where the lane is now in a log that has these bounds, or why that is not known.
async fn look(lane: &Lane, log: &dyn EventLog, bounds: Bounds) -> Result<Look, String> {
    // After the end, so that nothing is told to wait that has been processed.
    let next = lane.next();
    let asked_ms = now_millis();
    // What retention took waits no more, though it may be known.
    let from = next.max(bounds.start);
    let known = lane.trail().waiting();
    let known = answered(known.look(log, lane.owner.partition, from, bounds.end)).await?;
    lane.trail().set_waiting(known);
    // What was found holds for then, and for now if the lane has not got on meanwhile.
    let now_ms = match lane.next() == next {
        true => now_millis(),
        false => asked_ms,
    };
    let seen = Look {
        next,
        bounds: Bounds {
            end: bounds.end.max(next),
            ..bounds
        },
        first: known.first(from, bounds.end),
        now_ms,
    };
    lane.trail().set_known(seen.lag_ms());
    Ok(seen)
}

/// What the log answers, or why it does not.
async fn answered<T>(asked: impl Future<Output = Result<T, ReadError>>) -> Result<T, String> {
    match patiently(PATIENCE, asked).await {
        Some(answer) => answer.map_err(|error| error.to_string()),
        None => Err(format!("no answer within {} s", PATIENCE.as_secs())),
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
