//! What `lienthong lag --json` prints, again and again, and what the views have checkpointed.

use lienthong_tests::cli;
use lienthong_tests::fleet::Doors;
use lienthong_tests::fleet::asker::Asker;
use lienthong_tests::kill::Fault;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Between two samples.
const REST: Duration = Duration::from_millis(60);

/// One answer, with the moment it was given.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// Just before the command was run, milliseconds since the Unix epoch.
    pub from_ms: f64,
    /// Just after it had ended.
    pub until_ms: f64,
    /// Each view's partitions.
    pub lags: Vec<Lag>,
    /// Checkpointed offsets by view and partition, asked for right after; empty where nobody keeps
    /// the view.
    pub checkpointed: Vec<(String, u32, u64)>,
}

/// A line of `lienthong lag --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct Lag {
    /// View.
    pub view: String,
    /// Partition.
    pub partition: u32,
    /// The next offset to be processed.
    pub next_offset: u64,
    /// The log's end.
    pub log_end_offset: u64,
    /// Events from the one to the other.
    pub lag_events: u64,
    /// Since the first of them was recorded.
    pub lag_seconds: f64,
    /// Such as `current`.
    pub status: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    lags: Vec<Lag>,
}

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |since| since.as_secs_f64() * 1e3)
}

/// Runs the command until it is `over`, and once more.
pub async fn sample(doors: Doors, over: Arc<AtomicBool>) -> Result<Vec<Sample>, Fault> {
    let asker = Asker::new(&doors, Duration::from_secs(10))?;
    let gateway = doors.gateways.first().ok_or("there is no gateway")?;
    let gateway = format!("http://{gateway}");
    let mut samples = Vec::new();
    loop {
        // One more when it is over: it lies after whatever else was looked at.
        let last = over.load(Ordering::SeqCst);
        let gateway = gateway.clone();
        let run = move || {
            let from_ms = now_ms();
            let done = cli::run_alone(&["lag", "--json", "--gateway", &gateway]);
            (from_ms, done, now_ms())
        };
        let (from_ms, done, until_ms) = tokio::task::spawn_blocking(run).await?;
        let done = done?;
        if done.code != Some(0) {
            return Err(format!("lienthong lag: {} {}", done.out, done.err).into());
        }
        let answer: Answer = serde_json::from_str(&done.out)?;
        let views = asker.positions().await?.views;
        let checkpointed = views
            .into_iter()
            .map(|view| (view.view, view.partition, view.checkpoint_offset));
        samples.push(Sample {
            from_ms,
            until_ms,
            lags: answer.lags,
            checkpointed: checkpointed.collect(),
        });
        if last {
            return Ok(samples);
        }
        tokio::time::sleep(REST).await;
    }
}
