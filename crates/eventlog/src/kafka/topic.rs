//! The topic of a log: made as configured, or found to be as configured.

use super::context::Quiet;
use super::look::{Difference, Looked, Topic};
use super::settings::{self, PATIENCE};
use super::topic_settings::{
    Shape, alter_command, create_command, reassign_command, satisfies, wanted,
};
use super::{Config, OpenError, unavailable};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataBroker, MetadataPartition};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

/// How long the cluster may take to make the topic, and then to name its leaders.
const BOUND: Duration = Duration::from_secs(10);
/// Between two looks at the topic.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes the topic if there is none; then, or if another process made it, checks it and waits for
/// the leaders of its partitions.
///
/// # Errors
/// [`OpenError::Topic`] with the fix for what differs, [`OpenError::Unavailable`].
pub(super) async fn make_or_check(config: &Config) -> Result<(), OpenError> {
    let admin = administrator(config)?;
    let made = make(config, &admin).await;
    let checked = match made {
        Ok(refused) => check(config, &admin, refused).await,
        Err(error) => Err(error),
    };
    dismiss(admin);
    checked
}

/// The topic's settings as they are in effect now.
///
/// # Errors
/// [`OpenError::Unavailable`], also if there is no such topic.
pub(super) async fn settings_now(config: &Config) -> Result<ConfigResource, OpenError> {
    let admin = administrator(config)?;
    let found = describe(config, &admin).await;
    dismiss(admin);
    found
}

fn administrator(config: &Config) -> Result<Arc<AdminClient<Quiet>>, OpenError> {
    let admin = settings::client(config, &format!("{}.admin", config.topic));
    let admin: AdminClient<Quiet> = admin
        .create_with_context(Quiet)
        .map_err(|error| unavailable(config, &error))?;
    Ok(Arc::new(admin))
}

/// Lets the client go where it may block: its thread is joined when it is dropped.
fn dismiss(admin: Arc<AdminClient<Quiet>>) {
    drop(spawn_blocking(move || drop(admin)));
}

/// Asks for the topic; answers the reason if the cluster does not let this client make it, which
/// does no harm if the topic is there.
async fn make(
    config: &Config,
    admin: &AdminClient<Quiet>,
) -> Result<Option<RDKafkaErrorCode>, OpenError> {
    let wanted = wanted(config);
    let replication = TopicReplication::Fixed(i32::from(config.replication));
    let topic = NewTopic::new(&config.topic, config.partitions as i32, replication);
    let topic = wanted
        .iter()
        .fold(topic, |topic, wanted| topic.set(wanted.name, &wanted.value));
    let options = AdminOptions::new()
        .request_timeout(Some(BOUND))
        .operation_timeout(Some(BOUND));
    let asked = admin.create_topics([&topic], &options);
    let answer = within(config, BOUND, asked).await?;
    let error = match answer.into_iter().next() {
        Some(Err((_, error))) => error,
        Some(Ok(_)) | None => return Ok(None),
    };
    match error {
        RDKafkaErrorCode::TopicAlreadyExists => Ok(None),
        RDKafkaErrorCode::TopicAuthorizationFailed
        | RDKafkaErrorCode::ClusterAuthorizationFailed => Ok(Some(error)),
        RDKafkaErrorCode::InvalidReplicationFactor => Err(OpenError::Topic {
            topic: config.topic.clone(),
            what: format!(
                "the cluster has fewer brokers than the {} copies asked for",
                config.replication
            ),
            fix: "set log.kafka.replication to the number of brokers at most \
                  (1 on a single broker, with log.kafka.min_insync_replicas = 1), or start more"
                .to_owned(),
        }),
        RDKafkaErrorCode::PolicyViolation
        | RDKafkaErrorCode::InvalidConfig
        | RDKafkaErrorCode::InvalidPartitions
        | RDKafkaErrorCode::InvalidTopic => Err(OpenError::Topic {
            topic: config.topic.clone(),
            what: format!("the cluster does not make it: {error}"),
            fix: format!("let its operator make it: {}", create_command(config)),
        }),
        error => Err(unavailable(config, &KafkaError::AdminOp(error))),
    }
}

/// Compares the topic with the configuration, once all of its partitions have leaders.
async fn check(
    config: &Config,
    admin: &Arc<AdminClient<Quiet>>,
    refused: Option<RDKafkaErrorCode>,
) -> Result<(), OpenError> {
    let shape = wait_for_leaders(config, admin, refused).await?;
    let found = describe(config, admin).await?;
    match differences(config, &shape, &found).into_iter().next() {
        None => Ok(()),
        Some(Difference { what, fix }) => Err(OpenError::Topic {
            topic: config.topic.clone(),
            what,
            fix,
        }),
    }
}

/// What the cluster shows of the topic; makes and changes nothing.
///
/// # Errors
/// [`OpenError::Unavailable`].
pub(super) async fn look_only(config: &Config) -> Result<Looked, OpenError> {
    let admin = administrator(config)?;
    let looked = look_with(config, &admin).await;
    dismiss(admin);
    looked
}

async fn look_with(config: &Config, admin: &Arc<AdminClient<Quiet>>) -> Result<Looked, OpenError> {
    let seen = look(config, admin).await?;
    let topic = match seen.shape {
        None => None,
        Some(shape) => {
            let found = describe(config, admin).await?;
            Some(Topic {
                partitions: shape.partitions,
                differences: differences(config, &shape, &found),
                leaderless: seen.leaderless,
                under_replicated: seen.under_replicated,
            })
        }
    };
    Ok(Looked {
        brokers: seen.brokers,
        topic,
        create: create_command(config),
    })
}

/// What keeps the topic from being this log's, the gravest first.
fn differences(config: &Config, shape: &Shape, found: &ConfigResource) -> Vec<Difference> {
    let mut all = Vec::new();
    if shape.partitions != config.partitions {
        all.push(Difference {
            what: format!(
                "it has {} partitions, log.partitions is {}",
                shape.partitions, config.partitions
            ),
            fix: format!(
                "set log.partitions = {}, or name another prefix in log.home and copy the \
                 log there (adding partitions would part a case from its earlier events)",
                shape.partitions
            ),
        });
    }
    if shape.replication != usize::from(config.replication) {
        all.push(Difference {
            what: format!(
                "its partitions have {} copies, log.kafka.replication is {}",
                shape.replication, config.replication
            ),
            fix: format!(
                "set log.kafka.replication = {}, or change the copies: {}",
                shape.replication,
                reassign_command(config, shape)
            ),
        });
    }
    all.extend(settings_that_differ(config, found));
    all
}

async fn wait_for_leaders(
    config: &Config,
    admin: &Arc<AdminClient<Quiet>>,
    refused: Option<RDKafkaErrorCode>,
) -> Result<Shape, OpenError> {
    let give_up = Instant::now() + BOUND;
    loop {
        let seen = look(config, admin).await?;
        let without = seen.leaderless.len();
        let what = match seen.shape {
            Some(shape) if without == 0 => return Ok(shape),
            Some(_) => format!("{without} partitions have no leader"),
            None => match refused {
                Some(error) => {
                    return Err(OpenError::Topic {
                        topic: config.topic.clone(),
                        what: format!("there is none, and this client may not make it: {error}"),
                        fix: create_command(config),
                    });
                }
                None => "it is not known yet".to_owned(),
            },
        };
        if Instant::now() >= give_up {
            return Err(OpenError::Unavailable {
                bootstrap: config.bootstrap.clone(),
                what: format!("topic {}: {what}", config.topic),
            });
        }
        sleep(PAUSE).await;
    }
}

/// What the metadata show.
struct Seen {
    /// `host:port` of each broker.
    brokers: Vec<String>,
    /// None if there is no topic.
    shape: Option<Shape>,
    leaderless: Vec<u32>,
    under_replicated: Vec<u32>,
}

/// Asks for the metadata of the topic.
async fn look(config: &Config, admin: &Arc<AdminClient<Quiet>>) -> Result<Seen, OpenError> {
    let admin = Arc::clone(admin);
    let topic = config.topic.clone();
    let asked = spawn_blocking(move || {
        let metadata = admin.inner().fetch_metadata(Some(&topic), PATIENCE)?;
        Ok(seen(&metadata, &topic))
    });
    match asked.await {
        Ok(answer) => answer.map_err(|error: KafkaError| unavailable(config, &error)),
        Err(error) => Err(OpenError::Unavailable {
            bootstrap: config.bootstrap.clone(),
            what: error.to_string(),
        }),
    }
}

fn seen(metadata: &Metadata, topic: &str) -> Seen {
    let brokers = metadata.brokers();
    let found = metadata.topics().iter().find(|t| t.name() == topic);
    let partitions = found.map_or(&[][..], |found| found.partitions());
    let which = |is: fn(&MetadataPartition) -> bool| {
        let numbers = partitions.iter().filter(move |partition| is(partition));
        numbers.filter_map(|partition| u32::try_from(partition.id()).ok())
    };
    let shape = (!partitions.is_empty()).then(|| Shape {
        partitions: partitions.len() as u32,
        replication: partitions
            .iter()
            .map(|p| p.replicas().len())
            .min()
            .unwrap_or(0),
        brokers: brokers.iter().map(MetadataBroker::id).collect(),
    });
    Seen {
        brokers: brokers
            .iter()
            .map(|broker| format!("{}:{}", broker.host(), broker.port()))
            .collect(),
        shape,
        leaderless: which(|p| p.leader() < 0).collect(),
        under_replicated: which(|p| p.isr().len() < p.replicas().len()).collect(),
    }
}

/// The topic's settings as they are in effect.
async fn describe(
    config: &Config,
    admin: &AdminClient<Quiet>,
) -> Result<ConfigResource, OpenError> {
    let options = AdminOptions::new().request_timeout(Some(BOUND));
    let topic = ResourceSpecifier::Topic(&config.topic);
    let asked = admin.describe_configs([&topic], &options);
    let answer = within(config, BOUND, asked).await?;
    match answer.into_iter().next() {
        Some(Ok(found)) => Ok(found),
        Some(Err(error)) => Err(unavailable(config, &KafkaError::AdminOp(error))),
        None => Err(unavailable(config, &KafkaError::Canceled)),
    }
}

/// The settings that are not as wanted, as one difference: one command mends them together.
fn settings_that_differ(config: &Config, found: &ConfigResource) -> Option<Difference> {
    let mut differences = Vec::new();
    let mut changes = Vec::new();
    for wanted in wanted(config) {
        let entry = found.get(wanted.name);
        let value = entry.and_then(|entry| entry.value.as_deref()).unwrap_or("");
        // A broker that does not know a setting cannot break it.
        if entry.is_none() || satisfies(value, &wanted) {
            continue;
        }
        differences.push(format!("{} is {value}, not {}", wanted.name, wanted.value));
        changes.push(format!("{}={}", wanted.name, wanted.value));
    }
    (!differences.is_empty()).then(|| Difference {
        what: differences.join("; "),
        fix: alter_command(config, &differences, &changes),
    })
}

/// An answer of the administrator's client, in bounded time whatever the cluster does.
async fn within<T>(
    config: &Config,
    bound: Duration,
    asked: impl Future<Output = Result<T, KafkaError>>,
) -> Result<T, OpenError> {
    match timeout(bound + PATIENCE, asked).await {
        Ok(answer) => answer.map_err(|error| unavailable(config, &error)),
        Err(_) => Err(OpenError::Unavailable {
            bootstrap: config.bootstrap.clone(),
            what: "no answer in time".to_owned(),
        }),
    }
}
