//! The log as a topic of a Kafka cluster.

mod config;

pub use config::{Config, Describe, Header};

use crate::{EventLog, Groups};
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

/// Opens the log: makes the topic if there is none, else checks it.
///
/// # Errors
/// [`OpenError`].
pub async fn open(config: Config) -> Result<Opened, OpenError> {
    Err(OpenError::Unavailable {
        bootstrap: config.bootstrap,
        what: "not built yet".to_owned(),
    })
}
