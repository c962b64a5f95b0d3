//! Events over HTTP, for those without gRPC: the stream of `Subscribe` as server-sent events, and
//! page by page.
//!
//! | request | answer |
//! |---|---|
//! | `GET /v1/events` | `text/event-stream`: see [`sse`]; a browser's `EventSource` reads and resumes it |
//! | the same, `Accept: application/cloudevents-batch+json` | one page of CloudEvents and the link to the next: see [`page`] |
//!
//! [`asked`] lists the parameters. Whatever is wrong is a problem of RFC 9457.

mod answer;
mod asked;
mod page;
mod rendered;
mod sse;

use crate::source::Blocks;
use crate::stream::{self, Item};
use asked::{Asked, Form};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response, header};
use axum::routing::get;
use axum::serve::ListenerExt;
use futures_util::stream::BoxStream;
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use rendered::Rendered;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Where events are.
const PATH: &str = "/v1/events";
/// Where to resume; a browser sends it when it reconnects.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Says of a page whether it reaches to the end.
const CAUGHT_UP: HeaderName = HeaderName::from_static("lienthong-caught-up");
/// How long a browser may keep the answer to a preflight.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// What the listener needs.
pub struct Handles {
    /// The events.
    pub blocks: Arc<dyn Blocks>,
    /// How streams are kept.
    pub streams: stream::Config,
    /// Origins whose pages may read events in a browser, such as `https://portal.example`; `*`:
    /// any; none: no page of another origin.
    pub origins: Vec<String>,
}

/// Why the listener does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An origin that no browser sends.
    #[error(
        "{0:?} is no origin. Fix: write scheme and host, with the port if it is not the usual one, such as https://portal.example, or *"
    )]
    Origin(String),
    /// The listener failed.
    #[error("HTTP: {0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// Whether the same could succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Error::Io(_))
    }
}

/// What every request sees.
struct House {
    blocks: Arc<dyn Blocks>,
    streams: stream::Config,
    rendered: Rendered,
    shutdown: CancellationToken,
}

/// Serves until `shutdown` is cancelled and every stream was told to go. A client that reads
/// nothing holds it up: whoever calls this has a deadline.
///
/// # Errors
/// [`Error`]; a bad origin before anything is served.
pub async fn run(
    listener: TcpListener,
    handles: Handles,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let listener = listener.tap_io(|connection| {
        // Without it a small event waits for the acknowledgement of the one before.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    axum::serve(listener, router(handles, shutdown.clone())?)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await?;
    Ok(())
}

fn router(handles: Handles, shutdown: CancellationToken) -> Result<Router, Error> {
    let cors = CorsLayer::new()
        .allow_origin(allowed(&handles.origins)?)
        .allow_methods([Method::GET])
        .allow_headers([header::ACCEPT, header::CACHE_CONTROL, LAST_EVENT_ID])
        .expose_headers([header::LINK, header::RETRY_AFTER, CAUGHT_UP])
        .max_age(PREFLIGHT_AGE);
    let house = House {
        blocks: handles.blocks,
        streams: handles.streams,
        rendered: Rendered::default(),
        shutdown,
    };
    Ok(Router::new()
        .route(PATH, get(events))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::not_allowed)
        .layer(cors)
        .with_state(Arc::new(house)))
}

/// Whether origins are such as browsers send, before anything is served.
///
/// # Errors
/// [`Error::Origin`] for the first that is not.
pub fn check(origins: &[String]) -> Result<(), Error> {
    allowed(origins).map(|_| ())
}

fn allowed(origins: &[String]) -> Result<AllowOrigin, Error> {
    if origins.iter().any(|origin| origin == "*") {
        return Ok(AllowOrigin::any());
    }
    let origin = |text: &String| {
        let bare = reqwest::Url::parse(text)
            .is_ok_and(|url| url.origin().ascii_serialization() == *text && url.has_host());
        let value = HeaderValue::from_str(text).ok().filter(|_| bare);
        value.ok_or_else(|| Error::Origin(text.clone()))
    };
    let origins = origins.iter().map(origin).collect::<Result<Vec<_>, _>>()?;
    Ok(AllowOrigin::list(origins))
}

async fn events(State(house): State<Arc<House>>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let Some(form) = Form::of(request.headers()) else {
        return answer::not_acceptable();
    };
    let asked = match Asked::read(form, &query, request.headers()) {
        Ok(asked) => asked,
        Err(failure) => return answer::of_failure(&failure),
    };
    let most = asked.most;
    let items = match open(&house, asked).await {
        Ok(items) => items,
        Err(failure) => return answer::of_failure(&failure),
    };
    match form {
        Form::Stream => sse::answer(items, house),
        Form::Page => match page::read(items, most, &house.rendered).await {
            Ok(page) => page.answer(PATH, &query),
            Err(failure) => answer::of_failure(&failure),
        },
    }
}

async fn open(
    house: &House,
    asked: Asked,
) -> Result<BoxStream<'static, Result<Item, Failure>>, Failure> {
    let blocks = Arc::clone(&house.blocks);
    let opened = stream::open(blocks, asked.wanted, &house.streams, house.shutdown.clone());
    opened.await.map_err(in_parameters)
}

/// The failure of a start in the words of the parameters that it came by.
fn in_parameters(mut failure: Failure) -> Failure {
    for (field, parameter) in [("start.token", "last_event_id"), ("start.time", "from")] {
        failure.message = failure.message.replace(field, parameter);
        for violation in &mut failure.violations {
            if violation.field == field {
                parameter.clone_into(&mut violation.field);
            }
        }
    }
    failure
}

/// A stream whose first item is not a checkpoint; one that is followed always begins with it.
fn without_place() -> Failure {
    Failure::new(Reason::Internal, "a stream began without its place")
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
