//! Everything that is on its way to the brokers: taken in, bounded, settled, and sent again by a
//! new producer when the one before it is beyond use.
//!
//! ```text
//! append --> window --> gate --> producer --> brokers --> delivered: the call is answered
//!                                   | fatal
//!                                   v
//!                                backlog (also takes what comes meanwhile) --> next producer, in order
//! ```
//! Records keep the order in which they were taken in, so that what was not delivered goes before
//! anything newer.

use super::call::{Answer, Call, Waiting, cost};
use super::config::Describe;
use super::gate::Gate;
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
    gates: Vec<Gate>,
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

/// What is said of a record that waited too long.
const LATE: &str = "not delivered in time";

/// Whether a producer has a record, or will have it.
enum Sent {
    Taken,
    Refused,
}

/// Where records go that are taken in now.
#[derive(Default)]
struct Route {
    /// To this producer; to the backlog while there is none.
    producer: Option<Arc<Producer>>,
    /// None are taken in any more. What was taken in before is still delivered.
    closed: bool,
}

impl Outbox {
    /// An empty outbox, without a producer yet.
    pub(super) fn new(config: &super::Config) -> Self {
        Self {
            topic: config.topic.clone(),
            partitions: config.partitions,
            describe: config.describe.clone(),
            window: Window::new(config.partitions, config.queue_bytes),
            gates: (0..config.partitions).map(|_| Gate::default()).collect(),
            route: RwLock::default(),
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
        if route.closed {
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
            match &route.producer {
                Some(producer) => self.hand_over(producer, waiting),
                None => self.send_again(waiting),
            }
        }
        Ok((partitions, answer))
    }

    /// Hands a record to a producer when it is its turn.
    fn hand_over(&self, producer: &Producer, waiting: Waiting) {
        let Some(gate) = self.gate(waiting.partition) else {
            return;
        };
        let mut turn = gate.pass(waiting);
        while let Some(waiting) = turn {
            let order = waiting.order;
            turn = match self.send(producer, waiting) {
                Sent::Taken => None,
                Sent::Refused => gate.failed(order),
            };
        }
    }

    /// Sends a record now, or deals with it if the producer does not take it.
    fn send(&self, producer: &Producer, waiting: Waiting) -> Sent {
        let Err(not_taken) = producer::send(producer, &self.topic, waiting) else {
            return Sent::Taken;
        };
        let NotTaken { error, waiting } = *not_taken;
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::Fatal) => {
                self.send_again(waiting);
                return Sent::Taken;
            }
            Some(RDKafkaErrorCode::QueueFull) => {
                let error = self.window.full(waiting.partition);
                self.settle(waiting, Err(error));
            }
            _ => self.fail(waiting, &producer::reason(&error)),
        }
        Sent::Refused
    }

    /// A record is stored: the first of its partition lets the others follow.
    pub(super) fn delivered(&self, waiting: Waiting, offset: u64) {
        let (partition, order) = (waiting.partition, waiting.order);
        self.settle(waiting, Ok(offset));
        let Some(gate) = self.gate(partition) else {
            return;
        };
        loop {
            let held = gate.stored(order);
            if held.is_empty() {
                return;
            }
            let route = self.route();
            for waiting in held {
                match &route.producer {
                    Some(producer) => {
                        self.send(producer, waiting);
                    }
                    None => self.send_again(waiting),
                }
            }
        }
    }

    /// A record is not known to be stored, and is not sent again.
    pub(super) fn failed(&self, waiting: Waiting, what: &str) {
        let (partition, order) = (waiting.partition, waiting.order);
        self.fail(waiting, what);
        let next = self.gate(partition).and_then(|gate| gate.failed(order));
        let Some(mut next) = next else {
            return;
        };
        let route = self.route();
        while let Some(producer) = &route.producer {
            let order = next.order;
            if matches!(self.send(producer, next), Sent::Taken) {
                return;
            }
            match self.gate(partition).and_then(|gate| gate.failed(order)) {
                Some(waiting) => next = waiting,
                None => return,
            }
        }
        self.send_again(next);
    }

    /// A record is not known to be stored, and waits for the next producer.
    pub(super) fn send_again(&self, waiting: Waiting) {
        if self.ended.load(Ordering::Acquire) {
            self.settle(waiting, Err(AppendError::Closed));
        } else {
            self.backlog().push(waiting);
        }
    }

    fn fail(&self, waiting: Waiting, what: &str) {
        let error = AppendError::Unavailable {
            partition: waiting.partition,
            what: what.to_owned(),
        };
        self.settle(waiting, Err(error));
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
        self.route_mut().producer = None;
    }

    /// Sends the backlog to a new producer, in order, and then whatever comes. Records whose time
    /// is up fail instead.
    pub(super) fn resume(&self, producer: &Arc<Producer>) {
        let mut route = self.route_mut();
        self.producers.fetch_add(1, Ordering::Relaxed);
        let mut backlog = std::mem::take(&mut *self.backlog());
        for gate in &self.gates {
            backlog.extend(gate.shut());
        }
        backlog.sort_unstable_by_key(|waiting| waiting.order);
        let now = Instant::now();
        for waiting in backlog {
            if waiting.call.deadline <= now {
                self.fail(waiting, LATE);
            } else {
                self.hand_over(producer, waiting);
            }
        }
        route.producer = Some(Arc::clone(producer));
    }

    /// Fails what has waited in the backlog or at a gate for longer than it may.
    pub(super) fn expire(&self) {
        let now = Instant::now();
        let mut late: Vec<Waiting> = self
            .backlog()
            .extract_if(.., |waiting| waiting.call.deadline <= now)
            .collect();
        for gate in &self.gates {
            late.extend(gate.late(now));
        }
        for waiting in late {
            self.fail(waiting, LATE);
        }
    }

    /// Takes nothing in from now on.
    pub(super) fn close(&self) {
        self.route_mut().closed = true;
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
        *self.route_mut() = Route {
            producer: None,
            closed: true,
        };
        let mut left = std::mem::take(&mut *self.backlog());
        for gate in &self.gates {
            left.extend(gate.shut());
        }
        for waiting in left {
            self.settle(waiting, Err(AppendError::Closed));
        }
    }

    fn gate(&self, partition: u32) -> Option<&Gate> {
        self.gates.get(partition as usize)
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
