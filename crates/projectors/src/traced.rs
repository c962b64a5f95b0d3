//! A view's reading and processing of a partition, as the conventions of messaging name them: what
//! each batch took, and a span of it where one of its events belongs to a trace.
//!
//! ```text
//! send T . . . . link . . . . > poll T      (given to the view)
//!        . . . . link . . . . > process T   (until questions see it)
//! ```
//! A full batch is a view that catches up: its events were traced long ago, if at all, and it is not
//! looked through for them.

use crate::feed::BATCH;
use crate::views::View;
use lienthong_contract::cloudevents;
use lienthong_eventlog::StoredRecord;
use lienthong_telemetry::messaging::Series;
use lienthong_telemetry::{log, messaging, trace};
use std::sync::Arc;
use std::time::Instant;
use tracing::Span;

/// The conventions' name of an error of no class of its own.
const OTHER: &str = "_OTHER";

/// A view that follows a partition.
pub struct Following {
    group: String,
    partition: u32,
    polled: Arc<Series>,
    processed: Arc<Series>,
}

/// A batch that is being processed.
pub struct Batch<'a> {
    following: &'a Following,
    count: u64,
    began: Instant,
    /// Exported when it is dropped; none: no event of the batch belongs to a trace.
    _span: Option<Span>,
}

impl Following {
    /// A partition of a view.
    pub fn new(view: View, partition: u32) -> Self {
        let group = log::get().group(&format!("projector.{}", view.name()));
        let events = &log::get().events;
        Self {
            polled: messaging::polling(events, &group, partition),
            processed: messaging::processing(events, &group, partition),
            group,
            partition,
        }
    }

    /// What was read since `began`; a read that gave nothing is none.
    pub fn polled(&self, began: Instant, records: &[StoredRecord]) {
        if records.is_empty() {
            return;
        }
        let (group, partition) = (&self.group, self.partition);
        let (count, seconds) = (records.len() as u64, began.elapsed().as_secs_f64());
        self.polled.done(count, seconds, None);
        if let Some(mut senders) = senders(records) {
            let events = &log::get().events;
            messaging::poll_span(events, group, partition, count, seconds, &mut senders);
        }
    }

    /// Records are taken up now.
    pub fn begin(&self, records: &[StoredRecord]) -> Batch<'_> {
        let count = records.len() as u64;
        let span = senders(records).and_then(|mut senders| {
            let events = &log::get().events;
            messaging::process_span(events, &self.group, self.partition, count, &mut senders)
        });
        Batch {
            following: self,
            count,
            began: Instant::now(),
            _span: span,
        }
    }
}

impl Batch<'_> {
    /// Questions see all of it now, or it could not be taken.
    pub fn end<E>(self, processed: &Result<(), E>) {
        if self.count == 0 {
            return;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        let error = processed.is_err().then_some(OTHER);
        self.following.processed.done(self.count, seconds, error);
    }
}

/// The contexts of those who sent the records; none where nobody looks for them.
fn senders(records: &[StoredRecord]) -> Option<impl Iterator<Item = &str>> {
    (trace::is_on() && records.len() < BATCH).then(|| {
        records
            .iter()
            .filter_map(|stored| cloudevents::traceparent(&stored.record.value))
    })
}
