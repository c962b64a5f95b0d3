//! The sender, who knows when it sent each event and where it lies: the truth about lag.

use crate::ours::now_ms;
use bytes::Bytes;
use lienthong_contract::pb::event::v1::Position;
use lienthong_simulator::system::System;
use lienthong_tests::fleet::Doors;
use lienthong_tests::kill::Fault;
use lienthong_tests::{sample, wire};
use prost::Message as _;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinSet;

/// Calls at once in a burst.
const CALLS: usize = 8;
/// Events of a call in a burst.
const BATCH: u64 = 256;

/// When each event was sent, by its position.
pub struct Truth {
    address: String,
    next: AtomicU64,
    sent_ms: Mutex<HashMap<(u32, u64), f64>>,
}

impl Truth {
    /// For the one-stop adapter of a hub.
    pub fn new(doors: &Doors) -> Result<Self, Fault> {
        let addresses = doors.adapters.get(&System::Onestop);
        let address = addresses.and_then(|addresses| addresses.first());
        Ok(Self {
            address: address.cloned().ok_or("there is no one-stop adapter")?,
            next: AtomicU64::new(0),
            sent_ms: Mutex::default(),
        })
    }

    /// Sends so many events one after the other.
    pub async fn send(&self, count: u64) -> Result<(), Fault> {
        let channel = wire::connect(&self.address).await?;
        for _ in 0..count {
            self.call(&channel, 1).await?;
        }
        Ok(())
    }

    /// Sends as fast as it goes until it is `over`.
    pub async fn burst(self: Arc<Self>, over: Arc<AtomicBool>) -> Result<(), Fault> {
        let mut calls = JoinSet::new();
        for _ in 0..CALLS {
            let (truth, over) = (self.clone(), over.clone());
            calls.spawn(async move {
                let channel = wire::connect(&truth.address).await?;
                while !over.load(Ordering::SeqCst) {
                    truth.call(&channel, BATCH).await?;
                }
                Ok::<_, Fault>(())
            });
        }
        while let Some(ended) = calls.join_next().await {
            ended??;
        }
        Ok(())
    }

    async fn call(&self, channel: &tonic::transport::Channel, count: u64) -> Result<(), Fault> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let events = (first..first + count)
            .map(|number| Bytes::from(sample::event("lag", number).encode_to_vec()));
        let events = events.collect();
        let sent_ms = now_ms();
        let outcomes = wire::report_bytes(channel, System::Onestop, events).await?;
        let mut known = self.known();
        for outcome in &outcomes {
            let at = wire::position(outcome)?;
            known.insert((at.partition, at.offset), sent_ms);
        }
        Ok(())
    }

    /// When the event at a position was sent, milliseconds since the Unix epoch.
    pub fn sent_ms(&self, partition: u32, offset: u64) -> Option<f64> {
        self.known().get(&(partition, offset)).copied()
    }

    /// The highest position of each partition.
    pub fn reached(&self) -> Vec<Position> {
        let mut reached: HashMap<u32, u64> = HashMap::new();
        for (partition, offset) in self.known().keys() {
            let highest = reached.entry(*partition).or_default();
            *highest = (*highest).max(*offset);
        }
        let positions = reached.into_iter();
        positions
            .map(|(partition, offset)| Position { partition, offset })
            .collect()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<(u32, u64), f64>> {
        self.sent_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
