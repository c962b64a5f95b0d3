//! The hub's own test of the way through itself: an event on each partition for each adapter that
//! is served, every second by default, that goes the way of any event and is told to nobody.
//!
//! ```text
//! probe --append--> log --> projector --> question          (measured by the gateways' watch)
//!    |               |  \-> reading for subscribers
//!    |<-- durable ---+
//! ```
//! Covered from here: the handing over to the log through the same handle that events take, its
//! queue, its disk or its brokers, partition by partition. Not covered: the network to a ministry,
//! the decoding of its message and the checks of it; the calls themselves are counted elsewhere.
//!
//! A probe is never piled up behind another: while one is not acknowledged its partition's next ones
//! are left out. One not acknowledged in time is lost at the stage `log`, and so is each that could
//! not be sent after it. A clean end says goodbye: a last probe that announces no other.

mod record;

use crate::lanes::Ends;
use lienthong_contract::time::now_millis;
use lienthong_eventlog::{AppendError, EventLog};
use lienthong_telemetry::probe;
use record::{Follows, Route, Told, record};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// Pause before a probe that the log refused is offered again.
const AGAIN: Duration = Duration::from_millis(100);
/// What a lost probe is counted under.
const STAGE: &str = "log";

/// How probes are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The process that sends them: the same after a restart, and no other's at the same time.
    /// Letters, digits, dots and hyphens.
    pub instance: String,
    /// About how often, a tenth more or less.
    pub every: Duration,
    /// One that is not acknowledged after so long is lost.
    pub lost_after: Duration,
}

/// Sends probes of these routes (see `lienthong_contract::probe::ROUTES`) on every partition of the
/// log until `ends.draining`; ends after the last acknowledgement, at the latest at `ends.cut_off`.
pub fn start(
    config: &Config,
    routes: &[&'static str],
    log: &Arc<dyn EventLog>,
    ends: &Ends,
) -> JoinSet<()> {
    let began_ms = now_millis();
    let mut partitions = JoinSet::new();
    for partition in 0..log.partitions() {
        for route in routes {
            // The series is there before anything is lost.
            probe::lost(route, partition, STAGE, 0);
        }
        let sender = Sender {
            config: config.clone(),
            routes: routes
                .iter()
                .map(|route| Route::new(route, partition, log.as_ref()))
                .collect(),
            partition,
            began_ms,
            number: 0,
            failed: 0,
            durable: Duration::ZERO,
            in_trouble: false,
            log: log.clone(),
        };
        partitions.spawn(sender.run(ends.clone()));
    }
    partitions
}

/// The probes of one partition. Those of all routes go into one append: one write.
struct Sender {
    config: Config,
    routes: Vec<Route>,
    partition: u32,
    began_ms: i64,
    number: u64,
    failed: u64,
    /// How long the last one took.
    durable: Duration,
    /// A loss was told and has not ended.
    in_trouble: bool,
    log: Arc<dyn EventLog>,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    End,
}

impl Sender {
    async fn run(mut self, ends: Ends) {
        // Somewhere in the first interval, so that instances and partitions spread.
        let mut next = Instant::now() + self.config.every.mul_f64(random());
        loop {
            tokio::select! {
                () = ends.draining.cancelled() => break,
                () = sleep_until(next) => {}
            }
            let due = next + self.config.every.mul_f64(0.9 + 0.2 * random());
            if self.send(Follows::After(self.config.every), &ends).await == Then::End {
                return;
            }
            // What fell due while the log was slow is left out.
            next = due.max(Instant::now());
        }
        self.send(Follows::Nothing, &ends).await;
    }

    /// Sends one of each route and waits until they are durable, however long that takes.
    async fn send(&mut self, follows: Follows, ends: &Ends) -> Then {
        self.number += 1;
        let told = self.told(follows);
        let records: Vec<_> = self
            .routes
            .iter()
            .map(|route| record(route, &told))
            .collect();
        let log = self.log.clone();
        let began = Instant::now();
        let mut losing = began + self.config.lost_after;
        let mut why = "it has not answered".to_owned();
        for route in &self.routes {
            probe::sent(route.name, self.partition);
        }
        let mut append = log.append(records.clone());
        loop {
            tokio::select! {
                taken = &mut append => match taken {
                    Ok(_) => break,
                    Err(AppendError::Closed) => return Then::End,
                    Err(error) if error.is_retryable() => {
                        why = error.to_string();
                        let (log, records) = (&log, records.clone());
                        append = Box::pin(async move {
                            sleep(AGAIN).await;
                            log.append(records).await
                        });
                    }
                    Err(error) => {
                        self.failed += 1;
                        self.lose(&error.to_string());
                        return Then::GoOn;
                    }
                },
                () = sleep_until(losing) => {
                    self.lose(&why);
                    losing += self.config.every;
                }
                () = ends.cut_off.cancelled() => return Then::End,
            }
        }
        self.arrived(began.elapsed());
        Then::GoOn
    }

    fn told(&self, follows: Follows) -> Told<'_> {
        Told {
            partition: self.partition,
            instance: &self.config.instance,
            number: self.number,
            began_ms: self.began_ms,
            previous_durable: self.durable,
            failed: self.failed,
            follows,
        }
    }

    fn arrived(&mut self, durable: Duration) {
        self.durable = durable;
        for route in &self.routes {
            probe::reached(route.name, self.partition, STAGE, durable.as_secs_f64());
        }
        if std::mem::take(&mut self.in_trouble) {
            let (partition, failed) = (self.partition, self.failed);
            tracing::info!(partition, failed, "the event log takes probes again");
        }
    }

    /// One of each route is lost. Told once, until one arrives again.
    fn lose(&mut self, why: &str) {
        for route in &self.routes {
            probe::lost(route.name, self.partition, STAGE, 1);
        }
        if !std::mem::replace(&mut self.in_trouble, true) {
            let partition = self.partition;
            tracing::error!(
                partition,
                why,
                "the event log did not make a probe durable in time; events sent to it now wait as well"
            );
        }
    }
}

/// From 0 to 1.
fn random() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
