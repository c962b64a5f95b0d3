//! Whether an endpoint is to blame for a failure, or the event.
//!
//! An event that its receiver cannot take must be parked without stopping the others; an endpoint
//! that is down must not park everything. What tells them apart is whether others get through:
//! ```text
//! something came through lately               -> the event is to blame
//! FAILING different events failed in a row    -> the endpoint is
//! neither is known                            -> ask the endpoint, with a validation event
//! no connection, or told to wait              -> the endpoint is
//! ```
//! While the endpoint is to blame nothing is posted but one event now and then, each time another
//! where there is one, by the schedule of Standard Webhooks.

use std::time::Duration;
use tokio::time::Instant;

/// Different events that fail in a row until the endpoint is to blame.
const FAILING: usize = 5;
/// How long something that came through stands for an endpoint that works.
const LATELY: Duration = Duration::from_secs(30);
/// The longest that an endpoint may ask to wait.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Pauses between the attempts at an endpoint that is down.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// After the first failure, after the second, ...; the last one again and again.
    pub(super) pauses: Vec<Duration>,
    /// Without a success for so long the endpoint is given up at the next failure.
    pub(super) give_up: Duration,
}

impl Default for Schedule {
    /// The specification's example; three days.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        let seconds = [
            5,
            5 * MINUTE,
            30 * MINUTE,
            2 * HOUR,
            5 * HOUR,
            10 * HOUR,
            14 * HOUR,
            20 * HOUR,
            24 * HOUR,
        ];
        Self {
            pauses: seconds.into_iter().map(Duration::from_secs).collect(),
            give_up: Duration::from_secs(72 * HOUR),
        }
    }
}

/// How an endpoint does.
#[derive(Debug)]
pub(super) struct Health {
    schedule: Schedule,
    succeeded: Option<Instant>,
    /// Since when nothing came through though it was tried.
    failing_since: Option<Instant>,
    /// Different events that failed since one came through, at most [`FAILING`].
    failed: Vec<u64>,
    /// Failures of the endpoint since something came through.
    downs: usize,
    pause: Option<Pause>,
    /// The last event that was tried while the endpoint was down.
    tried: Option<u64>,
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    /// The event that is tried now that the pause is over.
    probe: Option<u64>,
}

/// What may be posted now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// Everything.
    Open,
    /// One event, not this one if there is another.
    Probe(Option<u64>),
    /// Nothing before the event under way is answered.
    Wait,
    /// Nothing for so long.
    Shut(Duration),
}

/// Who is to blame for a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The event.
    Event,
    /// The endpoint.
    Endpoint,
    /// Not known: ask the endpoint.
    Unknown,
}

/// What an endpoint's failure leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Down {
    /// A pause begins; so many failures of the endpoint without one success.
    Pause(usize),
    /// There is one already.
    Already,
    /// Nothing came through for so long: no more of it.
    GivenUp(Duration),
}

impl Health {
    pub(super) fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            succeeded: None,
            failing_since: None,
            failed: Vec::new(),
            downs: 0,
            pause: None,
            tried: None,
        }
    }

    /// What may be posted.
    pub(super) fn gate(&self, now: Instant) -> Gate {
        match &self.pause {
            None => Gate::Open,
            Some(pause) if pause.until > now => Gate::Shut(pause.until - now),
            Some(pause) if pause.probe.is_some() => Gate::Wait,
            Some(_) => Gate::Probe(self.tried),
        }
    }

    /// Notes that an event is tried, as [`Gate::Probe`] allows.
    pub(super) fn probe(&mut self, sequence: u64) {
        if let Some(pause) = &mut self.pause {
            pause.probe = Some(sequence);
            self.tried = Some(sequence);
        }
    }

    /// An event came through.
    pub(super) fn accepted(&mut self, now: Instant) {
        self.failed.clear();
        self.tried = None;
        self.answered(now);
    }

    /// The endpoint answered the question whether it works, which says nothing where event after
    /// event fails.
    pub(super) fn answered(&mut self, now: Instant) {
        if self.failed.len() == FAILING {
            return;
        }
        self.succeeded = Some(now);
        self.failing_since = None;
        self.pause = None;
        self.downs = 0;
    }

    /// An event failed in a way that does not say who is to blame.
    pub(super) fn failed(&mut self, sequence: u64, now: Instant) -> Blame {
        self.failing_since.get_or_insert(now);
        if self.failed.len() < FAILING && !self.failed.contains(&sequence) {
            self.failed.push(sequence);
        }
        if self.failed.len() == FAILING {
            return Blame::Endpoint;
        }
        let works = |last: Instant| now.duration_since(last) < LATELY;
        match &self.pause {
            Some(pause) if pause.probe != Some(sequence) => Blame::Endpoint,
            Some(_) => Blame::Unknown,
            None if self.succeeded.is_some_and(works) => Blame::Event,
            None => Blame::Unknown,
        }
    }

    /// The endpoint is to blame for the failure of an event, or of the question (`None`). `asked`:
    /// the pause that it asked for. `jitter`: 0 to 1, at random.
    pub(super) fn down(
        &mut self,
        event: Option<u64>,
        now: Instant,
        asked: Option<Duration>,
        jitter: f64,
    ) -> Down {
        let since = *self.failing_since.get_or_insert(now);
        // What was under way when the pause began says nothing new.
        if let Some(pause) = &self.pause
            && (pause.until > now || event.is_some_and(|event| pause.probe != Some(event)))
        {
            return Down::Already;
        }
        let failing = now.duration_since(since);
        if failing >= self.schedule.give_up {
            return Down::GivenUp(failing);
        }
        let step = self.downs.min(self.schedule.pauses.len().saturating_sub(1));
        let pauses = &self.schedule.pauses;
        let planned = pauses.get(step).copied().unwrap_or(LONGEST);
        // A fifth more or less.
        let planned = planned.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
        let until = now + asked.map_or(planned, |asked| asked.min(LONGEST));
        self.pause = Some(Pause { until, probe: None });
        self.downs += 1;
        Down::Pause(self.downs)
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
