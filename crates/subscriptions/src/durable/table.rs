//! The seats of one subscription: streams, fetchers and the webhook.
//!
//! A stream that does not read is told no more once [`BACKLOG`] messages wait for it; a fetcher is
//! handed events only while it asks. Telling never waits.

use super::seat::{Answer, Ended, Handed, Seat, Told};
use futures_util::stream::{BoxStream, SelectAll, once};
use futures_util::{FutureExt, StreamExt};
use std::collections::BTreeMap;
use std::future::ready;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

/// Messages that may wait for a stream.
const BACKLOG: usize = 64;
/// Of them, those kept free of events: for what else there is to tell.
const SPARE: usize = 4;
/// Batches of answers that may wait for the subscription, of each seat.
const ANSWERS: usize = 16;
/// Most fetchers that are remembered between their calls.
const FETCHERS: usize = 1_000;
/// Longest that a fetch that need not wait is given for events that are being read.
const GRACE: Duration = Duration::from_secs(1);

/// What is heard from seats: nothing more is [`Heard::Left`].
pub enum Heard {
    /// What became of events.
    Answers(Vec<Answer>),
    /// The consumer has gone.
    Left,
}

/// All seats.
#[derive(Default)]
pub struct Table {
    seats: BTreeMap<u64, Place>,
    heard: SelectAll<BoxStream<'static, (u64, Heard)>>,
    last: u64,
}

struct Place {
    consumer: String,
    /// Late answers that it was not told of yet.
    late: u64,
    /// Numbers withdrawn that it was not told of yet.
    withdrawn: Option<(u64, u64)>,
    /// It said everything: it is handed nothing more, and ends soon.
    leaving: bool,
    kind: Kind,
}

enum Kind {
    Stream {
        told: mpsc::Sender<Told>,
        share: usize,
    },
    Fetcher {
        asking: Option<Asking>,
        since: Instant,
    },
}

/// A fetch under way.
pub struct Asking {
    /// At most so many events.
    pub most: usize,
    /// When to answer that there is nothing.
    pub until: Instant,
    /// Where to answer.
    pub reply: oneshot::Sender<Vec<Handed>>,
}

impl Table {
    /// A seat for a stream.
    pub fn sit(&mut self, consumer: String, share: usize) -> (u64, Seat) {
        let (told, read) = mpsc::channel(BACKLOG);
        let (answers, heard) = mpsc::channel(ANSWERS);
        let id = self.place(consumer, Kind::Stream { told, share });
        let heard = ReceiverStream::new(heard)
            .map(move |answers| (id, Heard::Answers(answers)))
            .chain(once(ready((id, Heard::Left))));
        self.heard.push(heard.boxed());
        let seat = Seat {
            told: read,
            answers,
        };
        (id, seat)
    }

    /// The seat of a fetcher that asks; what it asked before is answered with nothing.
    pub fn ask(&mut self, consumer: &str, asking: Asking) -> u64 {
        let fetchers = |(id, place): (&u64, &mut Place)| match &mut place.kind {
            Kind::Fetcher { .. } if place.consumer == consumer => Some(*id),
            Kind::Fetcher { .. } | Kind::Stream { .. } => None,
        };
        let there = self.seats.iter_mut().find_map(fetchers);
        let kind = Kind::Fetcher {
            asking: Some(asking),
            since: Instant::now(),
        };
        match there {
            None => self.place(consumer.to_owned(), kind),
            Some(id) => {
                if let Some(place) = self.seats.get_mut(&id) {
                    place.kind = kind;
                }
                id
            }
        }
    }

    fn place(&mut self, consumer: String, kind: Kind) -> u64 {
        self.last += 1;
        let place = Place {
            consumer,
            late: 0,
            withdrawn: None,
            leaving: false,
            kind,
        };
        self.seats.insert(self.last, place);
        self.last
    }

    /// A seat takes no more part; it is still to be ended.
    pub fn leave(&mut self, id: u64) {
        if let Some(place) = self.seats.get_mut(&id) {
            place.leaving = true;
        }
    }

    /// Whether nobody takes part.
    pub fn is_empty(&self) -> bool {
        self.seats.values().all(|place| place.leaving)
    }

    /// How many take part.
    pub fn count(&self) -> u32 {
        let staying = self.seats.values().filter(|place| !place.leaving);
        u32::try_from(staying.count()).unwrap_or(u32::MAX)
    }

    /// The consumers' names.
    pub fn consumers(&self) -> Vec<String> {
        let staying = self.seats.values().filter(|place| !place.leaving);
        staying.map(|place| place.consumer.clone()).collect()
    }

    /// A stream of this name, or any seat of it if it is to be a stream's.
    pub fn named(&self, consumer: &str) -> Option<u64> {
        let mut all = self.seats.iter();
        let found = all.find(|(_, place)| place.consumer == consumer);
        found.map(|(id, _)| *id)
    }

    /// Whether a seat is a fetcher's.
    pub fn is_fetcher(&self, id: u64) -> bool {
        let place = self.seats.get(&id);
        place.is_some_and(|place| matches!(place.kind, Kind::Fetcher { .. }))
    }

    /// How many events each seat may have, beside (fetchers) or with (streams) those it has: what
    /// [`Allowed`] says.
    pub fn allowed(&self) -> impl Iterator<Item = (u64, Allowed)> + '_ {
        let staying = self.seats.iter().filter(|(_, place)| !place.leaving);
        staying.map(|(id, place)| {
            let allowed = match &place.kind {
                Kind::Stream { told, share } if told.capacity() > SPARE => Allowed::InAll(*share),
                Kind::Stream { .. } | Kind::Fetcher { asking: None, .. } => Allowed::InAll(0),
                Kind::Fetcher {
                    asking: Some(asking),
                    ..
                } => Allowed::Further(asking.most),
            };
            (*id, allowed)
        })
    }

    /// Hands events to a seat; gives them back if it has gone.
    pub fn hand(&mut self, id: u64, events: Vec<Handed>) -> Result<(), Vec<Handed>> {
        let Some(place) = self.seats.get_mut(&id) else {
            return Err(events);
        };
        match &mut place.kind {
            Kind::Stream { told, .. } => {
                told.try_send(Told::Handed(events))
                    .map_err(|error| match error.into_inner() {
                        Told::Handed(events) => events,
                        Told::Late(_) | Told::Withdrawn(..) | Told::Ended(_) => Vec::new(),
                    })
            }
            Kind::Fetcher { asking, since } => match asking.take() {
                Some(asking) => {
                    *since = Instant::now();
                    asking.reply.send(events)
                }
                None => Err(events),
            },
        }
    }

    /// Counts answers that came too late.
    pub fn late(&mut self, id: u64, late: u64) {
        if let Some(place) = self.seats.get_mut(&id) {
            place.late += late;
        }
    }

    /// Numbers that were withdrawn from everybody. Told as one range, in which settled ones may lie,
    /// so that what waits to be told stays small.
    pub fn withdrawn(&mut self, first: u64, last: u64) {
        for place in self.seats.values_mut() {
            let all = place.withdrawn.get_or_insert((first, last));
            *all = (all.0.min(first), all.1.max(last));
        }
    }

    /// Tells streams what they were not told yet.
    pub fn tell(&mut self) {
        for place in self.seats.values_mut() {
            let Kind::Stream { told, .. } = &place.kind else {
                continue;
            };
            // Two messages at most; the last place is for the end.
            if let Some((first, last)) = place.withdrawn
                && told.capacity() > 1
                && told.try_send(Told::Withdrawn(first, last)).is_ok()
            {
                place.withdrawn = None;
            }
            if place.late > 0
                && told.capacity() > 1
                && told.try_send(Told::Late(place.late)).is_ok()
            {
                place.late = 0;
            }
        }
    }

    /// Ends a seat.
    pub fn end(&mut self, id: u64, why: Ended) {
        if let Some(place) = self.seats.remove(&id)
            && let Kind::Stream { told, .. } = place.kind
        {
            // One that is gone is told nothing.
            let _ = told.try_send(Told::Ended(why));
        }
    }

    /// Ends all seats.
    pub fn end_all(&mut self, why: Ended) {
        let all: Vec<u64> = self.seats.keys().copied().collect();
        all.into_iter().for_each(|id| self.end(id, why));
    }

    /// Answers fetches whose time is over, which is later by a grace if events are `coming`, and
    /// lets fetchers go that have not asked for so long; those who left.
    pub fn lapse(&mut self, coming: bool, idle: Duration) -> Vec<u64> {
        let now = Instant::now();
        for place in self.seats.values_mut() {
            if let Kind::Fetcher { asking, since } = &mut place.kind {
                let grace = if coming { GRACE } else { Duration::ZERO };
                let over = |asking: &mut Asking| {
                    asking.reply.is_closed() || now >= asking.until.max(*since + grace)
                };
                if let Some(asking) = asking.take_if(over) {
                    // Whoever asked may have gone.
                    let _ = asking.reply.send(Vec::new());
                    *since = now;
                }
            }
        }
        let mut idle_since: Vec<(Instant, u64)> = self.idle().collect();
        idle_since.sort_unstable();
        let too_many = idle_since.len().saturating_sub(FETCHERS);
        let gone = idle_since
            .into_iter()
            .enumerate()
            .filter(|(index, (since, _))| *index < too_many || *since + idle <= now)
            .map(|(_, (_, id))| id);
        let gone: Vec<u64> = gone.collect();
        gone.iter().for_each(|id| self.end(*id, Ended::Gone));
        gone
    }

    /// Fetchers that do not ask, and since when.
    fn idle(&self) -> impl Iterator<Item = (Instant, u64)> + '_ {
        self.seats
            .iter()
            .filter_map(|(id, place)| match place.kind {
                Kind::Fetcher {
                    asking: None,
                    since,
                } => Some((since, *id)),
                Kind::Fetcher { .. } | Kind::Stream { .. } => None,
            })
    }

    /// When [`Table::lapse`] has something to do next.
    pub fn lapses_at(&self, coming: bool, idle: Duration) -> Option<Instant> {
        let lapses = self.seats.values().filter_map(|place| match &place.kind {
            Kind::Stream { .. } => None,
            Kind::Fetcher {
                asking: None,
                since,
            } => Some(*since + idle),
            Kind::Fetcher {
                asking: Some(asking),
                since,
            } if coming => Some(asking.until.max(*since + GRACE)),
            Kind::Fetcher {
                asking: Some(asking),
                ..
            } => Some(asking.until),
        });
        lapses.min()
    }

    /// What is heard next. Cancel-safe; never resolves while nobody sits.
    pub async fn hear(&mut self) -> (u64, Heard) {
        match self.heard.next().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }

    /// What was heard already.
    pub fn heard(&mut self) -> Option<(u64, Heard)> {
        self.heard.next().now_or_never().flatten()
    }
}

/// How many events a seat may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// So many, those that it has included.
    InAll(usize),
    /// So many beside those that it has.
    Further(usize),
}
