//! How long to wait before sending again, and when to give up.

use super::error::{Error, is_transient};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;
use tonic_types::StatusExt;

/// What to do when the hub does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Wait after the first failure; doubled after each further one.
    pub first_wait: Duration,
    /// The longest wait. The hub's own `RetryInfo` may ask for more.
    pub longest_wait: Duration,
    /// How long nothing may be answered before giving up.
    pub give_up_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(50),
            longest_wait: Duration::from_secs(2),
            give_up_after: Duration::from_secs(60),
        }
    }
}

/// The patience left on one stream or call.
pub(super) struct Patience {
    retry: Retry,
    wait: Duration,
    answered: Instant,
}

impl Patience {
    pub(super) fn new(retry: Retry) -> Self {
        Self {
            retry,
            wait: retry.first_wait,
            answered: Instant::now(),
        }
    }

    /// The hub answered something, or there was nothing to ask: patience is whole again.
    pub(super) fn renew(&mut self) {
        self.wait = self.retry.first_wait;
        self.answered = Instant::now();
    }

    /// Waits as long as the hub asks for, or as its own turn says.
    pub(super) async fn after(&mut self, status: Status) -> Result<(), Error> {
        if !is_transient(&status) {
            return Err(Error::Refused(Box::new(status)));
        }
        let waited = self.answered.elapsed();
        if waited >= self.retry.give_up_after {
            return Err(Error::GaveUp {
                waited_s: waited.as_secs(),
                last: Box::new(status),
            });
        }
        let asked = status
            .get_details_retry_info()
            .and_then(|info| info.retry_delay);
        let wait = asked.map_or(self.wait, |asked| asked.max(self.wait));
        tracing::debug!(code = ?status.code(), wait_ms = wait.as_millis() as u64, "the hub did not take events; sending again");
        tokio::time::sleep(wait).await;
        self.wait = (self.wait * 2).min(self.retry.longest_wait);
        Ok(())
    }
}
