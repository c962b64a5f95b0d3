//! A connection that is closed without cutting off what was said last.
//!
//! A socket closed while bytes from the peer are still unread is reset, and the reset may overtake
//! the last answers on their way: a client that is still sending would see a broken connection
//! instead of the status that ended its stream. So the sending side is closed first, and what still
//! arrives is read and thrown away until the peer closes its side, for a bounded time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Longest wait for the peer to close its side.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes thrown away at a time.
const DISCARD: usize = 16 * 1024;

/// A TCP connection that lingers when it is shut down.
pub struct Lingering {
    connection: TcpStream,
    /// Set once the sending side is closed.
    until: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    /// Wraps a connection.
    pub fn new(connection: TcpStream) -> Self {
        Self {
            connection,
            until: None,
        }
    }

    /// Ready once the peer has closed its side, the connection failed, or patience ran out.
    fn poll_peer_closed(&mut self, until: &mut Pin<Box<Sleep>>, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; DISCARD];
        loop {
            if until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            let mut unread = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut self.connection).poll_read(cx, &mut unread));
            if read.is_err() || unread.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut until = match self.until.take() {
            Some(until) => until,
            None => {
                ready!(Pin::new(&mut self.connection).poll_shutdown(cx))?;
                Box::pin(tokio::time::sleep(PATIENCE))
            }
        };
        let closed = self.poll_peer_closed(&mut until, cx);
        self.until = Some(until);
        closed.map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }
}

impl Connected for Lingering {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.connection.connect_info()
    }
}
