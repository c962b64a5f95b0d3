//! The HTTP endpoint for scrapes and probes: `/metrics`, `/livez`, `/readyz`.
//!
//! Liveness asks only whether the process answers; readiness is what the process says of
//! itself. Neither depends on lag.

use crate::meter;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whether the process is ready for callers; shared by all its clones. Begins as not ready.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says that the process is ready, or no longer is.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    /// What was said last.
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Serves until `shutdown` and then ends requests in flight.
///
/// # Errors
/// If the listener fails.
pub async fn run(
    listener: TcpListener,
    readiness: Readiness,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "live\n" }))
        .route("/readyz", get(ready))
        .with_state(readiness);
    axum::serve(listener, routes)
        .with_graceful_shutdown(shutdown.cancelled_owned())
        .await
}

async fn metrics() -> Response {
    match meter::scrape() {
        Ok(text) => {
            let kind = [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)];
            (kind, text).into_response()
        }
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why).into_response(),
    }
}

async fn ready(State(readiness): State<Readiness>) -> (StatusCode, &'static str) {
    if readiness.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn fetch(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn probes_follow_readiness_and_a_drain_ends_the_endpoint() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let readiness = Readiness::default();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(run(listener, readiness.clone(), shutdown.clone()));

        assert!(fetch(address, "/livez").await.contains("200 OK"));
        assert!(fetch(address, "/readyz").await.contains("503"));
        readiness.set(true);
        assert!(fetch(address, "/readyz").await.contains("200 OK"));
        crate::ingest::accepted("endpoint_test", 1);
        let scraped = fetch(address, "/metrics").await;
        assert!(scraped.contains("text/plain; version=0.0.4"), "{scraped}");
        assert!(scraped.contains("endpoint_test"), "{scraped}");

        shutdown.cancel();
        serving.await.unwrap().unwrap();
    }
}
