//! The moment at which the first event of this run became visible in a view.

use super::snapshot::{Asked, Positions};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long after the process began it was, once it was.
#[derive(Clone, Default)]
pub struct Seen {
    after: Arc<OnceLock<Duration>>,
    told: Arc<Notify>,
}

impl Seen {
    /// The time since the process began; none while nothing is visible.
    pub fn after(&self) -> Option<Duration> {
        self.after.get().copied()
    }

    /// Waits for the moment; comes back once.
    pub async fn first_time(&self) {
        self.told.notified().await;
    }
}

/// Looks until some view holds more than before.
pub async fn watch(asked: Asked, before: Positions, began: Instant, seen: Seen) {
    loop {
        if let Ok(now) = asked.positions().await
            && now.facts > before.facts
        {
            let _ = seen.after.set(began.elapsed());
            seen.told.notify_one();
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
