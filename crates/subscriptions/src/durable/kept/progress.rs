//! What a record of progress does to its subscription.

use super::numbered::{Numbered, numbered};
use super::{Applied, Ignored, Kept, Outstanding, Trouble};
use lienthong_contract::pb::subscription::v1::entry::{Again, Progress};
use lienthong_domain::path::day::day_number;

impl Kept {
    /// All of a record, or nothing of it.
    pub(super) fn progress(&mut self, offset: u64, record: &Progress) -> Result<Applied, Ignored> {
        let given = numbered(record, self.positions.len())?;
        let expected = self.last_sequence + 1;
        if !given.is_empty() && record.first_sequence != expected {
            return Err(Ignored::DoesNotFollow {
                first: record.first_sequence,
                expected,
            });
        }
        self.give(offset, record, given);
        for read in &record.read {
            if let Some(position) = self.positions.get_mut(read.partition as usize) {
                *position = (*position).max(read.next_offset);
            }
        }
        for range in record.settled.chunks_exact(2) {
            self.settle(range[0], range[1]);
        }
        for again in &record.again {
            self.again(again);
        }
        Ok(Applied::Progress)
    }

    fn give(&mut self, offset: u64, record: &Progress, given: Vec<Numbered>) {
        let Some(last) = given.last().map(|last| last.sequence) else {
            return;
        };
        let day = self.days.entry(day_number(record.given_ms)).or_default();
        day.add(record.first_sequence, last, record.digest);
        self.index.add(record.first_sequence, offset);
        self.last_sequence = last;
        self.given_ms = record.given_ms;
        let attempt_base = self.base(1);
        self.outstanding.extend(given.into_iter().map(|event| {
            let outstanding = Outstanding {
                position: event.position,
                case: event.case,
                given_ms: event.given_ms,
                attempt_base,
            };
            (event.sequence, outstanding)
        }));
    }

    fn settle(&mut self, first: u64, length: u64) {
        let within = first..first + length;
        while let Some((sequence, _)) = self.outstanding.range(within.clone()).next() {
            let sequence = *sequence;
            self.outstanding.remove(&sequence);
            self.trouble.remove(&sequence);
        }
    }

    /// What was settled or withdrawn before stays so.
    fn again(&mut self, again: &Again) {
        let attempt_base = self.base(again.attempt);
        let Some(outstanding) = self.outstanding.get_mut(&again.sequence) else {
            return;
        };
        outstanding.attempt_base = attempt_base;
        let trouble = Trouble {
            failures: again.failures,
            not_before_ms: again.not_before_ms,
            parked_ms: again.parked_ms,
            reason: again.reason.clone(),
        };
        if trouble == Trouble::default() {
            self.trouble.remove(&again.sequence);
        } else {
            self.trouble.insert(again.sequence, trouble);
        }
    }
}
