//! The log on Kafka: brokers, topics, and who keeps the partitions.

use super::Finding;
use super::running::Running;
use crate::config::{Cluster, Settings};
use crate::hub::logs::{Which, kafka_config};
use lienthong_eventlog::Owner;
use lienthong_eventlog::kafka::{self, Looked, OpenError, Topic};
use lienthong_projectors::View;

const BROKERS: &str = "brokers";
const TOPIC: &str = "topic";
const GROUP: &str = "group";

/// Every check of the cluster.
pub async fn check(
    settings: &Settings,
    cluster: &Cluster,
    running: &Result<Running, String>,
) -> Vec<Finding> {
    let config = kafka_config(&settings.log, cluster, Which::Events);
    let looked = match kafka::look(&config).await {
        Ok(looked) => looked,
        Err(error) => return vec![unreachable(&error)],
    };
    let wanted = settings.log.kafka.replication;
    let mut found = vec![brokers(&looked, wanted), topic(&config.topic, &looked)];
    for which in [Which::Rejected, Which::Catalog, Which::Subscriptions] {
        let config = kafka_config(&settings.log, cluster, which);
        match kafka::look(&config).await {
            Ok(looked) => found.push(topic(&config.topic, &looked)),
            Err(error) => found.push(unreachable(&error)),
        }
    }
    let kept = |running: &Running| {
        let views = &running.positions.views;
        !views.is_empty() && views.iter().all(|view| !view.digest.is_empty())
    };
    if running.as_ref().is_ok_and(kept) {
        // A hub of one process keeps them without a group.
        let found_kept = "the gateway finds a keeper for every partition of every view";
        found.push(Finding::ok(GROUP, found_kept));
    } else if looked.topic.is_some() {
        found.extend(groups(&config, cluster).await);
    }
    found
}

fn unreachable(error: &OpenError) -> Finding {
    let fix = match error {
        OpenError::Setting { .. } => "correct the setting below log.kafka",
        OpenError::Unavailable { .. } | OpenError::Topic { .. } => {
            "start the brokers, or correct log.home (LIENTHONG_LOG) and the security settings in \
             log.kafka.properties; `kcat -L -b HOST:PORT` shows what a broker tells"
        }
    };
    Finding::fail(BROKERS, error.to_string(), fix)
}

fn brokers(looked: &Looked, replication: u16) -> Finding {
    let there = looked.brokers.len();
    let found = format!("{there} answer: {}", looked.brokers.join(", "));
    match there < usize::from(replication) {
        true => Finding::fail(
            BROKERS,
            format!("{found}; log.kafka.replication is {replication}"),
            "start the brokers that are missing",
        ),
        false => Finding::ok(BROKERS, found),
    }
}

fn topic(name: &str, looked: &Looked) -> Finding {
    let Some(topic) = &looked.topic else {
        return Finding::warn(
            TOPIC,
            format!("{name} is not there yet"),
            format!(
                "it is made when a hub starts that may; else: {}",
                looked.create
            ),
        );
    };
    let Topic {
        partitions,
        leaderless,
        under_replicated,
        differences,
    } = topic;
    if !differences.is_empty() {
        let what: Vec<&str> = differences.iter().map(|one| one.what.as_str()).collect();
        let fix: Vec<&str> = differences.iter().map(|one| one.fix.as_str()).collect();
        return Finding::fail(
            TOPIC,
            format!("{name}: {}", what.join("; ")),
            fix.join("; "),
        );
    }
    let start = "start the brokers that keep them: kafka-topics.sh --describe --topic";
    if !leaderless.is_empty() {
        return Finding::fail(
            TOPIC,
            format!("{name}: nobody leads partitions {}", numbers(leaderless)),
            format!("{start} {name} --unavailable-partitions"),
        );
    }
    if !under_replicated.is_empty() {
        return Finding::warn(
            TOPIC,
            format!(
                "{name}: not every copy of {} is in sync",
                numbers(under_replicated)
            ),
            format!("{start} {name} --under-replicated-partitions"),
        );
    }
    Finding::ok(
        TOPIC,
        format!("{name}: {partitions} partitions, as configured, in sync"),
    )
}

fn numbers(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(", ")
}

/// Who keeps each partition of each view.
async fn groups(config: &kafka::Config, cluster: &Cluster) -> Vec<Finding> {
    let groups = match kafka::groups(config) {
        Ok(groups) => groups,
        Err(error) => return vec![unreachable(&error)],
    };
    let mut found = Vec::new();
    for view in View::ALL {
        let name = lienthong_projectors::instance::group(&cluster.prefix, view);
        found.push(match groups.owners(&name).await {
            Ok(owners) => group(&name, &owners, config.partitions, view),
            Err(error) => {
                let fix = format!("kafka-consumer-groups.sh --describe --group {name}");
                Finding::warn(GROUP, error.to_string(), fix)
            }
        });
    }
    found
}

fn group(name: &str, owners: &[Owner], partitions: u32, view: View) -> Finding {
    let kept = |partition: &u32| {
        owners
            .iter()
            .any(|owner| owner.partitions.contains(partition))
    };
    let orphans: Vec<u32> = (0..partitions)
        .filter(|partition| !kept(partition))
        .collect();
    let members: Vec<&str> = owners.iter().map(|owner| owner.address.as_str()).collect();
    let start = format!("lienthong serve projector {}", view.name());
    match orphans.is_empty() {
        true => Finding::ok(
            GROUP,
            format!("{name}: every partition is kept, by {}", members.join(", ")),
        ),
        false if owners.is_empty() => Finding::warn(GROUP, format!("{name} has no members"), start),
        false => Finding::warn(
            GROUP,
            format!("{name}: nobody keeps {}", numbers(&orphans)),
            format!("wait until they are given out, or {start}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    fn owner(partitions: &[u32]) -> Owner {
        Owner {
            instance: "a".to_owned(),
            address: "10.0.0.1:7440".to_owned(),
            partitions: partitions.to_vec(),
        }
    }

    #[test]
    fn partitions_that_nobody_keeps_are_named() {
        let of = |owners: &[Owner]| group("g", owners, 4, View::Case);
        assert_eq!(of(&[owner(&[0, 1, 2, 3])]).outcome, Outcome::Ok);
        assert_eq!(of(&[owner(&[0, 2])]).found, "g: nobody keeps 1, 3");
        assert_eq!(of(&[]).found, "g has no members");
    }

    #[test]
    fn a_topic_is_judged_by_the_gravest_that_is_wrong() {
        let looked = |leaderless: &[u32], under_replicated: &[u32]| Looked {
            brokers: vec!["a:1".to_owned()],
            create: String::new(),
            topic: Some(Topic {
                partitions: 4,
                leaderless: leaderless.to_vec(),
                under_replicated: under_replicated.to_vec(),
                differences: Vec::new(),
            }),
        };
        assert_eq!(topic("t", &looked(&[], &[])).outcome, Outcome::Ok);
        assert_eq!(topic("t", &looked(&[], &[1])).outcome, Outcome::Warn);
        assert_eq!(topic("t", &looked(&[2], &[1])).outcome, Outcome::Fail);
        assert_eq!(brokers(&looked(&[], &[]), 3).outcome, Outcome::Fail);
    }
}
