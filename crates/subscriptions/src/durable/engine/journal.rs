//! What has to be recorded, in records that are not too long.

use super::Engine;
use super::cases::{Event, Stage};
use crate::durable::kept::{Kept, case_hash, manifest, ranges};
use crate::source::Ready;
use lienthong_contract::pb::subscription::v1::entry::{Again, Given, Progress, Read};
use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;

/// How long reading on alone is not worth a record, milliseconds.
const READ_PAUSE_MS: i64 = 1_000;
/// How long settlements wait for company, milliseconds: a record of their own would hold up the
/// numbers of what comes meanwhile, and losing one costs no more than telling an event again.
const SETTLE_PAUSE_MS: i64 = 5;

/// How long a record may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Most numbers that it gives, and most that it settles.
    pub(super) numbers: usize,
    /// Most bytes, about, of what it says of events to be handed out again.
    pub(super) again_bytes: usize,
}

/// Numbers given and settled take less than 200 KiB each.
const SIZE: Size = Size {
    numbers: 16_384,
    again_bytes: 256 * 1024,
};

/// What is not durable yet.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) size: Size,
    last_sequence: u64,
    given_ms: i64,
    /// In the order in which they were settled.
    settled: VecDeque<u64>,
    /// When the first of them was.
    settled_ms: i64,
    /// Somebody waits until they are durable.
    hurried: bool,
    /// Those of them that are still the first of their case.
    skipped: BTreeSet<u64>,
    changed: BTreeSet<u64>,
    underway: Option<Underway>,
    /// Counts settlements and changes.
    stamp: u64,
    durable: u64,
    /// When something was recorded last; none: not yet.
    recorded_ms: Option<i64>,
}

#[derive(Debug)]
struct Underway {
    given: Vec<Ready>,
    cases: Vec<u64>,
    given_ms: i64,
    skipped: Vec<u64>,
    changed: Vec<u64>,
    read: Vec<(u32, u64)>,
    stamp: Option<u64>,
}

impl Engine {
    /// What has to be recorded next; none while a record is under way or nothing is due. A record
    /// is less than a megabyte; the rest follows in the next. Reading on alone is recorded once a
    /// second, and settlements alone after some milliseconds, unless [`Engine::hurry`] was called.
    pub fn journal(&mut self, now_ms: i64) -> Option<Progress> {
        let due_ms = self.journal.due_ms(self.intake.moved_on());
        let is_due = due_ms.is_some_and(|due_ms| due_ms <= now_ms);
        if self.journal.underway.is_some()
            || !(is_due || self.journal.has_changes(now_ms) || self.intake.waiting() > 0)
        {
            return None;
        }
        let (settled, skipped) = self.journal.take_settled();
        let again = self.take_changed();
        let all = self.journal.settled.is_empty() && self.journal.changed.is_empty();
        let given = self.intake.take(self.journal.size.numbers);
        let mut underway = Underway {
            cases: given.iter().map(|event| case_hash(&event.case)).collect(),
            given,
            given_ms: self.journal.given_ms.max(now_ms),
            skipped,
            changed: again.iter().map(|again| again.sequence).collect(),
            read: self.intake.read(),
            stamp: all.then_some(self.journal.stamp),
        };
        let mut progress = Progress {
            read: underway.read.iter().map(read).collect(),
            settled: ranges(settled).into_iter().flat_map(pair).collect(),
            again,
            ..Progress::default()
        };
        if !underway.given.is_empty() {
            progress.first_sequence = self.journal.last_sequence + 1;
            progress.given = runs(&underway);
            progress.given_ms = underway.given_ms;
            progress.digest = digest(progress.first_sequence, &underway.given);
        } else {
            underway.given_ms = self.journal.given_ms;
        }
        self.journal.recorded_ms = Some(now_ms);
        self.journal.underway = Some(underway);
        Some(progress)
    }

    /// The record under way is durable and the fold took it.
    pub fn recorded(&mut self, now_ms: i64) {
        let Some(underway) = self.journal.underway.take() else {
            return;
        };
        self.intake.recorded(&underway.read);
        self.journal.given_ms = underway.given_ms;
        self.journal.durable = underway.stamp.unwrap_or(self.journal.durable);
        for sequence in underway.skipped {
            self.next(sequence, now_ms);
        }
        for sequence in underway.changed {
            let stage = self.cases.event(sequence).map(|event| event.stage);
            if stage == Some(Stage::Recording) && !self.journal.changed.contains(&sequence) {
                self.stage(sequence, now_ms);
            }
        }
        for (ready, case) in underway.given.into_iter().zip(underway.cases) {
            self.journal.last_sequence += 1;
            let sequence = self.journal.last_sequence;
            let mut event = Event::new(ready.position, case, underway.given_ms);
            event.payload = Some(ready);
            if self.cases.add(sequence, event) {
                self.stage(sequence, now_ms);
            }
        }
    }

    /// What is settled is recorded next, without waiting for company: somebody waits for it.
    pub fn hurry(&mut self) {
        self.journal.hurried = !self.journal.settled.is_empty();
    }

    /// A record is under way.
    pub fn is_recording(&self) -> bool {
        self.journal.underway.is_some()
    }

    /// Grows with every answer, release and leaving that took effect. What had happened at a stamp
    /// is durable once [`Engine::durable`] reaches it.
    pub fn stamp(&self) -> u64 {
        self.journal.stamp
    }

    /// See [`Engine::stamp`].
    pub fn durable(&self) -> u64 {
        self.journal.durable
    }

    /// The last number that is durable; 0: none.
    pub fn last_sequence(&self) -> u64 {
        self.journal.last_sequence
    }

    /// Nothing of what was settled is lost with a record of it, and so it goes first.
    fn take_changed(&mut self) -> Vec<Again> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        while self.journal.settled.is_empty() && bytes < self.journal.size.again_bytes {
            let Some(sequence) = self.journal.changed.pop_first() else {
                break;
            };
            let Some(event) = self.cases.event(sequence) else {
                continue;
            };
            let trouble = self.trouble.get(&sequence).cloned().unwrap_or_default();
            bytes += trouble.reason.len() + 32;
            taken.push(Again {
                sequence,
                attempt: event.attempt,
                failures: trouble.failures,
                not_before_ms: trouble.not_before_ms,
                parked_ms: trouble.parked_ms,
                reason: trouble.reason,
            });
        }
        taken
    }
}

impl Journal {
    pub(super) fn new(kept: &Kept) -> Journal {
        Journal {
            size: SIZE,
            last_sequence: kept.last_sequence,
            given_ms: kept.given_ms,
            settled: VecDeque::new(),
            settled_ms: 0,
            hurried: false,
            skipped: BTreeSet::new(),
            changed: BTreeSet::new(),
            underway: None,
            stamp: 0,
            durable: 0,
            recorded_ms: None,
        }
    }

    pub(super) fn settled(&mut self, sequence: u64, now_ms: i64) {
        self.stamp += 1;
        if self.settled.is_empty() {
            self.settled_ms = now_ms;
        }
        if !self.changed.is_empty() {
            self.changed.remove(&sequence);
        }
        self.settled.push_back(sequence);
    }

    /// Its case waits for it.
    pub(super) fn skipped(&mut self, sequence: u64) {
        self.settled(sequence, 0);
        self.skipped.insert(sequence);
        self.hurried = true;
    }

    pub(super) fn changed(&mut self, sequence: u64) {
        self.stamp += 1;
        self.changed.insert(sequence);
    }

    /// Everything is settled by a record of its own.
    pub(super) fn withdraw(&mut self) {
        self.underway = None;
        self.settled.clear();
        self.skipped.clear();
        self.changed.clear();
        self.durable = self.stamp;
    }

    pub(super) fn given_underway(&self) -> usize {
        self.given().count()
    }

    pub(super) fn given(&self) -> impl Iterator<Item = &Ready> {
        self.underway.iter().flat_map(|underway| &underway.given)
    }

    /// When reading on, or what is settled, has to be recorded, if it is anything at all; never
    /// while a record is under way.
    pub(super) fn due_ms(&self, has_read: bool) -> Option<i64> {
        if self.underway.is_some() {
            return None;
        }
        let last_ms = self.recorded_ms.unwrap_or(i64::MIN);
        let read = has_read.then(|| last_ms.saturating_add(READ_PAUSE_MS));
        let settled = (!self.settled.is_empty()).then(|| self.settled_ms + SETTLE_PAUSE_MS);
        [read, settled].into_iter().flatten().min()
    }

    /// How the event goes on is in the record under way, or in the next.
    #[cfg(test)]
    pub(super) fn is_recording(&self, sequence: u64) -> bool {
        let underway = self.underway.iter().flat_map(|underway| &underway.changed);
        self.changed
            .iter()
            .chain(underway)
            .any(|changed| *changed == sequence)
    }

    /// Whether something is to be recorded at once. A clock that was set back hurries, too.
    fn has_changes(&self, now_ms: i64) -> bool {
        let hurried = self.hurried || now_ms < self.settled_ms;
        !self.changed.is_empty() || (hurried && !self.settled.is_empty())
    }

    /// Numbers that are settled, ascending, and those of them that were skipped.
    fn take_settled(&mut self) -> (Vec<u64>, Vec<u64>) {
        let count = self.size.numbers.min(self.settled.len());
        let mut settled: Vec<u64> = self.settled.drain(..count).collect();
        self.hurried &= !self.settled.is_empty();
        settled.sort_unstable();
        let mut skipped = Vec::new();
        if !self.skipped.is_empty() {
            skipped.extend(settled.iter().filter(|of| self.skipped.remove(*of)));
        }
        (settled, skipped)
    }
}

/// A range as its first number and its length.
fn pair(range: RangeInclusive<u64>) -> [u64; 2] {
    [*range.start(), range.end() - range.start() + 1]
}

fn read((partition, next_offset): &(u32, u64)) -> Read {
    Read {
        partition: *partition,
        next_offset: *next_offset,
    }
}

/// The events as runs of one partition each.
fn runs(underway: &Underway) -> Vec<Given> {
    let mut runs: Vec<Given> = Vec::new();
    let mut last_offset = 0;
    for (event, case) in underway.given.iter().zip(&underway.cases) {
        let position = event.position;
        let run = match runs.last_mut() {
            Some(run) if run.partition == position.partition => run,
            _ => {
                last_offset = 0;
                runs.push(Given {
                    partition: position.partition,
                    ..Given::default()
                });
                let Some(run) = runs.last_mut() else { continue };
                run
            }
        };
        run.offsets.push(position.offset - last_offset);
        run.cases.push(*case);
        last_offset = position.offset;
    }
    runs
}

fn digest(first_sequence: u64, given: &[Ready]) -> u64 {
    let terms = (first_sequence..).zip(given);
    let terms = terms.map(|(sequence, event)| manifest::term(sequence, &event.source, &event.id));
    terms.fold(0, u64::wrapping_add)
}
