//! A stream: what is ready becomes one append, a few appends are under way at once, and answers
//! go out in the order of the messages.
//!
//! ```text
//! read what is ready --> [append][append][append] --> answers, oldest first
//!        ^                                |
//!        +-- not while full or overloaded +
//! ```
//!
//! Nothing is read while the appends under way are at their limit or the log is overloaded, so
//! that HTTP/2 flow control holds the sender back: a slow sender or reader slows itself only.

use super::append::{Appended, append, settle};
use super::chunk::Chunk;
use super::sealed::Sealed;
use super::trace::Call;
use super::{Adapter, Draft, draining};
use crate::oversize;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{BoxStream, FuturesOrdered, StreamExt};
use lienthong_contract::pb::event::v1::Outcome;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_eventlog::AppendError;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::Status;

/// Pause after the first refusal of an overloaded log; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// One answer of the stream; an error ends it.
pub type Answer = Result<Outcome, Status>;

/// Answers each message of `inbound`, in order, once its event is durable. Ends with an error if
/// the log does not take an event, the hub drains, or a message cannot be decoded; what was not
/// answered is safe to send again.
pub fn report(
    adapter: Arc<Adapter>,
    inbound: BoxStream<'static, Result<Draft, Status>>,
    call: Call,
) -> BoxStream<'static, Answer> {
    let session = Session {
        filling: Chunk::new(adapter.clone(), call.clone(), 0),
        draining: Box::pin(adapter.draining.clone().cancelled_owned()),
        adapter,
        call,
        inbound,
        held: None,
        appending: FuturesOrdered::new(),
        end: None,
    };
    futures_util::stream::unfold(Some(session), answers)
        .flat_map(futures_util::stream::iter)
        .boxed()
}

struct Session {
    adapter: Arc<Adapter>,
    call: Call,
    inbound: BoxStream<'static, Result<Draft, Status>>,
    draining: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Read but not yet handed to the log.
    filling: Chunk,
    /// Refused by an overloaded log, to be tried again before anything else is read.
    held: Option<Held>,
    /// Handed to the log, oldest first.
    appending: FuturesOrdered<BoxFuture<'static, Appended>>,
    /// How reading ended, once it has.
    end: Option<Result<(), Status>>,
}

struct Held {
    chunk: Box<Sealed>,
    since: Instant,
    pause: Duration,
    again: Instant,
}

/// The next answers, and the session unless it is over.
async fn answers(session: Option<Session>) -> Option<(Vec<Answer>, Option<Session>)> {
    let mut session = session?;
    loop {
        let reading = session.end.is_none();
        let room = session.appending.len() < session.adapter.limits.chunks_in_flight;
        let again = session.held.as_ref().map(|held| held.again);
        tokio::select! {
            biased;
            Some(appended) = session.appending.next() => {
                return Some(session.answer(appended).await);
            }
            () = &mut session.draining, if reading => {
                session.held = None;
                session.end = Some(Err(draining().into()));
            }
            () = pause(again), if again.is_some() => {
                if let Err(status) = session.try_again() {
                    session.end = Some(Err(status));
                }
            }
            end = read_ready(&mut session.inbound, &mut session.filling),
                if reading && room && again.is_none() => {
                session.end = end;
                session.hand_over();
            }
            else => {
                let last = session.end.take().and_then(Result::err);
                return last.map(|status| (vec![Err(status)], None));
            }
        }
    }
}

async fn pause(until: Option<Instant>) {
    if let Some(until) = until {
        tokio::time::sleep_until(until).await;
    }
}

/// Waits for a message and takes every further one that is there already, up to a full chunk.
/// Says how the stream ended, if it did. Loses nothing when dropped: the chunk holds what was read.
async fn read_ready(
    inbound: &mut BoxStream<'static, Result<Draft, Status>>,
    filling: &mut Chunk,
) -> Option<Result<(), Status>> {
    std::future::poll_fn(|context| fill(inbound, filling, context)).await
}

fn fill(
    inbound: &mut BoxStream<'static, Result<Draft, Status>>,
    filling: &mut Chunk,
    context: &mut Context<'_>,
) -> Poll<Option<Result<(), Status>>> {
    loop {
        match inbound.as_mut().poll_next(context) {
            Poll::Ready(Some(Ok(draft))) => filling.push(draft),
            Poll::Ready(Some(Err(status))) => {
                return Poll::Ready(Some(Err(oversize::explain(status))));
            }
            Poll::Ready(None) => return Poll::Ready(Some(Ok(()))),
            Poll::Pending if filling.is_empty() => return Poll::Pending,
            Poll::Pending => return Poll::Ready(None),
        }
        if filling.is_full() {
            return Poll::Ready(None);
        }
    }
}

impl Session {
    /// Hands what was read to the log.
    fn hand_over(&mut self) {
        if self.filling.is_empty() {
            return;
        }
        // What comes next is likely as much as what came last.
        let next = Chunk::new(self.adapter.clone(), self.call.clone(), self.filling.len());
        let chunk = std::mem::replace(&mut self.filling, next).seal();
        if let Err(chunk) = self.submit(chunk) {
            let now = Instant::now();
            self.held = Some(Held {
                chunk,
                since: now,
                pause: FIRST_PAUSE,
                again: now + FIRST_PAUSE,
            });
        }
    }

    /// Tries the held chunk again.
    fn try_again(&mut self) -> Result<(), Status> {
        let Some(held) = self.held.take() else {
            return Ok(());
        };
        let Err(chunk) = self.submit(*held.chunk) else {
            return Ok(());
        };
        let now = Instant::now();
        if now.duration_since(held.since) >= self.adapter.limits.overload_patience {
            let what = "the event log stayed overloaded";
            return Err(Failure::new(Reason::LogOverloaded, what).into());
        }
        let pause = (held.pause * 2).min(LONGEST_PAUSE);
        self.held = Some(Held {
            chunk,
            since: held.since,
            pause,
            again: now + pause,
        });
        Ok(())
    }

    /// Begins an append; gives the chunk back if the log refuses it at once for being overloaded.
    /// Only then may it be tried again: once later chunks are on their way, trying an earlier one
    /// again would change their order.
    fn submit(&mut self, chunk: Sealed) -> Result<(), Box<Sealed>> {
        let adapter = self.adapter.clone();
        let mut appending = async move { append(&adapter, chunk).await }.boxed();
        match (&mut appending).now_or_never() {
            None => self.appending.push_back(appending),
            Some(Appended {
                chunk,
                positions: Err(AppendError::Overloaded { .. }),
            }) => return Err(Box::new(chunk)),
            Some(done) => self.appending.push_back(std::future::ready(done).boxed()),
        }
        Ok(())
    }

    /// The answers to one chunk; a chunk that failed ends the session.
    async fn answer(self, appended: Appended) -> (Vec<Answer>, Option<Session>) {
        match appended.durable() {
            Ok((chunk, positions)) => {
                let outcomes = settle(&self.adapter, chunk, &positions).await;
                (outcomes.into_iter().map(Ok).collect(), Some(self))
            }
            Err(failure) => (vec![Err(failure.into())], None),
        }
    }
}
