//! Since when something needs a hand: remembered here, as long as it does.

use super::causes::Found;
use super::words::moment;
use lienthong_contract::pb::operations::v1::Cause;
use lienthong_contract::time::from_millis;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A subject, the page that speaks of it, and its status.
type About = (String, &'static str, String);

/// When each subject first had the status that it has. Holds what needs a hand now and nothing else.
#[derive(Default)]
pub(super) struct Memory {
    first_ms: Mutex<BTreeMap<About, i64>>,
}

impl Memory {
    /// The causes with their beginning, in their order.
    pub(super) fn since(&self, found: Vec<Found>, now_ms: i64) -> Vec<Cause> {
        let mut first_ms = self.first_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeMap::new();
        let mut causes = Vec::with_capacity(found.len());
        for found in found {
            let Found { cause, runbook, .. } = found;
            let about = (cause.subject.clone(), runbook, cause.status.clone());
            let since_ms = first_ms.get(&about).copied().unwrap_or(now_ms);
            now.insert(about, since_ms);
            causes.push(Cause {
                reason: format!("{}; so since {}", cause.reason, moment(since_ms)),
                runbook: runbook.to_owned(),
                since_time: Some(from_millis(since_ms)),
                ..cause
            });
        }
        *first_ms = now;
        causes
    }
}

#[cfg(test)]
mod tests {
    use super::super::causes::Weight;
    use super::*;

    fn found(subject: &str, status: &str) -> Found {
        Found {
            cause: Cause {
                subject: subject.to_owned(),
                status: status.to_owned(),
                ..Cause::default()
            },
            runbook: "view-late",
            weight: Weight::Watched,
            seconds: 0.0,
        }
    }

    fn since(memory: &Memory, found: Vec<Found>, now_ms: i64) -> Vec<i64> {
        let causes = memory.since(found, now_ms).into_iter();
        let seconds = causes.filter_map(|cause| cause.since_time);
        seconds.map(|time| time.seconds).collect()
    }

    #[test]
    fn a_status_lasts_from_when_it_was_first_seen_until_it_is_another() {
        let memory = Memory::default();
        let (one, two) = ("view case/1", "view case/2");
        assert_eq!(since(&memory, vec![found(one, "stalled")], 1_000), [1]);
        let both = || vec![found(two, "stalled"), found(one, "stalled")];
        assert_eq!(since(&memory, both(), 5_000), [5, 1]);
        assert_eq!(since(&memory, vec![found(one, "lost")], 7_000), [7]);
        assert_eq!(since(&memory, both(), 9_000), [9, 9], "both began anew");
    }
}
