//! Posts what a seat is handed. One task does all of it; requests are futures of that task.

mod settle;

use super::body;
use super::courier::Courier;
use super::endpoint::PATIENCE;
use super::health::{Gate, Health, Schedule};
use super::pace::Pace;
use super::request::{Endpoint, Reply, post};
use crate::durable::poster::End;
use crate::durable::seat::{Answer, Ended, Handed, Outcome, Seat, Told};
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
    /// Handed and not begun; since when.
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
    let mut posting = Posting {
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
    };
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
            told = seat.told.recv(), if posting.has_room() => match told {
                Some(Told::Handed(events)) => posting.take(events),
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
    fn name(&self) -> &str {
        &self.endpoint.target.name
    }

    fn take(&mut self, events: Vec<Handed>) {
        let now = Instant::now();
        self.waiting
            .extend(events.into_iter().map(|event| (now, event)));
    }

    fn has_room(&self) -> bool {
        self.waiting.len() < self.endpoint.limits.max_concurrent
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
        self.requests.push(Box::pin(async move {
            let what = handing.sequence.to_string();
            Answered {
                event: Some(handing),
                reply: post(&courier, &endpoint, &what, body).await,
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
