//! Measures and traces every gRPC call that a server answers or this process makes, whatever the
//! service.
//!
//! A span is made only of a call that is traced: its caller's context says so, or it has none and
//! was drawn. It is current while the call's future and its answer's body are polled, and what
//! runs there is its child. A caller's context that is not traced is current all the same, so that
//! the hub's log names it.

mod call;
mod client;

pub use call::MeasuredBody;
pub use client::{Client, client};

use crate::export;
use crate::trace::{self, TARGET};
use axum::http::{Request, Response};
use call::{Call, Side};
use opentelemetry::context::FutureExt;
use opentelemetry::trace::TraceContextExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument, Span, info_span};

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
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let caller = trace::read_headers(request.headers());
        let span = span(&method, caller.as_ref());
        let mut call = Call::begin(Side::Server, method, span, caller);
        let answer = self.inner.call(request);
        let answer = answer
            .instrument(call.span().clone())
            .with_context(call.context());
        Box::pin(async move {
            let (parts, body) = answer.await?.into_parts();
            // A refusal without a body carries its status among the headers.
            call.note(&parts.headers);
            Ok(Response::from_parts(parts, MeasuredBody::new(body, call)))
        })
    }
}

/// The span of a call that is answered here; disabled if it is not traced.
fn span(method: &str, caller: Option<&opentelemetry::Context>) -> Span {
    let is_traced = match caller {
        Some(caller) => caller.span().span_context().is_sampled(),
        None => export::is_drawn(),
    };
    if !is_traced || export::tracer().is_none() {
        return Span::none();
    }
    let span =
        info_span!(target: TARGET, parent: None, "rpc", otel.name = method, otel.kind = "server");
    if let Some(caller) = caller {
        trace::set_parent(&span, caller.clone());
    }
    span
}

#[cfg(test)]
#[path = "rpc_tests.rs"]
mod tests;
