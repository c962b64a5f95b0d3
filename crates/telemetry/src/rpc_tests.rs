//! A service of canned answers behind the layer, and what the scrape says of it.
#![allow(clippy::unwrap_used)]

use super::*;
use axum::body::Body as AxumBody;
use std::convert::Infallible;
use std::future::{Ready, ready};

/// Answers every request with the status given, as a refusal without a body does.
#[derive(Clone)]
struct Refuses(&'static str);

impl Service<Request<()>> for Refuses {
    type Response = Response<AxumBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<AxumBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let mut response = Response::new(AxumBody::empty());
        if !self.0.is_empty() {
            let code = self.0.parse().unwrap();
            response.headers_mut().insert("grpc-status", code);
        }
        ready(Ok(response))
    }
}

async fn call(path: &str, code: &'static str) -> String {
    let mut service = layer().layer(Refuses(code));
    let request = Request::builder().uri(path).body(()).unwrap();
    drop(service.call(request).await.unwrap());
    crate::meter::scrape().unwrap()
}

#[tokio::test]
async fn a_call_is_counted_by_method_and_status() {
    let scraped = call("/test.v1.A/Good", "0").await;
    let labels = r#"{rpc_method="test.v1.A/Good",rpc_status_code="OK",rpc_system_name="grpc"}"#;
    let line = format!("rpc_server_call_duration_seconds_count{labels} 1\n");
    assert!(scraped.contains(&line), "{scraped}");
}

#[tokio::test]
async fn a_caller_that_leaves_early_counts_as_cancelled() {
    let scraped = call("/test.v1.A/Left", "").await;
    assert!(
        scraped.contains(r#"rpc_method="test.v1.A/Left",rpc_status_code="CANCELLED""#),
        "{scraped}"
    );
}

#[tokio::test]
async fn an_invented_path_makes_no_time_series_of_its_own() {
    let scraped = call("/invented.by.a.caller/12345", "12").await;
    assert!(!scraped.contains("12345"), "{scraped}");
    assert!(
        scraped.contains(r#"rpc_method="_OTHER",rpc_status_code="UNIMPLEMENTED""#),
        "{scraped}"
    );
}
