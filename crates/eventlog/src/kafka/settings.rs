//! What a configuration means to librdkafka, and what it may not say.

use super::progress::COMMIT_INTERVAL;
use super::{Config, OpenError, protocol};
use crate::Member;
use rdkafka::ClientConfig;
use std::time::Duration;

/// Bytes a record on the wire may have beyond its key and value: headers and framing.
pub(super) const HEADROOM: usize = 64 * 1024;

/// How long a question to the brokers may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Longest a request may wait for its broker, so that one that hangs (rather than dies) is given
/// up about when the cluster gives it up, too (`broker.session.timeout.ms` is 9 s).
const REQUEST: Duration = Duration::from_secs(10);

/// Properties that belong to the log, with the setting that says it instead.
const OURS: [(&str, &str); 34] = [
    ("acks", "it is always all"),
    ("auto.commit.interval.ms", "it is a fifth of a second"),
    ("auto.offset.reset", "readers never jump"),
    ("bootstrap.servers", "name the brokers in log.home"),
    ("check.crcs", "it is always true"),
    ("client.id", "it names the service"),
    ("delivery.report.only.error", "every delivery is answered"),
    ("delivery.timeout.ms", "set log.kafka.delivery_timeout_ms"),
    ("enable.auto.commit", "the hub commits after its store"),
    (
        "enable.auto.offset.store",
        "the hub commits after its store",
    ),
    ("enable.gapless.guarantee", "the hub resends by itself"),
    ("enable.idempotence", "it is always true"),
    ("enable.partition.eof", "it is always false"),
    ("group.id", "it follows from log.home"),
    ("group.instance.id", "set the projector's instance"),
    ("group.protocol", "it is always classic"),
    ("group.protocol.type", "it is always consumer"),
    (
        "group.remote.assignor",
        "partitions are shared cooperative-sticky",
    ),
    ("heartbeat.interval.ms", "it follows from the session"),
    ("isolation.level", "the log has no transactions"),
    ("max.poll.interval.ms", "members are polled all the time"),
    ("message.max.bytes", "it follows from the largest record"),
    ("message.timeout.ms", "set log.kafka.delivery_timeout_ms"),
    ("metadata.broker.list", "name the brokers in log.home"),
    (
        "partition.assignment.strategy",
        "it is always cooperative-sticky",
    ),
    ("partitioner", "it is always the Java client's"),
    ("queue.buffering.max.kbytes", "set log.queue_bytes"),
    ("queue.buffering.max.messages", "set log.queue_bytes"),
    ("request.required.acks", "it is always all"),
    ("retries", "set log.kafka.delivery_timeout_ms"),
    (
        "message.send.max.retries",
        "set log.kafka.delivery_timeout_ms",
    ),
    ("session.timeout.ms", "set the projector's session"),
    ("transactional.id", "the log has no transactions"),
    ("auto.commit.enable", "the hub commits after its store"),
];

/// Whether every field is in its range and no property contradicts the log's guarantees.
///
/// # Errors
/// [`OpenError::Setting`], naming the field.
pub(super) fn check(config: &Config) -> Result<(), OpenError> {
    let setting = |field, what: String| Err(OpenError::Setting { field, what });
    if config.bootstrap.trim().is_empty() {
        return setting(
            "bootstrap",
            "must name a broker, as in kafka://host:9092".to_owned(),
        );
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if config.topic.is_empty() || config.topic.len() > 249 || !config.topic.chars().all(legal) {
        let what = format!(
            "is {:?}; a topic's name has 1 to 249 letters, digits, dots, dashes, underscores",
            config.topic
        );
        return setting("topic", what);
    }
    if !(1..=10_000).contains(&config.partitions) {
        let what = format!("must be from 1 to 10000, not {}", config.partitions);
        return setting("partitions", what);
    }
    if !(1..=32).contains(&config.replication) {
        let what = format!("must be from 1 to 32, not {}", config.replication);
        return setting("replication", what);
    }
    if !(1..=config.replication).contains(&config.min_insync_replicas) {
        let what = format!(
            "must be from 1 to replication ({}), not {}",
            config.replication, config.min_insync_replicas
        );
        return setting("min_insync_replicas", what);
    }
    let timeout = config.delivery_timeout;
    if !(Duration::from_millis(100)..=Duration::from_secs(900)).contains(&timeout) {
        let what = format!("must be from 100 ms to 15 minutes, not {timeout:?}");
        return setting("delivery_timeout", what);
    }
    if !(1..=64 * 1024 * 1024).contains(&config.max_record_bytes) {
        let what = format!(
            "must be from 1 to 67108864, not {}",
            config.max_record_bytes
        );
        return setting("max_record_bytes", what);
    }
    let least = config.max_record_bytes + HEADROOM;
    if config.queue_bytes < least {
        let what = format!(
            "must be at least max_record_bytes + {HEADROOM} ({least}), not {}",
            config.queue_bytes
        );
        return setting("queue_bytes", what);
    }
    check_properties(config)
}

fn check_properties(config: &Config) -> Result<(), OpenError> {
    for (name, value) in &config.properties {
        let ours = OURS.iter().find(|(ours, _)| ours == name);
        if let Some((_, instead)) = ours {
            return Err(OpenError::Setting {
                field: "properties",
                what: format!("may not set {name}: {instead}"),
            });
        }
        // A client of its own tells what it does not know or take before any is made of them.
        let mut alone = ClientConfig::new();
        alone.set(name, value);
        if let Err(error) = alone.create_native_config() {
            return Err(OpenError::Setting {
                field: "properties",
                what: format!("has {name} wrong: {}", reason(&error)),
            });
        }
    }
    Ok(())
}

/// What librdkafka says about a property, without its value: it may be a secret.
fn reason(error: &rdkafka::error::KafkaError) -> String {
    match error {
        rdkafka::error::KafkaError::ClientConfig(_, what, _, value) if !value.is_empty() => {
            what.replace(value.as_str(), "(its value)")
        }
        rdkafka::error::KafkaError::ClientConfig(_, what, ..) => what.clone(),
        other => other.to_string(),
    }
}

/// What every client has: the brokers, the operator's properties, and short waits before it tries
/// again what failed.
pub(super) fn client(config: &Config, id: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    let request = REQUEST.as_millis().to_string();
    client
        .set("bootstrap.servers", &config.bootstrap)
        .set("client.id", id)
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("socket.timeout.ms", &request)
        .set("socket.keepalive.enable", "true")
        // Brokers that left the cluster are forgotten with the next refresh.
        .set("topic.metadata.refresh.interval.ms", "10000");
    for (name, value) in &config.properties {
        client.set(name, value);
    }
    client
}

/// The producer: acknowledged by all replicas in sync, stored once and in order by each producer.
pub(super) fn producer(config: &Config) -> ClientConfig {
    let mut producer = client(config, &format!("{}.append", config.topic));
    let timeout = config.delivery_timeout.min(REQUEST).as_millis();
    // One broker on a loaded machine of two cores. By linger 0 / 1 / 5 ms, acknowledgement of
    // single records at 1,000/s: p50 0.2 to 1.3 / 1.3 to 1.5 / 4.8 to 5.6 ms; with 256 in flight:
    // 85,000 / 87,000 / 38,000 records/s. 1 ms spares the brokers the many small batches of 0.
    default(&mut producer, &["linger.ms", "queue.buffering.max.ms"], "1");
    // 300,000 events with their headers in calls of 500, by none / lz4 / zstd: 255 / 121 / 90 MB
    // on disk, 109,000 / 136,000 / 103,000 records/s written, 1.7 / 1.3 / 1.0 million/s read.
    default(
        &mut producer,
        &["compression.codec", "compression.type"],
        "lz4",
    );
    default(&mut producer, &["request.timeout.ms"], &timeout.to_string());
    producer
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .set(
            "delivery.timeout.ms",
            config.delivery_timeout.as_millis().to_string(),
        )
        .set("message.max.bytes", wire_bytes(config).to_string())
        // The window of this log bounds what waits; librdkafka's own bounds would only be hit in
        // the middle of a call.
        .set("queue.buffering.max.messages", "0")
        .set("queue.buffering.max.kbytes", "2147483647");
    producer
}

/// A consumer that follows one partition by offsets of its own, in bounded memory.
pub(super) fn reader(config: &Config) -> ClientConfig {
    let mut reader = client(config, &format!("{}.read", config.topic));
    // 12 readers that have stopped in the middle of a long partition hold 118 MB together, and 254
    // MB with 8 MiB each, which reads no faster (1.7 million records/s).
    default(&mut reader, &["queued.max.messages.kbytes"], "2048");
    let fetch = ["fetch.message.max.bytes", "max.partition.fetch.bytes"];
    default(&mut reader, &fetch, "1048576");
    default(&mut reader, &["fetch.queue.backoff.ms"], "5");
    default(&mut reader, &["fetch.error.backoff.ms"], "100");
    reader
        // librdkafka reads only with a group; no member joins and nothing is committed here.
        .set("group.id", format!("{}.readers", config.topic))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        // Nothing of the hub writes in transactions, so that nothing need wait for one to end.
        .set("isolation.level", "read_uncommitted");
    reader
}

/// A member of a group, which is given partitions and never fetches them; `mark` is its process's.
pub(super) fn member(config: &Config, member: &Member, mark: &str) -> ClientConfig {
    let mut client = client(config, &format!("{}.{}", config.topic, member.instance));
    let session = member.session.as_millis();
    client
        .set("group.id", &member.group)
        .set("group.instance.id", &member.instance)
        .set("group.protocol", "classic")
        // Carries the address and the mark; see `protocol`.
        .set("client.rack", protocol::shown(&member.address, mark))
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", session.to_string())
        .set(
            "heartbeat.interval.ms",
            (session / 4).clamp(100, 3_000).to_string(),
        )
        // A rebalance waits for absent members no longer than for the session of one.
        .set("max.poll.interval.ms", session.max(10_000).to_string())
        .set("enable.auto.commit", "true")
        .set(
            "auto.commit.interval.ms",
            COMMIT_INTERVAL.as_millis().to_string(),
        )
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "latest")
        .set("fetch.message.max.bytes", "1024")
        .set("queued.max.messages.kbytes", "1")
        .set("isolation.level", "read_uncommitted");
    client
}

/// The client that is asked what a group committed; it never joins.
pub(super) fn asker(config: &Config, group: &str) -> ClientConfig {
    let mut asker = client(config, &format!("{}.ask", config.topic));
    asker
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false");
    asker
}

/// The client that is asked about offsets and groups.
pub(super) fn questions(config: &Config) -> ClientConfig {
    let mut questions = client(config, &format!("{}.ask", config.topic));
    questions.set("isolation.level", "read_uncommitted");
    questions
}

/// Most bytes of a batch as the producer makes it; the topic must take a little more.
pub(super) fn wire_bytes(config: &Config) -> usize {
    config.max_record_bytes + HEADROOM
}

/// Sets the first of the names, which all mean the same, if the operator's properties have none.
fn default(client: &mut ClientConfig, names: &[&str], value: &str) {
    if names.iter().any(|name| client.get(name).is_some()) {
        return;
    }
    if let Some(name) = names.first() {
        client.set(*name, value);
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
