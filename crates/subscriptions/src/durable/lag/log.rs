//! What the observer knows of the event log: asked for now and then, with a limit, so that a log
//! that does not answer holds nothing up and is told.

use futures_util::future::join_all;
use lienthong_eventlog::{Bounds, EventLog, Retention};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was answered last.
#[derive(Default)]
pub struct Log {
    known: Mutex<Known>,
}

/// By partition.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What each has; empty before the first answer.
    pub partitions: Vec<Partition>,
    /// Why the log does not answer; none: it does.
    pub silent: Option<String>,
}

/// One partition.
#[derive(Debug, Clone, Copy)]
pub struct Partition {
    /// What it holds.
    pub bounds: Bounds,
    /// What it keeps.
    pub retention: Retention,
    /// Records a second that came in between the last two answers.
    pub in_per_second: f64,
    asked: Instant,
}

impl Log {
    /// What was answered last.
    pub fn known(&self) -> Known {
        self.lock().clone()
    }

    /// Asks again.
    pub async fn ask(&self, log: &dyn EventLog) {
        let partitions = (0..log.partitions()).map(|partition| async move {
            let both = async {
                let bounds = log.bounds(partition).await?;
                Ok((bounds, log.retention(partition).await?))
            };
            match timeout(PATIENCE, both).await {
                Ok(answer) => {
                    answer.map_err(|error: lienthong_eventlog::ReadError| error.to_string())
                }
                Err(_) => Err(format!(
                    "the log does not answer: partition {partition}, for {} s",
                    PATIENCE.as_secs()
                )),
            }
        });
        let answers: Result<Vec<_>, String> = join_all(partitions).await.into_iter().collect();
        let mut known = self.lock();
        match answers {
            Ok(answers) => {
                let before = std::mem::take(&mut known.partitions);
                let partition = |(number, (bounds, retention)): (usize, (Bounds, Retention))| {
                    Partition::after(before.get(number), bounds, retention)
                };
                known.partitions = answers.into_iter().enumerate().map(partition).collect();
                known.silent = None;
            }
            Err(why) => known.silent = Some(why),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partition {
    fn after(before: Option<&Self>, bounds: Bounds, retention: Retention) -> Self {
        let asked = Instant::now();
        let in_per_second = before.map_or(0.0, |before| {
            let seconds = (asked - before.asked).as_secs_f64();
            let came = bounds.end.saturating_sub(before.bounds.end);
            came as f64 / seconds.max(0.001)
        });
        Self {
            bounds,
            retention,
            in_per_second,
            asked,
        }
    }
}
