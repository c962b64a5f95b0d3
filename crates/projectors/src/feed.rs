//! From the log into a lane: what the running views and their rebuilds have in common.

use crate::lag::waiting::Waiting;
use crate::lane::Lane;
use crate::views::state::{Read, read};
use lienthong_eventlog::{EventLog, ReadError, StoredRecord};
use std::collections::VecDeque;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// Records asked of the log at once.
pub const BATCH: usize = 1_024;
/// Records taken under one lock: a question waits for no more than these.
const AT_ONCE: usize = 256;

/// Takes records in order.
///
/// # Errors
/// If records that a decision releases cannot be read again. The lane then stands before that
/// decision.
pub async fn feed(
    lane: &Lane,
    log: &dyn EventLog,
    records: Vec<StoredRecord>,
) -> Result<(), ReadError> {
    let mut records = VecDeque::from(records);
    while !records.is_empty() {
        lane.trail().set_waiting(Waiting::of(&records));
        let few = AT_ONCE.min(records.len());
        let reads: Vec<Read> = records.drain(..few).map(read).collect();
        let mut rest = &reads[..];
        while !rest.is_empty() {
            let (taken, releases) = lane.take(rest);
            rest = &rest[taken..];
            if let (Some(offsets), Some((decision, after))) = (releases, rest.split_first()) {
                let released = fetch(log, lane.owner.partition, &offsets).await?;
                lane.take_released(decision, &released);
                rest = after;
            }
        }
    }
    Ok(())
}

/// Feeds a lane that has no runner from the log, until it stands at `to` or `stop` is called.
///
/// # Errors
/// As [`feed`], and of the log's reader.
pub async fn catch_up(
    lane: &Lane,
    log: &dyn EventLog,
    to: u64,
    stop: &CancellationToken,
) -> Result<(), ReadError> {
    if lane.next() >= to {
        return Ok(());
    }
    let mut reader = log.reader(lane.owner.partition, lane.next()).await?;
    while lane.next() < to && !stop.is_cancelled() {
        let left = (to - lane.next()).min(BATCH as u64) as usize;
        let records = reader.poll_now(left).await?;
        if records.is_empty() {
            break;
        }
        feed(lane, log, records).await?;
    }
    Ok(())
}

/// Records at these offsets, which ascend. Those that retention has removed are left out and
/// warned of.
async fn fetch(
    log: &dyn EventLog,
    partition: u32,
    offsets: &[u64],
) -> Result<Vec<Read>, ReadError> {
    let mut found = Vec::with_capacity(offsets.len());
    let mut block: VecDeque<StoredRecord> = VecDeque::new();
    for offset in offsets {
        while block.front().is_some_and(|record| record.offset < *offset) {
            block.pop_front();
        }
        if block.is_empty() {
            block = match read_from(log, partition, *offset).await {
                Err(ReadError::OutOfRange { .. }) => {
                    warn!(
                        partition,
                        offset, "a record that waited behind a parked one is no longer in the log"
                    );
                    continue;
                }
                records => records?.into(),
            };
        }
        found.extend(block.pop_front().map(read));
    }
    Ok(found)
}

async fn read_from(
    log: &dyn EventLog,
    partition: u32,
    offset: u64,
) -> Result<Vec<StoredRecord>, ReadError> {
    log.reader(partition, offset).await?.poll_now(AT_ONCE).await
}

/// The record at an offset, if the log holds it.
///
/// # Errors
/// If the log fails; that the offset is not there is no error.
pub async fn record_at(
    log: &dyn EventLog,
    partition: u32,
    offset: u64,
) -> Result<Option<StoredRecord>, ReadError> {
    let mut reader = match log.reader(partition, offset).await {
        Err(ReadError::OutOfRange { .. }) => return Ok(None),
        reader => reader?,
    };
    match reader.poll_now(1).await {
        Err(ReadError::OutOfRange { .. }) => Ok(None),
        records => Ok(records?.into_iter().next()),
    }
}
