//! How far the partitions were when an answer was put together.

use crate::feed::record_at;
use crate::lanes::log_failed;
use crate::views::View;
use futures_util::future::{FutureExt, try_join_all};
use lienthong_contract::pb::procedure::v1::{Freshness, PartitionFreshness};
use lienthong_contract::status::Failure;
use lienthong_contract::time::{now_millis, to_millis};
use lienthong_eventlog::EventLog;
use prost_types::Timestamp;

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
pub async fn freshness(log: &dyn EventLog, view: View, at: &[At]) -> Result<Freshness, Failure> {
    let each = (0..).zip(at);
    let each = each.map(|(partition, at)| of_one(log, partition, *at).boxed());
    Ok(Freshness {
        view: view.name().to_owned(),
        partitions: try_join_all(each).await?,
    })
}

async fn of_one(log: &dyn EventLog, partition: u32, at: At) -> Result<PartitionFreshness, Failure> {
    let bounds = log.bounds(partition).await;
    let end = bounds.map_err(|error| log_failed(&error))?.end;
    let recorded_ms = recorded_ms(log, partition, &at, end).await?;
    let lag_ms = recorded_ms.map_or(0, |recorded_ms| now_millis() - recorded_ms);
    Ok(PartitionFreshness {
        partition,
        next_offset: at.next,
        log_end_offset: end,
        lag_ms: lag_ms.max(0) as u64,
    })
}

/// When the first event not yet processed was recorded; none if there is none.
///
/// # Errors
/// `LOG_UNAVAILABLE`.
pub async fn recorded_ms(
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
    let record = record_at(log, partition, at.next).await;
    let record = record.map_err(|error| log_failed(&error))?;
    Ok(record.map(|record| record.record.recorded_ms))
}
