//! The HTTP endpoint for scrapes, probes and who is on call: `/metrics`, `/livez`, `/readyz`,
//! `/runbooks/`.
//!
//! Liveness asks only whether the process answers; readiness is what the process says of
//! itself. Neither depends on lag. An alert links to a page of the runbooks on the process that it
//! is about, so that the page is of the same version and needs no other server.

use crate::meter;
use axum::Router;
use axum::extract::{Path, State};
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

/// A page of the runbooks.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// As alerts and causes name it, such as `view-late`.
    pub name: &'static str,
    /// Markdown; the first line is the title.
    pub text: &'static str,
}

/// Every page, in the order of the list.
type Pages = &'static [Page];

/// Serves until `shutdown` and then ends requests in flight.
///
/// # Errors
/// If the listener fails.
pub async fn run(
    listener: TcpListener,
    readiness: Readiness,
    runbooks: Pages,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let pages = Router::new()
        .route("/runbooks", get(list))
        .route("/runbooks/", get(list))
        .route("/runbooks/{name}", get(page))
        .with_state(runbooks);
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "live\n" }))
        .route("/readyz", get(ready))
        .with_state(readiness)
        .merge(pages);
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

async fn list(State(pages): State<Pages>) -> Response {
    let line = |page: &Page| format!("- [{0}](/runbooks/{0}): {1}\n", page.name, title(page));
    let lines: String = pages.iter().map(line).collect();
    markdown(StatusCode::OK, format!("# Runbooks\n\n{lines}"))
}

async fn page(State(pages): State<Pages>, Path(name): Path<String>) -> Response {
    match pages.iter().find(|page| page.name == name) {
        Some(page) => markdown(StatusCode::OK, page.text.to_owned()),
        None => {
            let words = "There is no such page. [All pages](/runbooks/)\n";
            markdown(StatusCode::NOT_FOUND, words.to_owned())
        }
    }
}

fn title(page: &Page) -> &'static str {
    let first = page.text.lines().next().unwrap_or_default();
    first.trim_start_matches("# ")
}

fn markdown(status: StatusCode, text: String) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/markdown; charset=utf-8")];
    (status, kind, text).into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const PAGES: Pages = &[Page {
        name: "view-late",
        text: "# A view is late\n\nWhat to do.\n",
    }];

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
        let serving = tokio::spawn(run(listener, readiness.clone(), PAGES, shutdown.clone()));

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
    #[tokio::test]
    async fn each_page_of_the_runbooks_is_listed_and_served_as_markdown() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let ready = Readiness::default();
        let serving = tokio::spawn(run(listener, ready, PAGES, shutdown.clone()));

        for path in ["/runbooks", "/runbooks/"] {
            let listed = fetch(address, path).await;
            let line = "- [view-late](/runbooks/view-late): A view is late";
            assert!(listed.contains(line), "{listed}");
        }
        let page = fetch(address, "/runbooks/view-late").await;
        assert!(
            page.contains("200 OK")
                && page.contains("text/markdown; charset=utf-8")
                && page.contains("What to do."),
            "{page}"
        );
        let unknown = fetch(address, "/runbooks/view-early").await;
        assert!(unknown.contains("404 Not Found"), "{unknown}");

        shutdown.cancel();
        serving.await.unwrap().unwrap();
    }
}
