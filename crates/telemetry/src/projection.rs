//! How late each view is, read from the runner's own memory at each scrape.

use crate::meter::instruments;
use crate::names;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The state of one partition of a view at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Now minus the recorded time of the first event not yet processed; 0 if there is none.
    pub lag_seconds: f64,
    /// Events not yet processed.
    pub lag_events: u64,
    /// 0 current, 1 behind, 2 loading, 3 stalled, 4 lost (retention removed unread events).
    pub status: u8,
}

/// Where a reading comes from. Called at every scrape: it must read memory only.
pub type Source = Arc<dyn Fn() -> Reading + Send + Sync>;

type Watched = BTreeMap<(&'static str, u32), Source>;

/// Shows a partition of a view in every scrape from now on. A later source for the same
/// partition of the same view takes the place of the earlier one.
pub fn watch(view: &'static str, partition: u32, source: Source) {
    instruments();
    watched().insert((view, partition), source);
}

/// Shows a partition of a view in no later scrape: it is kept elsewhere now.
pub fn forget(view: &'static str, partition: u32) {
    watched().remove(&(view, partition));
}

/// Makes the gauges; their values are asked for at each scrape.
pub(crate) fn observe(meter: &Meter) {
    let gauge = meter
        .f64_observable_gauge(names::PROJECTION_LAG)
        .with_unit("s")
        .with_description("Now minus the recorded time of the first event not yet processed");
    gauge
        .with_callback(|to| each(|reading, labels| to.observe(reading.lag_seconds, labels)))
        .build();
    let gauge = meter
        .u64_observable_gauge(names::PROJECTION_LAG_EVENTS)
        .with_description("Events not yet processed");
    gauge
        .with_callback(|to| each(|reading, labels| to.observe(reading.lag_events, labels)))
        .build();
    let gauge = meter
        .u64_observable_gauge(names::PROJECTION_STATUS)
        .with_description("0 current, 1 behind, 2 loading, 3 stalled, 4 lost");
    gauge
        .with_callback(|to| each(|reading, labels| to.observe(u64::from(reading.status), labels)))
        .build();
}

fn each(tell: impl Fn(Reading, &[KeyValue])) {
    // Cloned, so that a source may itself take locks without this one being held.
    let sources: Vec<_> = watched()
        .iter()
        .map(|(key, source)| (*key, source.clone()))
        .collect();
    for ((view, partition), source) in sources {
        let labels = [
            KeyValue::new(names::VIEW, view),
            KeyValue::new(names::PARTITION, i64::from(partition)),
        ];
        tell(source(), &labels);
    }
}

fn watched() -> MutexGuard<'static, Watched> {
    static WATCHED: Mutex<Watched> = Mutex::new(BTreeMap::new());
    // A map of sources stays whole whoever panicked while holding it.
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_later_source_takes_the_place_of_the_earlier_one() {
        let reading = |lag_seconds, lag_events| {
            Arc::new(move || Reading {
                lag_seconds,
                lag_events,
                status: 1,
            })
        };
        watch("test", 2, reading(9.0, 9));
        watch("test", 2, reading(1.5, 7));
        let text = crate::meter::scrape().unwrap();
        let labels = r#"{lienthong_view="test",messaging_destination_partition_id="2"}"#;
        for line in [
            format!("lienthong_projection_lag_seconds{labels} 1.5\n"),
            format!("lienthong_projection_lag_events{labels} 7\n"),
            format!("lienthong_projection_status{labels} 1\n"),
        ] {
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches(labels).count(), 3);
    }

    #[test]
    fn a_partition_that_left_is_in_no_later_scrape() {
        let reading = Reading {
            lag_seconds: 2.0,
            lag_events: 3,
            status: 1,
        };
        let labels = r#"{lienthong_view="leaves",messaging_destination_partition_id="4"}"#;
        watch("leaves", 4, Arc::new(move || reading));
        let shown = crate::meter::scrape().unwrap();
        assert_eq!(shown.matches(labels).count(), 3, "{shown}");
        forget("leaves", 4);
        let shown = crate::meter::scrape().unwrap();
        assert_eq!(shown.matches(labels).count(), 0, "{shown}");
    }
}
