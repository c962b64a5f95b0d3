//! The fold of a lane: what its durable subscriptions are, from its records in order and from
//! nothing else.
//!
//! Two gateways that folded the same records hold equal lanes. The fold of any prefix is a valid
//! state. A record that does not fit has no effect and says why; a keeper whose own record had no
//! effect has lost the lane or its state, and begins anew from the fold.
//!
//! Memory: an outstanding event takes some 80 bytes and there are at most as many as the limits of
//! the subscription allow; an index of at most [`index::MOST_POINTS`] points; a day of a manifest
//! 40 bytes.

mod index;
mod lookup;
pub mod manifest;
mod numbered;
mod progress;
mod subscription;

pub use index::Index;
pub use lookup::Lookup;
pub use manifest::Day;
pub use numbered::{Numbered, numbered};
pub(in crate::durable) use subscription::ranges;
pub use subscription::{Kept, Outstanding, Trouble};

use lienthong_contract::pb::subscription::v1::entry::{Created, What};
use lienthong_contract::pb::subscription::v1::{Entry, SubscriptionState};
use siphasher::sip::SipHasher13;
use std::collections::BTreeMap;
use std::hash::Hasher;

/// Everything that the records of one lane say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lane {
    /// The term that began last; 0: none did.
    pub term: u64,
    /// The gateway that began it.
    pub keeper: String,
    /// The subscriptions by name.
    pub subscriptions: BTreeMap<String, Kept>,
}

/// What a record did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Applied {
    Began,
    Created,
    Changed,
    Moved,
    Deleted,
    Progress,
    SecretRotated,
}

/// Why a record has no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// Its writer no longer keeps the lane, or never did.
    #[error("the record is of term {of}, the lane is in term {current}")]
    OtherTerm {
        /// That of the record.
        of: u64,
        /// That of the lane.
        current: u64,
    },
    /// It is about a subscription that there is not.
    #[error("there is no subscription of that name")]
    UnknownName,
    /// It makes a subscription that is there.
    #[error("there is a subscription of that name already")]
    Exists,
    /// Its numbers do not follow those given before: it was written twice, or one is missing.
    #[error("its first number is {first}, where {expected} follows")]
    DoesNotFollow {
        /// That of the record.
        first: u64,
        /// The one that follows.
        expected: u64,
    },
    /// It contradicts itself or its subscription.
    #[error("the record does not hold: {0}")]
    Malformed(&'static str),
}

/// How a case is named in the journal: SipHash-1-3 with a key of zeros over the record's key. Two
/// cases of one hash would wait for each other, nothing worse.
pub fn case_hash(key: &str) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(key.as_bytes());
    hasher.finish()
}

impl Lane {
    /// Applies the record at an offset of the lane.
    ///
    /// # Errors
    /// Why it has no effect.
    pub fn apply(&mut self, offset: u64, entry: Entry) -> Result<Applied, Ignored> {
        let what = entry.what.ok_or(Ignored::Malformed("it says nothing"))?;
        let other_term = Ignored::OtherTerm {
            of: entry.term,
            current: self.term,
        };
        if let What::Began(began) = what {
            if entry.term <= self.term {
                return Err(other_term);
            }
            self.term = entry.term;
            self.keeper = began.gateway;
            self.subscriptions.values_mut().for_each(Kept::taken_over);
            return Ok(Applied::Began);
        }
        if entry.term != self.term {
            return Err(other_term);
        }
        match what {
            What::Created(created) => self.create(entry.name, created),
            What::Deleted(_) => {
                let deleted = self.subscriptions.remove(&entry.name);
                deleted.ok_or(Ignored::UnknownName)?;
                Ok(Applied::Deleted)
            }
            what => {
                let kept = self.subscriptions.get_mut(&entry.name);
                kept.ok_or(Ignored::UnknownName)?.apply(offset, what)
            }
        }
    }

    fn create(&mut self, name: String, created: Created) -> Result<Applied, Ignored> {
        let named = created.subscription.as_ref().map(|made| made.name.as_str());
        if name.is_empty() || named != Some(name.as_str()) {
            return Err(Ignored::Malformed("it names no subscription, or another"));
        }
        if self.subscriptions.contains_key(&name) {
            return Err(Ignored::Exists);
        }
        self.subscriptions.insert(name, Kept::new(created));
        Ok(Applied::Created)
    }
}

impl Kept {
    fn apply(&mut self, offset: u64, what: What) -> Result<Applied, Ignored> {
        match what {
            What::Changed(changed) => {
                self.state = match changed.state() {
                    SubscriptionState::Unspecified => {
                        return Err(Ignored::Malformed("it changes to no state"));
                    }
                    state => state,
                };
                self.why = changed.why;
                Ok(Applied::Changed)
            }
            What::Moved(moved) => {
                if moved.positions.len() != self.positions.len() {
                    return Err(Ignored::Malformed("it moves another number of partitions"));
                }
                self.positions = moved.positions;
                self.outstanding.clear();
                self.trouble.clear();
                Ok(Applied::Moved)
            }
            What::Progress(progress) => self.progress(offset, &progress),
            What::SecretRotated(rotated) => {
                if rotated.generation <= self.generation {
                    return Err(Ignored::Malformed("its secret is none after the last"));
                }
                self.generation = rotated.generation;
                self.old_until_ms = rotated.old_until_ms;
                Ok(Applied::SecretRotated)
            }
            What::Began(_) | What::Created(_) | What::Deleted(_) => {
                Err(Ignored::Malformed("it is none of a subscription's own"))
            }
        }
    }
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
