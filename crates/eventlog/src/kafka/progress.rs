//! What a member has and what is to be committed of it: its consumer's callbacks write down the
//! first, its thread passes the second on.
//!
//! librdkafka commits by itself, every [`COMMIT_INTERVAL`] and when partitions go: the latest
//! offsets together, without waiting, again the next time if it fails. But it never goes back, as a
//! partition does that is rebuilt: the first offset of a partition and one below the last are
//! committed outright, and so is what follows for [`OUTRIGHT`], because such a commit has no
//! answer (librdkafka 2.12 reports none without a callback, which rdkafka does not set).

use super::context;
use super::producer::reason;
use crate::{Change, GroupError};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often the latest offsets are committed.
pub(super) const COMMIT_INTERVAL: Duration = Duration::from_millis(200);

/// For how long offsets are committed outright after a partition began anew.
const OUTRIGHT: Duration = Duration::from_secs(10);

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
    /// What is to be committed and was not passed on yet.
    wanted: BTreeMap<u32, u64>,
    /// The last offset passed on of each partition, and until when to commit outright.
    passed: BTreeMap<u32, (u64, Instant)>,
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

    /// What is to be committed of the member's own partitions, and which of it outright.
    fn take_wanted(&self) -> (BTreeMap<u32, u64>, BTreeMap<u32, u64>) {
        let now = Instant::now();
        let mut state = self.state();
        let mut wanted = std::mem::take(&mut state.wanted);
        wanted.retain(|partition, _| state.assigned.contains(partition));
        let mut outright = BTreeMap::new();
        for (partition, offset) in &wanted {
            let until = match state.passed.get(partition) {
                Some((last, until)) if last <= offset => *until,
                Some(_) | None => now + OUTRIGHT,
            };
            state.passed.insert(*partition, (*offset, until));
            if now < until {
                outright.insert(*partition, *offset);
            }
        }
        (wanted, outright)
    }

    /// Takes all partitions from the member and answers which it had.
    pub(super) fn lose_all(&self) -> Vec<u32> {
        let mut state = self.state();
        state.passed.clear();
        std::mem::take(&mut state.assigned).into_iter().collect()
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

/// Passes on what is to be committed of the member's own partitions; the rest is left out.
pub(super) fn store(consumer: &BaseConsumer<Callbacks>, progress: &Progress) {
    let (wanted, outright) = progress.take_wanted();
    if wanted.is_empty() {
        return;
    }
    let stored = list(&progress.topic, &wanted).and_then(|list| consumer.store_offsets(&list));
    if let Err(error) = stored {
        // A partition may just have gone.
        tracing::debug!(%error, "offsets were not stored; trying again");
        let mut state = progress.state();
        for (partition, offset) in wanted {
            state.wanted.entry(partition).or_insert(offset);
        }
        return;
    }
    if outright.is_empty() {
        return;
    }
    let sent =
        list(&progress.topic, &outright).and_then(|list| consumer.commit(&list, CommitMode::Async));
    if let Err(error) = sent {
        tracing::debug!(%error, "offsets were not committed");
    }
}

/// Commits what is left before leaving, and waits for the answer.
pub(super) fn commit_last(consumer: &BaseConsumer<Callbacks>, progress: &Progress) {
    store(consumer, progress);
    match consumer.commit_consumer_state(CommitMode::Sync) {
        Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {}
        Err(error) => tracing::warn!(%error, "the last offsets were not committed"),
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
            let mut revoked = self.partitions(list);
            let mut state = self.progress.state();
            // A consumer that was fenced revokes what the member has been told it lost.
            revoked.retain(|partition| state.assigned.contains(partition));
            state
                .passed
                .retain(|partition, _| !revoked.contains(partition));
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
                let surplus = {
                    let mut state = self.progress.state();
                    state.assigned.extend(&assigned);
                    state.assigned.is_empty()
                };
                // Whoever has nothing is told so: he would wait for a share otherwise.
                if !assigned.is_empty() || surplus {
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
        if let Err(error) = result {
            tracing::debug!(%error, "offsets were not committed; trying again");
        }
    }
}
