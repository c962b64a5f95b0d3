//! How late each partition of a view is, read from memory at each scrape.

use crate::names;
use crate::observed::{self, Label, Provider};
use std::sync::Arc;

/// The state of one partition of a view at a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reading {
    /// Now minus the recorded time of the first event not yet processed; 0 if there is none.
    pub lag_seconds: f64,
    /// Records not yet processed.
    pub lag_events: u64,
    /// 0 current, 1 catching up, 2 loading, 3 falling behind, 4 rewound, 5 stalled, 6 lost.
    pub status: u8,
    /// Seconds until it has caught up; none if it never will.
    pub eta_seconds: Option<f64>,
    /// Records a second that came in.
    pub in_per_second: f64,
    /// Records a second that were processed.
    pub out_per_second: f64,
    /// Seconds until retention removes the first event not yet processed; none if it does not.
    pub headroom_seconds: Option<f64>,
    /// Record keys that are parked.
    pub parked: u64,
    /// Seconds since the oldest of them was recorded; 0: there is none.
    pub parked_oldest_seconds: f64,
}

/// Where a reading comes from. Called at every scrape: it must read memory only.
pub type Source = Arc<dyn Fn() -> Reading + Send + Sync>;

/// Shows a partition of a view in every scrape from now on. A later source for the same
/// partition of the same view takes the place of the earlier one.
pub fn watch(view: &'static str, partition: u32, source: Source) {
    let labels = [
        (names::VIEW, Label::Text(view.to_owned())),
        (names::PARTITION, Label::Number(i64::from(partition))),
    ];
    let provider: Provider = Arc::new(move |gauge, tell| {
        if let Some(value) = value(gauge, &source()) {
            tell(value, &labels);
        }
    });
    observed::provide(&key(view, partition), provider);
}

/// Shows a partition of a view in no later scrape: it is kept elsewhere now.
pub fn forget(view: &'static str, partition: u32) {
    observed::forget(&key(view, partition));
}

fn key(view: &str, partition: u32) -> String {
    format!("view {view}/{partition}")
}

fn value(gauge: &str, reading: &Reading) -> Option<f64> {
    Some(match gauge {
        names::PROJECTION_LAG => reading.lag_seconds,
        names::PROJECTION_LAG_EVENTS => reading.lag_events as f64,
        names::PROJECTION_STATUS => f64::from(reading.status),
        names::PROJECTION_ETA => reading.eta_seconds?,
        names::PROJECTION_IN => reading.in_per_second,
        names::PROJECTION_OUT => reading.out_per_second,
        names::RETENTION_HEADROOM => reading.headroom_seconds?,
        names::PARKED => reading.parked as f64,
        names::PARKED_AGE => reading.parked_oldest_seconds,
        _ => return None,
    })
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
                ..Reading::default()
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
        assert_eq!(text.matches(labels).count(), 7);
    }

    #[test]
    fn a_partition_that_left_is_in_no_later_scrape() {
        let reading = Reading {
            lag_seconds: 2.0,
            lag_events: 3,
            status: 1,
            ..Reading::default()
        };
        let labels = r#"{lienthong_view="leaves",messaging_destination_partition_id="4"}"#;
        watch("leaves", 4, Arc::new(move || reading));
        let shown = crate::meter::scrape().unwrap();
        assert_eq!(shown.matches(labels).count(), 7, "{shown}");
        forget("leaves", 4);
        let shown = crate::meter::scrape().unwrap();
        assert_eq!(shown.matches(labels).count(), 0, "{shown}");
    }
}
