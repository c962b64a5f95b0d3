//! What the topic's settings keep, remembered: whoever asks is answered from memory, and when the
//! memory is older than [`REFRESH`] his question has it read again beside him.
//!
//! How many bytes a partition holds is not told here: of the brokers' own knowledge of it
//! (`DescribeLogDirs`) the client library has nothing.

use super::{Config, topic};
use crate::Retention;
use rdkafka::admin::ConfigResource;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How old the memory may become before it is read again.
const REFRESH: Duration = Duration::from_secs(60);

/// What is known of the topic's retention.
pub(super) struct Retained {
    config: Config,
    refresh: Duration,
    state: Mutex<State>,
}

struct State {
    known: Retention,
    /// When the cluster was last asked; it may not have answered.
    asked: Instant,
}

impl Retained {
    /// For a topic that was just found to be as configured.
    pub(super) fn new(config: &Config) -> Self {
        Self::refreshed_every(config, REFRESH)
    }

    /// As [`Self::new`], with a memory of another age.
    pub(super) fn refreshed_every(config: &Config, refresh: Duration) -> Self {
        let known = Retention {
            age: config.retention_age,
            bytes: config.retention_bytes,
            kept_bytes: None,
        };
        Self {
            config: config.clone(),
            refresh,
            state: Mutex::new(State {
                known,
                asked: Instant::now(),
            }),
        }
    }

    /// What is known, at once; if it is old, the cluster is asked meanwhile. To be called within a
    /// runtime.
    pub(super) fn known(retained: &Arc<Self>) -> Retention {
        let mut state = retained.state();
        if state.asked.elapsed() >= retained.refresh {
            state.asked = Instant::now();
            tokio::spawn(Arc::clone(retained).read());
        }
        state.known
    }

    async fn read(self: Arc<Self>) {
        match topic::settings_now(&self.config).await {
            Ok(found) => self.state().known = kept(&found),
            Err(error) => tracing::debug!(%error, "the topic's retention was not read again"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a topic's settings keep.
fn kept(found: &ConfigResource) -> Retention {
    let value = |name| {
        let entry = found.get(name)?;
        entry.value.as_deref()
    };
    // Only the policy `delete` removes by age and size.
    let removes = value("cleanup.policy").is_none_or(|policies| policies.contains("delete"));
    // -1, and any other number below nought: no limit.
    let limit = |name| value(name)?.parse::<u64>().ok().filter(|_| removes);
    Retention {
        age: limit("retention.ms").map(Duration::from_millis),
        bytes: limit("retention.bytes"),
        kept_bytes: None,
    }
}
