//! One page of events, and the way to the next.
//!
//! A page is a JSON list of CloudEvents (`application/cloudevents-batch+json`). `Link: <...>;
//! rel="next"` leads on from exactly there, and always does: at the end it finds what is recorded
//! later. `Lienthong-Caught-Up: true` says that the page reaches to the end of what was recorded
//! when it was asked for; a page may be short, or empty, without reaching there.

use super::rendered::Rendered;
use super::{CAUGHT_UP, without_place};
use crate::cloudevent::BATCH_CONTENT_TYPE;
use crate::stream::{Item, Part, Why};
use crate::token::Place;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// A page looks so long for events that fit, then tells how far it got.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of JSON from which on a page is full.
const FULL: usize = 4 * 1024 * 1024;

/// A page.
pub(super) struct Page {
    json: String,
    place: Place,
    caught_up: bool,
}

/// A page that is being filled.
struct Filling<'a> {
    rendered: &'a Rendered,
    json: String,
    events: usize,
    most: usize,
}

/// Reads at most `most` events of a stream that ends when it has caught up.
///
/// # Errors
/// A failure of the stream before the first event; one after it ends the page.
pub(super) async fn read(
    mut items: BoxStream<'static, Result<Item, Failure>>,
    most: usize,
    rendered: &Rendered,
) -> Result<Page, Failure> {
    let patience = Instant::now() + PATIENCE;
    let mut filling = Filling {
        rendered,
        json: "[".to_owned(),
        events: 0,
        most,
    };
    let mut reached = None;
    let mut caught_up = false;
    while !filling.is_full()
        && let Ok(Some(item)) = timeout_at(patience, items.next()).await
    {
        match item {
            Err(failure) if filling.events == 0 => return Err(failure),
            Err(_) => break,
            Ok(Item::Events { parts, place }) => {
                let from = reached.take().ok_or_else(without_place)?;
                reached = Some(filling.put(&parts, from, place)?);
            }
            Ok(Item::Heartbeat) => {}
            Ok(
                Item::Checkpoint { place }
                | Item::CaughtUp { place }
                | Item::FellBehind { place, .. },
            ) => reached = Some(place),
            Ok(Item::GoingAway { why, place }) => {
                caught_up = why == Why::CaughtUp;
                reached = Some(place);
            }
        }
    }
    let place = reached.ok_or_else(|| {
        let what = "the log could not be read in time";
        Failure::new(Reason::LogUnavailable, what)
    })?;
    filling.json.push(']');
    Ok(Page {
        json: filling.json,
        place,
        caught_up,
    })
}

impl Filling<'_> {
    fn is_full(&self) -> bool {
        self.events >= self.most || self.json.len() >= FULL
    }

    /// Puts events on the page while there is room: where the page ends.
    fn put(&mut self, parts: &[Part], mut from: Place, to: Place) -> Result<Place, Failure> {
        for part in parts {
            let block = &part.block;
            for entry in part.entries() {
                if self.is_full() {
                    return Ok(from);
                }
                let text = self.rendered.of(block, entry);
                let text =
                    text.map_err(|error| Failure::new(Reason::Internal, error.to_string()))?;
                if self.events > 0 {
                    self.json.push(',');
                }
                self.json.push_str(&text);
                self.events += 1;
                from.go_on(block.partition, entry.offset + 1, block.mark(entry.offset));
            }
        }
        Ok(to)
    }
}

impl Page {
    /// The answer. `query` is that of the request.
    pub(super) fn answer(self, path: &str, query: &str) -> Response<Body> {
        let next = link(path, query, &self.place.token());
        let mut response = Response::new(Body::from(self.json));
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static(BATCH_CONTENT_TYPE);
        headers.insert(header::CONTENT_TYPE, kind);
        let uncached = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, uncached);
        let caught_up = HeaderValue::from_static(if self.caught_up { "true" } else { "false" });
        headers.insert(CAUGHT_UP, caught_up);
        // A query that came in a request line goes into a header as it is.
        if let Ok(next) = HeaderValue::from_str(&next) {
            headers.insert(header::LINK, next);
        }
        response
    }
}

/// The same question from another place on. Tokens need no escaping.
fn link(path: &str, query: &str, token: &str) -> String {
    let stays = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        !["", "from", "last_event_id"].contains(&name)
    };
    let mut link = format!("<{path}?last_event_id={token}");
    for pair in query.split('&').filter(stays) {
        link.push('&');
        // What would end the reference, should a client not have encoded it.
        link.push_str(&pair.replace('>', "%3E").replace('<', "%3C"));
    }
    link.push_str(r#">; rel="next""#);
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_asks_the_same_from_another_place() {
        let query = "from=beginning&agency=H56.03&last_event_id=AA&max=2&filters=%5B%5D";
        assert_eq!(
            link("/v1/events", query, "AQMA"),
            r#"</v1/events?last_event_id=AQMA&agency=H56.03&max=2&filters=%5B%5D>; rel="next""#
        );
        assert_eq!(
            link("/v1/events", "", "AQMA"),
            r#"</v1/events?last_event_id=AQMA>; rel="next""#
        );
    }
}
