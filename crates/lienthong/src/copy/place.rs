//! A home of the logs as `log copy` names it.

use crate::config::{Cluster, Home, Log};
use crate::exit::{Exit, Failure};
use crate::hub::logs::{Which, embedded_config, open_embedded, open_kafka};
use lienthong_eventlog::EventLog;
use lienthong_eventlog::embedded::{self, OpenError};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

const EMBEDDED: &str = "embedded:";
/// The file that every embedded log has.
const META: &str = "meta";

/// A home of the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A data directory.
    Embedded(PathBuf),
    /// A cluster.
    Kafka(Cluster),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(dir) = text.strip_prefix(EMBEDDED).filter(|dir| !dir.is_empty()) {
            return Ok(Self::Embedded(dir.into()));
        }
        match text.parse() {
            Ok(Home::Kafka(cluster)) => Ok(Self::Kafka(cluster)),
            _ => Err(format!(
                "`{text}` is no home of a log. Fix: write embedded:DIR, where DIR is a data_dir, or kafka://HOST:PORT[,HOST:PORT]/PREFIX"
            )),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(dir) => write!(f, "{EMBEDDED}{}", dir.display()),
            Self::Kafka(cluster) => Home::Kafka(cluster.clone()).fmt(f),
        }
    }
}

impl Place {
    /// Opens a log to be read; none if the home has none but the event log.
    ///
    /// # Errors
    /// If there is no event log, or it cannot be opened.
    pub async fn source(
        &self,
        keep: &Log,
        which: Which,
    ) -> Result<Option<Arc<dyn EventLog>>, Failure> {
        let dir = match self {
            Self::Kafka(cluster) => {
                let opened = open_kafka(keep, cluster, which).await?;
                return Ok(Some(opened.log));
            }
            Self::Embedded(dir) => dir,
        };
        let config = lasting(embedded_config(keep, dir, which));
        if config.dir.join(META).exists() {
            return of_any_count(config).await.map(Some);
        }
        match which {
            Which::Rejected | Which::Catalog | Which::Subscriptions => Ok(None),
            Which::Events => {
                let what = format!("there is no event log in {}", config.dir.display());
                let fix = "Fix: write embedded:DIR with the data_dir of a hub";
                Err(Failure::new(Exit::NotFound, format!("{what}. {fix}")))
            }
        }
    }

    /// Opens a log to be written; made with the partitions of `keep` if missing.
    ///
    /// # Errors
    /// If it cannot be opened, or has another number of partitions.
    pub async fn target(&self, keep: &Log, which: Which) -> Result<Arc<dyn EventLog>, Failure> {
        match self {
            Self::Embedded(dir) => open_embedded(lasting(embedded_config(keep, dir, which))).await,
            Self::Kafka(cluster) => {
                let opened = open_kafka(keep, cluster, which).await?;
                Ok(opened.log)
            }
        }
    }
}

/// Nothing goes while it is copied.
fn lasting(config: embedded::Config) -> embedded::Config {
    embedded::Config {
        retention_age: None,
        retention_bytes: None,
        ..config
    }
}

/// Opens a log with as many partitions as it has.
async fn of_any_count(config: embedded::Config) -> Result<Arc<dyn EventLog>, Failure> {
    let as_configured = config.clone();
    let opening = tokio::task::spawn_blocking(move || embedded::open(as_configured));
    match opening.await.map_err(Failure::failed)? {
        Ok(log) => Ok(log),
        Err(OpenError::PartitionCount { found, .. }) => {
            open_embedded(embedded::Config {
                partitions: found,
                ..config
            })
            .await
        }
        Err(other) => Err(Failure::failed(other)),
    }
}
