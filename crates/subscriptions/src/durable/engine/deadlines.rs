//! When what is in flight is overdue. Every event has the same time-out, so a line in the order of
//! handing out is a line in the order of deadlines. Entries of events that landed stay until they
//! come to the front or are swept; they are never more than twice those in flight, and some.

use std::collections::VecDeque;

/// One handing out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    pub(super) at_ms: i64,
    pub(super) sequence: u64,
    pub(super) attempt: u32,
}

#[derive(Debug, Default)]
pub(super) struct Deadlines {
    line: VecDeque<Deadline>,
}

impl Deadlines {
    /// A clock that was set back does not bring a deadline before those that are there.
    pub(super) fn push(&mut self, deadline: Deadline) {
        let last = self.line.back().map_or(i64::MIN, |last| last.at_ms);
        let at_ms = deadline.at_ms.max(last);
        self.line.push_back(Deadline { at_ms, ..deadline });
    }

    /// Sweeps out what does not fly if that is most of the line.
    pub(super) fn sweep(&mut self, flying: usize, flies: impl Fn(&Deadline) -> bool) {
        if self.line.len() > 2 * flying + 1_024 {
            self.line.retain(flies);
        }
    }

    /// Takes out the first that flies if it is due.
    pub(super) fn due(
        &mut self,
        now_ms: i64,
        flies: impl Fn(&Deadline) -> bool,
    ) -> Option<Deadline> {
        while self.line.front().is_some_and(|front| !flies(front)) {
            self.line.pop_front();
        }
        let due = self.line.front().is_some_and(|front| front.at_ms <= now_ms);
        due.then(|| self.line.pop_front()).flatten()
    }

    /// When to look again.
    pub(super) fn first_ms(&self) -> Option<i64> {
        self.line.front().map(|front| front.at_ms)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Deadline> {
        self.line.iter()
    }

    pub(super) fn clear(&mut self) {
        self.line.clear();
    }
}
