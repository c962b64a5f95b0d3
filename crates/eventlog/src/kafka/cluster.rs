//! Questions to the cluster: offsets and groups, by one client for all of them. Each answer comes
//! within [`PATIENCE`] or is an error.

use super::context::Quiet;
use super::producer::reason;
use super::protocol::{self, Holder};
use super::settings::{self, PATIENCE};
use super::{Config, OpenError};
use crate::{Bounds, ReadError, Record};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::Offset;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Between two attempts at a question.
const AGAIN: Duration = Duration::from_millis(50);

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
        let asked =
            self.ask(move |client, left| client.fetch_watermarks(&topic, partition as i32, left));
        let (low, high) = asked.await.map_err(|what| unavailable(partition, what))?;
        match (u64::try_from(low), u64::try_from(high)) {
            (Ok(start), Ok(end)) => Ok(Bounds { start, end }),
            _ => Err(unavailable(
                partition,
                "its offsets are not known yet".to_owned(),
            )),
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
        let asked = self.ask(move |client, left| {
            let mut times = TopicPartitionList::new();
            times.add_partition_offset(&topic, partition as i32, Offset::Offset(ms))?;
            let found = client.offsets_for_times(times, left)?;
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

    /// Who has the place of an instance in a group; none if the brokers do not tell. Blocks up to
    /// [`PATIENCE`].
    pub(super) fn holder(&self, group: &str, instance: &str) -> Option<Holder> {
        let list = self.client.fetch_group_list(Some(group), PATIENCE).ok()?;
        let group = list.groups().iter().find(|found| found.name() == group)?;
        Some(protocol::holder(group.members(), instance))
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

    /// Asks on a thread that may block; see [`ask`].
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl Fn(&BaseConsumer<Quiet>, Duration) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, String> {
        let client = Arc::clone(&self.client);
        ask(move |left| {
            // What the client has to say by itself would otherwise pile up.
            while let Some(said) = client.poll(Duration::ZERO) {
                if let Err(error) = said {
                    tracing::debug!(%error, "Kafka client");
                }
            }
            question(&client, left)
        })
        .await
    }
}

/// Asks a question on a thread that may block, with the time that is left for it. Until
/// [`PATIENCE`] is over it is asked again if it fails: a leader that moves is soon known. The error
/// is what the brokers, or the client for them, said last.
pub(super) async fn ask<T: Send + 'static>(
    question: impl Fn(Duration) -> KafkaResult<T> + Send + 'static,
) -> Result<T, String> {
    let give_up = Instant::now() + PATIENCE;
    let asking = spawn_blocking(move || {
        loop {
            let left = give_up.saturating_duration_since(Instant::now());
            match question(left) {
                Err(error) if may_pass(&error) && Instant::now() + AGAIN < give_up => {
                    thread::sleep(AGAIN);
                }
                answer => return answer,
            }
        }
    });
    match timeout(PATIENCE + Duration::from_secs(1), asking).await {
        Ok(Ok(answer)) => answer.map_err(|error| reason(&error)),
        Ok(Err(_)) => Err("the answer could not be read".to_owned()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// Whether the same question may be answered a moment later.
fn may_pass(error: &KafkaError) -> bool {
    !matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
                | RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::InvalidArgument
        )
    )
}

pub(super) fn unavailable(partition: u32, what: String) -> ReadError {
    ReadError::Unavailable { partition, what }
}
