//! At most so many requests in any second.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// When the last requests began, as many as a second may hold.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: Option<usize>,
    begun: VecDeque<Instant>,
}

impl Pace {
    /// 0: no limit.
    pub(super) fn new(per_second: u32) -> Self {
        let per_second = usize::try_from(per_second).ok().filter(|limit| *limit > 0);
        Self {
            per_second,
            begun: VecDeque::new(),
        }
    }

    /// When the next request may begin; none: at once.
    pub(super) fn wait(&self, now: Instant) -> Option<Instant> {
        let limit = self.per_second?;
        if self.begun.len() < limit {
            return None;
        }
        let free = *self.begun.front()? + SECOND;
        (free > now).then_some(free)
    }

    /// Notes that a request begins.
    pub(super) fn begin(&mut self, now: Instant) {
        let Some(limit) = self.per_second else {
            return;
        };
        if self.begun.len() >= limit {
            self.begun.pop_front();
        }
        self.begun.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_holds_more_than_the_limit_however_the_requests_fall() {
        let start = Instant::now();
        let mut pace = Pace::new(3);
        let mut begun = Vec::new();
        for step in 0..5_000_u64 {
            let now = start + Duration::from_millis(step * 7 % 11 + step);
            if pace.wait(now).is_none() && begun.last().is_none_or(|last| *last <= now) {
                pace.begin(now);
                begun.push(now);
            }
        }
        assert!(begun.len() > 12, "{} began", begun.len());
        assert!(begun.windows(4).all(|four| four[3] >= four[0] + SECOND));
    }

    #[test]
    fn without_a_limit_nothing_waits_and_nothing_is_kept() {
        let mut pace = Pace::new(0);
        let now = Instant::now();
        (0..1_000).for_each(|_| pace.begin(now));
        assert_eq!(pace.wait(now), None);
        assert!(pace.begun.is_empty());
    }
}
