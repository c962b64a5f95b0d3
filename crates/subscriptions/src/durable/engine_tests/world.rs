//! A log, a lane, a keeper that may die, consumers, and what must always hold of them.

use crate::durable::engine::cases::Stage;
use crate::durable::engine::journal::Size;
use crate::durable::engine::{Counted, Decision, Engine, Portion, Which};
use crate::durable::kept::{Applied, Day, Ignored, Lane, Lookup, case_hash, manifest, numbered};
use crate::durable::seat::{Answer, Handed, Outcome};
use crate::source::Ready;
use bytes::Bytes;
use lienthong_contract::pb::subscription::v1::entry::{Began, Created, Progress, What};
use lienthong_contract::pb::subscription::v1::{Entry, Handling, Subscription};
use lienthong_domain::path::day::day_number;
use lienthong_eventlog::Position;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const PARTITIONS: u64 = 3;
const NAME: &str = "portal";
/// An hour before midnight at +07:00.
const BEGIN_MS: i64 = 1_795_017_600_000 + 16 * 3_600_000;

#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// In flight, time-out, attempts, back-off, longest back-off, parked.
    pub(super) handling: (u32, u32, u32, u32, u32, u32),
    /// The case of each record, and whether the subscription wants it.
    pub(super) events: Vec<(u64, bool)>,
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    Offer(usize),
    Journal,
    Recorded,
    HandOut,
    Done(u16),
    Fail(u16),
    Return(u16),
    /// A receipt of some time ago.
    Late(u16),
    Sit(u64, usize),
    Leave(u64),
    Tick(i64),
    Fetch(usize),
    Gone(u16),
    Retry(u16),
    Skip(u16),
    /// With the record under way written or not.
    Crash(bool),
    /// The keeper before writes what it had under way.
    Zombie,
    Pause,
    Resume,
}

#[derive(Debug)]
struct Flight {
    seat: u64,
    attempt: u32,
    case: Arc<str>,
    until_ms: i64,
}

pub(super) struct World {
    log: Vec<Vec<Option<Ready>>>,
    wanted: usize,
    lane: Vec<Entry>,
    fold: Lane,
    engine: Engine,
    now_ms: i64,
    timeout_ms: i64,
    most: usize,
    underway: Option<Progress>,
    zombie: Option<Entry>,
    asked: Vec<(u64, Position)>,
    flying: BTreeMap<u64, Flight>,
    receipts: Vec<(u64, u32)>,
    told: BTreeSet<(u64, u32)>,
    identities: BTreeMap<u64, Position>,
    /// By case: the last offset told for the first time.
    first_told: BTreeMap<Arc<str>, u64>,
    delivered: BTreeSet<u64>,
    /// Settled as the keeper knows.
    settled: BTreeSet<u64>,
    /// Not durable yet.
    skipped: BTreeSet<u64>,
    days: BTreeMap<i64, Day>,
}

impl World {
    pub(super) fn new(shape: &Shape) -> World {
        let (in_flight, timeout_s, attempts, backoff_ms, max_backoff_s, parked) = shape.handling;
        let mut log: Vec<Vec<Option<Ready>>> = vec![Vec::new(); PARTITIONS as usize];
        for (case, wanted) in &shape.events {
            let partition = (case % PARTITIONS) as usize;
            let position = Position {
                partition: partition as u32,
                offset: log[partition].len() as u64,
            };
            log[partition].push(wanted.then(|| ready(position, *case)));
        }
        let handling = Handling {
            max_in_flight: in_flight,
            ack_timeout_s: timeout_s,
            max_attempts: attempts,
            backoff_ms,
            max_backoff_s,
            max_parked_events: parked,
        };
        let created = Created {
            subscription: Some(Subscription {
                name: NAME.to_owned(),
                handling: Some(handling),
                ..Subscription::default()
            }),
            positions: vec![0; PARTITIONS as usize],
            incarnation: 1,
            created_ms: BEGIN_MS,
        };
        let mut fold = Lane::default();
        let lane = vec![began(1), entry(1, What::Created(created))];
        for (offset, entry) in (0..).zip(&lane) {
            fold.apply(offset, entry.clone()).unwrap();
        }
        let engine = restored(&fold, BEGIN_MS);
        World {
            wanted: shape.events.iter().filter(|(_, wanted)| *wanted).count(),
            log,
            lane,
            fold,
            engine,
            now_ms: BEGIN_MS,
            timeout_ms: i64::from(timeout_s) * 1_000,
            most: in_flight as usize,
            underway: None,
            zombie: None,
            asked: Vec::new(),
            flying: BTreeMap::new(),
            receipts: Vec::new(),
            told: BTreeSet::new(),
            identities: BTreeMap::new(),
            first_told: BTreeMap::new(),
            delivered: BTreeSet::new(),
            settled: BTreeSet::new(),
            skipped: BTreeSet::new(),
            days: BTreeMap::new(),
        }
    }

    pub(super) fn step(&mut self, op: &Op) {
        match *op {
            Op::Offer(count) => self.offer(count),
            Op::Journal => self.journal(),
            Op::Recorded => self.recorded(),
            Op::HandOut => self.hand_out(),
            Op::Done(which) => self.answer(which, Outcome::Done),
            Op::Fail(which) => {
                let retry_after = (which % 3 == 0).then(|| Duration::from_millis(which.into()));
                let reason = "no room".to_owned();
                self.answer(
                    which,
                    Outcome::Failed {
                        retry_after,
                        reason,
                    },
                );
            }
            Op::Return(which) => {
                let retry_after = Duration::from_millis(u64::from(which) % 2 * 700);
                self.answer(which, Outcome::Returned { retry_after });
            }
            Op::Late(which) => self.late(which),
            Op::Sit(seat, share) => self.engine.seat(seat, share),
            Op::Leave(seat) => {
                self.engine.leave(seat, self.now_ms);
                self.flying.retain(|_, flight| flight.seat != seat);
            }
            Op::Tick(millis) => self.tick(millis),
            Op::Fetch(count) => self.fetch(count),
            Op::Gone(which) => self.gone(which),
            Op::Retry(which) => self.release(which, Decision::Retry),
            Op::Skip(which) => self.release(which, Decision::Skip),
            Op::Crash(written) => self.crash(written),
            Op::Zombie => {
                if let Some(zombie) = self.zombie.take() {
                    let before = self.fold.clone();
                    let ignored = self.append(zombie).unwrap_err();
                    assert!(matches!(ignored, Ignored::OtherTerm { .. }));
                    assert_eq!(before, self.fold);
                }
            }
            Op::Pause => self.engine.pause(),
            Op::Resume => self.engine.resume(),
        }
    }

    fn offer(&mut self, count: usize) {
        for _ in 0..count {
            let positions = self.engine.positions().to_vec();
            let behind = (0..PARTITIONS as usize)
                .filter(|of| (positions[*of] as usize) < self.log[*of].len());
            // The partition that is least far, so that all come along.
            let Some(partition) = behind.min_by_key(|of| positions[*of]) else {
                return;
            };
            let offset = positions[partition];
            match &self.log[partition][offset as usize] {
                None => self.engine.passed(partition as u32, offset + 1),
                Some(_) if self.engine.room() == 0 => return,
                Some(event) => self.engine.offer(event.clone()),
            }
        }
    }

    fn journal(&mut self) {
        let record = self.engine.journal(self.now_ms);
        assert!(
            record.is_none() || self.underway.is_none(),
            "two records are under way"
        );
        self.underway = record.or(self.underway.take());
    }

    fn recorded(&mut self) {
        if let Some(progress) = self.underway.take() {
            let written = entry(self.fold.term, What::Progress(progress));
            assert_eq!(self.append(written), Ok(Applied::Progress));
            self.engine.recorded(self.now_ms);
            let outstanding = &self.fold.subscriptions[NAME].outstanding;
            let durable = |of: &u64| !outstanding.contains_key(of);
            self.settled.extend(self.skipped.extract_if(.., durable));
        }
    }

    /// Puts a record into the lane and counts what it gave, by itself.
    fn append(&mut self, written: Entry) -> Result<Applied, Ignored> {
        self.lane.push(written.clone());
        let applied = self.fold.apply(self.lane.len() as u64 - 1, written.clone());
        if let (Ok(Applied::Progress), Some(What::Progress(progress))) = (&applied, &written.what) {
            for given in numbered(progress, PARTITIONS as usize).unwrap() {
                let before = self.identities.insert(given.sequence, given.position);
                assert_eq!(before, None, "a number is given once");
                assert_eq!(
                    given.sequence,
                    self.identities.len() as u64,
                    "numbers are gapless"
                );
                let event = self.event(given.position).clone();
                assert_eq!(given.case, case_hash(&event.case));
                let day = self.days.entry(day_number(given.given_ms)).or_default();
                let term = manifest::term(given.sequence, &event.source, &event.id);
                day.first = if day.count == 0 {
                    given.sequence
                } else {
                    day.first
                };
                day.last = given.sequence;
                day.count += 1;
                day.digest = day.digest.wrapping_add(term);
            }
        }
        applied
    }

    fn event(&self, position: Position) -> &Ready {
        let partition = &self.log[position.partition as usize];
        partition[position.offset as usize]
            .as_ref()
            .expect("a wanted event")
    }

    fn hand_out(&mut self) {
        for Portion { seat, handed } in self.engine.hand_out(self.now_ms) {
            for handed in handed {
                self.handed(seat, &handed);
            }
        }
    }

    fn handed(&mut self, seat: u64, handed: &Handed) {
        let Handed {
            sequence,
            attempt,
            event,
            ..
        } = handed;
        assert_eq!(
            self.identities.get(sequence),
            Some(&event.position),
            "a number is durable"
        );
        assert_eq!(event.id, self.event(event.position).id);
        assert!(
            self.told.insert((*sequence, *attempt)),
            "a receipt names one handing out"
        );
        let latest = self
            .told
            .range((*sequence, 0)..=(*sequence, u32::MAX))
            .next_back();
        assert_eq!(latest, Some(&(*sequence, *attempt)), "attempts rise");
        let flies = self.flying.values().any(|flight| flight.case == event.case);
        assert!(!flies, "one of a case at a time");
        assert!(!self.settled.contains(sequence), "what is settled stays so");
        for (before, position) in self.identities.range(..sequence) {
            let same = self.event(*position).case == event.case;
            assert!(
                !same || self.settled.contains(before),
                "a predecessor is settled first"
            );
        }
        if self.delivered.insert(*sequence) {
            let before = self
                .first_told
                .insert(event.case.clone(), event.position.offset);
            assert!(before.is_none_or(|before| before < event.position.offset));
        }
        let flight = Flight {
            seat,
            attempt: *attempt,
            case: event.case.clone(),
            until_ms: self.now_ms + self.timeout_ms,
        };
        self.flying.insert(*sequence, flight);
        self.receipts.push((*sequence, *attempt));
    }

    fn answer(&mut self, which: u16, outcome: Outcome) {
        let Some(sequence) = pick(self.flying.keys(), which) else {
            return;
        };
        let flight = self.flying.remove(&sequence).expect("it was picked");
        if outcome == Outcome::Done {
            self.settled.insert(sequence);
        }
        let answer = Answer {
            sequence,
            attempt: flight.attempt,
            outcome,
        };
        // Of another seat it has no effect.
        let foreign = self
            .engine
            .answer(Some(flight.seat + 1), answer.clone(), self.now_ms);
        assert_eq!(foreign, Counted::Late);
        let seat = which.is_multiple_of(2).then_some(flight.seat);
        assert_eq!(
            self.engine.answer(seat, answer.clone(), self.now_ms),
            Counted::Taken
        );
        assert_eq!(self.engine.answer(seat, answer, self.now_ms), Counted::Late);
    }

    fn late(&mut self, which: u16) {
        let Some((sequence, attempt)) = pick(self.receipts.iter(), which) else {
            return;
        };
        let flies = self.flying.get(&sequence);
        if flies.is_some_and(|flight| flight.attempt == attempt) {
            return;
        }
        let answer = Answer {
            sequence,
            attempt,
            outcome: Outcome::Done,
        };
        if self.engine.answer(None, answer, self.now_ms) == Counted::Taken {
            assert!(
                !self.flying.contains_key(&sequence),
                "it was not handed out again"
            );
            let latest = self
                .told
                .range((sequence, 0)..=(sequence, u32::MAX))
                .next_back();
            assert_eq!(
                latest,
                Some(&(sequence, attempt)),
                "it is the last handing out"
            );
            assert!(self.settled.insert(sequence));
        }
    }

    fn tick(&mut self, millis: i64) {
        self.now_ms += millis;
        self.engine.expire(self.now_ms);
        self.flying
            .retain(|_, flight| flight.until_ms > self.now_ms);
        assert!(
            self.engine
                .wake_at()
                .is_none_or(|at_ms| at_ms > self.now_ms || self.underway.is_none())
        );
    }

    fn fetch(&mut self, count: usize) {
        self.asked.extend(self.engine.missing(count));
        for (sequence, position) in self
            .asked
            .drain(..count.min(self.asked.len()))
            .collect::<Vec<_>>()
        {
            assert_eq!(self.identities.get(&sequence), Some(&position));
            let event = self.event(position).clone();
            self.engine.fetched(sequence, event);
        }
    }

    fn gone(&mut self, which: u16) {
        self.asked.extend(self.engine.missing(4));
        if !self.asked.is_empty() {
            let (sequence, _) = self.asked.remove(usize::from(which) % self.asked.len());
            self.engine
                .unavailable(sequence, "retention removed it", self.now_ms);
        }
    }

    fn release(&mut self, which: u16, decision: Decision) {
        let (parked, total) = self.engine.parked(usize::MAX);
        assert_eq!(parked.len(), total);
        if let Some(parked) = parked.get(usize::from(which) % total.max(1)) {
            let case = case_hash(&self.event(parked.position).case);
            assert_eq!(
                self.engine
                    .release(Which::Case(case), decision, self.now_ms),
                1
            );
            if decision == Decision::Skip {
                self.skipped.insert(parked.sequence);
            }
        }
    }

    fn crash(&mut self, written: bool) {
        let term = self.fold.term;
        if let Some(progress) = self.underway.take() {
            let record = entry(term, What::Progress(progress));
            if written {
                assert_eq!(self.append(record), Ok(Applied::Progress));
            } else {
                self.zombie = Some(record);
            }
        }
        assert_eq!(self.append(began(term + 1)), Ok(Applied::Began));
        self.restore();
    }

    fn restore(&mut self) {
        let kept = &self.fold.subscriptions[NAME];
        self.engine = restored(&self.fold, self.now_ms);
        self.flying.clear();
        self.skipped.clear();
        self.asked.clear();
        let given = 1..=kept.last_sequence;
        self.settled = given
            .filter(|of| !kept.outstanding.contains_key(of))
            .collect();
    }

    /// What must hold at every moment.
    pub(super) fn check(&self) {
        let engine = &self.engine;
        let counts = engine.counts();
        assert_eq!(counts.in_flight, self.flying.len());
        assert!(counts.in_flight <= self.most);
        assert_eq!(
            counts.outstanding,
            self.identities.len() - self.settled.len()
        );
        assert_eq!(
            self.identities.len() as u64,
            self.fold.subscriptions[NAME].last_sequence
        );
        let (parked, _) = engine.parked(usize::MAX);
        assert_eq!(
            counts.parked,
            parked.iter().map(|case| case.waiting).sum::<usize>()
        );
        let loaded = engine
            .cases
            .events()
            .filter(|(_, event)| event.payload.is_some());
        assert_eq!(engine.cases.loaded, loaded.count());
        assert!(engine.cases.loaded <= 3 * self.most + engine.limits.max_parked);
        for (sequence, event) in engine.cases.events() {
            let is_first = engine.cases.first_of(event.case) == Some(sequence);
            assert_eq!(is_first, event.stage != Stage::Behind);
            let goes_on = match event.stage {
                Stage::Behind | Stage::Parked => true,
                Stage::Ready => event.payload.is_some() && engine.ready.contains(&sequence),
                Stage::Unread => event.reading,
                Stage::Flying(_) => engine.deadlines.iter().any(|of| of.sequence == sequence),
                Stage::Recording => engine.journal.is_recording(sequence),
                Stage::Skipping => self.skipped.contains(&sequence),
                Stage::Pausing(until_ms) => engine.pauses.contains(&(until_ms, sequence)),
            };
            assert!(goes_on, "{sequence} stands still: {event:?}");
            let next = engine
                .cases
                .after(sequence)
                .and_then(|next| engine.cases.event(next));
            let next_is_loaded = next.is_some_and(|next| next.payload.is_some());
            assert!(event.payload.is_some() || !next_is_loaded);
            let asked = self.asked.iter().any(|(asked, _)| *asked == sequence);
            assert!(!event.reading || asked || engine.unread.contains(&sequence));
        }
    }

    /// One good consumer, until nothing moves any more.
    fn settle_down(&mut self) {
        self.engine.resume();
        for seat in 0..4 {
            self.step(&Op::Leave(seat));
        }
        self.engine.seat(9, usize::MAX);
        let mut still = 0;
        while still < 20 {
            let before = (self.settled.len(), self.engine.positions().to_vec());
            self.offer(50);
            self.journal();
            self.recorded();
            self.fetch(50);
            self.hand_out();
            while !self.flying.is_empty() {
                self.answer(0, Outcome::Done);
            }
            self.tick(20_000);
            self.check();
            let moved = before != (self.settled.len(), self.engine.positions().to_vec());
            still = if moved { 0 } else { still + 1 };
        }
    }

    pub(super) fn others_than_parked_are_done(&mut self) {
        self.settle_down();
        let counts = self.engine.counts();
        assert_eq!((counts.pausing, counts.in_flight), (0, 0));
        assert_eq!(counts.outstanding, counts.parked);
        let is_read = self.engine.positions().iter().zip(&self.log);
        let mut is_read = is_read.map(|(position, log)| *position == log.len() as u64);
        assert!(self.engine.is_full() || is_read.all(|read| read));
    }

    pub(super) fn everything_is_done_after_release(&mut self) {
        let mut rounds = 0;
        while self.release_all() > 0 {
            self.settle_down();
            rounds += 1;
            assert!(rounds <= self.wanted, "a release brings its case on");
        }
        let kept = &self.fold.subscriptions[NAME];
        assert_eq!(kept.last_sequence, self.wanted as u64);
        assert_eq!(kept.settled_sequence(), kept.last_sequence);
        assert_eq!(self.engine.durable(), self.engine.stamp());
        assert!(kept.outstanding.is_empty() && kept.trouble.is_empty());
        let lengths: Vec<u64> = self.log.iter().map(|log| log.len() as u64).collect();
        assert_eq!(kept.positions, lengths);
    }

    fn release_all(&mut self) -> u64 {
        let now_ms = self.now_ms;
        self.engine.release(Which::All, Decision::Retry, now_ms)
    }

    pub(super) fn numbers_and_manifests_hold(&mut self) {
        let kept = &self.fold.subscriptions[NAME];
        assert_eq!(kept.days, self.days);
        assert!(
            kept.days
                .values()
                .all(|day| day.count == day.last - day.first + 1)
        );
        let positions: BTreeSet<_> = self
            .identities
            .values()
            .map(|of| (of.partition, of.offset))
            .collect();
        assert_eq!(positions.len(), self.wanted, "each event has one number");
        for first in [1, 2, self.wanted as u64 / 2, self.wanted as u64] {
            let last = self.wanted as u64;
            let Some(mut lookup) = Lookup::new(kept, first..=last) else {
                assert!(first == 0 || first > last);
                continue;
            };
            let mut found = BTreeMap::new();
            for entry in &self.lane[lookup.offset() as usize..] {
                if lookup.is_done() {
                    break;
                }
                found.extend(
                    lookup
                        .read(entry)
                        .into_iter()
                        .map(|of| (of.sequence, of.position)),
                );
            }
            assert!(lookup.is_done());
            let expected = self.identities.range(first..);
            assert_eq!(
                found,
                expected.map(|(of, position)| (*of, *position)).collect()
            );
        }
    }

    pub(super) fn another_fold_is_equal(&mut self) {
        let mut other = Lane::default();
        for (offset, entry) in (0..).zip(&self.lane) {
            let _ = other.apply(offset, entry.clone());
        }
        assert_eq!(other, self.fold);
    }
}

pub(super) fn ready(position: Position, case: u64) -> Ready {
    let id = format!("{}-{}", position.partition, position.offset);
    Ready {
        position,
        recorded_ms: BEGIN_MS,
        case: format!("H40.{case}").into(),
        source: "urn:vn:one".into(),
        delivery: Bytes::copy_from_slice(id.as_bytes()),
        id: id.into(),
        facets: None,
    }
}

/// A keeper whose records are short, so that it needs several for what happened.
fn restored(fold: &Lane, now_ms: i64) -> Engine {
    let mut engine = Engine::restore(&fold.subscriptions[NAME], now_ms, fold.term);
    engine.journal.size = Size {
        numbers: 2,
        again_bytes: 80,
    };
    engine
}

fn began(term: u64) -> Entry {
    Entry {
        term,
        name: String::new(),
        what: Some(What::Began(Began::default())),
    }
}

fn entry(term: u64, what: What) -> Entry {
    Entry {
        term,
        name: NAME.to_owned(),
        what: Some(what),
    }
}

fn pick<'a, T: Copy + 'a>(all: impl ExactSizeIterator<Item = &'a T>, which: u16) -> Option<T> {
    let count = all.len().max(1);
    all.copied().nth(usize::from(which) % count)
}
