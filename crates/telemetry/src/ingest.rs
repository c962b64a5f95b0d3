//! What the adapters took in and what they refused.

use crate::meter::instruments;
use crate::names;
use opentelemetry::KeyValue;

/// Counts events that were acknowledged.
pub fn accepted(adapter: &'static str, count: u64) {
    let attributes = [KeyValue::new(names::ADAPTER, adapter)];
    instruments().accepted.add(count, &attributes);
}

/// Counts messages that were refused for `reason`, a name of the catalogue of errors.
pub fn rejected(adapter: &'static str, reason: &'static str, count: u64) {
    let attributes = [
        KeyValue::new(names::ADAPTER, adapter),
        KeyValue::new(names::REASON, reason),
    ];
    instruments().rejected.add(count, &attributes);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn what_was_counted_is_in_the_scrape_with_its_labels() {
        super::accepted("onestop", 3);
        super::accepted("onestop", 4);
        super::rejected("population", "STATUS_UNKNOWN", 2);
        let text = crate::meter::scrape().unwrap();
        assert!(
            text.contains(
                r#"lienthong_ingest_accepted_events_total{lienthong_adapter="onestop"} 7"#
            ),
            "{text}"
        );
        assert!(
            text.contains(r#"lienthong_ingest_rejected_events_total{lienthong_adapter="population",lienthong_reason="STATUS_UNKNOWN"} 2"#),
            "{text}"
        );
    }
}
