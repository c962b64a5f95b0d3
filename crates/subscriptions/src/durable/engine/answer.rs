//! What becomes of what was handed out.

use super::Engine;
use super::cases::Stage;
use super::hand_out::flies;
use crate::durable::seat::{Answer, Outcome};
use rand::RngExt;
use std::time::Duration;

/// Longest pause that a consumer may ask for, milliseconds.
const LONGEST_PAUSE_MS: u128 = 86_400_000;
/// Longest reason that is kept, in characters.
const LONGEST_REASON: usize = 500;

/// Whether an answer took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It did.
    Taken,
    /// The event was handed out again, settled or withdrawn meanwhile, or is with another seat.
    Late,
}

impl Engine {
    /// Takes an answer; of a seat, or of a caller that has none. That an event is done still counts
    /// after its time-out, or after its seat left, until it is handed out again.
    pub fn answer(&mut self, seat: Option<u64>, answer: Answer, now_ms: i64) -> Counted {
        let sequence = answer.sequence;
        let Some(event) = self.cases.event(sequence) else {
            return Counted::Late;
        };
        match event.stage {
            Stage::Flying(by)
                if event.attempt == answer.attempt && seat.is_none_or(|seat| seat == by) =>
            {
                self.seats.landed(by);
                match answer.outcome {
                    Outcome::Done => self.settle(sequence, now_ms),
                    Outcome::Failed {
                        retry_after,
                        reason,
                    } => self.fail(sequence, retry_after, &reason, now_ms),
                    Outcome::Returned { retry_after } => {
                        let trouble = self.trouble.entry(sequence).or_default();
                        trouble.not_before_ms = now_ms.saturating_add(millis(retry_after));
                        self.again(sequence, now_ms);
                    }
                }
                Counted::Taken
            }
            Stage::Flying(_) | Stage::Behind | Stage::Skipping => Counted::Late,
            _ => {
                let is_last = event.unanswered && event.attempt == answer.attempt.wrapping_add(1);
                if !is_last || answer.outcome != Outcome::Done {
                    return Counted::Late;
                }
                self.settle(sequence, now_ms);
                Counted::Taken
            }
        }
    }

    /// When the event was recorded that an answer is about, milliseconds since the epoch; none if
    /// the answer would be late.
    pub fn flying_since(&self, answer: &Answer) -> Option<i64> {
        let event = self.cases.event(answer.sequence)?;
        let is_flying = matches!(event.stage, Stage::Flying(_)) && event.attempt == answer.attempt;
        let payload = event.payload.as_ref().filter(|_| is_flying)?;
        Some(payload.recorded_ms)
    }

    /// What is due by itself: events that were not answered in time have failed, and pauses end.
    pub fn expire(&mut self, now_ms: i64) {
        loop {
            let cases = &self.cases;
            let due = self
                .deadlines
                .due(now_ms, |deadline| flies(cases, deadline));
            let Some(sequence) = due.map(|due| due.sequence) else {
                break;
            };
            if let Some(event) = self.cases.event_mut(sequence) {
                event.unanswered = true;
                if let Stage::Flying(seat) = event.stage {
                    self.seats.landed(seat);
                }
            }
            self.fail(sequence, None, "it was not acknowledged in time", now_ms);
            if let Some(event) = self.cases.event_mut(sequence) {
                event.unanswered = true;
            }
        }
        while let Some((until_ms, sequence)) = self.pauses.first().copied() {
            if until_ms > now_ms {
                break;
            }
            self.pauses.pop_first();
            self.stage(sequence, now_ms);
        }
    }

    fn fail(&mut self, sequence: u64, retry_after: Option<Duration>, reason: &str, now_ms: i64) {
        let trouble = self.trouble.entry(sequence).or_default();
        trouble.failures += 1;
        trouble.reason = reason.chars().take(LONGEST_REASON).collect();
        if trouble.failures >= self.limits.max_attempts {
            trouble.parked_ms = now_ms.max(1);
            trouble.not_before_ms = 0;
        } else {
            let chance = self.random.random::<f64>();
            let pause_ms = match retry_after {
                Some(pause) => millis(pause),
                None => self.limits.backoff(trouble.failures, chance),
            };
            trouble.not_before_ms = now_ms.saturating_add(pause_ms);
        }
        self.again(sequence, now_ms);
    }

    /// The event was answered and is to be handed out again.
    fn again(&mut self, sequence: u64, now_ms: i64) {
        if let Some(event) = self.cases.event_mut(sequence) {
            event.attempt = event.attempt.saturating_add(1);
            event.unanswered = false;
        }
        self.change(sequence, now_ms);
    }
}

fn millis(pause: Duration) -> i64 {
    pause.as_millis().min(LONGEST_PAUSE_MS) as i64
}
