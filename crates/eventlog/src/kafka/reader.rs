//! Follows one partition of the topic. The consumer behind it starts with the first read and is
//! started again at the reader's position after whatever ended it.

use super::cluster::{Cluster, unavailable};
use super::feed::{self, Batch, Halt};
use super::settings::PATIENCE;
use crate::{ReadError, Reader, StoredRecord};
use async_trait::async_trait;
use rdkafka::ClientConfig;
use std::path::PathBuf;
use std::sync::Arc;
use std::vec::IntoIter;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

/// A place in a partition and what was read ahead of it.
pub(super) struct TopicReader {
    cluster: Arc<Cluster>,
    config: ClientConfig,
    partition: u32,
    position: u64,
    ahead: IntoIter<StoredRecord>,
    feed: Option<mpsc::Receiver<Batch>>,
    /// True once the log is closed.
    closed: watch::Receiver<bool>,
}

impl TopicReader {
    /// A reader at `from`, if that lies within the bounds.
    ///
    /// # Errors
    /// As [`crate::EventLog::reader`].
    pub(super) async fn open(
        cluster: Arc<Cluster>,
        config: ClientConfig,
        partition: u32,
        from: u64,
        closed: watch::Receiver<bool>,
    ) -> Result<Self, ReadError> {
        let reader = Self {
            cluster,
            config,
            partition,
            position: from,
            ahead: Vec::new().into_iter(),
            feed: None,
            closed,
        };
        reader.check_position().await?;
        Ok(reader)
    }

    /// The end of the partition, if the position lies within its bounds.
    async fn check_position(&self) -> Result<u64, ReadError> {
        let bounds = self.cluster.bounds(self.partition).await?;
        if (bounds.start..=bounds.end).contains(&self.position) {
            return Ok(bounds.end);
        }
        Err(ReadError::OutOfRange {
            partition: self.partition,
            asked: self.position,
            start: bounds.start,
            end: bounds.end,
        })
    }

    /// Up to so many of the records that were read ahead; none if none were.
    fn take(&mut self, max_records: usize) -> Vec<StoredRecord> {
        let max_records = max_records.max(1);
        let records: Vec<StoredRecord> = if self.ahead.len() <= max_records {
            std::mem::take(&mut self.ahead).collect()
        } else {
            self.ahead.by_ref().take(max_records).collect()
        };
        if let Some(last) = records.last() {
            self.position = last.offset + 1;
        }
        records
    }

    /// The next batch of a feed that reads from the position. Cancel-safe.
    async fn receive(&mut self) -> Result<(), ReadError> {
        let feed = match &mut self.feed {
            Some(feed) => feed,
            None => {
                let topic = self.cluster.topic.clone();
                let feed = feed::start(self.config.clone(), topic, self.partition, self.position);
                let feed = feed.map_err(|source| ReadError::Io {
                    partition: self.partition,
                    source: Arc::new(source),
                })?;
                self.feed.insert(feed)
            }
        };
        match feed.recv().await {
            Some(Ok(records)) => {
                self.ahead = records.into_iter();
                Ok(())
            }
            Some(Err(halt)) => {
                self.feed = None;
                Err(self.halted(halt).await)
            }
            None => {
                self.feed = None;
                let what = "the consumer ended".to_owned();
                Err(unavailable(self.partition, what))
            }
        }
    }

    async fn halted(&self, halt: Halt) -> ReadError {
        match halt {
            Halt::Failed(what) => unavailable(self.partition, what),
            Halt::Corrupt => ReadError::Corrupt {
                partition: self.partition,
                offset: self.position,
                path: PathBuf::from(format!("{}-{}", self.cluster.topic, self.partition)),
                what: "the brokers' copy does not match its checksum",
            },
            Halt::Lost => match self.check_position().await {
                Err(error) => error,
                Ok(_) => {
                    let what = format!("offset {} could not be read", self.position);
                    unavailable(self.partition, what)
                }
            },
        }
    }
}

#[async_trait]
impl Reader for TopicReader {
    async fn next(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let mut closed = self.closed.clone();
        loop {
            let records = self.take(max_records);
            if !records.is_empty() {
                return Ok(records);
            }
            let is_closed = *closed.borrow_and_update();
            if is_closed && self.position >= self.check_position().await? {
                let partition = self.partition;
                return Err(ReadError::Closed { partition });
            }
            tokio::select! {
                received = self.receive() => received?,
                // An error says that the log is gone altogether.
                _ = closed.changed(), if !is_closed => {}
            }
        }
    }

    async fn poll_now(&mut self, max_records: usize) -> Result<Vec<StoredRecord>, ReadError> {
        let records = self.take(max_records);
        if !records.is_empty() || self.position == self.check_position().await? {
            return Ok(records);
        }
        // Durable records are there: they come, or the cluster does not answer.
        let received = timeout(PATIENCE, self.receive()).await;
        received.unwrap_or_else(|_| {
            let what = format!("offset {} did not come in time", self.position);
            Err(unavailable(self.partition, what))
        })?;
        Ok(self.take(max_records))
    }

    fn position(&self) -> u64 {
        self.position
    }
}
