//! A stream as server-sent events.
//!
//! ```text
//! retry: 1712                        reconnect after about so long
//!
//! id: AQMA...                        the token after this event: what a browser resumes with
//! data: {"specversion":"1.0",...}    one event, CloudEvents JSON on one line
//!
//! event: caught-up                   markers have a name, so that `onmessage` gets events alone
//! id: AQMA...
//! data: {}
//!
//! :                                  nothing happened
//! ```
//! Markers are `checkpoint`, `caught-up`, `fell-behind` with `records`, and `going-away` with `why`,
//! after which the stream ends and a browser reconnects; whoever asked for `until_caught_up` closes
//! it there. If the log fails, `failure` tells the problem and the stream ends.
//!
//! Nothing is rendered before the connection takes it: a slow client has no queue.

use super::{House, without_place};
use crate::stream::{Entries, Item, Part};
use crate::token::Place;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::StreamExt;
use futures_util::future::ready;
use futures_util::stream::{self, BoxStream};
use lienthong_contract::problem;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Milliseconds before a browser reconnects; each is told another, so that those of a gateway that
/// went do not come to the next all at once.
const RETRY_MS: RangeInclusive<u64> = 500..=2_500;
/// Tells a proxy in front not to gather what it should pass on.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Events that one item is told by, made one by one.
type Told = Box<dyn Iterator<Item = Result<Event, Failure>> + Send>;

/// The answer that goes on while the stream does.
pub(super) fn answer(
    items: BoxStream<'static, Result<Item, Failure>>,
    house: Arc<House>,
) -> Response<Body> {
    let first = Event::default().retry(retry());
    let mut telling = Telling { house, place: None };
    let told = items.flat_map(move |item| stream::iter(telling.tell(item)));
    // A failure is the last that is told: after it an event would be missing.
    let told = told.scan(false, |failed, told| {
        let event = (!*failed).then(|| {
            told.unwrap_or_else(|failure| {
                *failed = true;
                marker("failure", &problem::of(&failure))
            })
        });
        ready(event)
    });
    let events = stream::iter([first]).chain(told).map(Ok::<_, Infallible>);
    let mut response = Sse::new(events).into_response();
    let unbuffered = HeaderValue::from_static("no");
    response.headers_mut().insert(X_ACCEL_BUFFERING, unbuffered);
    response
}

fn retry() -> Duration {
    let span = RETRY_MS.end() - RETRY_MS.start();
    Duration::from_millis(RETRY_MS.start() + RandomState::new().hash_one(0) % span)
}

/// Where a stream is.
struct Telling {
    house: Arc<House>,
    /// After everything told so far; none before the first item, which is always a checkpoint.
    place: Option<Place>,
}

impl Telling {
    fn tell(&mut self, item: Result<Item, Failure>) -> Told {
        let (marker, place) = match item {
            Err(failure) => return one(Err(failure)),
            Ok(Item::Heartbeat) => return one(Ok(Event::default().comment(""))),
            Ok(Item::Events { parts, place }) => {
                return match self.place.replace(place) {
                    Some(from) => self.events(parts, from),
                    None => one(Err(without_place())),
                };
            }
            Ok(Item::Checkpoint { place }) => (marker("checkpoint", &json!({})), place),
            Ok(Item::CaughtUp { place }) => (marker("caught-up", &json!({})), place),
            Ok(Item::FellBehind { place, records }) => {
                let told = json!({ "records": records });
                (marker("fell-behind", &told), place)
            }
            Ok(Item::GoingAway { why, place }) => {
                let told = json!({ "why": why.as_str_name() });
                (marker("going-away", &told), place)
            }
        };
        let told = marker.id(place.token());
        self.place = Some(place);
        one(Ok(told))
    }

    /// The events of an item, each with the token after it.
    fn events(&self, parts: Vec<Part>, mut place: Place) -> Told {
        let house = Arc::clone(&self.house);
        let entries = parts.into_iter().flat_map(|part| {
            let block = part.block;
            let indices: Vec<u32> = match part.entries {
                Entries::Range(range) => range.map(|index| index as u32).collect(),
                Entries::These(these) => these,
            };
            let with_block = move |index| (Arc::clone(&block), index as usize);
            indices.into_iter().map(with_block)
        });
        Box::new(entries.map(move |(block, index)| {
            let entry = &block.entries[index];
            place.go_on(block.partition, entry.offset + 1, block.mark(entry.offset));
            let text = house.rendered.of(&block, entry);
            let text = text.map_err(|error| Failure::new(Reason::Internal, error.to_string()))?;
            Ok(Event::default().id(place.token()).data(text))
        }))
    }
}

fn one(told: Result<Event, Failure>) -> Told {
    Box::new(std::iter::once(told))
}

/// A named event. Without data a browser would not tell it.
fn marker(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
