//! The sources: a main one whose clock is right, and some whose clocks go wrong. Each knows when it
//! sent what, and where it came to lie.

use super::now_ms;
use super::script::Load;
use crate::fleet::Doors;
use crate::kill::Fault;
use crate::{sample, wire};
use bytes::Bytes;
use lienthong_contract::pb::event::v1::Position;
use lienthong_contract::time::from_millis;
use lienthong_simulator::system::System;
use prost::Message as _;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::transport::Channel;

/// How long after it happened a source sends an event, in milliseconds.
pub const DELAY_MS: i64 = 1_500;
/// Calls of the main source under way at once.
const LANES: u32 = 3;
/// Between two events of a source that is not the main one.
const REST: Duration = Duration::from_millis(300);
/// Before a call that failed is made again.
const AGAIN: Duration = Duration::from_millis(100);
/// Length of a burst and of the pause after it.
const BURST_MS: f64 = 2_000.0;

/// A source.
#[derive(Debug)]
pub struct Source {
    /// Its URN.
    pub urn: &'static str,
    /// Whether it says when it sent an event.
    pub tells_sent_time: bool,
    /// By how much its clock is ahead when clocks are wrong, in milliseconds.
    pub wrong_by_ms: i64,
    /// By how much it is ahead now.
    ahead_ms: AtomicI64,
}

/// An event that was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Which source's.
    pub source: usize,
    /// Just before the call.
    pub sent_ms: f64,
    /// Just after its answer.
    pub acknowledged_ms: f64,
}

/// All sources.
pub struct Senders {
    /// The main one first.
    pub sources: Vec<Arc<Source>>,
    address: String,
    next: AtomicU64,
    sent: Mutex<HashMap<(u32, u64), Sent>>,
    load: watch::Sender<Load>,
}

impl Senders {
    /// Sources of a hub, idle yet.
    ///
    /// # Errors
    /// If the hub has no one-stop adapter.
    pub fn new(doors: &Doors, load: Load) -> Result<Arc<Self>, Fault> {
        let addresses = doors.adapters.get(&System::Onestop);
        let address = addresses.and_then(|addresses| addresses.first());
        let source = |urn, tells_sent_time, wrong_by_ms| {
            Arc::new(Source {
                urn,
                tells_sent_time,
                wrong_by_ms,
                ahead_ms: AtomicI64::new(0),
            })
        };
        Ok(Arc::new(Self {
            sources: vec![
                source("urn:lienthong:vn:H56:onestop", true, 0),
                source("urn:lienthong:vn:H01:onestop", true, 90_000),
                source("urn:lienthong:vn:H26:onestop", true, -45_000),
                source("urn:lienthong:vn:H29:onestop", false, 30_000),
            ],
            address: address.cloned().ok_or("there is no one-stop adapter")?,
            next: AtomicU64::new(0),
            sent: Mutex::default(),
            load: watch::Sender::new(load),
        }))
    }

    /// Sends until the set is dropped.
    pub fn start(self: &Arc<Self>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for lane in 0..LANES {
            tasks.spawn(self.clone().main_lane(lane));
        }
        for number in 1..self.sources.len() {
            tasks.spawn(self.clone().other(number));
        }
        tasks
    }

    /// From now on events are sent so.
    pub fn set_load(&self, load: Load) {
        self.load.send_replace(load);
    }

    /// From now on clocks are wrong, or right.
    pub fn set_clocks(&self, are_wrong: bool) {
        for source in &self.sources {
            let ahead_ms = if are_wrong { source.wrong_by_ms } else { 0 };
            source.ahead_ms.store(ahead_ms, Ordering::SeqCst);
        }
    }

    /// Every event that was acknowledged, by position.
    pub fn sent(&self) -> HashMap<(u32, u64), Sent> {
        self.known().clone()
    }

    /// Sends so many events at once and answers when all are acknowledged.
    ///
    /// # Errors
    /// If the adapter does not take them.
    pub async fn send(&self, count: u64) -> Result<Vec<Position>, Fault> {
        let channel = wire::connect(&self.address).await?;
        let mut positions = Vec::new();
        for from in (0..count).step_by(100) {
            let part = self.call(&channel, 0, (count - from).min(100));
            positions.extend(part.await?);
        }
        Ok(positions)
    }

    async fn main_lane(self: Arc<Self>, lane: u32) {
        let mut channel = None;
        let mut due_ms = now_ms();
        let began_ms = due_ms + f64::from(lane);
        loop {
            let load = *self.load.borrow();
            let now = now_ms();
            let pauses = load.in_bursts && ((now - began_ms) / BURST_MS) as i64 % 2 == 1;
            if load.per_second == 0 || pauses {
                tokio::time::sleep(Duration::from_millis(20)).await;
                due_ms = now_ms();
                continue;
            }
            let every_ms =
                1e3 * f64::from(load.batch) * f64::from(LANES) / f64::from(load.per_second);
            // Who is late does not make up for more than a second.
            due_ms = (due_ms + every_ms).max(now - 1e3);
            if due_ms > now {
                tokio::time::sleep(Duration::from_secs_f64((due_ms - now) / 1e3)).await;
            }
            self.until_sent(&mut channel, 0, u64::from(load.batch))
                .await;
        }
    }

    async fn other(self: Arc<Self>, number: usize) {
        let mut channel = None;
        loop {
            tokio::time::sleep(REST).await;
            if self.load.borrow().per_second > 0 {
                self.until_sent(&mut channel, number, 1).await;
            }
        }
    }

    /// Sends new events until they are acknowledged; each time anew they say so.
    async fn until_sent(&self, channel: &mut Option<Channel>, source: usize, count: u64) {
        loop {
            if channel.is_none() {
                *channel = wire::connect(&self.address).await.ok();
            }
            let sent = match channel {
                Some(channel) => self.call(channel, source, count).await.is_ok(),
                None => false,
            };
            if sent {
                return;
            }
            *channel = None;
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn events(&self, source: &Source, count: u64) -> Vec<Bytes> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let by_its_clock = now_ms() as i64 + source.ahead_ms.load(Ordering::SeqCst);
        let events = (first..first + count).map(|number| {
            // A case of its own for each: no event of a subscription waits for another.
            let mut event = sample::event_of("lag", number, 0);
            let header = event.header.get_or_insert_default();
            header.source = source.urn.to_owned();
            // Without a sent time only a clock that is ahead shows, and by how much at least: as
            // much as the event is not late.
            let delay_ms = if source.tells_sent_time { DELAY_MS } else { 0 };
            header.occurred_time = Some(from_millis(by_its_clock - delay_ms));
            header.sent_time = source.tells_sent_time.then(|| from_millis(by_its_clock));
            Bytes::from(event.encode_to_vec())
        });
        events.collect()
    }

    /// Sends new events in one call.
    async fn call(
        &self,
        channel: &Channel,
        source: usize,
        count: u64,
    ) -> Result<Vec<Position>, Fault> {
        let sent_ms = now_ms();
        let events = self.events(&self.sources[source], count);
        let call = wire::report_bytes(channel, System::Onestop, events);
        let outcomes = tokio::time::timeout(Duration::from_secs(15), call).await??;
        let acknowledged_ms = now_ms();
        let positions = outcomes.iter().map(wire::position);
        let positions = positions.collect::<Result<Vec<_>, _>>()?;
        let mut known = self.known();
        for at in &positions {
            let sent = Sent {
                source,
                sent_ms,
                acknowledged_ms,
            };
            known.insert((at.partition, at.offset), sent);
        }
        Ok(positions)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(u32, u64), Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
