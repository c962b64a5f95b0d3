//! Questions to the cluster: offsets and groups, by one client for all of them. Each answer comes
//! within [`PATIENCE`] or is an error.

use super::context::Quiet;
use super::producer::reason;
use super::settings::{self, PATIENCE};
use super::{Config, OpenError};
use crate::{Bounds, ReadError, Record};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::Offset;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// The topic and the client that is asked about it.
pub(super) struct Cluster {
    pub(super) topic: String,
    pub(super) partitions: u32,
    client: Arc<BaseConsumer<Quiet>>,
}

impl Cluster {
    /// A client for questions; it connects by itself.
    pub(super) fn new(config: &Config) -> Result<Self, OpenError> {
        let client = settings::questions(config).create_with_context(Quiet);
        let client = client.map_err(|error| super::unavailable(config, &error))?;
        Ok(Self {
            topic: config.topic.clone(),
            partitions: config.partitions,
            client: Arc::new(client),
        })
    }

    /// The offsets a partition holds.
    pub(super) async fn bounds(&self, partition: u32) -> Result<Bounds, ReadError> {
        self.known(partition)?;
        let topic = self.topic.clone();
        let asked = self.ask(move |client| {
            client.fetch_watermarks(&topic, partition as i32, PATIENCE)
        });
        let (low, high) = asked.await.map_err(|what| unavailable(partition, what))?;
        match (u64::try_from(low), u64::try_from(high)) {
            (Ok(start), Ok(end)) => Ok(Bounds { start, end }),
            _ => Err(unavailable(partition, "its offsets are not known yet".to_owned())),
        }
    }

    /// The first offset recorded at or after a time; the end if there is none.
    pub(super) async fn offset_at(&self, partition: u32, ms: i64) -> Result<u64, ReadError> {
        // Asked first: what is appended meanwhile and is early must not be left out.
        let bounds = self.bounds(partition).await?;
        if ms < *Record::RECORDED_MS.start() {
            return Ok(bounds.start);
        }
        if ms > *Record::RECORDED_MS.end() {
            return Ok(bounds.end);
        }
        let topic = self.topic.clone();
        let asked = self.ask(move |client| {
            let mut times = TopicPartitionList::new();
            times.add_partition_offset(&topic, partition as i32, Offset::Offset(ms))?;
            let found = client.offsets_for_times(times, PATIENCE)?;
            let found = found.find_partition(&topic, partition as i32);
            found.map_or(Ok(Offset::End), |found| {
                found.error()?;
                Ok(found.offset())
            })
        });
        match asked.await.map_err(|what| unavailable(partition, what))? {
            Offset::Offset(offset) => Ok(u64::try_from(offset).unwrap_or(bounds.end)),
            _ => Ok(bounds.end),
        }
    }

    /// Whether there is such a partition.
    pub(super) fn known(&self, partition: u32) -> Result<(), ReadError> {
        let partitions = self.partitions;
        if partition < partitions {
            return Ok(());
        }
        Err(ReadError::NoSuchPartition {
            partition,
            partitions,
        })
    }

    /// Puts a question on a thread that may block. The error is what the brokers, or the client for
    /// them, said.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer<Quiet>) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, String> {
        let client = Arc::clone(&self.client);
        ask(move || {
            // What the client has to say by itself would otherwise pile up.
            while let Some(said) = client.poll(Duration::ZERO) {
                if let Err(error) = said {
                    tracing::debug!(%error, "Kafka client");
                }
            }
            question(&client)
        })
        .await
    }
}

/// Runs a question on a thread that may block, for [`PATIENCE`] and a little more at most.
pub(super) async fn ask<T: Send + 'static>(
    question: impl FnOnce() -> KafkaResult<T> + Send + 'static,
) -> Result<T, String> {
    let answer = timeout(PATIENCE + Duration::from_secs(1), spawn_blocking(question)).await;
    match answer {
        Ok(Ok(answer)) => answer.map_err(|error: KafkaError| reason(&error)),
        Ok(Err(_)) => Err("the answer could not be read".to_owned()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

pub(super) fn unavailable(partition: u32, what: String) -> ReadError {
    ReadError::Unavailable { partition, what }
}
