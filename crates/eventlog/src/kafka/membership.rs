//! A member of a group: a consumer that is there to be given partitions and never fetches them.
//!
//! It is polled on a thread of its own, which also sends what is to be committed: the latest
//! offsets together, one request at a time, again later if it fails, and never from within a
//! rebalance.

use super::context;
use super::producer::reason;
use super::{Config, settings};
use crate::{Change, GroupError, Member, Membership};
use async_trait::async_trait;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long one poll waits; also how late a commit may start.
const TICK: Duration = Duration::from_millis(100);
/// Least time between two commits.
const COMMIT_PAUSE: Duration = Duration::from_millis(200);
/// Time until a commit that failed is tried again.
const COMMIT_AGAIN: Duration = Duration::from_secs(1);
/// A commit that was not answered by then is sent again.
const COMMIT_LOST: Duration = Duration::from_secs(30);
/// After a trouble was told, more of it is kept back for so long: it is tried again all the time.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);
/// Longest that leaving waits for the last commit.
const LEAVE: Duration = Duration::from_secs(10);

type Told = Result<Change, GroupError>;

/// A place in a group.
pub(super) struct TopicMembership {
    group: String,
    progress: Arc<Progress>,
    told: mpsc::UnboundedReceiver<Told>,
    left: Option<oneshot::Receiver<()>>,
}

/// What the member, its thread and its consumer's callbacks share.
struct Progress {
    topic: String,
    leaving: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    assigned: BTreeSet<u32>,
    /// What is to be committed and was not sent yet.
    wanted: BTreeMap<u32, u64>,
    /// What was sent and is not answered yet.
    sent: BTreeMap<u32, u64>,
    /// When something may be sent again.
    not_before: Option<Instant>,
}

impl Progress {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let progress = Arc::new(Progress {
            topic: config.topic.clone(),
            leaving: AtomicBool::new(false),
            state: Mutex::default(),
        });
        let (tell, told) = mpsc::unbounded_channel();
        let callbacks = Callbacks {
            group: member.group.clone(),
            progress: Arc::clone(&progress),
            tell: tell.clone(),
        };
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
        thread.spawn(run).map_err(|error| failed(error.to_string()))?;
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
        self.progress.state().wanted.insert(partition, next_offset);
    }

    async fn leave(mut self: Box<Self>) {
        self.progress.leaving.store(true, Ordering::Release);
        if let Some(left) = self.left.take() {
            // What could not be committed is found in the member's own store.
            let _ = timeout(LEAVE, left).await;
        }
    }
}

impl Drop for TopicMembership {
    fn drop(&mut self) {
        self.progress.leaving.store(true, Ordering::Release);
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
        return refused(what, "use 1 to 200 letters, digits, dots, dashes, underscores");
    }
    let shown = |c: char| c.is_ascii_graphic();
    if member.address.is_empty() || member.address.len() > 300 || !member.address.chars().all(shown) {
        let what = format!("the address {:?} is none", member.address);
        return refused(what, "use host:port");
    }
    if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&member.session) {
        let what = format!("a session of {:?} is out of range", member.session);
        return refused(what, "use 1 second to 1 hour, within the brokers' group.min.session.timeout.ms \
             and group.max.session.timeout.ms");
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
    while !progress.leaving.load(Ordering::Acquire) {
        match consumer.poll(TICK) {
            Some(Err(error)) => match judge(&error, &member.group, &member.instance) {
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
            },
            // Partitions are paused; what was fetched before that is not for anyone.
            Some(Ok(_)) | None => {}
        }
        commit(consumer, progress);
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
            format!("let its operator allow it: kafka-acls.sh --add --operation Read --group {group}"),
        ),
        RDKafkaErrorCode::GroupMaxSizeReached => refused(
            "it is full".to_owned(),
            "raise the brokers' group.max.size".to_owned(),
        ),
        code if matches!(error, KafkaError::MessageConsumptionFatal(_)) => refused(
            code.to_string(),
            "start the process again".to_owned(),
        ),
        _ => Some(GroupError::Unavailable {
            group: group.to_owned(),
            what: reason(error),
        }),
    }
}

/// Sends what is to be committed, if it is time.
fn commit(consumer: &BaseConsumer<Callbacks>, progress: &Progress) {
    let now = Instant::now();
    let offsets = {
        let mut state = progress.state();
        if state.not_before.is_some_and(|time| now < time) {
            return;
        }
        state.stage();
        if state.sent.is_empty() {
            return;
        }
        state.not_before = Some(now + COMMIT_LOST);
        list(&progress.topic, &state.sent)
    };
    let sent = offsets.and_then(|offsets| consumer.commit(&offsets, CommitMode::Async));
    if let Err(error) = sent {
        tracing::debug!(%error, "offsets were not committed; trying again");
        progress.state().not_before = Some(now + COMMIT_AGAIN);
    }
}

/// Commits what is left before leaving, and waits for the answer.
fn commit_last(consumer: &BaseConsumer<Callbacks>, progress: &Progress) {
    let offsets = {
        let mut state = progress.state();
        state.stage();
        if state.sent.is_empty() {
            return;
        }
        list(&progress.topic, &state.sent)
    };
    if let Err(error) = offsets.and_then(|offsets| consumer.commit(&offsets, CommitMode::Sync)) {
        tracing::warn!(%error, "the last offsets were not committed");
    }
}

impl State {
    /// Moves what is wanted of the member's own partitions to what is sent; the rest is left out.
    fn stage(&mut self) {
        let assigned = &self.assigned;
        self.sent.retain(|partition, _| assigned.contains(partition));
        for (partition, offset) in std::mem::take(&mut self.wanted) {
            if assigned.contains(&partition) {
                self.sent.insert(partition, offset);
            }
        }
    }
}

fn list(topic: &str, offsets: &BTreeMap<u32, u64>) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        let offset = i64::try_from(*offset).unwrap_or(i64::MAX);
        list.add_partition_offset(topic, *partition as i32, Offset::Offset(offset))?;
    }
    Ok(list)
}

/// What the consumer calls back; all on the thread that polls it.
struct Callbacks {
    group: String,
    progress: Arc<Progress>,
    tell: mpsc::UnboundedSender<Told>,
}

impl Callbacks {
    /// The partitions of the topic in a list.
    fn partitions(&self, list: &TopicPartitionList) -> Vec<u32> {
        let elements = list.elements_for_topic(&self.progress.topic);
        let partitions = elements.iter();
        let mut partitions: Vec<u32> = partitions
            .filter_map(|element| u32::try_from(element.partition()).ok())
            .collect();
        partitions.sort_unstable();
        partitions
    }
}

impl ClientContext for Callbacks {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::trouble(&error, reason);
    }
}

impl ConsumerContext for Callbacks {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            let revoked = self.partitions(list);
            let mut state = self.progress.state();
            state.assigned.retain(|partition| !revoked.contains(partition));
            drop(state);
            if !revoked.is_empty() && !self.progress.leaving.load(Ordering::Acquire) {
                let _ = self.tell.send(Ok(Change::Revoked(revoked)));
            }
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => {
                if let Err(error) = consumer.pause(list) {
                    tracing::debug!(%error, "partitions of a group were not paused");
                }
                let assigned = self.partitions(list);
                self.progress.state().assigned.extend(&assigned);
                if !assigned.is_empty() {
                    let _ = self.tell.send(Ok(Change::Assigned(assigned)));
                }
            }
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => {
                let _ = self.tell.send(Err(GroupError::Unavailable {
                    group: self.group.clone(),
                    what: reason(error),
                }));
            }
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        let mut state = self.progress.state();
        match result {
            Ok(()) => {
                state.sent.clear();
                state.not_before = Some(Instant::now() + COMMIT_PAUSE);
            }
            Err(error) => {
                tracing::debug!(%error, "offsets were not committed; trying again");
                state.not_before = Some(Instant::now() + COMMIT_AGAIN);
            }
        }
    }
}
