//! Cases that are parked, and how they go on.

use super::Engine;
use crate::durable::kept::Trouble;
use lienthong_eventlog::Position;

/// A case whose first event failed too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The number of the event that failed.
    pub sequence: u64,
    /// Where it lies.
    pub position: Position,
    /// Failures since it was released last.
    pub failures: u32,
    /// Since when, milliseconds since the epoch.
    pub parked_ms: i64,
    /// What was told of the last failure.
    pub reason: String,
    /// Events of the case that wait, the failed one included.
    pub waiting: usize,
}

/// Which cases to release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The case of this hash.
    Case(u64),
    /// Every one.
    All,
}

/// How a released case goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// With the event that failed, its failures counted anew.
    Retry,
    /// With the next; the event that failed is settled.
    Skip,
}

impl Engine {
    /// The parked cases, the oldest first, at most so many; and how many there are.
    pub fn parked(&self, most: usize) -> (Vec<Parked>, usize) {
        let mut all = self.all_parked();
        all.sort_unstable();
        let total = all.len();
        all.truncate(most);
        let told = all.into_iter().filter_map(|(_, sequence)| {
            let event = self.cases.event(sequence)?;
            let trouble = self.trouble.get(&sequence)?;
            Some(Parked {
                sequence,
                position: event.position,
                failures: trouble.failures,
                parked_ms: trouble.parked_ms,
                reason: trouble.reason.clone(),
                waiting: self.cases.count_of(event.case),
            })
        });
        (told.collect(), total)
    }

    /// Lets parked cases go on, each in its order; says how many.
    pub fn release(&mut self, which: Which, decision: Decision, now_ms: i64) -> u64 {
        let sequences: Vec<u64> = match which {
            Which::Case(case) => self.cases.first_of(case).into_iter().collect(),
            Which::All => self
                .all_parked()
                .into_iter()
                .map(|(_, sequence)| sequence)
                .collect(),
        };
        let mut released = 0;
        for sequence in sequences {
            let trouble = self.trouble.get_mut(&sequence);
            let Some(trouble) = trouble.filter(|trouble| trouble.parked_ms > 0) else {
                continue;
            };
            released += 1;
            match decision {
                Decision::Skip => self.skip(sequence),
                Decision::Retry => {
                    let reason = std::mem::take(&mut trouble.reason);
                    *trouble = Trouble {
                        reason,
                        ..Trouble::default()
                    };
                    self.change(sequence, now_ms);
                }
            }
        }
        released
    }

    /// When each was parked, and the number of its first event.
    fn all_parked(&self) -> Vec<(i64, u64)> {
        let parked = self
            .trouble
            .iter()
            .filter(|(_, trouble)| trouble.parked_ms > 0);
        let is_first = |sequence: u64| {
            let event = self.cases.event(sequence);
            event.and_then(|event| self.cases.first_of(event.case)) == Some(sequence)
        };
        let parked = parked.filter(|(sequence, _)| is_first(**sequence));
        parked
            .map(|(sequence, trouble)| (trouble.parked_ms, *sequence))
            .collect()
    }
}
