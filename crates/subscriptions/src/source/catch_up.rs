//! Blocks that are no longer on a shelf, for whoever is behind.
//!
//! A reading costs a thread and buffers where the log is Kafka, so there are few, whoever asks;
//! each goes on where it was, so that a subscriber who reads on finds his. Those who ask for the
//! same place share one answer, and those close behind find it in a cache. Who finds every reading
//! busy waits, in the order of asking.

use super::Block;
use super::cache::Cache;
use super::reading::{AtEnd, Reading};
use super::shared::Shared;
use hashbrown::HashMap;
use lienthong_eventlog::ReadError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

/// Readings that may be open.
const READINGS: usize = 8;
/// A reading that nobody went on with for so long is closed.
const IDLE: Duration = Duration::from_secs(60);

type Answer = Arc<OnceCell<Result<Arc<Block>, ReadError>>>;

pub(super) struct CatchUp {
    shared: Arc<Shared>,
    cache: Mutex<Cache>,
    /// Answers that somebody waits for.
    under_way: Mutex<HashMap<(u32, u64), Answer>>,
    permits: Semaphore,
    /// Readings nobody uses just now, the one used last at the end.
    idle: Mutex<Vec<(Instant, Reading)>>,
}

impl CatchUp {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            cache: Mutex::default(),
            under_way: Mutex::default(),
            permits: Semaphore::new(READINGS),
            idle: Mutex::default(),
        }
    }

    /// The block that holds an offset below the partition's end.
    pub(super) async fn block(&self, partition: u32, offset: u64) -> Result<Arc<Block>, ReadError> {
        if let Some(block) = lock(&self.cache).find(partition, offset) {
            return Ok(block);
        }
        let key = (partition, offset);
        let answer = lock(&self.under_way).entry(key).or_default().clone();
        let waiting = Waiting {
            of: self,
            key,
            answer,
        };
        let read = || self.read(partition, offset);
        waiting.answer.get_or_init(read).await.clone()
    }

    /// The mark of a record that was read not long ago; 0 of others.
    pub(super) fn mark(&self, partition: u32, offset: u64) -> u32 {
        let block = lock(&self.cache).find(partition, offset);
        block.map_or(0, |block| block.mark(offset))
    }

    async fn read(&self, partition: u32, offset: u64) -> Result<Arc<Block>, ReadError> {
        let _permit = self.permits.acquire().await;
        // Whoever is close behind goes first: one who reads on and on would drop from the cache
        // what they come for, and each would read for himself.
        tokio::task::yield_now().await;
        if let Some(block) = lock(&self.cache).find(partition, offset) {
            return Ok(block);
        }
        let mut reading = match self.idle_at(partition, offset) {
            Some(reading) => reading,
            None => Reading::open(&self.shared, partition, offset).await?,
        };
        let blocks = reading.blocks(&self.shared, AtEnd::Return).await?;
        let blocks: Vec<Arc<Block>> = blocks.into_iter().map(Arc::new).collect();
        let first = blocks.first().cloned();
        let mut cache = lock(&self.cache);
        blocks.into_iter().for_each(|block| cache.insert(block));
        drop(cache);
        lock(&self.idle).push((Instant::now(), reading));
        first.ok_or_else(|| {
            let what = format!("there is nothing at offset {offset}");
            ReadError::Unavailable { partition, what }
        })
    }

    /// The reading that comes to this place next; else one less, so that there is room for another.
    fn idle_at(&self, partition: u32, offset: u64) -> Option<Reading> {
        let mut idle = lock(&self.idle);
        let there = |(_, reading): &(Instant, Reading)| {
            (reading.partition(), reading.position()) == (partition, offset)
        };
        if let Some(at) = idle.iter().position(there) {
            return Some(idle.remove(at).1);
        }
        let busy = READINGS - self.permits.available_permits();
        while !idle.is_empty() && idle.len() + busy > READINGS {
            idle.remove(0);
        }
        None
    }

    /// Closes readings that were left.
    pub(super) fn close_idle(&self) {
        lock(&self.idle).retain(|(used, _)| used.elapsed() < IDLE);
    }
}

/// Somebody who waits for an answer, which is forgotten as soon as one of them has it.
struct Waiting<'a> {
    of: &'a CatchUp,
    key: (u32, u64),
    answer: Answer,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.of.under_way);
        let same = |answer: &Answer| Arc::ptr_eq(answer, &self.answer);
        // An answer is for those who wait for it, since the next may be another. One that nobody
        // waits for any more is held by this one and by the map.
        let over = self.answer.initialized() || Arc::strong_count(&self.answer) <= 2;
        if over && under_way.get(&self.key).is_some_and(same) {
            under_way.remove(&self.key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
