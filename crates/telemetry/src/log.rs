//! What the event log is called in metrics and traces: the same for everybody who writes it, reads
//! it and answers from it in one process.

use crate::messaging::Destination;
use std::sync::OnceLock;

/// The names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The event log.
    pub events: Destination,
    /// What the names of consumer groups begin with; of an embedded log what they would.
    pub group_prefix: String,
}

impl Default for Names {
    /// Those of an embedded log.
    fn default() -> Self {
        Self {
            events: Destination {
                system: "lienthong",
                name: "log".to_owned(),
            },
            group_prefix: "lienthong".to_owned(),
        }
    }
}

impl Names {
    /// The consumer group of a service, such as `gateway` or `projector.case`.
    pub fn group(&self, service: &str) -> String {
        format!("{}.{service}", self.group_prefix)
    }
}

static NAMES: OnceLock<Names> = OnceLock::new();

/// Says what it is called, once, before anything is measured; a second word has no effect.
pub fn set(names: Names) {
    let _ = NAMES.set(names);
}

/// What it is called.
pub fn get() -> &'static Names {
    NAMES.get_or_init(Names::default)
}
