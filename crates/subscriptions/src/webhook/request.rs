//! One request to an endpoint, and what its answer means by Standard Webhooks.

use super::courier::{Courier, Unresolved};
use super::endpoint::{Limits, url_of};
use super::secret::{self, Signed};
use super::{Config, keyless};
use crate::cloudevent::CONTENT_TYPE;
use crate::durable::poster::Target;
use lienthong_contract::time::now_millis;
use reqwest::header::{self, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use std::error::Error;
use std::io;
use std::time::Duration;

/// How much of an answer is read, and thrown away, so that its connection can be used again, and
/// how long that may take.
const DRAINED: usize = 16 * 1024;
const DRAINING: Duration = Duration::from_secs(1);

/// An endpoint that can be posted to.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Whose it is.
    pub(super) target: Target,
    /// Its limits.
    pub(super) limits: Limits,
    /// For logs; a path may hold what only the subscriber should know.
    pub(super) host: String,
    /// What requests need, or why none can be made under the gateway's configuration.
    ready: Result<Ready, String>,
}

#[derive(Debug)]
struct Ready {
    url: Url,
    key: Vec<u8>,
}

/// What came of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// 2xx.
    Accepted,
    /// 410: no more of it.
    Gone,
    /// The endpoint asks to wait, perhaps for so long.
    Throttled(Option<Duration>),
    /// It was not reached; in words.
    Unreachable(String),
    /// Anything else; in words.
    Failed(String),
}

/// An endpoint under a configuration.
pub(super) fn endpoint(config: &Config, target: Target) -> Endpoint {
    let url = url_of(&target.webhook.url, config);
    let host = url.as_ref().ok().and_then(|url| url.host_str());
    let host = host.unwrap_or_default().to_owned();
    let ready = match (url, &config.key) {
        (Ok(url), Some(key)) => Ok(Ready {
            url,
            key: key.clone(),
        }),
        (Ok(_), None) => Err(keyless().message),
        (Err((what, fix)), _) => Err(format!("the URL is not allowed here: {what}; {fix}")),
    };
    Endpoint {
        limits: Limits::of(&target.webhook),
        target,
        host,
        ready,
    }
}

/// What is posted.
pub(super) struct Letter {
    /// See [`secret::id_of`].
    pub(super) what: String,
    pub(super) body: String,
    /// The trace that it belongs to.
    pub(super) traceparent: Option<String>,
    /// After which no answer is waited for.
    pub(super) timeout: Duration,
}

/// Posts a letter.
pub(super) async fn post(courier: &Courier, endpoint: &Endpoint, letter: Letter) -> Reply {
    match send(courier, endpoint, letter).await {
        Ok(response) => {
            let reply = meaning(response.status(), response.headers());
            drain(response).await;
            reply
        }
        Err(reply) => reply,
    }
}

/// As [`post`], for who needs the whole answer; fails only if there is none.
pub(super) async fn send(
    courier: &Courier,
    endpoint: &Endpoint,
    letter: Letter,
) -> Result<Response, Reply> {
    let Letter {
        what,
        body,
        traceparent,
        timeout,
    } = letter;
    let ready = endpoint.ready.as_ref();
    let ready = ready.map_err(|why| Reply::Unreachable(why.clone()))?;
    if let (Some(why), "https") = (&courier.without_tls, ready.url.scheme()) {
        return Err(Reply::Unreachable(why.clone()));
    }
    let now_ms = now_millis();
    let secrets = secret::in_force(&ready.key, &endpoint.target, now_ms);
    let id = secret::id_of(&endpoint.target, &what);
    let Signed {
        id,
        timestamp,
        signatures,
    } = secret::sign(&secrets, id, now_ms, body.as_bytes());
    let request = courier
        .client
        .post(ready.url.clone())
        .timeout(timeout)
        .header(header::CONTENT_TYPE, CONTENT_TYPE)
        .header("webhook-id", id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures)
        .body(body);
    let request = match traceparent {
        Some(traceparent) => request.header("traceparent", traceparent),
        None => request,
    };
    let sent = request.send().await;
    sent.map_err(|error| failure(&error, timeout))
}

/// What a status says.
pub(super) fn meaning(status: StatusCode, headers: &HeaderMap) -> Reply {
    let asked = || {
        headers
            .get(RETRY_AFTER)?
            .to_str()
            .ok()
            .and_then(retry_after)
    };
    match status {
        status if status.is_success() => Reply::Accepted,
        StatusCode::GONE => Reply::Gone,
        StatusCode::TOO_MANY_REQUESTS => Reply::Throttled(asked()),
        StatusCode::SERVICE_UNAVAILABLE if asked().is_some() => Reply::Throttled(asked()),
        status if status.is_redirection() => Reply::Failed(format!(
            "it answered HTTP {}, and redirects are not followed; change the URL",
            status.as_u16()
        )),
        status => Reply::Failed(format!("it answered HTTP {}", status.as_u16())),
    }
}

/// Seconds, or a date (RFC 9110).
fn retry_after(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    let wait_ms = date.timestamp().as_millisecond() - now_millis();
    Some(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)))
}

/// Reads what is left of a short answer.
async fn drain(mut response: Response) {
    let read = async {
        let mut left = DRAINED;
        while let Ok(Some(chunk)) = response.chunk().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    };
    // Whatever it is, the answer was its status.
    let _ = tokio::time::timeout(DRAINING, read).await;
}

/// Why there is no answer.
pub(super) fn failure(error: &reqwest::Error, timeout: Duration) -> Reply {
    let unresolved = causes(error).find_map(|cause| cause.downcast_ref::<Unresolved>());
    if let Some(unresolved) = unresolved {
        return Reply::Unreachable(unresolved.to_string());
    }
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>());
    if let Some(tls) = tls {
        return Reply::Unreachable(format!("no connection, TLS: {tls}"));
    }
    if error.is_connect() {
        let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
        let why = io.last().map(|io| io.kind().to_string());
        let why = why.unwrap_or_else(|| "none in time".to_owned());
        return Reply::Unreachable(format!("no connection: {why}"));
    }
    if error.is_timeout() {
        return Reply::Failed(format!("no answer within {} s", timeout.as_secs()));
    }
    Reply::Failed("the connection ended without an answer".to_owned())
}

/// What an error was caused by, from the outside in. An I/O error keeps the error that it was made
/// of from `source`.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| {
        let io = error.downcast_ref::<io::Error>();
        match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        }
    })
}
