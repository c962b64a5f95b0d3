//! Threads that serve gRPC, each with a runtime of its own.
//!
//! ```text
//! listener --> accept --> connection 0, 2, 4 ... --> thread 0
//!                    \--> connection 1, 3, 5 ... --> thread 1
//! ```
//!
//! A connection stays on its thread, so that its many small tasks never move between cores. For
//! single calls, of which HTTP/2 is nearly the whole cost, that gives half as many again a second
//! as one runtime over all cores.

mod lingering;

use crate::config::Limits;
use crate::oversize;
use lienthong_telemetry::rpc;
use lingering::Lingering;
use std::io;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

/// How often the server asks an idle connection whether it is still there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long it waits for the answer.
const PING_PATIENCE: Duration = Duration::from_secs(20);
/// Bytes a client may send ahead on one stream, and on one connection.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// Connections accepted but not yet taken over by a thread.
const WAITING: usize = 64;
/// Pause after an accept that failed, such as for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// When a lane ends.
#[derive(Debug, Clone)]
pub struct Ends {
    /// No more connections and calls; those in flight go on.
    pub draining: CancellationToken,
    /// What is still in flight is cut off.
    pub cut_off: CancellationToken,
}

/// Where a lane takes over connections.
pub type Door = mpsc::Sender<std::net::TcpStream>;

/// One serving thread.
pub struct Lane {
    /// Its way in.
    pub door: Door,
    /// How its serving ended.
    pub ended: oneshot::Receiver<Result<(), tonic::transport::Error>>,
}

/// Starts a thread that serves `routes` on the connections given to it.
///
/// # Errors
/// If the runtime or the thread cannot be started.
pub fn start(index: usize, routes: Routes, limits: &Limits, ends: Ends) -> io::Result<Lane> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (door, incoming) = mpsc::channel(WAITING);
    let (done, ended) = oneshot::channel();
    let calls = limits.calls_per_connection;
    std::thread::Builder::new()
        .name(format!("adapters-{index}"))
        .spawn(move || {
            let result = runtime.block_on(serve(routes, incoming, calls, ends));
            runtime.shutdown_background();
            // Nobody listens any more only if the whole process ends.
            let _ = done.send(result);
        })?;
    Ok(Lane { door, ended })
}

async fn serve(
    routes: Routes,
    incoming: mpsc::Receiver<std::net::TcpStream>,
    calls: u32,
    ends: Ends,
) -> Result<(), tonic::transport::Error> {
    let incoming = ReceiverStream::new(incoming)
        .map(|connection| TcpStream::from_std(connection).map(Lingering::new));
    let server = Server::builder()
        .http2_keepalive_interval(Some(PING_EVERY))
        .http2_keepalive_timeout(Some(PING_PATIENCE))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(calls)
        .layer(rpc::layer())
        .layer(oversize::layer())
        .add_routes(routes);
    tokio::select! {
        served = server.serve_with_incoming_shutdown(incoming, ends.draining.cancelled()) => served,
        () = ends.cut_off.cancelled() => Ok(()),
    }
}

/// Accepts connections and gives them to the lanes in turn, until `draining`.
pub async fn accept(listener: TcpListener, doors: Vec<Door>, draining: CancellationToken) {
    let mut turn = doors.iter().cycle();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = draining.cancelled() => return,
        };
        let connection = accepted.and_then(|(connection, _)| {
            connection.set_nodelay(true)?;
            connection.into_std()
        });
        match (connection, turn.next()) {
            (Ok(connection), Some(door)) => {
                // A lane that has ended drops the connection; the client connects again.
                let _ = door.send(connection).await;
            }
            (Err(error), _) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            (_, None) => return,
        }
    }
}
