//! A member of a group: a consumer that is there to be given partitions and never fetches them.
//!
//! It is polled on a thread of its own, which also passes on what is to be committed.

use super::cluster::Cluster;
use super::producer::reason;
use super::progress::{Callbacks, Progress, Told, commit_last, store};
use super::rival::{Answer, Fences, Verdict, Watch};
use super::{Config, settings};
use crate::{Change, GroupError, Member, Membership};
use async_trait::async_trait;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long one poll waits; also how late a commit may start.
const TICK: Duration = Duration::from_millis(100);
/// After a trouble was told, more of it is kept back for so long: it is tried again all the time.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);
/// Between two looks at who has the place.
const LOOK: Duration = Duration::from_secs(1);
/// Longest that leaving waits for the last commit.
const LEAVE: Duration = Duration::from_secs(10);

/// A place in a group.
pub(super) struct TopicMembership {
    group: String,
    progress: Arc<Progress>,
    told: mpsc::UnboundedReceiver<Told>,
    /// Why the membership ended, if it did.
    refused: Option<GroupError>,
    left: Option<oneshot::Receiver<()>>,
}

impl TopicMembership {
    /// Asks for a place; what becomes of it is told by [`Membership::next`].
    ///
    /// # Errors
    /// [`GroupError::Refused`] if the member's fields cannot be shown in a group's metadata,
    /// [`GroupError::Unavailable`] if no client could be made.
    pub(super) fn join(
        config: &Config,
        cluster: &Arc<Cluster>,
        member: Member,
    ) -> Result<Self, GroupError> {
        Self::join_as(&new_mark(), config, cluster, member)
    }

    /// As [`Self::join`], for the process with this mark.
    pub(super) fn join_as(
        mark: &str,
        config: &Config,
        cluster: &Arc<Cluster>,
        member: Member,
    ) -> Result<Self, GroupError> {
        check(&member)?;
        let group = member.group.clone();
        let failed = |what: String| GroupError::Unavailable {
            group: group.clone(),
            what,
        };
        let progress = Arc::new(Progress::new(&config.topic));
        let (tell, told) = mpsc::unbounded_channel();
        let place = Place {
            settings: settings::member(config, &member, mark),
            cluster: Arc::clone(cluster),
            mark: mark.to_owned(),
            member,
            progress: Arc::clone(&progress),
            tell,
        };
        let consumer = place.enter().map_err(|error| failed(error.to_string()))?;
        let (leave, left) = oneshot::channel();
        let thread = thread::Builder::new().name("kafka-group".to_owned());
        let live = move || {
            place.keep(consumer);
            // The member may have gone without waiting.
            let _ = leave.send(());
        };
        thread
            .spawn(live)
            .map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            group: group.clone(),
            progress,
            told,
            refused: None,
            left: Some(left),
        })
    }
}

#[async_trait]
impl Membership for TopicMembership {
    async fn next(&mut self) -> Result<Change, GroupError> {
        let told = self.told.recv().await;
        if let Some(Err(refused @ GroupError::Refused { .. })) = &told {
            self.refused = Some(refused.clone());
        }
        told.unwrap_or_else(|| {
            Err(self.refused.clone().unwrap_or_else(|| GroupError::Refused {
                group: self.group.clone(),
                what: "the membership has ended".to_owned(),
                fix: "join again".to_owned(),
            }))
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

/// A mark that no other process has.
fn new_mark() -> String {
    // Seeded by the system for each.
    let random = RandomState::new().hash_one(std::process::id());
    format!("{random:016x}")
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

/// What a member's thread has: all that is needed to enter the group, and again.
struct Place {
    settings: ClientConfig,
    cluster: Arc<Cluster>,
    /// Tells this process from another of the same instance.
    mark: String,
    member: Member,
    progress: Arc<Progress>,
    tell: mpsc::UnboundedSender<Told>,
}

/// Why a consumer is not polled any more.
enum End {
    Left,
    Refused(GroupError),
    /// The brokers gave its place to another process of the same instance, or took it for one.
    Fenced(GroupError),
}

impl Place {
    /// A consumer that asks for a place.
    fn enter(&self) -> KafkaResult<BaseConsumer<Callbacks>> {
        let callbacks = Callbacks::new(&self.member.group, &self.progress, &self.tell);
        let consumer: BaseConsumer<Callbacks> = self.settings.create_with_context(callbacks)?;
        consumer.subscribe(&[&self.cluster.topic])?;
        Ok(consumer)
    }

    /// Keeps the place until the member leaves or is refused. Fenced, it enters again as often as
    /// it takes, unless another live process has its place.
    fn keep(&self, mut consumer: BaseConsumer<Callbacks>) {
        let mut fences = Fences::default();
        let refused = loop {
            let fenced = match self.poll(&consumer) {
                End::Left => return commit_last(&consumer, &self.progress),
                End::Refused(refused) => break refused,
                End::Fenced(fenced) => fenced,
            };
            self.tell_lost();
            drop(consumer);
            let answer = fences.count(Instant::now());
            match self.wait_for_place(answer) {
                Verdict::Enter => {}
                Verdict::GiveWay => break fenced,
                // It leaves, and has nothing to commit.
                Verdict::Open => return,
            }
            tracing::info!(group = self.member.group, "fenced; entering again");
            consumer = match self.enter() {
                Ok(entered) => entered,
                Err(error) => {
                    break GroupError::Refused {
                        group: self.member.group.clone(),
                        what: error.to_string(),
                        fix: "start the process again".to_owned(),
                    };
                }
            };
        };
        tracing::warn!(error = %refused, "the membership ends");
        self.tell_lost();
        let _ = self.tell.send(Err(refused));
    }

    /// Waits until the place can be entered again or is known to be another's; [`Verdict::Open`] if
    /// the member leaves meanwhile.
    fn wait_for_place(&self, answer: Answer) -> Verdict {
        let Answer::Look { pause } = answer else {
            return Verdict::Enter;
        };
        self.pause(pause);
        let mut watch = Watch::new(&self.mark, self.member.session, Instant::now());
        while !self.progress.is_leaving() {
            let shown = self
                .cluster
                .holder(&self.member.group, &self.member.instance);
            match watch.see(shown, Instant::now()) {
                Verdict::Open => self.pause(LOOK),
                decided => return decided,
            }
        }
        Verdict::Open
    }

    /// Sleeps, but not through a leaving.
    fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while Instant::now() < until && !self.progress.is_leaving() {
            thread::sleep(TICK.min(until.saturating_duration_since(Instant::now())));
        }
    }

    /// Nothing is the member's any more.
    fn tell_lost(&self) {
        let lost = self.progress.lose_all();
        if !lost.is_empty() {
            let _ = self.tell.send(Ok(Change::Revoked(lost)));
        }
    }

    /// Polls until the member leaves or this consumer cannot go on.
    fn poll(&self, consumer: &BaseConsumer<Callbacks>) -> End {
        let mut quiet_until = Instant::now();
        while !self.progress.is_leaving() {
            // Partitions are paused; a message that was fetched before that is not for anyone.
            if let Some(Err(error)) = consumer.poll(TICK) {
                match judge(&error, &self.member.group, &self.member.instance) {
                    Some(refused @ GroupError::Refused { .. }) if is_fenced(&error) => {
                        return End::Fenced(refused);
                    }
                    Some(refused @ GroupError::Refused { .. }) => return End::Refused(refused),
                    Some(trouble) if quiet_until <= Instant::now() => {
                        quiet_until = Instant::now() + TROUBLE_PAUSE;
                        let _ = self.tell.send(Err(trouble));
                    }
                    Some(_) | None => {}
                }
            }
            store(consumer, &self.progress);
        }
        End::Left
    }
}

fn is_fenced(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId)
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
