//! The log as a runner reads it: in order, waiting at the end, trying again after a failure, going
//! on after what retention took.

use crate::feed::{BATCH, feed};
use crate::lag::trail::moment_ms;
use crate::lane::{Lane, Trouble};
use crate::timing::Timing;
use crate::traced::Following;
use crate::views::View;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{EventLog, ReadError, Reader, StoredRecord};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tracing::{error, warn};

/// Pause before a failed read is tried again.
pub const RETRY: Duration = Duration::from_secs(1);

/// The log as the runner reads it.
pub struct Source {
    log: Arc<dyn EventLog>,
    partition: u32,
    reader: Option<Box<dyn Reader>>,
    not_before: Instant,
    /// Whether there was nothing more to read.
    pub at_end: bool,
    /// The log is closed and read to its end.
    closed: bool,
    /// Whether the view has a position of its own to go on from.
    has_position: bool,
    /// Whether the records read last came while the reader waited at the end.
    came_while_waiting: bool,
    /// When the log was asked last whether there is more, by [`moment_ms`].
    asked_ms: i64,
    timing: Timing,
    following: Following,
}

impl Source {
    /// A partition of the log as a view reads it, not read yet. `has_position`: the view goes on
    /// from a position of its own, so that what retention took after it is lost.
    pub fn new(log: Arc<dyn EventLog>, view: View, partition: u32, has_position: bool) -> Self {
        Self {
            log,
            partition,
            reader: None,
            not_before: Instant::now(),
            at_end: false,
            closed: false,
            has_position,
            came_while_waiting: false,
            asked_ms: 0,
            timing: Timing::default(),
            following: Following::new(view, partition),
        }
    }

    /// The records from offset `next` on; none once when the end is reached, then waits for more.
    /// Cancel-safe.
    pub async fn next(&mut self, next: u64) -> Result<Vec<StoredRecord>, ReadError> {
        if self.closed {
            return std::future::pending().await;
        }
        if self.reader.is_none() {
            sleep_until(self.not_before).await;
            self.reader = Some(self.log.reader(self.partition, next).await?);
        }
        let Some(reader) = &mut self.reader else {
            return Ok(Vec::new());
        };
        let began = std::time::Instant::now();
        if self.at_end {
            let records = reader.next(BATCH).await?;
            self.following.polled(began, &records);
            self.at_end = false;
            self.came_while_waiting = true;
            return Ok(records);
        }
        self.asked_ms = moment_ms();
        let records = reader.poll_now(BATCH).await?;
        self.following.polled(began, &records);
        self.came_while_waiting = false;
        self.at_end = records.is_empty();
        Ok(records)
    }

    /// Feeds the lane with what was read, or deals with why nothing was.
    pub async fn take(&mut self, lane: &Lane, records: Result<Vec<StoredRecord>, ReadError>) {
        let fed = match records {
            Ok(records) => self.feed(lane, records).await,
            Err(error) => Err(error),
        };
        match fed {
            Ok(()) => {
                self.has_position = true;
                if matches!(lane.trouble(), Some(Trouble::Stalled(_))) {
                    lane.set_trouble(None);
                }
            }
            Err(error) => self.fail(lane, error),
        }
    }

    async fn feed(&mut self, lane: &Lane, records: Vec<StoredRecord>) -> Result<(), ReadError> {
        let Some(first) = records.first() else {
            lane.trail().touch_end_at(self.asked_ms);
            return Ok(());
        };
        if self.came_while_waiting {
            // It stood there until they were appended.
            let ago_ms = now_millis() - first.record.recorded_ms;
            lane.trail().touch_end_at(moment_ms() - ago_ms.max(0));
        }
        let measured = self.timing.begin(lane, &records, self.came_while_waiting);
        let batch = self.following.begin(&records);
        let fed = feed(lane, self.log.as_ref(), records).await;
        batch.end(&fed);
        fed?;
        if let Some(batch) = measured {
            batch.end(lane);
        }
        Ok(())
    }

    /// The lane stands elsewhere now: what was read ahead does not count.
    pub fn begin_anew(&mut self) {
        self.reader = None;
        self.not_before = Instant::now();
    }

    fn fail(&mut self, lane: &Lane, failure: ReadError) {
        let (view, partition) = (lane.owner.view.name(), self.partition);
        self.reader = None;
        self.not_before = Instant::now() + RETRY;
        match failure {
            ReadError::Closed { .. } => self.closed = true,
            ReadError::OutOfRange { start, .. } if start > lane.next() => {
                if self.has_position {
                    error!(
                        view,
                        partition,
                        from = lane.next(),
                        to = start,
                        "retention removed events that the view had not read; it goes on after them"
                    );
                } else {
                    warn!(
                        view,
                        partition,
                        start,
                        "the log no longer holds its beginning; the view begins at its start"
                    );
                }
                lane.lose(start);
                self.has_position = true;
                self.not_before = Instant::now();
            }
            other => {
                let reason = other.to_string();
                let stalled = Trouble::Stalled(reason.clone());
                if lane.trouble().as_ref() != Some(&stalled) {
                    error!(
                        view,
                        partition, reason, "the view cannot read on; it tries again"
                    );
                }
                lane.set_trouble(Some(stalled));
            }
        }
    }
}
