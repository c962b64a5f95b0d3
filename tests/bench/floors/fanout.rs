//! A bare tonic server stream: messages that are encoded already, told to everybody who asks, from
//! memory, without anything else.

use crate::{Outcome, readers};
use bytes::Bytes;
use lienthong_tests::measure::codec::BytesCodec;
use std::convert::Infallible;
use std::io::Write;
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// The server in a process of its own; killed when dropped.
pub struct Fanout {
    child: Child,
    /// Its address, `host:port`.
    pub address: String,
}

impl Drop for Fanout {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again as the server of the messages in a file.
pub fn start(messages: &Path) -> Outcome<Fanout> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("fanout-server")
        .arg(messages)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().ok_or("no output of the server")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
    Ok(Fanout {
        child,
        address: line.trim().to_owned(),
    })
}

/// Writes messages to a file, each after its length.
pub fn write(path: &Path, messages: &[Bytes]) -> Outcome<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for message in messages {
        file.write_all(&u32::try_from(message.len())?.to_le_bytes())?;
        file.write_all(message)?;
    }
    file.flush()?;
    Ok(())
}

fn read(path: &Path) -> Outcome<Vec<Bytes>> {
    let mut all = Bytes::from(std::fs::read(path)?);
    let mut messages = Vec::new();
    while !all.is_empty() {
        let length = all.split_to(4);
        let length = u32::from_le_bytes(std::array::from_fn(|at| length[at]));
        messages.push(all.split_to(length as usize));
    }
    Ok(messages)
}

/// Serves until killed; prints its address.
pub async fn serve(messages: &Path) -> Outcome<()> {
    let messages = Messages(Arc::new(read(messages)?));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    tonic::transport::Server::builder()
        .add_service(messages)
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

#[derive(Clone)]
struct Messages(Arc<Vec<Bytes>>);

impl NamedService for Messages {
    const NAME: &'static str = "lienthong.subscription.v1.Subscriptions";
}

impl Service<http::Request<Body>> for Messages {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let messages = self.clone();
        debug_assert_eq!(request.uri().path(), readers::PATH);
        Box::pin(async move {
            Ok(Grpc::new(BytesCodec)
                .server_streaming(messages, request)
                .await)
        })
    }
}

impl ServerStreamingService<Bytes> for Messages {
    type Response = Bytes;
    type ResponseStream = Pin<Box<dyn tokio_stream::Stream<Item = Result<Bytes, Status>> + Send>>;
    type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, _: Request<Bytes>) -> Self::Future {
        let messages = self.0.clone();
        let told = (0..messages.len()).map(move |at| Ok(messages[at].clone()));
        let told: Self::ResponseStream = Box::pin(tokio_stream::iter(told));
        std::future::ready(Ok(Response::new(told)))
    }
}
