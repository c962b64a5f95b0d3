//! How far the partitions were when an answer was put together.

use super::directory::Directory;
use super::peer::{Call, PROTOCOL};
use crate::lag::waiting::Waiting;
use crate::lanes::log_failed;
use crate::views::View;
use futures_util::future::{FutureExt, try_join_all};
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::pb::procedure::v1::{Freshness, PartitionFreshness};
use lienthong_contract::pb::projection::v1::WaitForRequest;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{now_millis, to_millis};
use lienthong_eventlog::EventLog;
use prost_types::Timestamp;

/// How long to wait for a lane to take the event after an answer, before the log is read for it.
const JUST_AFTER_MS: u32 = 20;

/// How far one partition was.
#[derive(Debug, Clone, Copy)]
pub struct At {
    /// Next offset to be processed.
    pub next: u64,
    /// When the first event that was read and not yet processed was recorded.
    waiting_ms: Option<i64>,
}

impl At {
    /// As an instance told it.
    pub fn new(next: u64, waiting_since: Option<&Timestamp>) -> Self {
        Self {
            next,
            waiting_ms: waiting_since.and_then(to_millis),
        }
    }

    /// The one that is less far: what an answer knows that took something from both moments.
    pub fn earlier(self, other: Self) -> Self {
        match other.next < self.next {
            true => other,
            false => self,
        }
    }
}

/// The freshness of an answer; `at` by partition.
///
/// # Errors
/// `LOG_UNAVAILABLE`.
pub async fn freshness(
    directory: &Directory,
    log: &dyn EventLog,
    view: View,
    at: &[At],
) -> Result<Freshness, Failure> {
    let each = (0..).zip(at);
    let each = each.map(|(partition, at)| of_one(directory, log, view, partition, *at).boxed());
    Ok(Freshness {
        view: view.name().to_owned(),
        partitions: try_join_all(each).await?,
        ..Freshness::default()
    })
}

async fn of_one(
    directory: &Directory,
    log: &dyn EventLog,
    view: View,
    partition: u32,
    mut at: At,
) -> Result<PartitionFreshness, Failure> {
    let bounds = log.bounds(partition).await;
    let end = bounds.map_err(|error| log_failed(&error))?.end;
    if at.next < end && at.waiting_ms.is_none() {
        at.waiting_ms = just_taken(directory, view, partition, at.next).await;
    }
    let recorded_ms = recorded_ms(log, partition, &at, end).await?;
    let lag_ms = recorded_ms.map_or(0, |recorded_ms| now_millis() - recorded_ms);
    Ok(PartitionFreshness {
        partition,
        next_offset: at.next,
        log_end_offset: end,
        lag_ms: lag_ms.max(0) as u64,
    })
}

/// When the event at an offset was recorded, if its lane took it just after the answer.
async fn just_taken(directory: &Directory, view: View, partition: u32, offset: u64) -> Option<i64> {
    let request = WaitForRequest {
        protocol: PROTOCOL,
        view: view.name().to_owned(),
        position: Some(Position { partition, offset }),
        max_wait_ms: JUST_AFTER_MS,
    };
    let call: Call<'_, _> = &|peer| {
        let request = request.clone();
        async move { peer.wait_for(request).await }.boxed()
    };
    // Whatever keeps the instance from telling, the log can tell as well.
    let told = directory.ask(view, partition, call).await.ok()?;
    told.recorded_time.as_ref().and_then(to_millis)
}

/// When the first event not yet processed was recorded; none if there is none.
async fn recorded_ms(
    log: &dyn EventLog,
    partition: u32,
    at: &At,
    end: u64,
) -> Result<Option<i64>, Failure> {
    if at.next >= end {
        return Ok(None);
    }
    if at.waiting_ms.is_some() {
        return Ok(at.waiting_ms);
    }
    let known = Waiting::at(at.next).look(log, partition, at.next, end);
    let known = known.await.map_err(|error| log_failed(&error))?;
    Ok(known.first(at.next, end).map(|first| first.recorded_ms))
}
