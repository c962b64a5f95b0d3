//! Holds a partition's records back until the first that a producer sends there is stored.
//!
//! A broker that knows nothing of a producer takes any sequence number as its first. With several
//! requests on the wire, a first one that is refused for the moment ("not leader", right after a
//! topic was made or its leader moved) may so be overtaken by the second, and librdkafka then
//! reports the first as stored although it is not. Seen with Apache Kafka 4.1 and librdkafka 2.12.1
//! on a loaded machine. Once one record is stored, the brokers know the producer and refuse what
//! is out of order.
//!
//! ```text
//! shut:  first record --> producer (alone)      others --> held
//! its delivery: held --> producer, in order; then open: everything --> producer
//! ```

use super::call::Waiting;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The way of one partition's records to the producer.
#[derive(Default)]
pub(super) struct Gate {
    open: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The order of the record that is sent alone.
    first: Option<u64>,
    held: VecDeque<Waiting>,
}

impl Gate {
    /// Gives the record back if it is to be sent now, else holds it.
    pub(super) fn pass(&self, waiting: Waiting) -> Option<Waiting> {
        if self.is_open() {
            return Some(waiting);
        }
        let mut state = self.state();
        // It may have been opened before the lock was had.
        if self.is_open() {
            return Some(waiting);
        }
        if state.first.is_some() {
            state.held.push_back(waiting);
            return None;
        }
        state.first = Some(waiting.order);
        Some(waiting)
    }

    /// What is to be sent now that this record is stored. To be asked again until there is nothing,
    /// which opens the gate: what comes while the answer is sent is held behind it.
    pub(super) fn stored(&self, order: u64) -> VecDeque<Waiting> {
        if self.is_open() {
            return VecDeque::new();
        }
        let mut state = self.state();
        if state.first != Some(order) {
            return VecDeque::new();
        }
        if state.held.is_empty() {
            state.first = None;
            self.open.store(true, Ordering::Release);
        }
        std::mem::take(&mut state.held)
    }

    /// What is to be sent alone now that this record has failed.
    pub(super) fn failed(&self, order: u64) -> Option<Waiting> {
        if self.is_open() {
            return None;
        }
        let mut state = self.state();
        if state.first != Some(order) {
            return None;
        }
        let next = state.held.pop_front();
        state.first = next.as_ref().map(|waiting| waiting.order);
        next
    }

    /// Shuts the gate for a new producer and gives back what was held.
    pub(super) fn shut(&self) -> VecDeque<Waiting> {
        let mut state = self.state();
        self.open.store(false, Ordering::Release);
        state.first = None;
        std::mem::take(&mut state.held)
    }

    /// Gives back what has been held for longer than it may.
    pub(super) fn late(&self, now: Instant) -> VecDeque<Waiting> {
        if self.is_open() {
            return VecDeque::new();
        }
        let held = &mut self.state().held;
        let (late, rest) = held
            .drain(..)
            .partition(|waiting| waiting.call.deadline <= now);
        *held = rest;
        late
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::super::call::Call;
    use super::*;
    use std::time::Duration;

    fn waiting(order: u64) -> Waiting {
        let (call, _) = Call::new(Vec::new(), Instant::now() + Duration::from_secs(order));
        Waiting {
            call,
            index: 0,
            partition: 0,
            order,
            headers: Vec::new(),
            bytes: 0,
        }
    }

    fn orders(held: impl IntoIterator<Item = Waiting>) -> Vec<u64> {
        held.into_iter().map(|waiting| waiting.order).collect()
    }

    #[test]
    fn the_first_goes_alone_and_the_rest_follow_in_order_once_it_is_stored() {
        let gate = Gate::default();
        assert!(gate.pass(waiting(1)).is_some());
        assert!(gate.pass(waiting(2)).is_none());
        assert!(gate.pass(waiting(3)).is_none());
        assert!(gate.stored(7).is_empty(), "another record");
        assert_eq!(orders(gate.stored(1)), [2, 3]);
        assert!(gate.pass(waiting(4)).is_none(), "2 and 3 are not sent yet");
        assert_eq!(orders(gate.stored(1)), [4]);
        assert!(gate.stored(1).is_empty());
        assert!(gate.pass(waiting(5)).is_some());
    }

    #[test]
    fn the_next_goes_alone_when_the_first_fails() {
        let gate = Gate::default();
        gate.pass(waiting(1)).unwrap();
        gate.pass(waiting(2));
        gate.pass(waiting(3));
        assert_eq!(gate.failed(1).unwrap().order, 2);
        assert!(gate.failed(1).is_none());
        assert_eq!(gate.failed(2).unwrap().order, 3);
        assert!(gate.failed(3).is_none());
        assert!(gate.pass(waiting(4)).is_some());
        assert!(gate.pass(waiting(5)).is_none());
    }

    #[test]
    fn a_new_producer_finds_the_gate_shut_and_what_was_held() {
        let gate = Gate::default();
        gate.pass(waiting(1)).unwrap();
        gate.pass(waiting(2));
        assert_eq!(orders(gate.shut()), [2]);
        assert!(gate.stored(1).is_empty(), "by the producer before");
        gate.pass(waiting(1)).unwrap();
        assert!(gate.stored(1).is_empty());
        assert!(gate.pass(waiting(3)).is_some(), "open");
        gate.shut();
        assert!(gate.pass(waiting(4)).is_some());
        assert!(gate.pass(waiting(5)).is_none());
    }

    #[test]
    fn what_is_held_too_long_is_given_back() {
        let gate = Gate::default();
        gate.pass(waiting(0)).unwrap();
        gate.pass(waiting(10));
        gate.pass(waiting(1_000));
        let later = Instant::now() + Duration::from_secs(100);
        assert_eq!(orders(gate.late(later)), [10]);
        assert_eq!(orders(gate.stored(0)), [1_000]);
    }
}
