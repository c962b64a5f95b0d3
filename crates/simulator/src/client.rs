//! The way to the adapters: streams and batches that survive a hub that goes away.
//!
//! What was not acknowledged is sent again; `source` + `id` makes that safe. Nothing is
//! counted as acknowledged before the hub answered with a position.

mod codec;
mod error;
mod patience;
mod report;
mod stream;

pub use error::Error;
pub use patience::Retry;
pub use report::report;
pub use stream::stream;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tonic::codegen::http::Uri;
use tonic::transport::{Channel, Endpoint};

/// How to reach the adapters and how hard to push.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the adapters, such as `http://127.0.0.1:7410`.
    pub adapters: Uri,
    /// Further processes of the same adapters: after a loss the next one is turned to.
    pub others: Vec<Uri>,
    /// Most messages of one stream sent and not yet answered; at least 1.
    pub in_flight: usize,
    /// What to do when the hub does not answer.
    pub retry: Retry,
}

impl Options {
    /// 1,024 in flight and the patience of [`Retry::default`].
    pub fn new(adapters: Uri) -> Self {
        Self {
            adapters,
            others: Vec::new(),
            in_flight: 1_024,
            retry: Retry::default(),
        }
    }
}

/// An HTTP/2 connection to the adapters, made at the first call and again after a loss.
/// Clones share it and its counters.
#[derive(Debug, Clone)]
pub struct Connection {
    /// One for each process, of which one is called at a time.
    channels: Vec<Channel>,
    /// Losses so far; says which channel is called.
    losses: Arc<AtomicUsize>,
    in_flight: usize,
    retry: Retry,
    counters: Arc<Counters>,
}

/// What a connection has done so far, in messages.
#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    acknowledged: AtomicU64,
    rejected: AtomicU64,
    resent: AtomicU64,
}

/// What a connection has done so far, in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Put on the wire for the first time.
    pub sent: u64,
    /// Answered with a position.
    pub acknowledged: u64,
    /// Answered with a rejection.
    pub rejected: u64,
    /// Put on the wire again because the answer did not come.
    pub resent: u64,
}

impl Connection {
    /// Prepares a connection; nothing is sent yet. Must be called inside a tokio runtime.
    pub fn new(options: Options) -> Self {
        let addresses = std::iter::once(options.adapters).chain(options.others);
        Self {
            channels: addresses.map(channel).collect(),
            losses: Arc::default(),
            in_flight: options.in_flight.max(1),
            retry: options.retry,
            counters: Arc::default(),
        }
    }

    /// Prepares another connection that counts together with this one.
    pub fn beside(&self, options: Options) -> Self {
        Self {
            counters: self.counters.clone(),
            ..Self::new(options)
        }
    }

    /// The counters as they stand.
    pub fn counts(&self) -> Counts {
        Counts {
            sent: self.counters.sent.load(Ordering::Relaxed),
            acknowledged: self.counters.acknowledged.load(Ordering::Relaxed),
            rejected: self.counters.rejected.load(Ordering::Relaxed),
            resent: self.counters.resent.load(Ordering::Relaxed),
        }
    }

    /// A client that is ready to call.
    async fn ready(&self) -> Result<tonic::client::Grpc<Channel>, tonic::Status> {
        let turn = self.losses() % self.channels.len();
        let mut grpc = tonic::client::Grpc::new(self.channels[turn].clone());
        match grpc.ready().await {
            Ok(()) => Ok(grpc),
            Err(error) => Err(tonic::Status::unavailable(error.to_string())),
        }
    }

    /// How often a process was lost so far.
    fn losses(&self) -> usize {
        self.losses.load(Ordering::Relaxed)
    }

    /// Turns to the next process, if there is one, unless another stream has since `seen`: of
    /// several that lose a process together, one turns.
    fn lost(&self, seen: usize) {
        let (success, failure) = (Ordering::Relaxed, Ordering::Relaxed);
        // Refused: another stream has turned.
        let _ = self
            .losses
            .compare_exchange(seen, seen.wrapping_add(1), success, failure);
    }
}

fn channel(adapters: Uri) -> Channel {
    // Windows of several megabytes: with HTTP/2's 64 KiB a stream waits for credit
    // instead of for the disk.
    Endpoint::from(adapters)
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(8 << 20)
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_secs(5))
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20))
        .connect_lazy()
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Relaxed);
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
