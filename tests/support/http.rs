//! A plain HTTP/1.1 request, for the QCVN 120 endpoint and the metrics.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use std::error::Error;

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// Of the body; empty if the server does not say.
    pub content_type: String,
    /// Seconds of `Retry-After`, as written.
    pub retry_after: Option<String>,
    /// As UTF-8, what is not replaced.
    pub body: String,
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// If the server cannot be reached or breaks off.
pub async fn send(
    address: &str,
    method: Method,
    path: &str,
    content_type: Option<&str>,
    body: impl Into<Bytes>,
) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let socket = tokio::net::TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let answer = sender
        .send_request(request.body(Full::new(body.into()))?)
        .await?;
    let header = |name: &str| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().ok()?.to_owned())
    };
    let (content_type, retry_after) = (header("content-type"), header("retry-after"));
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(Answer {
        status,
        content_type: content_type.unwrap_or_default(),
        retry_after,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// `GET path`.
///
/// # Errors
/// As [`send`].
pub async fn get(address: &str, path: &str) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    send(address, Method::GET, path, None, Bytes::new()).await
}

/// `POST path` with a body of the content type.
///
/// # Errors
/// As [`send`].
pub async fn post(
    address: &str,
    path: &str,
    content_type: &str,
    body: impl Into<Bytes>,
) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    send(address, Method::POST, path, Some(content_type), body).await
}
