//! A look at a topic from outside: the brokers, and where the topic is not as configured. Makes and
//! changes nothing.

use super::cluster::Cluster;
use super::groups::TopicGroups;
use super::topic;
use super::{Config, OpenError};
use crate::Groups;
use std::sync::Arc;

/// What the cluster shows of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// `host:port` of each broker that is there.
    pub brokers: Vec<String>,
    /// The topic; none if there is none.
    pub topic: Option<Topic>,
    /// The command that makes it.
    pub create: String,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// How many it has.
    pub partitions: u32,
    /// Partitions that nobody leads: they can be neither written nor read.
    pub leaderless: Vec<u32>,
    /// Partitions of which a copy is not in sync.
    pub under_replicated: Vec<u32>,
    /// What is not as configured, each with its fix.
    pub differences: Vec<Difference>,
}

/// Something that keeps the log from being opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is, and what it should be.
    pub what: String,
    /// The command or setting that resolves it.
    pub fix: String,
}

/// Looks at the topic of a log.
///
/// # Errors
/// [`OpenError::Setting`], [`OpenError::Unavailable`].
pub async fn look(config: &Config) -> Result<Looked, OpenError> {
    config.check()?;
    topic::look_only(config).await
}

/// The groups over a topic that is there, without opening its log.
///
/// # Errors
/// [`OpenError::Setting`] if no client can be made.
pub fn groups(config: &Config) -> Result<Arc<dyn Groups>, OpenError> {
    config.check()?;
    let cluster = Arc::new(Cluster::new(config)?);
    Ok(Arc::new(TopicGroups::new(config.clone(), cluster)))
}
