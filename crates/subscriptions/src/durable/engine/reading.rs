//! Events that have to be read again, because they were taken over or waited for long: the first
//! of each case, and the one behind it.

use super::Engine;
use super::cases::{Hold, Stage};
use crate::source::Ready;
use lienthong_eventlog::Position;

impl Engine {
    /// Events to be read again, at most so many, each told once: answer with [`Engine::fetched`] or
    /// [`Engine::unavailable`]. Not more than fit in memory beside those in flight.
    pub fn missing(&mut self, most: usize) -> Vec<(u64, Position)> {
        let mut missing = Vec::new();
        let budget = self.limits.max_in_flight + self.cases.pausing;
        while missing.len() < most && self.cases.loaded + self.asked < budget {
            let Some(sequence) = self.unread.pop_front() else {
                break;
            };
            let Some(event) = self.cases.event(sequence) else {
                continue;
            };
            let (position, hold) = (event.position, self.cases.hold_of(event.case));
            if event.payload.is_some() || matches!(hold, Hold::LongPause | Hold::Parked) {
                self.was_read(sequence);
                continue;
            }
            self.asked += 1;
            missing.push((sequence, position));
        }
        missing
    }

    /// An event was read again. One that is settled meanwhile, or waits for long, is left; another
    /// event than asked for is asked for again.
    pub fn fetched(&mut self, sequence: u64, event: Ready) {
        self.asked = self.asked.saturating_sub(1);
        self.was_read(sequence);
        let Some(of) = self.cases.event(sequence) else {
            return;
        };
        let hold = self.cases.hold_of(of.case);
        if matches!(hold, Hold::LongPause | Hold::Parked) {
            return;
        }
        if of.position != event.position {
            return self.want(sequence);
        }
        self.cases.load(sequence, event);
        if let Some(of) = self.cases.event_mut(sequence)
            && of.stage == Stage::Unread
        {
            of.stage = Stage::Ready;
            self.ready.push_back(sequence);
            self.want_after(sequence);
        }
    }

    /// An event can never be read again, for retention removed it: its case is parked, for somebody
    /// to see and to skip it.
    pub fn unavailable(&mut self, sequence: u64, why: &str, now_ms: i64) {
        self.asked = self.asked.saturating_sub(1);
        self.was_read(sequence);
        let stage = self.cases.event(sequence).map(|event| event.stage);
        if stage == Some(Stage::Unread) {
            let trouble = self.trouble.entry(sequence).or_default();
            trouble.parked_ms = now_ms.max(1);
            trouble.not_before_ms = 0;
            trouble.reason = why.to_owned();
            self.change(sequence, now_ms);
        }
    }

    pub(super) fn want(&mut self, sequence: u64) {
        if let Some(event) = self.cases.event_mut(sequence)
            && event.payload.is_none()
            && !event.reading
        {
            event.reading = true;
            self.unread.push_back(sequence);
        }
    }

    /// So that the next of the case is there when its turn comes.
    pub(super) fn want_after(&mut self, sequence: u64) {
        if self.cases.loaded < self.cases.len()
            && let Some(next) = self.cases.after(sequence)
        {
            self.want(next);
        }
    }

    fn was_read(&mut self, sequence: u64) {
        if let Some(event) = self.cases.event_mut(sequence) {
            event.reading = false;
        }
    }
}
