//! The calls that this process makes, such as a gateway's to projectors and to other gateways.

use super::call::{Call, MeasuredBody, Side};
use crate::trace::{self, TARGET};
use axum::http::{Request, Response};
use opentelemetry::trace::TraceContextExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A channel whose calls are measured, traced within the current trace, and carry its context.
pub fn client<S>(channel: S) -> Client<S> {
    Client { inner: channel }
}

/// See [`client`].
#[derive(Debug, Clone)]
pub struct Client<S> {
    inner: S,
}

impl<S, In, Out> Service<Request<In>> for Client<S>
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

    fn call(&mut self, mut request: Request<In>) -> Self::Future {
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let span = span(&method);
        let context = match span.is_disabled() {
            true => opentelemetry::Context::current(),
            false => span.context(),
        };
        if context.span().span_context().is_valid() {
            trace::write_headers(&context, request.headers_mut());
        }
        let mut call = Call::begin(Side::Client, method, span, None);
        let answer = self.inner.call(request).instrument(call.span().clone());
        Box::pin(async move {
            let answer = answer.await.inspect_err(|_| call.not_brought())?;
            let (parts, body) = answer.into_parts();
            call.note(&parts.headers);
            Ok(Response::from_parts(parts, MeasuredBody::new(body, call)))
        })
    }
}

/// A child of the current span; disabled if that is not traced.
fn span(method: &str) -> Span {
    if !trace::is_current_sampled() {
        return Span::none();
    }
    info_span!(target: TARGET, "rpc", otel.name = method, otel.kind = "client")
}
