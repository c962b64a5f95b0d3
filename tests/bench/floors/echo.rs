//! A bare tonic server that answers the adapters' calls without doing anything: the
//! unary call decoded by prost, the stream read lazily.

use crate::Outcome;
use bytes::{Bytes, BytesMut};
use lienthong_contract::pb::event::v1::{Outcome as Answer, Position, outcome};
use lienthong_contract::pb::onestop::v1::onestop_adapter_service_server::{
    OnestopAdapterService, OnestopAdapterServiceServer,
};
use lienthong_contract::pb::onestop::v1::{
    ReportEventsRequest, ReportEventsResponse, StreamEventsRequest, StreamEventsResponse,
};
use lienthong_tests::measure::codec::BytesCodec;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use tokio_stream::StreamExt;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// The echo server in a process of its own; killed when dropped.
pub struct Echo {
    child: Child,
    /// Its address, `host:port`.
    pub address: String,
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts this program again as the echo server.
pub fn start() -> Outcome<Echo> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("echo-server")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().ok_or("no output of the echo server")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line)?;
    Ok(Echo {
        child,
        address: line.trim().to_owned(),
    })
}

/// Serves until killed; prints its address.
pub async fn serve() -> Outcome<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    tonic::transport::Server::builder()
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .add_service(lazy::LazyStream(OnestopAdapterServiceServer::new(Unary)))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

struct Unary;

#[tonic::async_trait]
impl OnestopAdapterService for Unary {
    async fn report_events(
        &self,
        request: Request<ReportEventsRequest>,
    ) -> Result<Response<ReportEventsResponse>, Status> {
        let outcomes = request.into_inner().events.into_iter().map(|event| Answer {
            id: event.header.map(|header| header.id).unwrap_or_default(),
            result: Some(outcome::Result::Position(Position {
                partition: 1,
                offset: 1,
            })),
        });
        Ok(Response::new(ReportEventsResponse {
            outcomes: outcomes.collect(),
        }))
    }

    type StreamEventsStream = tokio_stream::Empty<Result<StreamEventsResponse, Status>>;

    async fn stream_events(
        &self,
        _: Request<Streaming<StreamEventsRequest>>,
    ) -> Result<Response<Self::StreamEventsStream>, Status> {
        Err(Status::unimplemented("served lazily"))
    }
}

/// Reads three fields of a message without decoding it and answers with the id.
fn answer(message: &Bytes) -> Option<Bytes> {
    let event = field(message, 1)?;
    let header = field(event, 1)?;
    let id = field(header, 1)?;
    std::hint::black_box((field(header, 3)?, field(header, 6)?));
    let reply = StreamEventsResponse {
        outcome: Some(Answer {
            id: std::str::from_utf8(id).ok()?.to_owned(),
            result: Some(outcome::Result::Position(Position {
                partition: 1,
                offset: 1,
            })),
        }),
    };
    let mut buffer = BytesMut::with_capacity(64);
    prost::Message::encode(&reply, &mut buffer).ok()?;
    Some(buffer.freeze())
}

/// The first length-delimited field of that number.
fn field(mut message: &[u8], number: u32) -> Option<&[u8]> {
    use prost::encoding::{WireType, decode_key, decode_varint, skip_field};
    while !message.is_empty() {
        let (tag, wire) = decode_key(&mut message).ok()?;
        if tag == number && wire == WireType::LengthDelimited {
            let length = decode_varint(&mut message).ok()? as usize;
            return message.get(..length);
        }
        skip_field(
            wire,
            tag,
            &mut message,
            prost::encoding::DecodeContext::default(),
        )
        .ok()?;
    }
    None
}

/// Puts the lazy stream in front of the generated service.
mod lazy {
    use super::*;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tonic::body::Body;
    use tonic::codegen::{Service, http};
    use tonic::server::{Grpc, NamedService, StreamingService};

    #[derive(Clone)]
    pub struct LazyStream<S>(pub S);

    impl<S: NamedService> NamedService for LazyStream<S> {
        const NAME: &'static str = S::NAME;
    }

    impl<S> Service<http::Request<Body>> for LazyStream<S>
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S::Future: Send + 'static,
    {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

        fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            self.0.poll_ready(context)
        }

        fn call(&mut self, request: http::Request<Body>) -> Self::Future {
            if request.uri().path().ends_with("/StreamEvents") {
                return Box::pin(async {
                    Ok(Grpc::new(BytesCodec).streaming(Lazy, request).await)
                });
            }
            Box::pin(self.0.call(request))
        }
    }

    struct Lazy;

    impl StreamingService<Bytes> for Lazy {
        type Response = Bytes;
        type ResponseStream =
            Pin<Box<dyn tokio_stream::Stream<Item = Result<Bytes, Status>> + Send>>;
        type Future = std::future::Ready<Result<Response<Self::ResponseStream>, Status>>;

        fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
            let answers = request.into_inner().map(|message| {
                answer(&message?)
                    .ok_or_else(|| Status::invalid_argument("not the benchmark's message"))
            });
            std::future::ready(Ok(Response::new(Box::pin(answers))))
        }
    }
}
