//! A log as a topic of a Kafka cluster.

use super::{Which, age, bytes};
use crate::config::{Cluster, Log};
use crate::exit::{Exit, Failure};
use lienthong_contract::cloudevents;
use lienthong_eventlog::Record;
use lienthong_eventlog::kafka::{self, Config, Describe, Header, OpenError, Opened};
use std::sync::Arc;
use std::time::Duration;

/// Opens a topic: makes it if there is none, else checks that it is as the settings say.
///
/// # Errors
/// [`Exit::Usage`] for a setting or a topic that does not fit, with its fix;
/// [`Exit::Unavailable`] if the brokers do not answer.
pub async fn open(keep: &Log, cluster: &Cluster, which: Which) -> Result<Opened, Failure> {
    kafka::open(config(keep, cluster, which))
        .await
        .map_err(unopened)
}

fn config(keep: &Log, cluster: &Cluster, which: Which) -> Config {
    let topic = match which {
        Which::Events => cluster.events(),
        Which::Rejected => cluster.rejected(),
    };
    let shared = Config {
        replication: keep.kafka.replication,
        min_insync_replicas: keep.kafka.min_insync_replicas,
        delivery_timeout: Duration::from_millis(keep.kafka.delivery_timeout_ms),
        queue_bytes: keep.queue_bytes,
        properties: keep.kafka.properties.0.clone(),
        ..Config::new(&cluster.bootstrap, topic)
    };
    match which {
        Which::Events => Config {
            partitions: keep.partitions,
            retention_age: age(keep),
            retention_bytes: bytes(keep),
            describe: Some(describe()),
            ..shared
        },
        Which::Rejected => Config {
            partitions: 1,
            ..shared
        },
    }
}

/// Events are CloudEvents in binary mode.
fn describe() -> Describe {
    Arc::new(|record: &Record| {
        let attributes = cloudevents::attributes(&record.key, &record.value);
        let attributes = attributes.unwrap_or_default().into_iter();
        attributes
            .map(|(name, value)| Header { name, value })
            .collect()
    })
}

fn unopened(error: OpenError) -> Failure {
    match error {
        OpenError::Setting { field, what } => {
            let key = match field {
                "bootstrap" | "topic" => "log.home".to_owned(),
                "partitions" | "queue_bytes" | "retention_age" | "retention_bytes" => {
                    format!("log.{field}")
                }
                other => format!("log.kafka.{other}"),
            };
            Failure::new(Exit::Usage, format!("{key}: {what}"))
        }
        OpenError::Unavailable { .. } => {
            let fix = "Fix: start the brokers, or correct log.home (LIENTHONG_LOG)";
            Failure::new(Exit::Unavailable, format!("{error}. {fix}"))
        }
        other => Failure::new(Exit::Usage, other),
    }
}
