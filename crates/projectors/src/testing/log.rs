//! A log in memory, whose beginning can be taken away.

use async_trait::async_trait;
use lienthong_eventlog::{
    AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, StoredRecord,
};
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
}

impl MemoryLog {
    pub fn new(partitions: u32) -> Arc<Self> {
        Arc::new(Self {
            partitions: Arc::new((0..partitions).map(|_| Mutex::default()).collect()),
            ends: watch::Sender::new(0),
        })
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

    pub fn end(&self, partition: u32) -> u64 {
        self.partitions[partition as usize].lock().unwrap().end()
    }

    fn read(&self, partition: u32, from: u64, most: usize) -> Result<Vec<StoredRecord>, ReadError> {
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
            if !records.is_empty() {
                return Ok(records);
            }
            self.changes.changed().await.unwrap();
        }
    }

    async fn poll_now(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let records = self.log.read(self.partition, self.next, max_records)?;
        self.next += records.len() as u64;
        Ok(records)
    }

    fn position(&self) -> u64 {
        self.next
    }
}
