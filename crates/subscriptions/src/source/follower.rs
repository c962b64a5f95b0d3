//! Reads what becomes durable on one partition, once for everybody, and puts it on the shelf.

use super::reading::{AtEnd, Reading};
use super::shared::Shared;
use lienthong_eventlog::ReadError;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows a partition until the log is closed or `shutdown` is cancelled.
pub(super) async fn run(shared: Arc<Shared>, partition: u32, shutdown: CancellationToken) {
    let state = &shared.partitions[partition as usize];
    let mut from = state.shelf.next();
    let mut told_at = None;
    loop {
        let failure = tokio::select! {
            () = shutdown.cancelled() => return,
            failed = follow(&shared, partition, from) => match failed {
                Err(failure) => failure,
                Ok(never) => match never {},
            },
        };
        from = state.shelf.next();
        // What goes on failing at one place is told once.
        let first = told_at.replace(from) != Some(from);
        match failure {
            ReadError::Closed { .. } => return,
            ReadError::OutOfRange { asked, start, .. } if asked < start => {
                warn!(
                    partition,
                    asked, start, "retention overtook the reading for subscribers"
                );
                from = start;
                state.grow(start);
            }
            failure => {
                if first {
                    error!(partition, error = %failure, "subscribers wait: the event log cannot be read");
                }
                let lasting = (!failure.is_retryable()).then_some(failure);
                state.set_failed(lasting);
                shared.grown.send_replace(());
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Reads from an offset on until something fails.
async fn follow(shared: &Shared, partition: u32, from: u64) -> Result<Infallible, ReadError> {
    let state = &shared.partitions[partition as usize];
    let mut reading = Reading::open(shared, partition, from).await?;
    loop {
        let blocks = reading.blocks(shared, AtEnd::Wait).await?;
        blocks.into_iter().for_each(|block| state.shelf.push(block));
        state.grow(state.shelf.next());
        state.set_failed(None);
        shared.grown.send_replace(());
    }
}
