//! One durable subscription as the journal tells it.

use super::{Day, Index};
use lienthong_contract::pb::subscription::v1::entry::Created;
use lienthong_contract::pb::subscription::v1::{Subscription, SubscriptionState};
use lienthong_eventlog::Position;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A durable subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// As it was made.
    pub subscription: Subscription,
    /// Active, paused or disabled; full is never recorded.
    pub state: SubscriptionState,
    /// Why it is in this state; empty for active.
    pub why: String,
    /// Tells this life of the name from earlier ones.
    pub incarnation: u64,
    /// When it was made, milliseconds since the epoch.
    pub created_ms: i64,
    /// Generation of the webhook's secret, from 1.
    pub generation: u32,
    /// Until when the generation before signs, too, milliseconds since the epoch; 0: it does not.
    pub old_until_ms: i64,
    /// Next offset to read, by partition of the event log.
    pub positions: Vec<u64>,
    /// The last number given; 0: none.
    pub last_sequence: u64,
    /// When it was given, milliseconds since the epoch.
    pub given_ms: i64,
    /// Events numbered and not settled, by number. Every other number up to the last is settled.
    pub outstanding: BTreeMap<u64, Outstanding>,
    /// Those of them that failed or are parked.
    pub trouble: BTreeMap<u64, Trouble>,
    /// What was given by day, the number of days since 1970-01-01 at +07:00.
    pub days: BTreeMap<i64, Day>,
    /// Where the lane holds which numbers.
    pub index: Index,
    takeovers: u32,
}

/// An event that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outstanding {
    /// Where it lies.
    pub position: Position,
    /// Hash of its case.
    pub case: u64,
    /// When it was given its number, milliseconds since the epoch.
    pub given_ms: i64,
    /// Its attempt less the takeovers until it was recorded, so that a takeover adds one to it.
    pub(super) attempt_base: u32,
}

/// What is known of an event that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Failures so far.
    pub failures: u32,
    /// Not to be handed out before, milliseconds since the epoch.
    pub not_before_ms: i64,
    /// Since when its case is parked, milliseconds since the epoch; 0: it is not.
    pub parked_ms: i64,
    /// What was told of the last failure.
    pub reason: String,
}

impl Kept {
    pub(super) fn new(created: Created) -> Self {
        Kept {
            subscription: created.subscription.unwrap_or_default(),
            state: SubscriptionState::Active,
            why: String::new(),
            incarnation: created.incarnation,
            created_ms: created.created_ms,
            generation: 1,
            old_until_ms: 0,
            positions: created.positions,
            last_sequence: 0,
            given_ms: 0,
            outstanding: BTreeMap::new(),
            trouble: BTreeMap::new(),
            days: BTreeMap::new(),
            index: Index::default(),
            takeovers: 0,
        }
    }

    /// Every number up to this one is settled.
    pub fn settled_sequence(&self) -> u64 {
        let first = self.outstanding.first_key_value();
        first.map_or(self.last_sequence, |(sequence, _)| sequence - 1)
    }

    /// The number that the next handing out of an outstanding event has. What was given before the
    /// last takeover may have been handed out with any number less than this.
    pub fn attempt(&self, outstanding: &Outstanding) -> u32 {
        outstanding.attempt_base.wrapping_add(self.takeovers)
    }

    /// The numbers that a move would withdraw now.
    pub fn unsettled(&self) -> Vec<RangeInclusive<u64>> {
        ranges(self.outstanding.keys().copied())
    }

    pub(super) fn taken_over(&mut self) {
        self.takeovers = self.takeovers.wrapping_add(1);
    }

    pub(super) fn base(&self, attempt: u32) -> u32 {
        attempt.wrapping_sub(self.takeovers)
    }
}

/// The ranges that ascending numbers form.
pub(in crate::durable) fn ranges(
    ascending: impl IntoIterator<Item = u64>,
) -> Vec<RangeInclusive<u64>> {
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for number in ascending {
        match ranges.last_mut() {
            Some(last) if number == last.end() + 1 => *last = *last.start()..=number,
            _ => ranges.push(number..=number),
        }
    }
    ranges
}
