//! Topics that are made, found, or not as configured.

use super::{Config, brokers, config, fresh, open, opened};
use crate::Retention;
use crate::kafka::retention::Retained;
use crate::kafka::{OpenError, look};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

fn admin(config: &Config) -> AdminClient<DefaultClientContext> {
    super::super::settings::client(config, "test")
        .create()
        .unwrap()
}

/// The difference and the fix of a topic that does not fit.
async fn refused(config: &Config) -> (String, String) {
    match open(config.clone()).await {
        Err(OpenError::Topic { topic, what, fix }) => {
            assert_eq!(topic, config.topic);
            (what, fix)
        }
        Err(other) => unreachable!("{other}"),
        Ok(_) => unreachable!("it does not fit"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_is_made_as_configured_and_found_again() {
    let test = "a_topic_is_made_as_configured_and_found_again";
    let Some(brokers) = brokers(test) else { return };
    let mut config = config(&brokers);
    config.partitions = 3;
    config.retention_age = Some(Duration::from_secs(86_400));
    config.retention_bytes = Some(1 << 30);
    assert_eq!(opened(&config).await.log.partitions(), 3);
    let described = admin(&config)
        .describe_configs(
            [&ResourceSpecifier::Topic(&config.topic)],
            &AdminOptions::new(),
        )
        .await;
    let found = described.unwrap().remove(0).unwrap();
    let value = |name: &str| found.get(name).unwrap().value.clone().unwrap();
    assert_eq!(value("min.insync.replicas"), "1");
    assert_eq!(value("retention.ms"), "86400000");
    assert_eq!(value("retention.bytes"), (1 << 30).to_string());
    assert_eq!(value("message.timestamp.type"), "CreateTime");
    assert_eq!(value("cleanup.policy"), "delete");
    opened(&config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_of_another_shape_is_refused_with_the_fix() {
    let test = "a_topic_of_another_shape_is_refused_with_the_fix";
    let Some(brokers) = brokers(test) else { return };
    let config = config(&brokers);
    opened(&config).await;
    let (what, fix) = refused(&Config {
        partitions: 6,
        ..config.clone()
    })
    .await;
    assert_eq!(what, "it has 4 partitions, log.partitions is 6");
    assert!(fix.starts_with("set log.partitions = 4, or "), "{fix}");

    let (what, fix) = refused(&Config {
        replication: 2,
        ..config.clone()
    })
    .await;
    assert_eq!(
        what,
        "its partitions have 1 copies, log.kafka.replication is 2"
    );
    assert!(
        fix.starts_with("set log.kafka.replication = 1, or "),
        "{fix}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_copies_than_brokers_are_refused_with_the_setting() {
    let test = "more_copies_than_brokers_are_refused_with_the_setting";
    let Some(brokers) = brokers(test) else { return };
    let config = Config {
        replication: 3,
        ..config(&brokers)
    };
    let (what, fix) = refused(&config).await;
    assert!(what.contains("fewer brokers than the 3 copies"), "{what}");
    assert!(fix.contains("set log.kafka.replication"), "{fix}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_setting_that_differs_is_named_with_the_command_that_mends_it() {
    let test = "each_setting_that_differs_is_named_with_the_command_that_mends_it";
    let Some(brokers) = brokers(test) else { return };
    for (name, value) in [
        ("min.insync.replicas", "2"),
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
        ("message.timestamp.type", "LogAppendTime"),
        ("cleanup.policy", "compact"),
        ("message.timestamp.before.max.ms", "1000"),
        ("message.timestamp.after.max.ms", "3600000"),
        ("max.message.bytes", "1000"),
    ] {
        let config = Config {
            topic: fresh("t"),
            ..config(&brokers)
        };
        let wanted = super::super::topic_settings::wanted(&config);
        let topic = NewTopic::new(&config.topic, 4, TopicReplication::Fixed(1));
        let topic = wanted
            .iter()
            .fold(topic, |topic, w| topic.set(w.name, &w.value));
        let topic = topic.set(name, value);
        let made = admin(&config)
            .create_topics([&topic], &AdminOptions::new())
            .await;
        made.unwrap().remove(0).unwrap();
        let expected = wanted.iter().find(|w| w.name == name).unwrap();
        let (what, fix) = refused(&config).await;
        assert_eq!(what, format!("{name} is {value}, not {}", expected.value));
        let command = format!(
            "kafka-configs.sh --bootstrap-server {brokers} --alter --entity-type topics \
             --entity-name {} --add-config {name}={}",
            config.topic, expected.value
        );
        assert!(fix.starts_with(&command), "{fix}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_not_there_is_unavailable() {
    // Bound and dropped: nothing listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let Err(error) = open(config(&format!("127.0.0.1:{port}"))).await else {
        unreachable!("there is no broker");
    };
    assert!(matches!(error, OpenError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

/// A look tells what opening would refuse, and makes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_tells_every_difference_and_makes_nothing() {
    let test = "a_look_tells_every_difference_and_makes_nothing";
    let Some(brokers) = brokers(test) else { return };
    let config = config(&brokers);
    let looked = look(&config).await.unwrap();
    assert_eq!(looked.topic, None);
    assert!(looked.create.contains(&config.topic), "{}", looked.create);
    assert_eq!(looked.brokers.len(), 1);
    assert_eq!(look(&config).await.unwrap().topic, None, "it was not made");
    opened(&config).await;
    let topic = look(&config).await.unwrap().topic.unwrap();
    assert_eq!(topic.partitions, 4);
    assert_eq!(topic.differences, []);
    assert_eq!((topic.leaderless, topic.under_replicated), (vec![], vec![]));
    let other = Config {
        partitions: 6,
        retention_age: Some(Duration::from_secs(60)),
        ..config
    };
    let topic = look(&other).await.unwrap().topic.unwrap();
    let what: Vec<&str> = topic.differences.iter().map(|d| d.what.as_str()).collect();
    assert_eq!(
        what,
        [
            "it has 4 partitions, log.partitions is 6",
            "retention.ms is -1, not 60000"
        ]
    );
}

/// An administrator's change is seen with the second question at the latest, without waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retention_that_is_changed_on_the_topic_is_seen_while_the_log_is_open() {
    let test = "a_retention_that_is_changed_on_the_topic_is_seen_while_the_log_is_open";
    let Some(brokers) = brokers(test) else { return };
    let config = config(&brokers);
    opened(&config).await;
    let retained = Arc::new(Retained::refreshed_every(&config, Duration::ZERO));
    assert_eq!(Retained::known(&retained), Retention::default());
    let mut wanted: HashMap<&str, &str> = HashMap::new();
    wanted.insert("retention.ms", "90000");
    wanted.insert("retention.bytes", "70000");
    let change = AlterConfig {
        specifier: ResourceSpecifier::Topic(&config.topic),
        entries: wanted,
    };
    let changed = admin(&config)
        .alter_configs([&change], &AdminOptions::new())
        .await;
    changed.unwrap().remove(0).unwrap();
    let expected = Retention {
        age: Some(Duration::from_secs(90)),
        bytes: Some(70_000),
        kept_bytes: None,
    };
    let seen = async {
        while Retained::known(&retained) != expected {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let patience = Duration::from_secs(30);
    tokio::time::timeout(patience, seen).await.unwrap();
}
