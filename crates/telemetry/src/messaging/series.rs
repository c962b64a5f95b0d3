//! What is measured of one operation on one destination: made once, kept by whoever does it, so that
//! an operation costs a few additions and makes nothing.
//!
//! Messages are counted all. Of the durations that end in the same millisecond the first is taken;
//! one that failed always.

use super::Destination;
use crate::meter::instruments;
use crate::names;
use crate::stage::is_measured;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// An operation, as the conventions name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Send,
    Poll,
    Process,
}

impl Operation {
    /// `messaging.operation.name`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Poll => "poll",
            Self::Process => "process",
        }
    }

    /// `messaging.operation.type`.
    fn kind(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Poll => "receive",
            Self::Process => "process",
        }
    }
}

/// Who polls or processes: the consumer group, and of which partition.
pub(super) type Consumer<'a> = Option<(&'a str, u32)>;

/// What tells one series from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    operation: Operation,
    destination: Destination,
    consumer: Option<(String, u32)>,
    error: Option<&'static str>,
}

/// One operation on one destination.
#[derive(Debug)]
pub struct Series {
    key: Key,
    attributes: Vec<KeyValue>,
    messages: AtomicU64,
    /// The millisecond of the last duration that was taken, and one, since the process began.
    taken: AtomicU64,
}

/// The series; the same for all who ask for it.
pub(super) fn series(
    operation: Operation,
    destination: &Destination,
    consumer: Consumer<'_>,
) -> Arc<Series> {
    of_key(Key {
        operation,
        destination: destination.clone(),
        consumer: consumer.map(|(group, partition)| (group.to_owned(), partition)),
        error: None,
    })
}

fn of_key(key: Key) -> Arc<Series> {
    let mut all = all();
    let made = all.entry(key).or_insert_with_key(|key| {
        let mut attributes = attributes(key.operation, &key.destination, key.error);
        if let Some((group, partition)) = &key.consumer {
            attributes.extend(consumer(group, *partition));
        }
        Arc::new(Series {
            attributes,
            messages: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            key: key.clone(),
        })
    });
    made.clone()
}

impl Series {
    /// An operation on so many messages ended after so many seconds, or failed with `error`, a class
    /// of few values. Failed ones count as messages that were tried, as the conventions ask.
    pub fn done(&self, count: u64, seconds: f64, error: Option<&'static str>) {
        if !is_measured() {
            return;
        }
        if error != self.key.error {
            let key = Key {
                error,
                ..self.key.clone()
            };
            return of_key(key).done(count, seconds, error);
        }
        self.messages.fetch_add(count, Ordering::Relaxed);
        let now = since_begin_ms() + 1;
        if self.taken.swap(now, Ordering::Relaxed) != now || error.is_some() {
            self.histogram().record(seconds, &self.attributes);
        }
    }

    fn histogram(&self) -> &'static Histogram<f64> {
        match self.key.operation {
            Operation::Send | Operation::Poll => &instruments().operation,
            Operation::Process => &instruments().process,
        }
    }
}

/// Makes the counters; their values are asked for at each scrape and export.
pub(crate) fn observe(meter: &Meter) {
    let counters = [
        (
            names::MESSAGING_SENT,
            "Messages that were sent",
            Operation::Send,
        ),
        (
            names::MESSAGING_CONSUMED,
            "Messages that were given to a consumer",
            Operation::Poll,
        ),
    ];
    for (name, description, operation) in counters {
        meter
            .u64_observable_counter(name)
            .with_unit("{message}")
            .with_description(description)
            .with_callback(move |to| {
                for series in all()
                    .values()
                    .filter(|series| series.key.operation == operation)
                {
                    let messages = series.messages.load(Ordering::Relaxed);
                    if messages > 0 {
                        to.observe(messages, &series.attributes);
                    }
                }
            })
            .build();
    }
}

/// What every series and span of an operation on a destination is told by.
pub(super) fn attributes(
    operation: Operation,
    destination: &Destination,
    error: Option<&'static str>,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(7);
    attributes.extend([
        KeyValue::new(names::MESSAGING_SYSTEM, destination.system),
        KeyValue::new(names::MESSAGING_OPERATION_NAME, operation.name()),
        KeyValue::new(names::MESSAGING_OPERATION_TYPE, operation.kind()),
        KeyValue::new(names::MESSAGING_DESTINATION, destination.name.clone()),
    ]);
    attributes.extend(error.map(|error| KeyValue::new(names::ERROR_TYPE, error)));
    attributes
}

/// Who reads. The conventions have a partition as text.
pub(super) fn consumer(group: &str, partition: u32) -> [KeyValue; 2] {
    [
        KeyValue::new(names::MESSAGING_GROUP, group.to_owned()),
        KeyValue::new(names::PARTITION, partition.to_string()),
    ]
}

fn since_begin_ms() -> u64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed().as_millis() as u64
}

fn all() -> MutexGuard<'static, BTreeMap<Key, Arc<Series>>> {
    static ALL: Mutex<BTreeMap<Key, Arc<Series>>> = Mutex::new(BTreeMap::new());
    // A map of series stays whole whoever panicked while holding it.
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
