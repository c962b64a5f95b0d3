//! How several processes share the partitions of a log, and how one finds the others.
//!
//! ```text
//! group lienthong.projector.case      member a --> partitions 0, 2     (address 10.0.0.1:7440)
//!                                     member b --> partitions 1, 3     (address 10.0.0.2:7440)
//! ```
//! A group gives each partition to one member and tells each member what it has. Members keep
//! their own positions; what they commit is for operators' tools and for whoever asks how far a
//! partition without an owner was. A member reads only: for a moment two may hold one partition,
//! and nothing is harmed by it.

use async_trait::async_trait;
use std::time::Duration;
use thiserror::Error;

/// A process that wants a share of the partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The group; one for each view.
    pub group: String,
    /// Stays the same when the process is started again, so that a restart moves nothing.
    pub instance: String,
    /// Where the others reach it, such as `10.0.0.1:7440`. Shown in the group's metadata.
    pub address: String,
    /// How long the member may be away before its partitions go to others.
    pub session: Duration,
}

/// What happened to a member's share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These partitions are the member's from now on, beside those it had. None: the group has
    /// more members than partitions, and there is nothing for this one.
    Assigned(Vec<u32>),
    /// These are not any more.
    Revoked(Vec<u32>),
}

/// A member of a group as its metadata shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// See [`Member::instance`].
    pub instance: String,
    /// See [`Member::address`].
    pub address: String,
    /// Its partitions, ascending. Empty while the group gives them out anew.
    pub partitions: Vec<u32>,
}

/// Why a group did not serve.
#[derive(Clone, Debug, Error)]
pub enum GroupError {
    /// The home could not be reached, or did not answer in time.
    #[error("group {group}: {what}; try again shortly")]
    Unavailable {
        /// The group.
        group: String,
        /// What the home said.
        what: String,
    },
    /// The home does not take the member as it is.
    #[error("group {group}: {what}. Fix: {fix}")]
    Refused {
        /// The group.
        group: String,
        /// What the home said.
        what: String,
        /// What to change.
        fix: String,
    },
}

impl GroupError {
    /// Whether the same call may succeed a little later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Groups over the partitions of one log.
#[async_trait]
pub trait Groups: Send + Sync + 'static {
    /// Joins a group.
    ///
    /// # Errors
    /// [`GroupError`].
    async fn join(&self, member: Member) -> Result<Box<dyn Membership>, GroupError>;

    /// The members of a group that are there now. No members: an empty answer.
    ///
    /// # Errors
    /// [`GroupError::Unavailable`].
    async fn owners(&self, group: &str) -> Result<Vec<Owner>, GroupError>;

    /// The next offset committed for each partition of the log, by partition; none where nothing
    /// was committed.
    ///
    /// # Errors
    /// [`GroupError::Unavailable`].
    async fn committed(&self, group: &str) -> Result<Vec<Option<u64>>, GroupError>;
}

/// One member's place in a group; held until dropped or left.
#[async_trait]
pub trait Membership: Send {
    /// Waits for the next change. Cancel-safe.
    ///
    /// # Errors
    /// [`GroupError`]; one that is retryable is told once and then tried again by itself.
    async fn next(&mut self) -> Result<Change, GroupError>;

    /// Says, without waiting, that everything before `next_offset` of a partition is stored by
    /// this member. The latest word counts; a partition that is not the member's is left out.
    fn commit(&self, partition: u32, next_offset: u64);

    /// Sends what was committed last and ends the membership. The member's partitions stay its
    /// own until its session ends, so that a restart moves nothing.
    async fn leave(self: Box<Self>);
}
