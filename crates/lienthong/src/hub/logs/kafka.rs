//! A log as a topic of a Kafka cluster.

use super::{Which, age, bytes};
use crate::config::{Cluster, Log};
use crate::exit::{Exit, Failure};
use lienthong_contract::cloudevents;
use lienthong_eventlog::Record;
use lienthong_eventlog::kafka::{self, Config, Describe, Header, OpenError, Opened};
use std::sync::Arc;
use std::time::Duration;

/// What the event log calls after its own configuration, and where it is among the settings.
const RENAMED: [(&str, &str); 5] = [
    ("log.kafka.partitions", "log.partitions"),
    ("log.kafka.queue_bytes", "log.queue_bytes"),
    ("log.kafka.retention_age", "log.retention_hours"),
    ("log.kafka.retention_bytes", "log.retention_bytes"),
    (
        "log.kafka.delivery_timeout",
        "log.kafka.delivery_timeout_ms",
    ),
];

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
    let words = in_our_names(error.to_string());
    match error {
        OpenError::Unavailable { .. } => {
            let fix = "Fix: start the brokers, or correct log.home (LIENTHONG_LOG)";
            Failure::new(Exit::Unavailable, format!("{words}. {fix}"))
        }
        OpenError::Setting { .. } | OpenError::Topic { .. } => Failure::new(Exit::Usage, words),
    }
}

/// Names settings as an operator writes them.
fn in_our_names(words: String) -> String {
    let renamed = RENAMED.iter();
    renamed.fold(words, |words, (theirs, ours)| words.replace(theirs, ours))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn every_setting_is_named_as_it_can_be_set() {
        let settings = serde_json::to_value(Settings::default()).unwrap();
        for (_, ours) in RENAMED {
            let found = ours.split('.').try_fold(&settings, |at, part| at.get(part));
            assert!(found.is_some(), "{ours} is no setting");
        }
        let said = in_our_names("log.kafka.partitions must be 1, log.kafka.replication 3".into());
        assert_eq!(said, "log.partitions must be 1, log.kafka.replication 3");
    }

    #[tokio::test]
    async fn a_setting_out_of_range_is_refused_before_any_broker_is_asked() {
        let cluster = Cluster {
            bootstrap: "127.0.0.1:1".to_owned(),
            prefix: "x".to_owned(),
        };
        let mut keep = Settings::default().log;
        keep.partitions = 0;
        let refused = open(&keep, &cluster, Which::Events).await.err().unwrap();
        assert_eq!(refused.exit(), Exit::Usage);
        assert!(
            refused.to_string().starts_with("log.partitions "),
            "{refused}"
        );
    }
}
