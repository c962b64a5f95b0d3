//! A log in memory that can be told to refuse.

use async_trait::async_trait;
use lienthong_eventlog::{
    AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, Retention, StoredRecord,
};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often a reader at the end looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What the log does with an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Overloaded,
    DiskFull,
    Broken,
    Closed,
    BatchTooLarge,
    /// Takes appends and never answers.
    Silent,
}

/// A log of one partition.
pub struct Moody {
    state: Arc<Mutex<State>>,
}

pub struct State {
    pub mood: Mood,
    /// Appends refused so far.
    pub refused: usize,
    pub records: Vec<Record>,
}

impl Moody {
    pub fn new(mood: Mood) -> Arc<Self> {
        let state = State {
            mood,
            refused: 0,
            records: Vec::new(),
        };
        Arc::new(Self {
            state: Arc::new(Mutex::new(state)),
        })
    }

    pub fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }
}

#[async_trait]
impl EventLog for Moody {
    fn partitions(&self) -> u32 {
        1
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        let silent = {
            let mut state = self.state.lock().unwrap();
            let refusal = match state.mood {
                Mood::Well | Mood::Silent => None,
                Mood::Overloaded => Some(AppendError::Overloaded {
                    partition: 0,
                    queued_bytes: 9,
                    limit: 9,
                }),
                Mood::DiskFull => Some(AppendError::DiskFull {
                    partition: 0,
                    dir: "/secret/place".into(),
                }),
                Mood::Broken => Some(AppendError::Io {
                    partition: 0,
                    source: Arc::new(io::Error::other("/secret/place")),
                }),
                Mood::Closed => Some(AppendError::Closed),
                Mood::BatchTooLarge => Some(AppendError::BatchTooLarge { size: 10, limit: 9 }),
            };
            if let Some(refusal) = refusal {
                state.refused += 1;
                return Err(refusal);
            }
            state.mood == Mood::Silent
        };
        if silent {
            std::future::pending::<()>().await;
        }
        let mut state = self.state.lock().unwrap();
        let first = state.records.len() as u64;
        let count = records.len() as u64;
        state.records.extend(records);
        let offsets = first..first + count;
        Ok(offsets
            .map(|offset| Position {
                partition: 0,
                offset,
            })
            .collect())
    }

    async fn reader(&self, _: u32, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        Ok(Box::new(Following {
            state: self.state.clone(),
            next: from,
        }))
    }

    async fn bounds(&self, _: u32) -> Result<Bounds, ReadError> {
        let end = self.state.lock().unwrap().records.len() as u64;
        Ok(Bounds { start: 0, end })
    }

    async fn offset_at(&self, _: u32, _: i64) -> Result<u64, ReadError> {
        Ok(0)
    }

    async fn retention(&self, _: u32) -> Result<Retention, ReadError> {
        Ok(Retention::default())
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.set(Mood::Closed);
        Ok(())
    }
}

struct Following {
    state: Arc<Mutex<State>>,
    next: u64,
}

#[async_trait]
impl Reader for Following {
    async fn next(&mut self, most: usize) -> Result<Vec<StoredRecord>, ReadError> {
        loop {
            let found = self.poll_now(most).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn poll_now(&mut self, most: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let state = self.state.lock().unwrap();
        let rest = state
            .records
            .iter()
            .enumerate()
            .skip(self.next as usize)
            .take(most);
        let found: Vec<StoredRecord> = rest
            .map(|(offset, record)| StoredRecord {
                offset: offset as u64,
                record: record.clone(),
            })
            .collect();
        self.next += found.len() as u64;
        Ok(found)
    }

    fn position(&self) -> u64 {
        self.next
    }
}
