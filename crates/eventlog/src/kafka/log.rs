//! The event log on its topic: appends through one outbox, reads through consumers of their own.

use super::cluster::Cluster;
use super::outbox::Outbox;
use super::reader::TopicReader;
use super::retention::Retained;
use super::{Config, OpenError, keeper, producer, settings, unavailable};
use crate::{AppendError, Bounds, EventLog, Position, ReadError, Reader, Record, Retention};
use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout_at;

/// How much later than its time-out an append is answered at the latest: librdkafka looks for late
/// records about once a second, and a record that is sent again is late by its own clock.
const GRACE: Duration = Duration::from_secs(2);

/// A log that is one topic.
pub(super) struct TopicLog {
    cluster: Arc<Cluster>,
    outbox: Arc<Outbox>,
    retained: Arc<Retained>,
    reader: ClientConfig,
    delivery_timeout: Duration,
    max_record_bytes: usize,
    stop: Arc<AtomicBool>,
    keeper: Mutex<Option<JoinHandle<KafkaResult<()>>>>,
    closed: watch::Sender<bool>,
}

impl TopicLog {
    /// Starts the producer of a topic that is there and as configured.
    pub(super) fn start(config: &Config, cluster: Arc<Cluster>) -> Result<Self, OpenError> {
        let settings = settings::producer(config);
        let outbox = Arc::new(Outbox::new(config));
        let made = producer::make(&settings, &outbox);
        let first = made.map_err(|error| unavailable(config, &error))?;
        let stop = Arc::new(AtomicBool::new(false));
        let keeper = thread::Builder::new().name("kafka-append".to_owned());
        let keeper = keeper.spawn({
            let outbox = Arc::clone(&outbox);
            let stop = Arc::clone(&stop);
            move || keeper::keep(&settings, &outbox, first, &stop)
        });
        let keeper = keeper.map_err(|error| OpenError::Unavailable {
            bootstrap: config.bootstrap.clone(),
            what: format!("no thread could be started: {error}"),
        })?;
        Ok(Self {
            cluster,
            outbox,
            retained: Arc::new(Retained::new(config)),
            reader: settings::reader(config),
            delivery_timeout: config.delivery_timeout,
            max_record_bytes: config.max_record_bytes,
            stop,
            keeper: Mutex::new(Some(keeper)),
            closed: watch::Sender::new(false),
        })
    }

    /// How many producers there have been.
    #[cfg(test)]
    pub(super) fn producers(&self) -> usize {
        self.outbox.producers()
    }

    fn check(&self, records: &[Record]) -> Result<(), AppendError> {
        for record in records {
            let size = record.key.len() + record.value.len();
            let limit = self.max_record_bytes;
            if size > limit {
                return Err(AppendError::TooLarge { size, limit });
            }
            let recorded_ms = record.recorded_ms;
            if !Record::RECORDED_MS.contains(&recorded_ms) {
                return Err(AppendError::RecordedTime { recorded_ms });
            }
        }
        Ok(())
    }
}

#[async_trait]
impl EventLog for TopicLog {
    fn partitions(&self) -> u32 {
        self.cluster.partitions
    }

    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, AppendError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        self.check(&records)?;
        let deadline = Instant::now() + self.delivery_timeout;
        let (partitions, answer) = self.outbox.take(records, deadline)?;
        let offsets = match timeout_at((deadline + GRACE).into(), answer).await {
            Ok(Ok(answer)) => answer?,
            Ok(Err(_)) | Err(_) => {
                return Err(AppendError::Unavailable {
                    partition: partitions.first().copied().unwrap_or_default(),
                    what: "not delivered in time".to_owned(),
                });
            }
        };
        let positions = partitions.into_iter().zip(offsets);
        Ok(positions
            .map(|(partition, offset)| Position { partition, offset })
            .collect())
    }

    async fn reader(&self, partition: u32, from: u64) -> Result<Box<dyn Reader>, ReadError> {
        let cluster = Arc::clone(&self.cluster);
        let closed = self.closed.subscribe();
        let reader = TopicReader::open(cluster, self.reader.clone(), partition, from, closed);
        Ok(Box::new(reader.await?))
    }

    async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        self.cluster.bounds(partition).await
    }

    async fn offset_at(&self, partition: u32, recorded_ms: i64) -> Result<u64, ReadError> {
        self.cluster.offset_at(partition, recorded_ms).await
    }

    async fn retention(&self, partition: u32) -> Result<Retention, ReadError> {
        self.cluster.known(partition)?;
        Ok(Retained::known(&self.retained))
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.outbox.close();
        let give_up = Instant::now() + self.delivery_timeout + GRACE;
        let waited = timeout_at(give_up.into(), self.outbox.wait_settled()).await;
        let left = self.outbox.unsettled();
        self.stop.store(true, Ordering::Release);
        let keeper = {
            let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            keeper.take()
        };
        let Some(keeper) = keeper else {
            return Ok(());
        };
        let ended = spawn_blocking(move || keeper.join()).await;
        self.closed.send_replace(true);
        let what = match (waited, ended) {
            (Err(_), _) => format!("{left} records were not delivered when the log was closed"),
            (_, Ok(Ok(Ok(())))) => return Ok(()),
            (_, Ok(Ok(Err(error)))) => format!("the producer was not flushed: {error}"),
            (_, Ok(Err(_)) | Err(_)) => "the producer's thread did not end in order".to_owned(),
        };
        let partition = 0;
        Err(AppendError::Unavailable { partition, what })
    }
}

impl Drop for TopicLog {
    /// A log that is dropped without being closed fails what is not delivered yet.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.closed.send_replace(true);
    }
}
