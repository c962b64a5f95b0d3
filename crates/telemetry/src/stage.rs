//! How long each stage of the way took, by its owner.
//!
//! ```text
//! happened --source--> sent --adapter--> handed to the log --log--> durable
//!          durable --projector--> taken up --queryable--> questions see it
//!          durable --subscriber--> acknowledged
//! ```
//! Where many events are measured at once a few of them stand for all: see [`sample`].

use crate::meter::instruments;
use crate::names;
use opentelemetry::KeyValue;
use std::sync::atomic::{AtomicBool, Ordering};

static LEFT_OUT: AtomicBool = AtomicBool::new(false);

/// Measures neither stages nor messages from now on, for who wants to know what that costs.
pub fn leave_out() {
    LEFT_OUT.store(true, Ordering::Relaxed);
}

/// Whether stages and messages are measured.
pub fn is_measured() -> bool {
    !LEFT_OUT.load(Ordering::Relaxed)
}

/// A stage of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From when it happened until the source sent it, without the skew of the source's clock.
    Source,
    /// From when the hub took it in until it was handed to the log.
    Adapter,
    /// From then until it was durable.
    Log,
    /// From durable until a projector took it up.
    Projector,
    /// From then until questions see it.
    Queryable,
    /// From durable until a subscriber acknowledged it.
    Subscriber,
}

impl Stage {
    /// As the attribute has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Adapter => "adapter",
            Self::Log => "log",
            Self::Projector => "projector",
            Self::Queryable => "queryable",
            Self::Subscriber => "subscriber",
        }
    }
}

/// Most events of a batch that are measured one by one.
const MEASURED: usize = 16;

/// Which of `count` events are measured: all of a few, else 16 spread evenly, the first among them.
pub fn sample(count: usize) -> impl Iterator<Item = usize> {
    let step = count.div_ceil(MEASURED).max(1);
    (0..count).step_by(step)
}

/// Records how long a stage took, in seconds; what is negative counts as 0.
pub fn record(stage: Stage, owner: &str, seconds: f64) {
    if !is_measured() {
        return;
    }
    let attributes = [
        KeyValue::new(names::STAGE, stage.name()),
        KeyValue::new(names::OWNER, owner.to_owned()),
    ];
    instruments().stage.record(seconds.max(0.0), &attributes);
}

/// Records how long an event took from recorded until questions to a view see it, in seconds.
pub fn reached_view(view: &'static str, seconds: f64) {
    if !is_measured() {
        return;
    }
    let attributes = [KeyValue::new(names::VIEW, view)];
    instruments()
        .end_to_end
        .record(seconds.max(0.0), &attributes);
}

/// Records how long an event took from recorded until a subscription settled it, in seconds.
pub fn reached_subscription(name: &str, seconds: f64) {
    if !is_measured() {
        return;
    }
    let attributes = [KeyValue::new(names::SUBSCRIPTION, name.to_owned())];
    instruments()
        .end_to_end
        .record(seconds.max(0.0), &attributes);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_few_events_stand_for_many_and_the_first_is_among_them() {
        assert_eq!(sample(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(sample(16).count(), 16);
        for count in [17, 256, 1_000] {
            let sampled: Vec<_> = sample(count).collect();
            assert!(
                sampled.len() <= 16 && sampled[0] == 0 && sampled.len() >= 9,
                "{count}"
            );
        }
        assert_eq!(sample(0).count(), 0);
    }

    #[test]
    fn a_stage_is_a_histogram_by_owner() {
        record(Stage::Source, "urn:lienthong:vn:H56:stage-test", 90.0);
        let text = crate::meter::scrape().unwrap();
        let line = r#"lienthong_stage_duration_seconds_bucket{owner="urn:lienthong:vn:H56:stage-test",stage="source",le="300"} 1"#;
        assert!(text.contains(line), "{text}");
    }
}
