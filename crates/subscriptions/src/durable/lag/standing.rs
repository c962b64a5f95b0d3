//! Where a subscription stands by the fold of its lane and by its own task: without I/O.

use crate::durable::engine::Limits;
use crate::durable::kept::Kept;
use lienthong_contract::pb::subscription::v1::SubscriptionState;
use std::collections::{BTreeMap, HashSet};

/// What only the task of a subscription knows.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Next offset to read, by partition.
    pub positions: Vec<u64>,
    /// Events taken up that have no durable number yet.
    pub unnumbered: u64,
    /// Of them the first of each partition: its offset, and when it was recorded, milliseconds since
    /// the epoch.
    pub first_unnumbered: BTreeMap<u32, (u64, i64)>,
    /// Events handed out and not answered.
    pub in_flight: u64,
    /// Who take part.
    pub consumers: u32,
}

/// What the fold says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Tells this life of the name from others.
    pub incarnation: u64,
    /// Next offset to read, by partition.
    pub positions: Vec<u64>,
    /// The first event of each partition that is numbered, not settled and not parked: its offset,
    /// and when it got its number, milliseconds since the epoch.
    pub first_waiting: BTreeMap<u32, (u64, i64)>,
    /// How many of those there are.
    pub waiting: u64,
    /// Events of parked cases.
    pub parked: u64,
    /// Since when the oldest of them is parked, milliseconds since the epoch.
    pub parked_ms: Option<i64>,
    /// As many events as may be wait in cases that failed.
    pub is_full: bool,
    /// Events that are taken up at once at most.
    pub max_in_flight: u64,
    /// Active, paused or disabled.
    pub state: SubscriptionState,
    /// Why, in words.
    pub why: String,
}

impl Standing {
    /// Looks at every outstanding event, of which there are at most as many as the subscription's
    /// limits allow.
    pub fn of(kept: &Kept, now_ms: i64) -> Self {
        let case_of = |sequence: &u64| kept.outstanding.get(sequence).map(|event| event.case);
        let troubled = |holds: &dyn Fn(i64, i64) -> bool| -> HashSet<u64> {
            let held = kept
                .trouble
                .iter()
                .filter(|(_, trouble)| holds(trouble.parked_ms, trouble.not_before_ms));
            held.filter_map(|(sequence, _)| case_of(sequence)).collect()
        };
        let parked_cases = troubled(&|parked_ms, _| parked_ms > 0);
        let pausing = troubled(&|parked_ms, not_before| parked_ms == 0 && not_before > now_ms);
        let parked_ms = kept.trouble.values().map(|trouble| trouble.parked_ms);
        let limits = Limits::of(&kept.subscription);
        let mut standing = Self {
            incarnation: kept.incarnation,
            positions: kept.positions.clone(),
            first_waiting: BTreeMap::new(),
            waiting: 0,
            parked: 0,
            parked_ms: parked_ms.filter(|since_ms| *since_ms > 0).min(),
            is_full: false,
            max_in_flight: limits.max_in_flight as u64,
            state: kept.state,
            why: kept.why.clone(),
        };
        let mut paused = 0;
        for event in kept.outstanding.values() {
            if parked_cases.contains(&event.case) {
                standing.parked += 1;
                continue;
            }
            paused += u64::from(pausing.contains(&event.case));
            standing.waiting += 1;
            let at = event.position;
            let told = (at.offset, event.given_ms);
            let first = standing.first_waiting.entry(at.partition).or_insert(told);
            if told.0 < first.0 {
                *first = told;
            }
        }
        standing.is_full = standing.parked + paused >= limits.max_parked as u64;
        standing
    }
}
