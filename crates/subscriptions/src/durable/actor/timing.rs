//! How long events took from recorded until they were acknowledged, of a few that stand for all.

use super::Actor;
use crate::durable::seat::{Answer, Outcome};
use lienthong_telemetry::stage::{self, Stage};
use std::time::Duration;
use tokio::time::Instant;

/// Batches that follow on one that was measured so soon are not.
const PAUSE: Duration = Duration::from_millis(10);

/// What is measured, and since when.
#[derive(Debug)]
pub struct Timing {
    /// Events recorded before this are told again on purpose (the subscription began or was moved
    /// behind them), milliseconds since the epoch.
    since_ms: i64,
    not_before: Instant,
}

impl Timing {
    /// Measures what is recorded from now on.
    pub fn since(since_ms: i64) -> Self {
        Self {
            since_ms,
            not_before: Instant::now(),
        }
    }

    fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = now >= self.not_before;
        if is_due {
            self.not_before = now + PAUSE;
        }
        is_due
    }
}

impl Actor {
    /// Measures some of the answers that are about to take effect.
    pub(super) fn measure(&mut self, answers: &[Answer], now_ms: i64) {
        if answers.is_empty() || !self.timing.is_due() {
            return;
        }
        let sampled = stage::sample(answers.len()).filter_map(|index| answers.get(index));
        for answer in sampled.filter(|answer| answer.outcome == Outcome::Done) {
            let recorded_ms = self.engine.flying_since(answer);
            let recorded_ms =
                recorded_ms.filter(|recorded_ms| *recorded_ms >= self.timing.since_ms);
            if let Some(recorded_ms) = recorded_ms {
                let seconds = (now_ms - recorded_ms) as f64 / 1_000.0;
                stage::record(Stage::Subscriber, &self.name, seconds);
                stage::reached_subscription(&self.name, seconds);
            }
        }
    }
}
