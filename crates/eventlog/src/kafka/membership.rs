//! A member of a group: a consumer that is there to be given partitions and never fetches them.
//!
//! It is polled on a thread of its own, which also passes on what is to be committed.

use super::producer::reason;
use super::progress::{Callbacks, Progress, Told, commit_last, store};
use super::{Config, settings};
use crate::{Change, GroupError, Member, Membership};
use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long one poll waits; also how late a commit may start.
const TICK: Duration = Duration::from_millis(100);
/// After a trouble was told, more of it is kept back for so long: it is tried again all the time.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);
/// Longest that leaving waits for the last commit.
const LEAVE: Duration = Duration::from_secs(10);

/// A place in a group.
pub(super) struct TopicMembership {
    group: String,
    progress: Arc<Progress>,
    told: mpsc::UnboundedReceiver<Told>,
    left: Option<oneshot::Receiver<()>>,
}

impl TopicMembership {
    /// Asks for a place; what becomes of it is told by [`Membership::next`].
    ///
    /// # Errors
    /// [`GroupError::Refused`] if the member's fields cannot be shown in a group's metadata,
    /// [`GroupError::Unavailable`] if no client could be made.
    pub(super) fn join(config: &Config, member: Member) -> Result<Self, GroupError> {
        check(&member)?;
        let group = member.group.clone();
        let failed = |what: String| GroupError::Unavailable {
            group: group.clone(),
            what,
        };
        let progress = Arc::new(Progress::new(&config.topic));
        let (tell, told) = mpsc::unbounded_channel();
        let callbacks = Callbacks::new(&member.group, &progress, &tell);
        let settings = settings::member(config, &member);
        let consumer: BaseConsumer<Callbacks> = settings
            .create_with_context(callbacks)
            .map_err(|error| failed(error.to_string()))?;
        consumer
            .subscribe(&[&config.topic])
            .map_err(|error| failed(error.to_string()))?;
        let (leave, left) = oneshot::channel();
        let thread = thread::Builder::new().name("kafka-group".to_owned());
        let run = {
            let member = member.clone();
            let progress = Arc::clone(&progress);
            move || {
                run(&consumer, &member, &progress, &tell);
                // The member may have gone without waiting.
                let _ = leave.send(());
                drop(consumer);
            }
        };
        thread
            .spawn(run)
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            group: member.group,
            progress,
            told,
            left: Some(left),
        })
    }
}

#[async_trait]
impl Membership for TopicMembership {
    async fn next(&mut self) -> Result<Change, GroupError> {
        self.told.recv().await.unwrap_or_else(|| {
            Err(GroupError::Unavailable {
                group: self.group.clone(),
                what: "the membership has ended".to_owned(),
            })
        })
    }

    fn commit(&self, partition: u32, next_offset: u64) {
        self.progress.want(partition, next_offset);
    }

    async fn leave(mut self: Box<Self>) {
        self.progress.leave();
        if let Some(left) = self.left.take() {
            // What could not be committed is found in the member's own store.
            let _ = timeout(LEAVE, left).await;
        }
    }
}

impl Drop for TopicMembership {
    fn drop(&mut self) {
        self.progress.leave();
    }
}

/// Whether the member's fields can be shown in a group's metadata.
fn check(member: &Member) -> Result<(), GroupError> {
    let refused = |what: String, fix: &str| {
        Err(GroupError::Refused {
            group: member.group.clone(),
            what,
            fix: fix.to_owned(),
        })
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let instance = &member.instance;
    if instance.is_empty() || instance.len() > 200 || !instance.chars().all(legal) {
        let what = format!("the instance {instance:?} is no name");
        return refused(
            what,
            "use 1 to 200 letters, digits, dots, dashes, underscores",
        );
    }
    let shown = |c: char| c.is_ascii_graphic();
    if member.address.is_empty() || member.address.len() > 300 || !member.address.chars().all(shown)
    {
        let what = format!("the address {:?} is none", member.address);
        return refused(what, "use host:port");
    }
    if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&member.session) {
        let what = format!("a session of {:?} is out of range", member.session);
        return refused(
            what,
            "use 1 second to 1 hour, within the brokers' group.min.session.timeout.ms \
             and group.max.session.timeout.ms",
        );
    }
    Ok(())
}

/// Polls until the member leaves or cannot go on.
fn run(
    consumer: &BaseConsumer<Callbacks>,
    member: &Member,
    progress: &Progress,
    tell: &mpsc::UnboundedSender<Told>,
) {
    let mut quiet_until = Instant::now();
    while !progress.is_leaving() {
        // Partitions are paused; a message that was fetched before that is not for anyone.
        if let Some(Err(error)) = consumer.poll(TICK) {
            match judge(&error, &member.group, &member.instance) {
                Some(refused @ GroupError::Refused { .. }) => {
                    tracing::warn!(error = %refused, "the membership ends");
                    let _ = tell.send(Err(refused));
                    return;
                }
                Some(trouble) if quiet_until <= Instant::now() => {
                    quiet_until = Instant::now() + TROUBLE_PAUSE;
                    let _ = tell.send(Err(trouble));
                }
                Some(_) | None => {}
            }
        }
        store(consumer, progress);
    }
    commit_last(consumer, progress);
}

/// What an error means to the member; none if it is of no concern.
fn judge(error: &KafkaError, group: &str, instance: &str) -> Option<GroupError> {
    let code = error.rdkafka_error_code()?;
    let refused = |what: String, fix: String| {
        Some(GroupError::Refused {
            group: group.to_owned(),
            what,
            fix,
        })
    };
    match code {
        RDKafkaErrorCode::FencedInstanceId | RDKafkaErrorCode::UnreleasedInstanceId => refused(
            format!("another live process is the instance {instance:?} of it"),
            "give each process an instance of its own, or end the other one".to_owned(),
        ),
        RDKafkaErrorCode::InconsistentGroupProtocol => refused(
            "its other members share partitions in another way".to_owned(),
            "end the programs in it that are not projectors of this hub".to_owned(),
        ),
        RDKafkaErrorCode::InvalidSessionTimeout => refused(
            "the brokers do not take the session".to_owned(),
            "keep it within the brokers' group.min.session.timeout.ms and \
             group.max.session.timeout.ms"
                .to_owned(),
        ),
        RDKafkaErrorCode::GroupAuthorizationFailed => refused(
            "the brokers refuse this client".to_owned(),
            format!(
                "let its operator allow it: kafka-acls.sh --add --operation Read --group {group}"
            ),
        ),
        RDKafkaErrorCode::GroupMaxSizeReached => refused(
            "it is full".to_owned(),
            "raise the brokers' group.max.size".to_owned(),
        ),
        code if matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
            refused(code.to_string(), "start the process again".to_owned())
        }
        _ => Some(GroupError::Unavailable {
            group: group.to_owned(),
            what: reason(error),
        }),
    }
}
