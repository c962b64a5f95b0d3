//! Everything that is on its way to the brokers: taken in, bounded, settled, and sent again by a
//! new producer when the one before it is beyond use.
//!
//! ```text
//! append --> window --> producer --> brokers --> delivered: the call is answered
//!                          | fatal
//!                          v
//!                       backlog (also takes what comes meanwhile) --> next producer, in order
//! ```
//! Records keep the order in which they were taken in, so that what was not delivered goes before
//! anything newer.

use super::call::{Answer, Call, Waiting, cost};
use super::config::Describe;
use super::producer::{self, NotTaken, Producer};
use super::window::Window;
use crate::{AppendError, Record, partition_for};
use rdkafka::error::RDKafkaErrorCode;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;
use tokio::sync::{Notify, oneshot};

/// The records of one log that are not settled yet.
pub(super) struct Outbox {
    topic: String,
    partitions: u32,
    describe: Option<Describe>,
    window: Window,
    route: RwLock<Route>,
    backlog: Mutex<Vec<Waiting>>,
    next_order: AtomicU64,
    unsettled: AtomicUsize,
    /// Told whenever nothing is unsettled.
    settled: Notify,
    /// How many producers there have been.
    producers: AtomicUsize,
    /// No producer will follow: what is not delivered fails.
    ended: AtomicBool,
}

/// Where records go that are taken in now.
enum Route {
    /// To this producer.
    Producer(Arc<Producer>),
    /// To the backlog: there is no producer at the moment.
    Backlog,
    /// Nowhere: no more are taken. What was taken before is still delivered.
    Closed,
}

impl Outbox {
    /// An empty outbox, without a producer yet.
    pub(super) fn new(config: &super::Config) -> Self {
        Self {
            topic: config.topic.clone(),
            partitions: config.partitions,
            describe: config.describe.clone(),
            window: Window::new(config.partitions, config.queue_bytes),
            route: RwLock::new(Route::Backlog),
            backlog: Mutex::default(),
            next_order: AtomicU64::new(0),
            unsettled: AtomicUsize::new(0),
            settled: Notify::new(),
            producers: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        }
    }

    /// Takes in a call, wholly or not at all, and answers where its records go and how to learn
    /// what became of them. Never waits for a broker.
    pub(super) fn take(
        &self,
        records: Vec<Record>,
        deadline: Instant,
    ) -> Result<(Vec<u32>, oneshot::Receiver<Answer>), AppendError> {
        let describe =
            |record: &Record| self.describe.as_ref().map_or_else(Vec::new, |d| d(record));
        let headers: Vec<_> = records.iter().map(describe).collect();
        let partition = |record: &Record| partition_for(&record.key, self.partitions);
        let partitions: Vec<u32> = records.iter().map(partition).collect();
        let costs: Vec<usize> = records
            .iter()
            .zip(&headers)
            .map(|(r, h)| cost(r, h))
            .collect();
        let mut bytes = vec![0; self.partitions as usize];
        for (partition, cost) in partitions.iter().zip(&costs) {
            if let Some(bytes) = bytes.get_mut(*partition as usize) {
                *bytes += cost;
            }
        }

        // Held to the end, so that the producer does not change in the middle of a call.
        let route = self.route();
        if matches!(*route, Route::Closed) {
            return Err(AppendError::Closed);
        }
        self.window.admit(&bytes)?;
        let count = records.len();
        self.unsettled.fetch_add(count, Ordering::AcqRel);
        let first = self.next_order.fetch_add(count as u64, Ordering::Relaxed);
        let (call, answer) = Call::new(records, deadline);
        let parts = partitions.iter().zip(costs).zip(headers);
        for (index, ((partition, bytes), headers)) in parts.enumerate() {
            let waiting = Waiting {
                call: Arc::clone(&call),
                index,
                partition: *partition,
                order: first + index as u64,
                headers,
                bytes,
            };
            match &*route {
                Route::Producer(producer) => self.hand_over(producer, waiting),
                Route::Backlog | Route::Closed => self.send_again(waiting),
            }
        }
        Ok((partitions, answer))
    }

    /// Hands a record to a producer, or deals with it if that does not take it.
    fn hand_over(&self, producer: &Producer, waiting: Waiting) {
        let Err(not_taken) = producer::send(producer, &self.topic, waiting) else {
            return;
        };
        let NotTaken { error, waiting } = *not_taken;
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Fatal) => self.send_again(waiting),
            Some(RDKafkaErrorCode::QueueFull) => {
                let error = self.window.full(waiting.partition);
                self.settle(waiting, Err(error));
            }
            _ => self.failed(waiting, &error.to_string()),
        }
    }

    /// A record is stored.
    pub(super) fn delivered(&self, waiting: Waiting, offset: u64) {
        self.settle(waiting, Ok(offset));
    }

    /// A record is not known to be stored, and is not sent again.
    pub(super) fn failed(&self, waiting: Waiting, what: &str) {
        let error = AppendError::Unavailable {
            partition: waiting.partition,
            what: what.to_owned(),
        };
        self.settle(waiting, Err(error));
    }

    /// A record is not known to be stored, and waits for the next producer.
    pub(super) fn send_again(&self, waiting: Waiting) {
        if self.ended.load(Ordering::Acquire) {
            self.settle(waiting, Err(AppendError::Closed));
        } else {
            self.backlog().push(waiting);
        }
    }

    fn settle(&self, waiting: Waiting, outcome: Result<u64, AppendError>) {
        self.window.release(waiting.partition, waiting.bytes);
        waiting.call.settle(waiting.index, outcome);
        if self.unsettled.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.settled.notify_waiters();
        }
    }

    /// Sends nothing more to the present producer: what comes goes to the backlog.
    pub(super) fn withdraw(&self) {
        let mut route = self.route_mut();
        if matches!(*route, Route::Producer(_)) {
            *route = Route::Backlog;
        }
    }

    /// Sends the backlog to a new producer, in order, and then whatever comes. Records whose time
    /// is up fail instead.
    pub(super) fn resume(&self, producer: &Arc<Producer>) {
        let mut route = self.route_mut();
        self.producers.fetch_add(1, Ordering::Relaxed);
        let mut backlog = std::mem::take(&mut *self.backlog());
        backlog.sort_unstable_by_key(|waiting| waiting.order);
        let now = Instant::now();
        for waiting in backlog {
            if waiting.call.deadline <= now {
                self.failed(waiting, "not delivered in time");
            } else {
                self.hand_over(producer, waiting);
            }
        }
        if !matches!(*route, Route::Closed) {
            *route = Route::Producer(Arc::clone(producer));
        }
    }

    /// Fails what waits in the backlog for longer than it may.
    pub(super) fn expire(&self) {
        let now = Instant::now();
        let late: Vec<_> = self
            .backlog()
            .extract_if(.., |waiting| waiting.call.deadline <= now)
            .collect();
        for waiting in late {
            self.failed(waiting, "not delivered in time");
        }
    }

    /// Takes nothing in from now on.
    pub(super) fn close(&self) {
        *self.route_mut() = Route::Closed;
    }

    /// Resolves once nothing is unsettled.
    pub(super) async fn wait_settled(&self) {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if self.unsettled() == 0 {
                return;
            }
            settled.await;
        }
    }

    /// How many records are on their way.
    pub(super) fn unsettled(&self) -> usize {
        self.unsettled.load(Ordering::Acquire)
    }

    /// How many producers there have been: each but the first took over from one that failed.
    pub(super) fn producers(&self) -> usize {
        self.producers.load(Ordering::Relaxed)
    }

    /// No producer will follow: forgets the last one and fails what is left.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        *self.route_mut() = Route::Closed;
        let backlog = std::mem::take(&mut *self.backlog());
        for waiting in backlog {
            self.settle(waiting, Err(AppendError::Closed));
        }
    }

    fn route(&self) -> RwLockReadGuard<'_, Route> {
        self.route.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn route_mut(&self) -> RwLockWriteGuard<'_, Route> {
        self.route.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn backlog(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
