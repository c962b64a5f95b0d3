//! Posts what a seat is handed. One task does all of it; requests are futures of that task.

mod settle;

use super::body;
use super::courier::Courier;
use super::endpoint::PATIENCE;
use super::health::{Gate, Health, Schedule};
use super::pace::Pace;
use super::request::{Endpoint, Letter, Reply, post};
use crate::durable::poster::End;
use crate::durable::seat::{Answer, Ended, Handed, Outcome, Seat, Told};
use crate::traced;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

/// After which an event is handed out again that was given back for want of a turn.
const AGAIN: Duration = Duration::from_secs(1);
/// How long requests under way are waited for when the gateway goes down.
const GRACE: Duration = Duration::from_secs(5);
/// Longest wait without anything to do; any would do.
const IDLE: Duration = Duration::from_secs(3_600);

/// What is posted to one endpoint.
struct Posting {
    endpoint: Arc<Endpoint>,
    courier: Arc<Courier>,
    health: Health,
    pace: Pace,
    /// Handed and not begun; since when. Bounded by the seat's share.
    waiting: VecDeque<(Instant, Handed)>,
    requests: FuturesUnordered<BoxFuture<'static, Answered>>,
    /// Whether one of the requests asks the endpoint whether it works.
    asking: bool,
    /// Whether the log says that the endpoint is down.
    told_down: bool,
    /// Events that failed for a reason that the endpoint's answer will tell.
    doubts: Vec<(Handing, String)>,
    /// Not told to the subscription yet.
    answers: Vec<Answer>,
}

/// Names a handing out.
#[derive(Debug, Clone, Copy)]
struct Handing {
    sequence: u64,
    attempt: u32,
}

/// A request that ended.
struct Answered {
    /// None: the question whether the endpoint works.
    event: Option<Handing>,
    reply: Reply,
}

/// Posts until the seat ends or the endpoint is given up.
pub(super) async fn run(
    endpoint: Arc<Endpoint>,
    courier: Arc<Courier>,
    schedule: Schedule,
    mut seat: Seat,
) -> End {
    let mut posting = Posting::new(endpoint, courier, schedule);
    loop {
        let now = Instant::now();
        posting.begin(now);
        let wake = posting.wake(now);
        tokio::select! {
            biased;
            Some(answered) = posting.requests.next() => {
                if let Some(why) = posting.settle(answered) {
                    return End::Disabled(why);
                }
            }
            told = seat.told.recv() => match told {
                Some(Told::Handed(events)) => posting.take(events, Instant::now()),
                Some(Told::Withdrawn(first, last)) => posting.withdraw(first, last),
                Some(Told::Late(count)) => {
                    tracing::debug!(subscription = posting.name(), count, "answers came too late");
                }
                Some(Told::Ended(Ended::Draining)) => break,
                Some(Told::Ended(Ended::Moved | Ended::Gone)) | None => return End::Left,
            },
            permit = seat.answers.reserve(), if !posting.answers.is_empty() => match permit {
                Ok(permit) => permit.send(std::mem::take(&mut posting.answers)),
                Err(_) => return End::Left,
            },
            () = sleep_until(wake) => {}
        }
    }
    posting.drain(seat).await
}

impl Posting {
    fn new(endpoint: Arc<Endpoint>, courier: Arc<Courier>, schedule: Schedule) -> Self {
        Self {
            pace: Pace::new(endpoint.limits.max_per_second),
            endpoint,
            courier,
            health: Health::new(schedule),
            waiting: VecDeque::new(),
            requests: FuturesUnordered::new(),
            asking: false,
            told_down: false,
            doubts: Vec::new(),
            answers: Vec::new(),
        }
    }

    fn name(&self) -> &str {
        &self.endpoint.target.name
    }

    /// Takes events that are handed out now.
    fn take(&mut self, events: Vec<Handed>, now: Instant) {
        self.waiting
            .extend(events.into_iter().map(|event| (now, event)));
    }

    /// What was withdrawn is not posted any more; a request under way goes on.
    fn withdraw(&mut self, first: u64, last: u64) {
        let withdrawn = first..=last;
        self.waiting
            .retain(|(_, event)| !withdrawn.contains(&event.sequence));
        self.doubts
            .retain(|(event, _)| !withdrawn.contains(&event.sequence));
    }

    /// Begins what may begin, and gives back what waited for too long.
    fn begin(&mut self, now: Instant) {
        while !self.waiting.is_empty() {
            if let Gate::Shut(pause) = self.health.gate(now) {
                self.give_back(self.waiting.len(), pause);
                return;
            }
            let busy = self.requests.len() >= self.endpoint.limits.max_concurrent;
            if busy || self.pace.wait(now).is_some() {
                break;
            }
            match self.health.gate(now) {
                Gate::Wait | Gate::Shut(_) => break,
                Gate::Open => {
                    self.post(0, now);
                }
                Gate::Probe(last) => {
                    let other = |(_, event): &(Instant, Handed)| Some(event.sequence) != last;
                    let place = self.waiting.iter().position(other).unwrap_or(0);
                    if let Some(sequence) = self.post(place, now) {
                        self.health.probe(sequence);
                    }
                }
            }
        }
        let late = |(since, _): &&(Instant, Handed)| *since + PATIENCE <= now;
        let late = self.waiting.iter().take_while(late).count();
        self.give_back(late, AGAIN);
    }

    /// Begins the request of an event that waits; its sequence number. None if it cannot be
    /// written, which is the event's failure.
    fn post(&mut self, place: usize, now: Instant) -> Option<u64> {
        let (_, event) = self.waiting.remove(place)?;
        let handing = Handing {
            sequence: event.sequence,
            attempt: event.attempt,
        };
        let body = match body::of(&event) {
            Ok(body) => body,
            Err(reason) => {
                self.fail(handing, reason);
                return None;
            }
        };
        self.pace.begin(now);
        let (courier, endpoint) = (Arc::clone(&self.courier), Arc::clone(&self.endpoint));
        let traced = traced::Request::of(self.name(), &event.event.delivery);
        let letter = Letter {
            what: handing.sequence.to_string(),
            body,
            traceparent: traced.traceparent.clone(),
            timeout: endpoint.limits.timeout,
        };
        self.requests.push(Box::pin(async move {
            let reply = post(&courier, &endpoint, letter).await;
            if !matches!(reply, Reply::Accepted) {
                traced.fail();
            }
            Answered {
                event: Some(handing),
                reply,
            }
        }));
        Some(handing.sequence)
    }

    /// Hands back so many of those that wait longest.
    fn give_back(&mut self, count: usize, retry_after: Duration) {
        let returned = self.waiting.drain(..count).map(|(_, event)| Answer {
            sequence: event.sequence,
            attempt: event.attempt,
            outcome: Outcome::Returned { retry_after },
        });
        self.answers.extend(returned);
    }

    /// When something may begin or has waited for too long.
    fn wake(&self, now: Instant) -> Instant {
        let Some((since, _)) = self.waiting.front() else {
            return now + IDLE;
        };
        let busy = self.requests.len() >= self.endpoint.limits.max_concurrent;
        let turn = self.pace.wait(now).filter(|_| !busy);
        turn.map_or(*since + PATIENCE, |turn| turn.min(*since + PATIENCE))
    }

    /// Waits a little for requests under way, so that fewer are repeated by the next gateway.
    async fn drain(mut self, seat: Seat) -> End {
        let deadline = Instant::now() + GRACE;
        while let Ok(Some(answered)) = timeout_at(deadline, self.requests.next()).await {
            if let Some(why) = self.settle(answered) {
                return End::Disabled(why);
            }
        }
        if !self.answers.is_empty() {
            // If it is too late for them, the events are handed out again.
            let _ = timeout_at(deadline, seat.answers.send(self.answers)).await;
        }
        End::Left
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use crate::webhook::tests::{config, handed, target};
    use crate::webhook::{Reach, request};

    #[test]
    fn what_does_not_get_its_turn_is_given_back_before_it_is_taken_for_lost() {
        let mut target = target("http://127.0.0.1:9/");
        target.webhook.max_per_second = 2;
        target.webhook.max_concurrent = 4;
        let endpoint = Arc::new(request::endpoint(&config(), target));
        let courier = Arc::new(Courier::new(Reach::Private, Vec::new()).unwrap());
        let mut posting = Posting::new(endpoint, courier, Schedule::default());
        let mut now = Instant::now();
        let given_up = now + PATIENCE;
        posting.take((1..=9).map(|sequence| handed(sequence, 1)).collect(), now);
        let mut turns = Vec::new();
        // What begins is never answered here, so that five wait in the end.
        while !posting.waiting.is_empty() {
            posting.begin(now);
            turns.push((posting.requests.len(), posting.waiting.len()));
            now = posting.wake(now).min(given_up);
        }
        assert_eq!(turns, [(2, 7), (4, 5), (4, 0)]);
        let retry_after = AGAIN;
        let returned = Outcome::Returned { retry_after };
        let given_back: Vec<u64> = posting
            .answers
            .iter()
            .map(|answer| answer.sequence)
            .collect();
        assert_eq!(given_back, [5, 6, 7, 8, 9]);
        assert!(
            posting
                .answers
                .iter()
                .all(|answer| answer.outcome == returned)
        );
    }
}
