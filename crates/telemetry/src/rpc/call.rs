//! A call from its beginning to the end of its answer.

use crate::meter::instruments;
use crate::names;
use crate::trace;
use axum::http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context as Trace, KeyValue};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Which end of a call this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It answers.
    Server,
    /// It calls.
    Client,
}

/// A call; recorded when it is dropped.
#[derive(Debug)]
pub struct Call {
    side: Side,
    method: String,
    began: Instant,
    status: Option<&'static str>,
    span: Span,
    caller: Option<Trace>,
}

impl Call {
    /// Begins now. `caller`: what is current while it runs, beneath its own span.
    pub fn begin(side: Side, method: String, span: Span, caller: Option<Trace>) -> Self {
        Self {
            side,
            method,
            began: Instant::now(),
            status: None,
            span,
            caller,
        }
    }

    /// Its span; disabled if it is not traced.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// What is current while it runs, beneath its own span.
    pub fn context(&self) -> Trace {
        self.caller.clone().unwrap_or_default()
    }

    /// Looks for its status among headers or trailers.
    pub fn note(&mut self, headers: &HeaderMap) {
        if let Some(code) = headers.get("grpc-status") {
            self.status = Some(status_name(code.as_bytes()));
        }
    }

    /// It could not be brought to the other end.
    pub fn not_brought(&mut self) {
        self.status = Some("UNAVAILABLE");
    }
}

impl Drop for Call {
    /// Records the call. Without a status the caller has gone before the answer's end.
    fn drop(&mut self) {
        let status = self.status.unwrap_or("CANCELLED");
        // Callers may invent paths; they must not invent time series.
        let is_served = self.side == Side::Client || status != "UNIMPLEMENTED";
        let method = match is_served {
            true => std::mem::take(&mut self.method),
            false => "_OTHER".to_owned(),
        };
        let is_error = is_error(self.side, status);
        let mut attributes = Vec::with_capacity(4);
        attributes.extend([
            KeyValue::new(names::RPC_SYSTEM_NAME, "grpc"),
            KeyValue::new(names::RPC_METHOD, method),
            KeyValue::new(names::RPC_STATUS_CODE, status),
        ]);
        if is_error {
            attributes.push(KeyValue::new(names::ERROR_TYPE, status));
        }
        let seconds = self.began.elapsed().as_secs_f64();
        let duration = match self.side {
            Side::Server => &instruments().rpc_duration,
            Side::Client => &instruments().rpc_client_duration,
        };
        duration.record(seconds, &attributes);
        if self.span.is_disabled() {
            return;
        }
        if !is_served {
            self.span.context().span().update_name("_OTHER");
        }
        if is_error {
            self.span.set_status(Status::error(""));
        }
        trace::set(&self.span, attributes);
    }
}

/// Whether a status is a failure of that side, as the conventions have it: a caller's mistake is
/// none of the server's.
fn is_error(side: Side, status: &str) -> bool {
    match side {
        Side::Client => status != "OK",
        Side::Server => matches!(
            status,
            "UNKNOWN"
                | "DEADLINE_EXCEEDED"
                | "UNIMPLEMENTED"
                | "INTERNAL"
                | "UNAVAILABLE"
                | "DATA_LOSS"
        ),
    }
}

/// An answer's body; the call is over when it ends or is dropped.
#[derive(Debug)]
pub struct MeasuredBody<B> {
    body: B,
    call: Call,
}

impl<B> MeasuredBody<B> {
    /// The body of that call's answer.
    pub(super) fn new(body: B, call: Call) -> Self {
        Self { body, call }
    }
}

impl<B: Body + Unpin> Body for MeasuredBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = &mut *self;
        let polled = {
            let _caller = this.call.caller.clone().map(Trace::attach);
            let _entered = this.call.span.enter();
            Pin::new(&mut this.body).poll_frame(context)
        };
        let frame = ready!(polled);
        if let Some(Ok(frame)) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            this.call.note(trailers);
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
