//! Answers without events.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use lienthong_contract::problem;
use lienthong_contract::status::Failure;
use serde_json::Value;

/// The answer to a request that nothing comes of.
pub(super) fn of_failure(failure: &Failure) -> Response<Body> {
    let code = failure.reason.http_status();
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, &problem::of(failure));
    if let Some(seconds) = failure.reason.entry().retry_after_s {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

/// The answer to a request of a media type that events do not have.
pub(super) fn not_acceptable() -> Response<Body> {
    of_request(
        StatusCode::NOT_ACCEPTABLE,
        "accept text/event-stream for a stream, or application/cloudevents-batch+json for a page",
    )
}

/// The answer on other paths.
pub(super) async fn not_found() -> Response<Body> {
    of_request(
        StatusCode::NOT_FOUND,
        "there is nothing here; GET /v1/events",
    )
}

/// The answer to other methods.
pub(super) async fn not_allowed() -> Response<Body> {
    let what = "events are only read here; GET /v1/events";
    of_request(StatusCode::METHOD_NOT_ALLOWED, what)
}

fn of_request(status: StatusCode, detail: &str) -> Response<Body> {
    let title = status.canonical_reason().unwrap_or("Error");
    let problem = problem::of_request(status.as_u16(), title, detail);
    respond(status, &problem)
}

fn respond(status: StatusCode, problem: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(problem.to_string()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(problem::CONTENT_TYPE);
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
