//! How the topic of a log must be set, and the commands that make it so.

use super::Config;
use super::settings::{self, HEADROOM};

/// A setting of the topic.
pub(super) struct Wanted {
    pub(super) name: &'static str,
    pub(super) value: String,
    rule: Rule,
}

/// How a setting found compares with the one wanted.
enum Rule {
    Same,
    AtLeast,
}

/// What the metadata say of the topic.
pub(super) struct Shape {
    pub(super) partitions: u32,
    /// Copies of the partition that has the fewest.
    pub(super) replication: usize,
    pub(super) brokers: Vec<i32>,
}

/// The topic's settings. Times are taken as they come: an import may be years old, and a clock may
/// be ahead.
pub(super) fn wanted(config: &Config) -> Vec<Wanted> {
    let age = config.retention_age.map(|age| age.as_millis().to_string());
    let bytes = config.retention_bytes.map(|bytes| bytes.to_string());
    let any_time = i64::MAX.to_string();
    let largest = settings::wire_bytes(config) + HEADROOM;
    let same = |name, value| Wanted {
        name,
        value,
        rule: Rule::Same,
    };
    let at_least = |name, value| Wanted {
        name,
        value,
        rule: Rule::AtLeast,
    };
    vec![
        same(
            "min.insync.replicas",
            config.min_insync_replicas.to_string(),
        ),
        same("retention.ms", age.unwrap_or_else(|| "-1".to_owned())),
        same("retention.bytes", bytes.unwrap_or_else(|| "-1".to_owned())),
        same("message.timestamp.type", "CreateTime".to_owned()),
        same("cleanup.policy", "delete".to_owned()),
        at_least("message.timestamp.before.max.ms", any_time.clone()),
        at_least("message.timestamp.after.max.ms", any_time),
        at_least("max.message.bytes", largest.to_string()),
    ]
}

/// The settings of the hub that would fit the topic instead, where there are such.
fn or_settings(differences: &[String]) -> String {
    let settings = [
        ("min.insync.replicas", "log.kafka.min_insync_replicas"),
        ("retention.ms", "log.retention_hours"),
        ("retention.bytes", "log.retention_bytes"),
    ];
    let differs = |name: &str| {
        differences
            .iter()
            .any(|d| d.starts_with(&format!("{name} ")))
    };
    let named: Vec<&str> = settings
        .iter()
        .filter(|(name, _)| differs(name))
        .map(|(_, setting)| *setting)
        .collect();
    if named.is_empty() || named.len() < differences.len() {
        return String::new();
    }
    format!(" (or set {} as the topic has it)", named.join(" and "))
}

/// Whether a value found is as wanted.
pub(super) fn satisfies(value: &str, wanted: &Wanted) -> bool {
    match wanted.rule {
        Rule::Same => value == wanted.value,
        Rule::AtLeast => match (value.parse::<i64>(), wanted.value.parse::<i64>()) {
            (Ok(value), Ok(wanted)) => value >= wanted,
            _ => false,
        },
    }
}

/// Sets the topic right.
pub(super) fn alter_command(config: &Config, differences: &[String], changes: &[String]) -> String {
    format!(
        "kafka-configs.sh --bootstrap-server {} --alter --entity-type topics --entity-name {} \
         --add-config {}{}",
        config.bootstrap,
        config.topic,
        changes.join(","),
        or_settings(differences)
    )
}

/// Makes the topic.
pub(super) fn create_command(config: &Config) -> String {
    let settings: String = wanted(config)
        .iter()
        .map(|wanted| format!(" --config {}={}", wanted.name, wanted.value))
        .collect();
    format!(
        "kafka-topics.sh --bootstrap-server {} --create --topic {} --partitions {} \
         --replication-factor {}{settings}",
        config.bootstrap, config.topic, config.partitions, config.replication
    )
}

/// A complete plan of copies, spread over the brokers that are there.
pub(super) fn reassign_command(config: &Config, shape: &Shape) -> String {
    let brokers = shape.brokers.len();
    if brokers < usize::from(config.replication) {
        return format!("start more brokers ({brokers} are there)");
    }
    let partitions: Vec<String> = (0..shape.partitions as usize)
        .map(|partition| {
            let copies = (0..usize::from(config.replication))
                .filter_map(|copy| shape.brokers.get((partition + copy) % brokers))
                .map(i32::to_string);
            let copies: Vec<String> = copies.collect();
            format!(
                r#"{{"topic":"{}","partition":{partition},"replicas":[{}]}}"#,
                config.topic,
                copies.join(",")
            )
        })
        .collect();
    format!(
        "echo '{{\"version\":1,\"partitions\":[{}]}}' > copies.json && \
         kafka-reassign-partitions.sh --bootstrap-server {} --reassignment-json-file copies.json \
         --execute",
        partitions.join(","),
        config.bootstrap
    )
}
