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

#[tokio::test]
async fn only_what_is_the_servers_own_failure_has_an_error_type() {
    let scraped = call("/test.v1.A/Wrong", "3").await;
    let fine = r#"{rpc_method="test.v1.A/Wrong",rpc_status_code="INVALID_ARGUMENT""#;
    assert!(scraped.contains(fine), "{scraped}");
    let scraped = call("/test.v1.A/Broken", "13").await;
    let failed = r#"{error_type="INTERNAL",rpc_method="test.v1.A/Broken""#;
    assert!(scraped.contains(failed), "{scraped}");
}

/// Answers with the trace and the span that were current when it was asked.
#[derive(Clone)]
struct Echoes;

impl Service<Request<()>> for Echoes {
    type Response = Response<AxumBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<AxumBody>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        Box::pin(async {
            tokio::task::yield_now().await;
            let mut response = Response::new(AxumBody::empty());
            if let Some((trace, span)) = crate::trace::current_ids() {
                let ids = format!("{trace} {span}").parse().unwrap();
                response.headers_mut().insert("ids", ids);
            }
            Ok(response)
        })
    }
}

#[tokio::test]
async fn a_callers_context_is_current_while_its_call_runs_and_in_no_other() {
    let ids = |parent: &'static str| async move {
        let mut request = Request::builder().uri("/test.v1.A/Echo");
        if !parent.is_empty() {
            request = request.header("traceparent", parent);
        }
        let request = request.body(()).unwrap();
        let answer = layer().layer(Echoes).call(request).await.unwrap();
        let ids = answer.headers().get("ids").cloned();
        ids.map(|ids| ids.to_str().unwrap().to_owned())
    };
    let (one, other, none) = tokio::join!(
        ids("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
        ids("00-11111111111111111111111111111111-2222222222222222-00"),
        ids(""),
    );
    let expected = "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331";
    assert_eq!(one.as_deref(), Some(expected));
    let expected = "11111111111111111111111111111111 2222222222222222";
    assert_eq!(other.as_deref(), Some(expected));
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_call_that_is_made_carries_on_what_is_current_and_is_counted() {
    /// Answers with the context it was brought.
    #[derive(Clone)]
    struct Far;

    impl Service<Request<()>> for Far {
        type Response = Response<AxumBody>;
        type Error = Infallible;
        type Future = Ready<Result<Response<AxumBody>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            let mut response = Response::new(AxumBody::empty());
            if let Some(parent) = request.headers().get("traceparent") {
                response.headers_mut().insert("brought", parent.clone());
            }
            assert!(!request.headers().contains_key("tracestate"));
            response.headers_mut().insert("grpc-status", 14.into());
            ready(Ok(response))
        }
    }

    let told = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let far = || Request::builder().uri("/test.v1.A/Far").body(()).unwrap();
    let alone = client(Far).call(far()).await.unwrap();
    assert!(!alone.headers().contains_key("brought"));
    drop(alone);
    let within = async { client(Far).call(far()).await.unwrap() };
    let within = within.with_context(crate::trace::read(told)).await;
    assert_eq!(within.headers().get("brought").unwrap(), told);
    drop(within);
    let scraped = crate::meter::scrape().unwrap();
    let labels = r#"{error_type="UNAVAILABLE",rpc_method="test.v1.A/Far",rpc_status_code="UNAVAILABLE",rpc_system_name="grpc"}"#;
    let line = format!("rpc_client_call_duration_seconds_count{labels} 2\n");
    assert!(scraped.contains(&line), "{scraped}");
}
