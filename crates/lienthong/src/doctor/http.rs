//! A plain GET, for endpoints that programs scrape.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What a server answered.
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// Of the body.
    pub text: String,
}

/// Gets a path on a connection of its own.
///
/// # Errors
/// Why there is no answer, in words.
pub async fn get(address: SocketAddr, path: &str) -> Result<Answer, String> {
    match timeout(super::running::PATIENCE, got(address, path)).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

async fn got(address: SocketAddr, path: &str) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    let socket = TcpStream::connect(address).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::get(path).header("host", address.to_string());
    let answer = sender
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    connection.abort();
    Ok(Answer {
        status,
        text: String::from_utf8_lossy(&body).into_owned(),
    })
}
