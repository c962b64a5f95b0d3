//! A log in memory, whose beginning can be taken away.

use async_trait::async_trait;
use lienthong_eventlog::{
    AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, Retention, StoredRecord,
};
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

#[derive(Default)]
struct Partition {
    start: u64,
    records: Vec<StoredRecord>,
}

impl Partition {
    fn end(&self) -> u64 {
        self.start + self.records.len() as u64
    }
}

#[derive(Clone)]
pub struct MemoryLog {
    partitions: Arc<Vec<Mutex<Partition>>>,
    ends: watch::Sender<u64>,
    /// By partition: the lowest offset from which a reader read on.
    lowest: Arc<Mutex<BTreeMap<u32, u64>>>,
    is_down: Arc<AtomicBool>,
    retention: Arc<Mutex<Retention>>,
    panics: Arc<AtomicBool>,
}

impl MemoryLog {
    pub fn new(partitions: u32) -> Arc<Self> {
        Arc::new(Self {
            partitions: Arc::new((0..partitions).map(|_| Mutex::default()).collect()),
            ends: watch::Sender::new(0),
            lowest: Arc::default(),
            is_down: Arc::default(),
            retention: Arc::default(),
            panics: Arc::default(),
        })
    }

    /// The lowest offset of a partition from which anyone read on since this was last asked.
    pub fn take_lowest_read(&self, partition: u32) -> Option<u64> {
        self.lowest.lock().unwrap().remove(&partition)
    }

    /// Answers nothing but errors while it is down.
    pub fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Says what is kept.
    pub fn set_retention(&self, retention: Retention) {
        *self.retention.lock().unwrap() = retention;
    }

    /// The next read panics.
    pub fn panic_once(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    fn check_up(&self, partition: u32) -> Result<(), ReadError> {
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(ReadError::Io {
                partition,
                source: Arc::new(io::Error::other("the log is down")),
            }),
            false => Ok(()),
        }
    }

    pub fn put(&self, records: impl IntoIterator<Item = Record>) -> Vec<Position> {
        let mut positions = Vec::new();
        for record in records {
            let partition = self.partition_of(&record.key);
            let mut held = self.partitions[partition as usize].lock().unwrap();
            let offset = held.end();
            held.records.push(StoredRecord { offset, record });
            positions.push(Position { partition, offset });
        }
        self.ends.send_modify(|changes| *changes += 1);
        positions
    }

    pub fn remove_before(&self, partition: u32, start: u64) {
        let mut held = self.partitions[partition as usize].lock().unwrap();
        let gone = (start - held.start) as usize;
        held.records.drain(..gone);
        held.start = start;
    }

    pub fn records(&self, partition: u32) -> Vec<Record> {
        let held = self.partitions[partition as usize].lock().unwrap();
        held.records.iter().map(|one| one.record.clone()).collect()
    }

    pub fn end(&self, partition: u32) -> u64 {
        self.partitions[partition as usize].lock().unwrap().end()
    }

    fn read(&self, partition: u32, from: u64, most: usize) -> Result<Vec<StoredRecord>, ReadError> {
        self.check_up(partition)?;
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as asked");
        let held = self.partitions[partition as usize].lock().unwrap();
        if from < held.start || from > held.end() {
            return Err(ReadError::OutOfRange {
                partition,
                asked: from,
                start: held.start,
                end: held.end(),
            });
        }
        let from = (from - held.start) as usize;
        let few = held.records.iter().skip(from).take(most);
        Ok(few.cloned().collect())
    }
}

struct MemoryReader {
    log: MemoryLog,
    partition: u32,
    next: u64,
    changes: watch::Receiver<u64>,
}

#[async_trait]
impl EventLog for MemoryLog {
    fn partitions(&self) -> u32 {
        self.partitions.len() as u32
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        Ok(self.put(records))
    }

    async fn reader(&self, partition: u32, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        self.read(partition, from, 0)?;
        Ok(Box::new(MemoryReader {
            log: self.clone(),
            partition,
            next: from,
            changes: self.ends.subscribe(),
        }))
    }

    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        self.check_up(partition)?;
        let held = self.partitions[partition as usize].lock().unwrap();
        Ok(Bounds {
            start: held.start,
            end: held.end(),
        })
    }

    async fn offset_at(&self, partition: u32, recorded_ms: i64) -> Result<u64, ReadError> {
        let held = self.partitions[partition as usize].lock().unwrap();
        let mut records = held.records.iter();
        let found = records.find(|record| record.record.recorded_ms >= recorded_ms);
        Ok(found.map_or(held.end(), |record| record.offset))
    }

    async fn retention(&self, _: u32) -> Result<Retention, ReadError> {
        Ok(*self.retention.lock().unwrap())
    }

    async fn close(&self) -> Result<(), AppendError> {
        Ok(())
    }
}

#[async_trait]
impl Reader for MemoryReader {
    async fn next(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        loop {
            self.changes.mark_unchanged();
            let records = self.poll_now(max_records).await?;
            // A look at one record, as lag and checkpoints take it, is no reading on.
            if !records.is_empty() && max_records > 1 {
                return Ok(records);
            }
            self.changes.changed().await.unwrap();
        }
    }

    async fn poll_now(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let records = self.log.read(self.partition, self.next, max_records)?;
        // A look at one record, as lag and checkpoints take it, is no reading on.
        if !records.is_empty() && max_records > 1 {
            let mut lowest = self.log.lowest.lock().unwrap();
            let lowest = lowest.entry(self.partition).or_insert(self.next);
            *lowest = self.next.min(*lowest);
        }
        self.next += records.len() as u64;
        Ok(records)
    }

    fn position(&self) -> u64 {
        self.next
    }
}
