//! The skew of a source's clock, told apart from how late the source reports.
//!
//! ```text
//! by the source's clock     occurred ---- delay ----> sent
//! by the hub's clock                                    ---- skew + network ----> recorded
//! ```
//! A source that says when it sent shows both: the smallest `recorded - sent` of a window is its
//! skew and the few milliseconds of the network, whatever queued in between. One that does not say
//! shows a skew only where an event is recorded before it occurred: its clock is ahead by at least
//! that, and a clock that is behind looks like a delay.

/// How long a difference of clocks counts, in milliseconds: a clock that is set is told anew within a
/// minute, and a message is not on its way for so long.
pub const WINDOW_MS: i64 = 60_000;

/// What is known of the clock of one source, from the events it sent lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    /// Half of the window.
    span_ms: i64,
    /// When the present half began, by the hub's clock; none before the first event.
    began_ms: Option<i64>,
    /// The present half and the one before.
    seen: [Smallest; 2],
}

/// Smallest differences of one half of the window, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Smallest {
    /// Of recorded - sent, of events that say when they were sent.
    since_sent: Option<i64>,
    /// Of recorded - occurred, of all events.
    since_occurred: Option<i64>,
}

impl Skew {
    /// Nothing known yet. What was seen counts for at least half of `window_ms` and at most the
    /// whole of it, by recorded time; less than 2 is taken as 2.
    pub fn new(window_ms: i64) -> Self {
        Self {
            span_ms: (window_ms / 2).max(1),
            began_ms: None,
            seen: [Smallest::default(); 2],
        }
    }

    /// Takes an event, all times in milliseconds since the Unix epoch, and says how late its source
    /// was with it without the skew of its clock: milliseconds, never negative.
    pub fn take(&mut self, recorded_ms: i64, occurred_ms: i64, sent_ms: Option<i64>) -> i64 {
        self.turn(recorded_ms);
        let since_occurred = recorded_ms.saturating_sub(occurred_ms);
        let since_sent = sent_ms.map(|sent_ms| recorded_ms.saturating_sub(sent_ms));
        let present = &mut self.seen[0];
        present.since_occurred = smaller(present.since_occurred, Some(since_occurred));
        present.since_sent = smaller(present.since_sent, since_sent);
        let delay_ms = match sent_ms {
            Some(sent_ms) => sent_ms.saturating_sub(occurred_ms),
            None => since_occurred.saturating_sub(self.skew_ms().unwrap_or(0)),
        };
        delay_ms.max(0)
    }

    /// The hub's clock minus the source's, in milliseconds, as of the last event taken: negative if
    /// the source's is ahead. None: not known, which of a source that does not say when it sent
    /// means that its clock is not seen to be ahead.
    pub fn skew_ms(&self) -> Option<i64> {
        let [present, before] = self.seen;
        smaller(present.since_sent, before.since_sent).or_else(|| {
            smaller(present.since_occurred, before.since_occurred).filter(|ahead| *ahead < 0)
        })
    }

    /// Begins the next half of the window if it is time. A clock of the hub that was set back
    /// begins none.
    fn turn(&mut self, now_ms: i64) {
        let began_ms = *self.began_ms.get_or_insert(now_ms);
        let passed = now_ms.saturating_sub(began_ms) / self.span_ms;
        if passed < 1 {
            return;
        }
        let before = if passed == 1 {
            self.seen[0]
        } else {
            Smallest::default()
        };
        self.seen = [Smallest::default(), before];
        self.began_ms = Some(began_ms + passed * self.span_ms);
    }
}

fn smaller(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn a_source_that_says_when_it_sent_shows_its_skew_and_its_delay_apart() {
        let mut skew = Skew::new(10 * MINUTE);
        assert_eq!(skew.skew_ms(), None);
        // Its clock is 5 minutes ahead, it reports 90 s late, and this message was queued for 7 s.
        let (ahead, late) = (5 * MINUTE, 90_000);
        let told = |now: i64, queued: i64| {
            let sent = now - queued + ahead;
            (now, sent - late, Some(sent))
        };
        let (recorded, occurred, sent) = told(1_000_000, 7_000);
        assert_eq!(skew.take(recorded, occurred, sent), late);
        assert_eq!(skew.skew_ms(), Some(-ahead + 7_000));
        let (recorded, occurred, sent) = told(1_001_000, 3);
        assert_eq!(skew.take(recorded, occurred, sent), late);
        assert_eq!(skew.skew_ms(), Some(-ahead + 3));
        // What it says without a sending time is read by the same clock.
        assert_eq!(
            skew.take(1_002_000, 1_002_000 + ahead - 1_000, None),
            1_000 - 3
        );
    }

    #[test]
    fn a_clock_that_is_behind_is_no_delay_where_the_source_says_when_it_sent() {
        let mut skew = Skew::new(MINUTE);
        let behind = 30_000;
        let sent = 500_000 - behind - 2;
        assert_eq!(skew.take(500_000, sent - 40, Some(sent)), 40);
        assert_eq!(skew.skew_ms(), Some(behind + 2));
    }

    #[test]
    fn without_a_sending_time_only_a_clock_that_is_ahead_is_known() {
        let mut skew = Skew::new(MINUTE);
        assert_eq!(skew.take(100_000, 60_000, None), 40_000);
        assert_eq!(skew.skew_ms(), None);
        assert_eq!(skew.take(101_000, 106_000, None), 0);
        assert_eq!(skew.skew_ms(), Some(-5_000));
        assert_eq!(skew.take(102_000, 106_000, None), 1_000);
    }

    #[test]
    fn a_clock_that_was_set_right_is_right_after_a_window() {
        let mut skew = Skew::new(MINUTE);
        skew.take(0, 20_000, Some(20_000));
        assert_eq!(skew.skew_ms(), Some(-20_000));
        skew.take(29_999, 29_999, Some(29_998));
        assert_eq!(skew.skew_ms(), Some(-20_000));
        skew.take(45_000, 45_000, Some(44_999));
        assert_eq!(skew.skew_ms(), Some(-20_000), "half a window ago it was so");
        skew.take(60_000, 60_000, Some(59_998));
        assert_eq!(skew.skew_ms(), Some(1));
        skew.take(1_000_000, 1_000_000, Some(999_996));
        assert_eq!(
            skew.skew_ms(),
            Some(4),
            "what lies two windows back is gone"
        );
    }

    #[test]
    fn times_at_the_ends_of_what_there_is_overflow_nothing() {
        let mut skew = Skew::new(0);
        assert_eq!(skew.take(i64::MAX, i64::MIN, None), i64::MAX);
        assert_eq!(skew.take(i64::MIN, i64::MAX, Some(i64::MIN)), 0);
    }
}
