//! A tower layer that measures every gRPC call a server answers, whatever the service.

use crate::meter::instruments;
use crate::names;
use axum::http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use opentelemetry::KeyValue;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

/// The layer; give it to the server's builder.
pub fn layer() -> MeasureLayer {
    MeasureLayer
}

/// See [`layer`].
#[derive(Debug, Clone, Copy)]
pub struct MeasureLayer;

impl<S> Layer<S> for MeasureLayer {
    type Service = Measure<S>;

    fn layer(&self, inner: S) -> Measure<S> {
        Measure { inner }
    }
}

/// A service whose calls are measured.
#[derive(Debug, Clone)]
pub struct Measure<S> {
    inner: S,
}

impl<S, In, Out> Service<Request<In>> for Measure<S>
where
    S: Service<Request<In>, Response = Response<Out>>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = Response<MeasuredBody<Out>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let mut call = Call {
            method: request.uri().path().trim_start_matches('/').to_owned(),
            began: Instant::now(),
            status: None,
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let (parts, body) = answer.await?.into_parts();
            // A refusal without a body carries its status among the headers.
            call.note(&parts.headers);
            Ok(Response::from_parts(parts, MeasuredBody { body, call }))
        })
    }
}

/// An answer's body; the call is over when it ends or is dropped.
#[derive(Debug)]
pub struct MeasuredBody<B> {
    body: B,
    call: Call,
}

impl<B: Body + Unpin> Body for MeasuredBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.call.note(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug)]
struct Call {
    method: String,
    began: Instant,
    status: Option<&'static str>,
}

impl Call {
    fn note(&mut self, headers: &HeaderMap) {
        if let Some(code) = headers.get("grpc-status") {
            self.status = Some(status_name(code.as_bytes()));
        }
    }
}

impl Drop for Call {
    /// Records the call. Without a status the caller has gone before the answer's end.
    fn drop(&mut self) {
        let status = self.status.unwrap_or("CANCELLED");
        // Callers may invent paths; they must not invent time series.
        let method = match status {
            "UNIMPLEMENTED" => "_OTHER".to_owned(),
            _ => std::mem::take(&mut self.method),
        };
        let attributes = [
            KeyValue::new(names::RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(names::RPC_METHOD, method),
            KeyValue::new(names::RPC_STATUS_CODE, status),
        ];
        let seconds = self.began.elapsed().as_secs_f64();
        instruments().rpc_duration.record(seconds, &attributes);
    }
}

/// The name of a gRPC status code as it stands on the wire.
fn status_name(code: &[u8]) -> &'static str {
    match code {
        b"0" => "OK",
        b"1" => "CANCELLED",
        b"3" => "INVALID_ARGUMENT",
        b"4" => "DEADLINE_EXCEEDED",
        b"5" => "NOT_FOUND",
        b"6" => "ALREADY_EXISTS",
        b"7" => "PERMISSION_DENIED",
        b"8" => "RESOURCE_EXHAUSTED",
        b"9" => "FAILED_PRECONDITION",
        b"10" => "ABORTED",
        b"11" => "OUT_OF_RANGE",
        b"12" => "UNIMPLEMENTED",
        b"13" => "INTERNAL",
        b"14" => "UNAVAILABLE",
        b"15" => "DATA_LOSS",
        b"16" => "UNAUTHENTICATED",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
