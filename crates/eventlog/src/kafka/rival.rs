//! What a member that lost its place does: enter again, wait, or give way.
//!
//! The brokers fence a static member when another join came with its instance. That may be a
//! second process by the same name, but also a late join of its own: a broker that died had taken
//! it, its answer was lost, and the client asked again. Under failing brokers that happens as often
//! as they fail, so the number of times tells nothing; the mark of the process that now has the
//! place does (see `protocol`).
//!
//! ```text
//! fenced, the first time in a while ........................... enter at once
//! fenced again: the group shows our own mark, or nobody ....... enter after a pause that grows
//!               the group shows nothing for a session ......... enter
//!               another mark, and still after its session ..... it is alive: give way
//! ```
//! Two live processes so end in one that has the place and one that is told of the other.

use super::protocol::Holder;
use std::time::{Duration, Instant};

/// Without being fenced for so long, a member counts as never fenced.
const A_WHILE: Duration = Duration::from_secs(120);
/// First and longest pause before entering again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// How much later than its session the brokers forget a member that died.
const GRACE: Duration = Duration::from_secs(2);

/// How often a member was fenced lately.
#[derive(Default)]
pub(super) struct Fences {
    lately: u32,
    last: Option<Instant>,
}

impl Fences {
    /// Counts one more; what is to be done about it.
    pub(super) fn count(&mut self, now: Instant) -> Answer {
        let lately = |last: Instant| now.saturating_duration_since(last) <= A_WHILE;
        self.lately = match self.last {
            Some(last) if lately(last) => self.lately.saturating_add(1),
            Some(_) | None => 1,
        };
        self.last = Some(now);
        if self.lately == 1 {
            return Answer::Enter;
        }
        let doublings = (self.lately - 2).min(16);
        let pause = PAUSES.0.saturating_mul(1 << doublings);
        Answer::Look {
            pause: pause.min(PAUSES.1),
        }
    }
}

/// What to do about being fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Enter again at once.
    Enter,
    /// Pause, then look who has the place until a [`Watch`] has decided.
    Look {
        /// How long to pause.
        pause: Duration,
    },
}

/// Looks at the place until it is clear who has it.
pub(super) struct Watch {
    mark: String,
    session: Duration,
    began: Instant,
    /// Whose other mark was seen, and since when.
    rival: Option<(String, Instant)>,
}

/// What is clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nobody else has the place.
    Enter,
    /// Another live process has it.
    GiveWay,
    /// Nothing yet: look again.
    Open,
}

impl Watch {
    /// Begins for the process with this mark and this session.
    pub(super) fn new(mark: &str, session: Duration, now: Instant) -> Self {
        Self {
            mark: mark.to_owned(),
            session,
            began: now,
            rival: None,
        }
    }

    /// Takes what the group shows; none while the brokers do not tell.
    pub(super) fn see(&mut self, shown: Option<Holder>, now: Instant) -> Verdict {
        match shown {
            Some(Holder::Nobody) => return Verdict::Enter,
            Some(Holder::Process(mark)) if mark == self.mark => return Verdict::Enter,
            Some(Holder::Process(mark)) => match &self.rival {
                Some((rival, since)) if *rival == mark => {
                    if now.saturating_duration_since(*since) > self.session + GRACE {
                        return Verdict::GiveWay;
                    }
                }
                Some(_) | None => self.rival = Some((mark, now)),
            },
            Some(Holder::Hidden) | None => {}
        }
        let waited = now.saturating_duration_since(self.began);
        match &self.rival {
            None if waited > self.session => Verdict::Enter,
            // A rival was seen and then nothing for long: it is no more known to live.
            Some(_) if waited > 4 * (self.session + GRACE) => Verdict::Enter,
            Some(_) | None => Verdict::Open,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    const SESSION: Duration = Duration::from_secs(6);

    fn process(mark: &str) -> Option<Holder> {
        Some(Holder::Process(mark.to_owned()))
    }

    /// What is decided in the end when the group shows this every second.
    fn decided(shown: impl Fn(u64) -> Option<Holder>) -> (u64, Verdict) {
        let began = Instant::now();
        let mut watch = Watch::new("mine", SESSION, began);
        (0..1_000)
            .map(|second| {
                let now = began + Duration::from_secs(second);
                (second, watch.see(shown(second), now))
            })
            .find(|(_, verdict)| *verdict != Verdict::Open)
            .unwrap()
    }

    #[test]
    fn a_place_that_a_late_join_of_its_own_has_is_entered_again_however_often() {
        assert_eq!(decided(|_| process("mine")), (0, Verdict::Enter));
        assert_eq!(decided(|_| Some(Holder::Nobody)), (0, Verdict::Enter));
        let mut fences = Fences::default();
        let now = Instant::now();
        assert_eq!(fences.count(now), Answer::Enter);
        let pauses = (0..40).map(|_| fences.count(now));
        let pauses: Vec<Answer> = pauses.collect();
        let look = |pause| Answer::Look { pause };
        assert_eq!(pauses[0], look(Duration::from_millis(250)));
        assert_eq!(pauses[1], look(Duration::from_millis(500)));
        assert_eq!(pauses[39], look(Duration::from_secs(5)));
        let later = now + A_WHILE + Duration::from_secs(1);
        assert_eq!(fences.count(later), Answer::Enter);
    }

    #[test]
    fn a_rival_that_outlives_its_session_is_alive_and_gets_the_place() {
        assert_eq!(decided(|_| process("other")), (9, Verdict::GiveWay));
        let now_and_then = |second: u64| match second % 2 {
            0 => process("other"),
            _ => Some(Holder::Hidden),
        };
        assert_eq!(decided(now_and_then), (10, Verdict::GiveWay));
    }

    #[test]
    fn a_rival_that_dies_leaves_the_place() {
        let dies = |second| match second {
            0..7 => process("other"),
            _ => Some(Holder::Nobody),
        };
        assert_eq!(decided(dies), (7, Verdict::Enter));
    }

    #[test]
    fn brokers_that_tell_nothing_keep_nobody_out_for_longer_than_a_session() {
        assert_eq!(decided(|_| None), (7, Verdict::Enter));
        assert_eq!(decided(|_| Some(Holder::Hidden)), (7, Verdict::Enter));
        let then_nothing = |second| if second == 0 { process("other") } else { None };
        assert_eq!(decided(then_nothing), (33, Verdict::Enter));
    }
}
