//! The log as a topic of a Kafka cluster.
//!
//! Appends go through one idempotent producer (`outbox`, `keeper`), each reader has a consumer on
//! a thread of its own (`feed`), one more client answers questions (`cluster`), and each membership
//! of a group is a consumer that never fetches (`groups`).

mod call;
mod cluster;
mod config;
mod context;
mod feed;
mod gate;
mod groups;
mod keeper;
mod log;
mod look;
mod membership;
mod outbox;
mod producer;
mod progress;
mod protocol;
mod reader;
mod retention;
mod rival;
mod settings;
#[cfg(test)]
mod tests;
mod topic;
mod topic_settings;
mod window;

pub use config::{Config, Describe, Header};
pub use look::{Difference, Looked, Topic, groups, look};

use crate::{EventLog, Groups};
use rdkafka::error::KafkaError;
use std::sync::Arc;

/// Why the log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting is out of its range.
    #[error("{field} {what}")]
    Setting {
        /// The field of [`Config`].
        field: &'static str,
        /// What is wrong and what would be right.
        what: String,
    },
    /// The cluster could not be reached or did not answer in time.
    #[error("{bootstrap}: {what}")]
    Unavailable {
        /// The brokers asked.
        bootstrap: String,
        /// What they said.
        what: String,
    },
    /// The topic is not as configured.
    #[error("topic {topic}: {what}. Fix: {fix}")]
    Topic {
        /// The topic.
        topic: String,
        /// The difference.
        what: String,
        /// The command or setting that resolves it.
        fix: String,
    },
}

/// An open log on Kafka, and the groups over its partitions.
#[derive(Clone)]
pub struct Opened {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Its groups.
    pub groups: Arc<dyn Groups>,
}

/// Opens the log: makes the topic if there is none, else checks it. Waits until every partition
/// has a leader; gives up after about half a minute.
///
/// # Errors
/// [`OpenError`].
pub async fn open(config: Config) -> Result<Opened, OpenError> {
    config.check()?;
    topic::make_or_check(&config).await?;
    let cluster = Arc::new(cluster::Cluster::new(&config)?);
    // A leader that the metadata name may not serve yet.
    for partition in 0..config.partitions {
        let served = cluster.bounds(partition).await;
        served.map_err(|error| OpenError::Unavailable {
            bootstrap: config.bootstrap.clone(),
            what: format!("topic {}: {error}", config.topic),
        })?;
    }
    let log = log::TopicLog::start(&config, Arc::clone(&cluster))?;
    let groups = groups::TopicGroups::new(config, cluster);
    Ok(Opened {
        log: Arc::new(log),
        groups: Arc::new(groups),
    })
}

/// What an error of librdkafka means to whoever opens the log.
fn unavailable(config: &Config, error: &KafkaError) -> OpenError {
    match error {
        // The client was not made, so that no broker was asked.
        KafkaError::ClientCreation(what) | KafkaError::ClientConfig(_, what, ..) => {
            OpenError::Setting {
                field: "properties",
                what: format!("are not taken together: {what}"),
            }
        }
        error => OpenError::Unavailable {
            bootstrap: config.bootstrap.clone(),
            what: producer::reason(error),
        },
    }
}
