//! Single rules, each where it decides.

use super::world::ready;
use crate::durable::engine::{Counted, Decision, Engine, Portion, Which};
use crate::durable::kept::{Kept, Lane, case_hash};
use crate::durable::seat::{Answer, Outcome};
use crate::source::Ready;
use lienthong_contract::pb::subscription::v1::entry::{Began, Created, Moved, What};
use lienthong_contract::pb::subscription::v1::{Entry, Handling, Subscription};
use lienthong_eventlog::Position;
use prost::Message;
use std::time::Duration;

/// A lane of one subscription, and its keeper.
struct Kitchen {
    lane: Lane,
    offset: u64,
    engine: Engine,
}

impl Kitchen {
    fn new(handling: Handling) -> Kitchen {
        let subscription = Subscription {
            name: "portal".to_owned(),
            handling: Some(handling),
            ..Subscription::default()
        };
        let created = Created {
            subscription: Some(subscription),
            positions: vec![0, 0],
            ..Created::default()
        };
        let mut lane = Lane::default();
        lane.apply(0, entry(1, What::Began(Began::default())))
            .unwrap();
        lane.apply(1, entry(1, What::Created(created))).unwrap();
        let engine = Engine::restore(&lane.subscriptions["portal"], 0, 1);
        Kitchen {
            lane,
            offset: 2,
            engine,
        }
    }

    fn kept(&self) -> &Kept {
        &self.lane.subscriptions["portal"]
    }

    fn write(&mut self, what: What) {
        self.lane
            .apply(self.offset, entry(self.lane.term, what))
            .unwrap();
        self.offset += 1;
    }

    /// Records what is due, everything of it.
    fn record(&mut self, now_ms: i64) {
        self.engine.hurry();
        while let Some(progress) = self.engine.journal(now_ms) {
            self.write(What::Progress(progress));
            self.engine.recorded(now_ms);
        }
    }

    fn offer(&mut self, offsets: std::ops::Range<u64>, case: impl Fn(u64) -> u64) {
        for offset in offsets {
            self.engine.offer(event(offset, case(offset)));
        }
    }

    fn read_again(&mut self) {
        for (sequence, position) in self.engine.missing(10) {
            let event = event(position.offset, position.offset);
            self.engine.fetched(sequence, event);
        }
    }

    fn hand_out(&mut self, now_ms: i64) -> Vec<(u64, Vec<(u64, u32)>)> {
        let portions = self.engine.hand_out(now_ms).into_iter();
        let told = portions.map(|Portion { seat, handed }| {
            let handed = handed.into_iter();
            (seat, handed.map(|of| (of.sequence, of.attempt)).collect())
        });
        told.collect()
    }
}

fn entry(term: u64, what: What) -> Entry {
    Entry {
        term,
        name: "portal".to_owned(),
        what: Some(what),
    }
}

fn event(offset: u64, case: u64) -> Ready {
    let partition = 0;
    ready(Position { partition, offset }, case)
}

fn done(sequence: u64, attempt: u32) -> Answer {
    Answer {
        sequence,
        attempt,
        outcome: Outcome::Done,
    }
}

fn failed(sequence: u64, attempt: u32) -> Answer {
    Answer {
        sequence,
        attempt,
        outcome: Outcome::Failed {
            retry_after: Some(Duration::from_secs(1)),
            reason: "full".to_owned(),
        },
    }
}

#[test]
fn seats_with_room_get_alike_and_no_more_than_their_share() {
    let mut kitchen = Kitchen::new(Handling::default());
    kitchen.offer(0..12, |offset| offset);
    kitchen.record(0);
    kitchen.engine.seat(1, 1);
    kitchen.engine.seat(2, usize::MAX);
    kitchen.engine.seat(3, usize::MAX);
    let portions = kitchen.hand_out(0);
    let with = |seat| kitchen.engine.in_flight_with(seat);
    assert_eq!((with(1), with(2) + with(3)), (1, 11));
    assert!(with(2).abs_diff(with(3)) <= 1);
    assert_eq!(
        portions
            .iter()
            .map(|(_, handed)| handed.len())
            .sum::<usize>(),
        12
    );
}

#[test]
fn an_event_that_was_not_answered_in_time_may_still_be_done_until_it_is_handed_out_again() {
    let mut kitchen = Kitchen::new(Handling::default());
    kitchen.offer(0..2, |offset| offset);
    kitchen.record(0);
    kitchen.engine.seat(1, 10);
    assert_eq!(kitchen.hand_out(0), [(1, vec![(1, 1), (2, 1)])]);
    kitchen.engine.expire(30_000);
    assert_eq!(
        kitchen.engine.answer(None, done(1, 1), 30_001),
        Counted::Taken
    );
    kitchen.record(30_001);
    kitchen.engine.expire(32_000);
    assert_eq!(kitchen.hand_out(32_000), [(1, vec![(2, 2)])]);
    assert_eq!(
        kitchen.engine.answer(Some(1), done(2, 1), 32_000),
        Counted::Late
    );
    assert_eq!(
        kitchen.engine.answer(Some(1), done(2, 2), 32_000),
        Counted::Taken
    );
    kitchen.record(32_000);
    assert_eq!(kitchen.kept().settled_sequence(), 2);
}

#[test]
fn leaving_and_returning_are_no_failures() {
    let mut kitchen = Kitchen::new(Handling {
        max_attempts: 1,
        ..Handling::default()
    });
    kitchen.offer(0..1, |_| 1);
    kitchen.record(0);
    for seat in 1..10 {
        kitchen.engine.seat(seat, 10);
        assert_eq!(
            kitchen.hand_out(0),
            [(seat, vec![(1, 2 * seat as u32 - 1)])]
        );
        let answer = Answer {
            sequence: 1,
            attempt: 2 * seat as u32 - 1,
            outcome: Outcome::Returned {
                retry_after: Duration::ZERO,
            },
        };
        assert_eq!(kitchen.engine.answer(Some(seat), answer, 0), Counted::Taken);
        kitchen.record(0);
        assert_eq!(kitchen.hand_out(0).len(), 1);
        kitchen.engine.leave(seat, 0);
        assert!(
            kitchen.hand_out(0).is_empty(),
            "not before the attempt is durable"
        );
        kitchen.record(0);
    }
    assert_eq!(kitchen.engine.parked(10).1, 0);
}

#[test]
fn a_parked_case_goes_on_in_order_when_it_is_released() {
    let mut kitchen = Kitchen::new(Handling {
        max_attempts: 1,
        max_parked_events: 3,
        ..Handling::default()
    });
    kitchen.engine.seat(1, 10);
    kitchen.offer(0..3, |offset| offset % 2);
    kitchen.record(0);
    assert_eq!(kitchen.hand_out(0), [(1, vec![(1, 1), (2, 1)])]);
    kitchen.engine.answer(Some(1), failed(1, 1), 0);
    kitchen.engine.answer(Some(1), done(2, 1), 0);
    kitchen.record(0);
    assert_eq!(kitchen.engine.counts().parked, 2);
    assert!(!kitchen.engine.is_full() && kitchen.engine.room() > 0);
    kitchen.offer(3..5, |offset| offset % 2);
    kitchen.record(0);
    assert_eq!(kitchen.hand_out(0), [(1, vec![(4, 1)])]);
    assert!(kitchen.engine.is_full() && kitchen.engine.room() == 0);
    let (parked, total) = kitchen.engine.parked(10);
    assert_eq!((parked[0].sequence, parked[0].waiting, total), (1, 3, 1));
    assert_eq!(parked[0].reason, "full");

    let of_case = Which::Case(case_hash(&event(0, 0).case));
    assert_eq!(kitchen.engine.release(of_case, Decision::Skip, 0), 1);
    assert_eq!(kitchen.engine.release(of_case, Decision::Skip, 0), 0);
    let stamp = kitchen.engine.stamp();
    assert!(kitchen.engine.durable() < stamp);
    kitchen.record(0);
    assert_eq!(kitchen.engine.durable(), stamp);
    for (sequence, offset) in [(3, 2), (5, 4)] {
        let missing = kitchen.engine.missing(10);
        let asked = missing.iter().find(|(asked, _)| *asked == sequence);
        for (sequence, position) in &missing {
            kitchen.engine.fetched(*sequence, event(position.offset, 0));
        }
        assert!(asked.is_none_or(|(_, position)| position.offset == offset));
        assert_eq!(kitchen.hand_out(0), [(1, vec![(sequence, 1)])]);
        kitchen.engine.answer(Some(1), done(sequence, 1), 0);
    }
}

#[test]
fn what_can_never_be_read_again_parks_its_case_visibly() {
    let mut kitchen = Kitchen::new(Handling::default());
    kitchen.offer(0..2, |offset| offset);
    kitchen.record(0);
    kitchen.engine = Engine::restore(kitchen.kept(), 0, 1);
    assert_eq!(kitchen.engine.missing(10).len(), 2);
    kitchen.engine.unavailable(1, "retention removed it", 5);
    kitchen.engine.fetched(2, event(1, 1));
    let (parked, _) = kitchen.engine.parked(10);
    assert_eq!((parked[0].sequence, parked[0].parked_ms), (1, 5));
    assert_eq!(kitchen.engine.release(Which::All, Decision::Skip, 6), 1);
    assert_eq!(
        kitchen.engine.counts().outstanding,
        2,
        "not before it is durable"
    );
    kitchen.record(6);
    assert_eq!(kitchen.engine.counts().outstanding, 1);
}

#[test]
fn a_move_withdraws_what_is_not_settled_and_numbers_go_on() {
    let mut kitchen = Kitchen::new(Handling::default());
    kitchen.engine.seat(1, 2);
    kitchen.offer(0..4, |offset| offset);
    kitchen.record(0);
    kitchen.hand_out(0);
    kitchen.engine.answer(Some(1), done(2, 1), 0);
    kitchen.record(0);
    let positions = vec![1, 0];
    assert_eq!(kitchen.kept().unsettled(), [1..=1, 3..=4]);
    kitchen.write(What::Moved(Moved {
        positions: positions.clone(),
    }));
    assert_eq!(kitchen.engine.moved(&positions), [1..=1, 3..=4]);
    assert_eq!(kitchen.kept().settled_sequence(), 4);
    assert_eq!(kitchen.engine.answer(Some(1), done(1, 1), 0), Counted::Late);
    kitchen.offer(1..3, |offset| offset);
    kitchen.record(0);
    assert_eq!(kitchen.hand_out(0), [(1, vec![(5, 1), (6, 1)])]);
    assert_eq!(kitchen.kept().last_sequence, 6);
}

#[test]
fn what_is_settled_waits_a_moment_for_company_unless_somebody_waits_for_it() {
    let mut kitchen = Kitchen::new(Handling::default());
    kitchen.engine.seat(1, 10);
    kitchen.offer(0..4, |offset| offset);
    kitchen.record(0);
    kitchen.hand_out(0);
    kitchen.engine.answer(Some(1), done(1, 1), 0);
    assert!(kitchen.engine.journal(0).is_none());
    let due_ms = kitchen.engine.wake_at().unwrap();
    assert!((1..100).contains(&due_ms), "{due_ms}");
    let alone = kitchen.engine.journal(due_ms).unwrap();
    assert_eq!(alone.settled, [1, 1]);
    kitchen.engine.recorded(due_ms);

    kitchen.engine.answer(Some(1), done(2, 1), due_ms);
    kitchen.engine.hurry();
    assert_eq!(kitchen.engine.journal(due_ms).unwrap().settled, [2, 1]);
    kitchen.engine.recorded(due_ms);

    kitchen.engine.answer(Some(1), done(3, 1), due_ms);
    kitchen.offer(4..5, |offset| offset);
    let together = kitchen.engine.journal(due_ms).unwrap();
    assert_eq!((together.first_sequence, together.settled), (5, vec![3, 1]));
    kitchen.engine.recorded(due_ms);

    kitchen.engine.answer(Some(1), done(4, 1), due_ms);
    let set_back = kitchen.engine.journal(due_ms - 1_000).unwrap();
    assert_eq!(set_back.settled, [4, 1]);
}

#[test]
fn reading_on_alone_is_recorded_once_a_second() {
    let mut kitchen = Kitchen::new(Handling::default());
    let mut records = 0;
    for millis in 0..10_000 {
        kitchen.engine.passed(1, millis);
        let now_ms = 1_000_000 + millis as i64;
        if let Some(progress) = kitchen.engine.journal(now_ms) {
            kitchen.write(What::Progress(progress));
            kitchen.engine.recorded(now_ms);
            records += 1;
        }
        assert!(kitchen.engine.wake_at().is_none_or(|at_ms| at_ms > now_ms));
    }
    assert!((9..=11).contains(&records), "{records}");
    assert!(kitchen.kept().positions[1] >= 9_000);
}

#[test]
fn no_record_is_a_megabyte_long_however_much_happened() {
    let mut kitchen = Kitchen::new(Handling {
        max_in_flight: 100_000,
        ..Handling::default()
    });
    kitchen.engine.seat(1, usize::MAX);
    kitchen.offer(0..100_000, |offset| offset);
    let mut now_ms = 0;
    for _ in 0..40 {
        now_ms += 7;
        let Some(progress) = kitchen.engine.journal(now_ms) else {
            break;
        };
        assert!(
            progress.encoded_len() < 1_000_000,
            "{}",
            progress.encoded_len()
        );
        kitchen.write(What::Progress(progress));
        kitchen.engine.recorded(now_ms);
        for Portion { seat, handed } in kitchen.engine.hand_out(now_ms) {
            for of in handed {
                // Every second number is settled: as many ranges as there can be.
                let outcome = match of.sequence % 2 {
                    0 => Outcome::Done,
                    _ => Outcome::Failed {
                        retry_after: None,
                        reason: "ạ".repeat(600),
                    },
                };
                let (sequence, attempt) = (of.sequence, of.attempt);
                let answer = Answer {
                    sequence,
                    attempt,
                    outcome,
                };
                assert_eq!(
                    kitchen.engine.answer(Some(seat), answer, now_ms),
                    Counted::Taken
                );
            }
        }
    }
    assert_eq!(kitchen.kept().last_sequence, 100_000);
    assert!(
        kitchen
            .kept()
            .trouble
            .values()
            .all(|of| of.reason.chars().count() == 500)
    );
}

#[test]
fn failures_pauses_and_parked_cases_survive_a_takeover() {
    let mut kitchen = Kitchen::new(Handling {
        max_attempts: 2,
        ..Handling::default()
    });
    kitchen.engine.seat(1, 10);
    kitchen.offer(0..2, |offset| offset);
    kitchen.record(0);
    kitchen.hand_out(0);
    kitchen.engine.answer(Some(1), failed(1, 1), 0);
    kitchen.engine.answer(Some(1), failed(2, 1), 0);
    kitchen.engine.expire(1_000);
    kitchen.record(1_000);
    kitchen.hand_out(1_000);
    kitchen.engine.answer(Some(1), failed(1, 2), 1_000);
    kitchen.engine.answer(Some(1), failed(2, 2), 1_000);
    assert_eq!(
        kitchen
            .engine
            .release(Which::Case(case_hash("H40.1")), Decision::Retry, 1_000),
        1
    );
    kitchen.record(1_000);
    kitchen.read_again();
    kitchen.hand_out(1_000);
    kitchen.engine.answer(Some(1), failed(2, 3), 1_000);
    kitchen.record(1_000);

    kitchen
        .lane
        .apply(kitchen.offset, entry(2, What::Began(Began::default())))
        .unwrap();
    kitchen.engine = Engine::restore(kitchen.kept(), 1_500, 2);
    kitchen.engine.seat(1, 10);
    let counts = kitchen.engine.counts();
    assert_eq!(
        (counts.parked, counts.pausing, counts.outstanding),
        (1, 1, 2)
    );
    assert_eq!(kitchen.engine.parked(10).0[0].failures, 2);
    assert!(kitchen.engine.missing(10).is_empty());
    assert_eq!(kitchen.engine.wake_at(), Some(2_000));
    kitchen.engine.expire(2_000);
    kitchen.read_again();
    assert_eq!(kitchen.hand_out(2_000), [(1, vec![(2, 5)])]);
    kitchen.engine.answer(Some(1), failed(2, 5), 2_000);
    assert_eq!(
        kitchen.engine.parked(10).1,
        2,
        "its first failure since counts"
    );
}

#[test]
fn what_is_released_while_its_parking_is_recorded_waits_for_its_own_record() {
    let mut kitchen = Kitchen::new(Handling {
        max_attempts: 1,
        ..Handling::default()
    });
    kitchen.engine.seat(1, 10);
    kitchen.offer(0..1, |_| 1);
    kitchen.record(0);
    kitchen.hand_out(0);
    kitchen.engine.answer(Some(1), failed(1, 1), 0);
    let parking = kitchen.engine.journal(0).unwrap();
    assert_eq!(kitchen.engine.release(Which::All, Decision::Retry, 0), 1);
    kitchen.write(What::Progress(parking));
    kitchen.engine.recorded(0);
    assert!(kitchen.engine.missing(10).is_empty() && kitchen.hand_out(0).is_empty());
    kitchen.record(0);
    assert_eq!(kitchen.engine.missing(10).len(), 1);
    assert_eq!(kitchen.kept().trouble[&1].parked_ms, 0);
}

#[test]
fn numbers_never_go_back_to_an_earlier_day() {
    let mut kitchen = Kitchen::new(Handling::default());
    let day_ms = 86_400_000;
    kitchen.offer(0..1, |offset| offset);
    kitchen.record(5 * day_ms);
    kitchen.offer(1..2, |offset| offset);
    kitchen.record(3 * day_ms);
    let days: Vec<_> = kitchen.kept().days.iter().collect();
    assert_eq!(days.len(), 1);
    assert_eq!((*days[0].0, days[0].1.count), (5, 2));
}
