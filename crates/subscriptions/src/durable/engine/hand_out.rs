//! Seats, and what they are handed.

use super::cases::Stage;
use super::deadlines::Deadline;
use super::{Cases, Engine};
use crate::durable::seat::Handed;
use lienthong_domain::path::day;
use std::sync::Arc;

/// Most texts of days kept at once.
const MOST_DAYS: usize = 64;

/// What one seat is handed.
#[derive(Debug)]
pub struct Portion {
    /// The seat.
    pub seat: u64,
    /// Events, each of another case.
    pub handed: Vec<Handed>,
}

impl Engine {
    /// Takes a seat that may have so many events at once, or changes how many. 0: none for now.
    pub fn seat(&mut self, seat: u64, share: usize) {
        self.seats.set(seat, share);
    }

    /// Gives a seat up. What it was handed and did not answer goes to others at once, without a
    /// failure.
    pub fn leave(&mut self, seat: u64, now_ms: i64) {
        let cases = &self.cases;
        let with_seat = |deadline: &&Deadline| {
            let event = cases.event(deadline.sequence);
            event.is_some_and(|event| {
                event.stage == Stage::Flying(seat) && event.attempt == deadline.attempt
            })
        };
        let left = self.deadlines.iter().filter(with_seat);
        let left: Vec<u64> = left.map(|deadline| deadline.sequence).collect();
        self.seats.remove(seat);
        for sequence in left {
            if let Some(event) = self.cases.event_mut(sequence) {
                event.attempt += 1;
                event.unanswered = true;
            }
            self.change(sequence, now_ms);
        }
    }

    /// How many events a seat has.
    pub fn in_flight_with(&self, seat: u64) -> usize {
        self.seats.flying_with(seat)
    }

    /// Hands out what may be handed out, to all seats alike. A seat may get several portions.
    pub fn hand_out(&mut self, now_ms: i64) -> Vec<Portion> {
        let mut portions = Vec::new();
        loop {
            let before = portions.len();
            self.round(&mut portions, now_ms);
            if portions.len() == before {
                break;
            }
        }
        let cases = &self.cases;
        let flying = self.seats.flying();
        self.deadlines
            .sweep(flying, |deadline| flies(cases, deadline));
        portions
    }

    /// Every seat gets its part at most once.
    fn round(&mut self, portions: &mut Vec<Portion>, now_ms: i64) {
        let mut served = Vec::new();
        while self.is_open {
            let free = self
                .limits
                .max_in_flight
                .saturating_sub(self.seats.flying());
            let events = self.ready.len().min(free);
            if events == 0 {
                break;
            }
            let Some((seat, count)) = self.seats.next(events) else {
                break;
            };
            let handed = self.portion(seat, count, now_ms);
            self.seats.took(seat, handed.len());
            served.push(seat);
            if !handed.is_empty() {
                portions.push(Portion { seat, handed });
            }
        }
        self.seats.next_round(served);
    }

    fn portion(&mut self, seat: u64, count: usize, now_ms: i64) -> Vec<Handed> {
        let mut handed = Vec::with_capacity(count);
        while handed.len() < count {
            let Some(sequence) = self.ready.pop_front() else {
                break;
            };
            let event = self.cases.event_mut(sequence);
            let Some(event) = event.filter(|event| event.stage == Stage::Ready) else {
                continue;
            };
            let Some(payload) = event.payload.clone() else {
                continue;
            };
            event.stage = Stage::Flying(seat);
            let (attempt, given_ms) = (event.attempt, event.given_ms);
            self.deadlines.push(Deadline {
                at_ms: now_ms.saturating_add(self.limits.ack_timeout_ms),
                sequence,
                attempt,
            });
            handed.push(Handed {
                sequence,
                attempt,
                day: self.day(given_ms),
                event: payload,
            });
        }
        handed
    }

    fn day(&mut self, given_ms: i64) -> Arc<str> {
        let number = day::day_number(given_ms);
        if self.days.len() > MOST_DAYS {
            self.days.clear();
        }
        let text = self.days.entry(number);
        Arc::clone(text.or_insert_with(|| Arc::from(day::day(number).to_string())))
    }
}

/// Whether this handing out is under way.
pub(super) fn flies(cases: &Cases, deadline: &Deadline) -> bool {
    let event = cases.event(deadline.sequence);
    event.is_some_and(|event| {
        matches!(event.stage, Stage::Flying(_)) && event.attempt == deadline.attempt
    })
}
