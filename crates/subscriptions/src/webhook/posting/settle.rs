//! What an answer of the endpoint means for the events.

use super::{Answered, Handing, Posting};
use crate::durable::seat::{Answer, Outcome};
use crate::webhook::health::{Blame, Down, Gate};
use crate::webhook::request::Reply;
use crate::webhook::validation;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Pause for an event of an endpoint that is to blame and yet has no pause.
const SHORTLY: Duration = Duration::from_secs(1);
const GONE: &str = "the endpoint answered HTTP 410, which says that it wants no more events";

impl Posting {
    /// Takes an answer. In words why the endpoint is given up, if it is.
    pub(super) fn settle(&mut self, answered: Answered) -> Option<String> {
        let now = Instant::now();
        match answered.event {
            Some(event) => self.of_event(event, answered.reply, now),
            None => self.of_question(answered.reply, now),
        }
    }

    fn of_event(&mut self, event: Handing, reply: Reply, now: Instant) -> Option<String> {
        let (asked, why) = match reply {
            Reply::Accepted => {
                self.answer(event, Outcome::Done);
                self.health.accepted(now);
                self.works();
                return None;
            }
            Reply::Gone => return Some(self.given_up(GONE.to_owned())),
            Reply::Throttled(asked) => (asked, "it asks to wait".to_owned()),
            Reply::Unreachable(why) => (None, why),
            Reply::Failed(why) => match self.health.failed(event.sequence, now) {
                Blame::Event => {
                    self.fail(event, why);
                    return None;
                }
                Blame::Unknown => {
                    self.doubts.push((event, why));
                    self.ask();
                    return None;
                }
                Blame::Endpoint => (None, why),
            },
        };
        let given_up = self.down(Some(event), now, asked, &why);
        let retry_after = self.pause(now);
        self.answer(event, Outcome::Returned { retry_after });
        given_up
    }

    fn of_question(&mut self, reply: Reply, now: Instant) -> Option<String> {
        self.asking = false;
        let (asked, why) = match reply {
            Reply::Accepted => {
                self.health.answered(now);
                self.works();
                return None;
            }
            Reply::Gone => return Some(self.given_up(GONE.to_owned())),
            Reply::Throttled(asked) => (asked, "it asks to wait".to_owned()),
            Reply::Unreachable(why) | Reply::Failed(why) => (None, why),
        };
        self.down(None, now, asked, &why)
    }

    /// The endpoint works: what is in doubt failed by itself.
    fn works(&mut self) {
        for (event, why) in std::mem::take(&mut self.doubts) {
            self.fail(event, why);
        }
        if std::mem::take(&mut self.told_down) {
            let host = self.endpoint.host.as_str();
            tracing::info!(subscription = self.name(), host, "webhook is back");
        }
    }

    /// The endpoint is to blame: what is in doubt is tried again and does not count.
    fn down(
        &mut self,
        event: Option<Handing>,
        now: Instant,
        asked: Option<Duration>,
        why: &str,
    ) -> Option<String> {
        let sequence = event.map(|event| event.sequence);
        let down = self.health.down(sequence, now, asked, rand::random());
        let retry_after = self.pause(now);
        for (event, _) in std::mem::take(&mut self.doubts) {
            self.answer(event, Outcome::Returned { retry_after });
        }
        match down {
            Down::Pause(times) => {
                // One that asks to wait and then takes events is not down.
                if !self.told_down && (asked.is_none() || times > 1) {
                    let (subscription, host) = (self.name(), self.endpoint.host.as_str());
                    tracing::warn!(subscription, host, why, "webhook is down");
                    self.told_down = true;
                }
                None
            }
            Down::Already => None,
            Down::GivenUp(failing) => {
                let hours = failing.as_secs() / 3_600;
                Some(self.given_up(format!(
                    "nothing came through for {hours} hours; the last failure: {why}"
                )))
            }
        }
    }

    fn given_up(&self, why: String) -> String {
        let (subscription, host) = (self.name(), self.endpoint.host.as_str());
        tracing::warn!(subscription, host, why, "webhook is disabled");
        why
    }

    /// Asks the endpoint whether it works, unless it is being asked.
    fn ask(&mut self) {
        if std::mem::replace(&mut self.asking, true) {
            return;
        }
        self.pace.begin(Instant::now());
        let (courier, endpoint) = (Arc::clone(&self.courier), Arc::clone(&self.endpoint));
        self.requests.push(Box::pin(async move {
            Answered {
                event: None,
                reply: validation::ping(&courier, &endpoint).await,
            }
        }));
    }

    /// What is left of the endpoint's pause.
    fn pause(&self, now: Instant) -> Duration {
        match self.health.gate(now) {
            Gate::Shut(pause) => pause,
            Gate::Open | Gate::Probe(_) | Gate::Wait => SHORTLY,
        }
    }

    pub(super) fn fail(&mut self, event: Handing, reason: String) {
        let retry_after = None;
        self.answer(
            event,
            Outcome::Failed {
                retry_after,
                reason,
            },
        );
    }

    fn answer(&mut self, event: Handing, outcome: Outcome) {
        self.answers.push(Answer {
            sequence: event.sequence,
            attempt: event.attempt,
            outcome,
        });
    }
}
