//! Gives the refusal of a message that is too large, which the gRPC library makes by itself before
//! a service sees the message, the reason and the details that every refusal of the hub has.

use axum::http::{Request, Response};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::{Code, Status};
use tower_layer::Layer;
use tower_service::Service;

/// The refusal of a message that was too large; any other status as it is.
pub fn explain(status: Status) -> Status {
    let message = status.message();
    if status.code() == Code::OutOfRange && message.contains("message length too large") {
        return Failure::new(Reason::BatchSize, message).into();
    }
    status
}

/// The layer; give it to the server's builder.
pub fn layer() -> ExplainLayer {
    ExplainLayer
}

/// See [`layer`].
#[derive(Debug, Clone, Copy)]
pub struct ExplainLayer;

/// A service whose bare refusals are explained.
#[derive(Debug, Clone)]
pub struct Explain<S> {
    inner: S,
}

impl<S> Layer<S> for ExplainLayer {
    type Service = Explain<S>;

    fn layer(&self, inner: S) -> Explain<S> {
        Explain { inner }
    }
}

impl<S> Service<Request<Body>> for Explain<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            // A refusal before any message has its status among the headers.
            let Some(status) = Status::from_header_map(response.headers()) else {
                return Ok(response);
            };
            if !status.details().is_empty() {
                return Ok(response);
            }
            let explained = explain(status);
            if explained.details().is_empty() {
                return Ok(response);
            }
            Ok(explained.into_http())
        })
    }
}
