//! The topic of a log: made as configured, or found to be as configured.

use super::context::Quiet;
use super::settings::{self, PATIENCE};
use super::topic_settings::{
    Shape, alter_command, create_command, reassign_command, satisfies, wanted,
};
use super::{Config, OpenError, unavailable};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
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
    if shape.partitions != config.partitions {
        return Err(OpenError::Topic {
            topic: config.topic.clone(),
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
        return Err(OpenError::Topic {
            topic: config.topic.clone(),
            what: format!(
                "its partitions have {} copies, log.kafka.replication is {}",
                shape.replication, config.replication
            ),
            fix: format!(
                "set log.kafka.replication = {}, or change the copies: {}",
                shape.replication,
                reassign_command(config, &shape)
            ),
        });
    }
    check_settings(config, admin).await
}

async fn wait_for_leaders(
    config: &Config,
    admin: &Arc<AdminClient<Quiet>>,
    refused: Option<RDKafkaErrorCode>,
) -> Result<Shape, OpenError> {
    let give_up = Instant::now() + BOUND;
    loop {
        let seen = look(config, admin).await?;
        let what = match seen {
            Some((shape, 0)) => return Ok(shape),
            Some((_, without)) => format!("{without} partitions have no leader"),
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

/// The topic's shape and how many of its partitions have no leader; none if there is no topic.
async fn look(
    config: &Config,
    admin: &Arc<AdminClient<Quiet>>,
) -> Result<Option<(Shape, usize)>, OpenError> {
    let admin = Arc::clone(admin);
    let topic = config.topic.clone();
    let asked = spawn_blocking(move || {
        let metadata = admin.inner().fetch_metadata(Some(&topic), PATIENCE)?;
        let Some(found) = metadata.topics().iter().find(|t| t.name() == topic) else {
            return Ok(None);
        };
        if found.partitions().is_empty() {
            return Ok(None);
        }
        let partitions = found.partitions();
        let shape = Shape {
            partitions: partitions.len() as u32,
            replication: partitions
                .iter()
                .map(|p| p.replicas().len())
                .min()
                .unwrap_or(0),
            brokers: metadata
                .brokers()
                .iter()
                .map(|broker| broker.id())
                .collect(),
        };
        let without = partitions.iter().filter(|p| p.leader() < 0).count();
        Ok(Some((shape, without)))
    });
    match asked.await {
        Ok(answer) => answer.map_err(|error: KafkaError| unavailable(config, &error)),
        Err(error) => Err(OpenError::Unavailable {
            bootstrap: config.bootstrap.clone(),
            what: error.to_string(),
        }),
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

async fn check_settings(config: &Config, admin: &AdminClient<Quiet>) -> Result<(), OpenError> {
    let found = describe(config, admin).await?;
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
    if differences.is_empty() {
        return Ok(());
    }
    Err(OpenError::Topic {
        topic: config.topic.clone(),
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
