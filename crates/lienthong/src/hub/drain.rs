//! The end of the hub, in this order: not ready and `NOT_SERVING`; streams and consumers are told to
//! go on elsewhere, calls in flight finish and their events become durable; what consumers settled
//! is recorded; views write their last checkpoint; the logs close; probes end.

use super::Hub;
use crate::exit::Failure;
use std::time::Duration;
use tokio::task::JoinSet;

/// Longest time the whole may take.
const DEADLINE: Duration = Duration::from_secs(30);

impl Hub {
    /// Drains.
    ///
    /// # Errors
    /// What did not end well, or the deadline. Whatever was acknowledged is durable all the same.
    pub async fn drain(self) -> Result<(), Failure> {
        tokio::time::timeout(DEADLINE, self.in_order())
            .await
            .unwrap_or_else(|_| {
                let durable = "everything acknowledged is durable";
                let message = format!("the drain took longer than {DEADLINE:?}; {durable}");
                Err(Failure::failed(message))
            })
    }

    async fn in_order(mut self) -> Result<(), Failure> {
        self.readiness.set(false);
        self.stops.doors.cancel();
        let mut faults = end(&mut self.doors).await;
        // Whoever kept it true has ended: nobody says ready again.
        self.readiness.set(false);
        if let Some(subscriptions) = &self.subscriptions {
            subscriptions.finished().await;
        }
        self.stops.source.cancel();
        if let Some(subscriptions) = &self.subscriptions {
            subscriptions.watch_finished().await;
        }
        self.stops.views.cancel();
        if let Err(why) = self.views.finished().await {
            faults.push(format!("the views: {why}"));
        }
        let kept = self.logs.subscriptions.as_ref();
        let logs = [
            ("event log", Some(&self.logs.events)),
            ("rejected log", self.logs.rejected.as_ref()),
            ("catalogue log", Some(&self.logs.catalog)),
            ("subscription log", kept.map(|kept| &kept.log)),
        ];
        for (name, log) in logs
            .into_iter()
            .filter_map(|(name, log)| Some((name, log?)))
        {
            if let Err(error) = log.close().await {
                faults.push(format!("the {name}: {error}"));
            }
        }
        self.stops.metrics.cancel();
        faults.extend(end(&mut self.metrics).await);
        if faults.is_empty() {
            return Ok(());
        }
        Err(Failure::failed(format!(
            "drained with faults: {}",
            faults.join("; ")
        )))
    }
}

/// Waits for servers that were told to end; what went wrong.
async fn end(servers: &mut JoinSet<super::Ended>) -> Vec<String> {
    let mut faults = Vec::new();
    while let Some(ended) = servers.join_next().await {
        match ended {
            Ok((_, Ok(()))) => {}
            Ok((name, Err(why))) => faults.push(format!("the {name}: {why}")),
            Err(panic) => faults.push(panic.to_string()),
        }
    }
    faults
}
