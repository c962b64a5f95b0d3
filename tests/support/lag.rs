//! The truth test of lag: a hub of real processes to which things happen by a script, a sender and a
//! subscriber that know what they did, and at random moments the question how late everything is,
//! judged against what is known without asking for lag.

pub mod ground;
pub mod judge;
pub mod look;
pub mod oracle;
pub mod others;
pub mod peers;
pub mod record;
pub mod report;
pub mod run;
pub mod script;
pub mod sender;
pub mod subscriber;

use std::time::{SystemTime, UNIX_EPOCH};

/// How far a told lag may lie from the truth, in seconds.
pub const TOLERANCE_S: f64 = 0.1;
/// What the hub decides statuses from, in milliseconds: for so long after something happened either
/// side's status is right.
pub const WINDOW_MS: f64 = 10_000.0;
/// The hub samples its window this often, in milliseconds.
pub const SAMPLED_MS: f64 = 500.0;

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0.0, |since| since.as_secs_f64() * 1e3)
}
