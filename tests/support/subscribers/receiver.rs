//! An endpoint of a webhook: takes CloudEvents by Standard Webhooks, fails now and then, and is
//! away at times.

use super::diary::{Shared, SharedNames, What, lock};
use super::sse;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// An endpoint.
#[derive(Clone)]
pub struct Receiver {
    /// What it was told.
    pub diary: Shared,
    /// The names in it.
    pub names: SharedNames,
    /// Set when it fails no more.
    pub cured: Arc<AtomicBool>,
    /// Decides what fails.
    pub seed: u64,
}

/// Starts the endpoint; its URL.
///
/// # Errors
/// If no port is free.
pub async fn start(receiver: Receiver, stop: CancellationToken) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let dice = Arc::new(Mutex::new(StdRng::seed_from_u64(receiver.seed)));
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((socket, _)) = accepted else { continue };
            let (receiver, dice, stop) = (receiver.clone(), dice.clone(), stop.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let (receiver, dice) = (receiver.clone(), dice.clone());
                    async move { Ok::<_, Infallible>(answer(&receiver, &dice, request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(socket), service);
                tokio::select! {
                    _ = connection => {}
                    () = stop.cancelled() => {}
                }
            });
        }
    });
    Ok(url)
}

async fn answer(
    receiver: &Receiver,
    dice: &Mutex<StdRng>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let signed = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header);
    let Ok(body) = request.into_body().collect().await else {
        return status(StatusCode::BAD_REQUEST);
    };
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    if signed.iter().any(Option::is_none) {
        lock(&receiver.diary).say("a post without signature".to_owned());
        return status(StatusCode::BAD_REQUEST);
    }
    let event: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    if let Some(challenge) = event["data"]["challenge"].as_str() {
        lock(&receiver.diary).hear("validation");
        let answer = serde_json::json!({ "challenge": challenge });
        return Response::new(Full::new(Bytes::from(answer.to_string())));
    }
    let Some(number) = number(&event) else {
        lock(&receiver.diary).say(format!("an event without number: {body}"));
        return status(StatusCode::BAD_REQUEST);
    };
    let seen = match sse::seen(&receiver.names, &body) {
        Ok(seen) => seen,
        Err(words) => {
            lock(&receiver.diary).say(format!("{words}: {body}"));
            return status(StatusCode::BAD_REQUEST);
        }
    };
    let day = event["manifestday"].as_str().unwrap_or_default();
    let seen = super::diary::Seen {
        sequence: number,
        attempt: event["attempt"].as_u64().unwrap_or_default() as u32,
        day: lock(&receiver.names).of(day),
        ..seen
    };
    let who = 0;
    let fails = !receiver.cured.load(Ordering::SeqCst) && lock(dice).random_range(0..50) == 0;
    {
        let mut diary = lock(&receiver.diary);
        diary.note(who, What::Told(seen));
        let what = if fails {
            What::Failed(number)
        } else {
            What::Done(number)
        };
        diary.note(who, what);
    }
    if fails {
        return status(StatusCode::SERVICE_UNAVAILABLE);
    }
    if lock(dice).random_range(0..20) == 0 {
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    status(StatusCode::NO_CONTENT)
}

/// The event's number in its subscription.
fn number(event: &serde_json::Value) -> Option<u64> {
    let number = &event["subscriptionsequence"];
    number.as_u64().or_else(|| number.as_str()?.parse().ok())
}

fn status(code: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = code;
    response
}
