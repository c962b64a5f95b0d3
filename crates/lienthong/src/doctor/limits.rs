//! What the system lets a process have.

use super::Finding;
use rustix::process::{Resource, getrlimit};

/// A hub with some hundred subscribers, views and segments comes near this.
const FILES: u64 = 4_096;

/// How many files and connections a process may have open, as the hub would get it from here.
pub fn files() -> Finding {
    const CHECK: &str = "file descriptors";
    let limit = getrlimit(Resource::Nofile);
    match limit.current {
        Some(some) if some < FILES => Finding::warn(
            CHECK,
            format!("a process started from here may open {some}; each connection takes one"),
            "ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit",
        ),
        Some(some) => Finding::ok(
            CHECK,
            format!("a process started from here may open {some}"),
        ),
        None => Finding::ok(CHECK, "without a limit"),
    }
}
