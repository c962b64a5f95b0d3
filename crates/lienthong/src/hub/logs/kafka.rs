//! A log as a topic of a Kafka cluster.

use super::super::fits::unfit;
use super::names::topic;
use super::{Which, age, bytes};
use crate::config::{Cluster, Log};
use crate::exit::{Exit, Failure};
use lienthong_contract::cloudevents;
use lienthong_eventlog::Record;
use lienthong_eventlog::kafka::{self, Config, Describe, Header, OpenError, Opened};
use lienthong_subscriptions::durable::LANES;
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

/// Whether what the settings say of a topic is within its ranges; asks no broker.
///
/// # Errors
/// [`Exit::Usage`] for a setting that does not fit, with what would.
pub fn check(keep: &Log, cluster: &Cluster, which: Which) -> Result<(), Failure> {
    config(keep, cluster, which).check().map_err(unopened)
}

/// How a topic is opened.
pub fn config(keep: &Log, cluster: &Cluster, which: Which) -> Config {
    let shared = Config {
        replication: keep.kafka.replication,
        min_insync_replicas: keep.kafka.min_insync_replicas,
        delivery_timeout: Duration::from_millis(keep.kafka.delivery_timeout_ms),
        queue_bytes: keep.queue_bytes,
        properties: keep.kafka.properties.0.clone(),
        ..Config::new(&cluster.bootstrap, topic(cluster, which))
    };
    match which {
        Which::Events => Config {
            partitions: keep.partitions,
            retention_age: age(keep),
            retention_bytes: bytes(keep),
            describe: Some(describe()),
            ..shared
        },
        Which::Rejected | Which::Catalog => Config {
            partitions: 1,
            ..shared
        },
        Which::Subscriptions => Config {
            partitions: LANES,
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
        OpenError::Setting { field, what } => unfit(&setting(field), &what),
        OpenError::Unavailable { .. } => {
            let fix = "Fix: start the brokers, or correct log.home (LIENTHONG_LOG)";
            Failure::new(Exit::Unavailable, format!("{error}. {fix}"))
        }
        OpenError::Topic { .. } => Failure::new(Exit::Usage, error),
    }
}

/// Where a field of the log's configuration is among the settings.
fn setting(field: &str) -> String {
    match field {
        "bootstrap" | "topic" => "log.home".to_owned(),
        "partitions" | "queue_bytes" | "retention_bytes" => format!("log.{field}"),
        "retention_age" => "log.retention_hours".to_owned(),
        "delivery_timeout" => "log.kafka.delivery_timeout_ms".to_owned(),
        other => format!("log.kafka.{other}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Settings;

    type Spoil = fn(&mut Log);

    #[tokio::test]
    async fn a_setting_out_of_range_is_refused_by_its_name_before_any_broker_is_asked() {
        let cluster = Cluster {
            bootstrap: "127.0.0.1:1".to_owned(),
            prefix: "x".to_owned(),
        };
        let spoil: [(&str, Spoil); 5] = [
            ("log.partitions ", |keep| keep.partitions = 0),
            ("log.queue_bytes ", |keep| keep.queue_bytes = 1),
            ("log.kafka.replication ", |keep| keep.kafka.replication = 0),
            ("log.kafka.delivery_timeout_ms ", |keep| {
                keep.kafka.delivery_timeout_ms = 1;
            }),
            ("log.kafka.properties ", |keep| {
                let pair = ("acks".to_owned(), "0".to_owned());
                keep.kafka.properties.0.extend([pair]);
            }),
        ];
        for (name, spoil) in spoil {
            let mut keep = Settings::default().log;
            spoil(&mut keep);
            let refused = open(&keep, &cluster, Which::Events).await.err().unwrap();
            assert_eq!(refused.exit(), Exit::Usage, "{refused}");
            assert!(refused.to_string().starts_with(name), "{refused}");
        }
    }
}
