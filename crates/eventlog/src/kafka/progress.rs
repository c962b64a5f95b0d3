//! What a member has and has committed: its consumer's callbacks write down the first, its thread
//! sends the second.

use super::context;
use super::producer::reason;
use crate::{Change, GroupError};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Least time between two commits.
const COMMIT_PAUSE: Duration = Duration::from_millis(200);
/// Everything is sent again after this time. Nobody tells what became of an asynchronous commit:
/// librdkafka calls back only through `offset_commit_cb`, which rdkafka does not set.
const COMMIT_AGAIN: Duration = Duration::from_secs(10);

/// What a member is told.
pub(super) type Told = Result<Change, GroupError>;

/// What the member, its thread and its consumer's callbacks share.
pub(super) struct Progress {
    topic: String,
    leaving: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    assigned: BTreeSet<u32>,
    /// What is to be committed and was not sent yet.
    wanted: BTreeMap<u32, u64>,
    /// The latest that was sent, of every partition that is the member's.
    sent: BTreeMap<u32, u64>,
    /// When it was sent.
    sent_at: Option<Instant>,
}

impl Progress {
    /// Nothing assigned and nothing to commit.
    pub(super) fn new(topic: &str) -> Self {
        Self {
            topic: topic.to_owned(),
            leaving: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// This offset of a partition is to be committed.
    pub(super) fn want(&self, partition: u32, next_offset: u64) {
        self.state().wanted.insert(partition, next_offset);
    }

    /// The member goes.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    /// Whether the member goes.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Moves what is wanted of the member's own partitions to what is sent; the rest is left out.
    fn stage(&mut self) {
        let assigned = &self.assigned;
        self.sent
            .retain(|partition, _| assigned.contains(partition));
        for (partition, offset) in std::mem::take(&mut self.wanted) {
            if assigned.contains(&partition) {
                self.sent.insert(partition, offset);
            }
        }
    }
}

/// Sends what is to be committed, if it is time.
pub(super) fn commit(consumer: &BaseConsumer<Callbacks>, progress: &Progress) {
    let now = Instant::now();
    let offsets = {
        let mut state = progress.state();
        let since = state.sent_at.map(|time| now.duration_since(time));
        let due = if state.wanted.is_empty() {
            COMMIT_AGAIN
        } else {
            COMMIT_PAUSE
        };
        if since.is_some_and(|since| since < due) {
            return;
        }
        state.stage();
        if state.sent.is_empty() {
            return;
        }
        state.sent_at = Some(now);
        list(&progress.topic, &state.sent)
    };
    let sent = offsets.and_then(|offsets| consumer.commit(&offsets, CommitMode::Async));
    if let Err(error) = sent {
        tracing::debug!(%error, "offsets were not committed; trying again");
    }
}

/// Commits what is left before leaving, and waits for the answer.
pub(super) fn commit_last(consumer: &BaseConsumer<Callbacks>, progress: &Progress) {
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

fn list(topic: &str, offsets: &BTreeMap<u32, u64>) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        let offset = i64::try_from(*offset).unwrap_or(i64::MAX);
        list.add_partition_offset(topic, *partition as i32, Offset::Offset(offset))?;
    }
    Ok(list)
}

/// What the consumer calls back; all on the thread that polls it.
pub(super) struct Callbacks {
    group: String,
    progress: Arc<Progress>,
    tell: mpsc::UnboundedSender<Told>,
}

impl Callbacks {
    /// What a member of a group tells.
    pub(super) fn new(
        group: &str,
        progress: &Arc<Progress>,
        tell: &mpsc::UnboundedSender<Told>,
    ) -> Self {
        Self {
            group: group.to_owned(),
            progress: Arc::clone(progress),
            tell: tell.clone(),
        }
    }

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
            state
                .assigned
                .retain(|partition| !revoked.contains(partition));
            drop(state);
            if !revoked.is_empty() && !self.progress.is_leaving() {
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
}
