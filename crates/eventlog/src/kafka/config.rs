//! Where the log's topic is and how it is written and read.

use super::{OpenError, settings};
use crate::Record;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One header of a Kafka record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

/// Derives a record's headers from the record; never holds personal data.
pub type Describe = Arc<dyn Fn(&Record) -> Vec<Header> + Send + Sync>;

/// Where a log on Kafka is kept and what bounds it.
#[derive(Clone)]
pub struct Config {
    /// `host:port` of some brokers, separated by commas.
    pub bootstrap: String,
    /// The topic; one log is one topic.
    pub topic: String,
    /// Number of partitions the topic is made with, and must have.
    pub partitions: u32,
    /// Copies of each partition the topic is made with, and must have.
    pub replication: u16,
    /// How many of them must be in sync for an append to be taken (`min.insync.replicas`).
    pub min_insync_replicas: u16,
    /// Age at which the topic's segments go (`retention.ms`); none: nothing goes by age (-1).
    pub retention_age: Option<Duration>,
    /// Bytes of a partition above which its oldest segments go (`retention.bytes`); none: -1.
    pub retention_bytes: Option<u64>,
    /// How long an append may take before it fails as unavailable (`delivery.timeout.ms`), from
    /// 100 ms to 15 minutes. 30 s by default.
    pub delivery_timeout: Duration,
    /// Bytes of one partition that may wait for the brokers before appends to it are refused; each
    /// record counts 200 bytes more than its key, value and headers. So a partition whose leader is
    /// away does not keep the others from being written. 16 MiB by default.
    pub queue_bytes: usize,
    /// Most bytes of one record, key and value together, from 1 to 64 MiB. 1 MiB by default; the
    /// topic takes 64 KiB more, for headers and framing.
    pub max_record_bytes: usize,
    /// Derives the headers of a record; none: records have no headers.
    pub describe: Option<Describe>,
    /// Further librdkafka properties, such as `security.protocol`; they may not contradict the
    /// log's guarantees.
    pub properties: BTreeMap<String, String>,
}

impl Config {
    /// The defaults for a topic: 4 partitions, replication 3 with 2 in sync, everything kept.
    #[must_use]
    pub fn new(bootstrap: impl Into<String>, topic: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            topic: topic.into(),
            partitions: 4,
            replication: 3,
            min_insync_replicas: 2,
            retention_age: None,
            retention_bytes: None,
            delivery_timeout: Duration::from_secs(30),
            queue_bytes: 16 * 1024 * 1024,
            max_record_bytes: 1024 * 1024,
            describe: None,
            properties: BTreeMap::new(),
        }
    }

    /// That every field is within its range and no property contradicts the log's guarantees; what
    /// opening checks first. Asks no broker.
    ///
    /// # Errors
    /// [`OpenError::Setting`], naming the field.
    pub fn check(&self) -> Result<(), OpenError> {
        settings::check(self)
    }
}

impl fmt::Debug for Config {
    /// Leaves out the properties' values: they may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("bootstrap", &self.bootstrap)
            .field("topic", &self.topic)
            .field("partitions", &self.partitions)
            .field("replication", &self.replication)
            .field("min_insync_replicas", &self.min_insync_replicas)
            .field("properties", &self.properties.keys())
            .finish_non_exhaustive()
    }
}
