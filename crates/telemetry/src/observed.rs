//! Gauges whose values are asked for at each scrape, from whoever knows them.

use crate::meter::instruments;
use crate::names;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A value of an attribute.
#[derive(Debug, Clone)]
pub enum Label {
    /// Of few values, and never a dossier, a person or free text.
    Text(String),
    /// A number, such as a partition's; told as text, as the conventions have it.
    Number(i64),
}

/// Takes one value of the gauge that was asked for, with its attributes.
pub type Tell<'a> = &'a mut dyn FnMut(f64, &[(&'static str, Label)]);

/// Tells the values of a gauge of [`names`]; nothing for a gauge that it does not know. Called at
/// every scrape and export: it must read memory only.
pub type Provider = Arc<dyn Fn(&'static str, Tell<'_>) + Send + Sync>;

/// A gauge: name, unit, description.
type Gauge = (&'static str, &'static str, &'static str);

/// Every gauge that providers tell.
const GAUGES: [Gauge; 17] = [
    (
        names::PROJECTION_LAG,
        "s",
        "Now minus the recorded time of the first event not yet processed",
    ),
    (
        names::PROJECTION_LAG_EVENTS,
        "",
        "Records not yet processed",
    ),
    (
        names::PROJECTION_STATUS,
        "",
        "0 current, 1 catching up, 2 loading, 3 falling behind, 4 rewound, 5 stalled, 6 lost",
    ),
    (names::PROJECTION_ETA, "s", "Until the view has caught up"),
    (names::PROJECTION_IN, "", "Records a second that came in"),
    (
        names::PROJECTION_OUT,
        "",
        "Records a second that were processed",
    ),
    (
        names::SUBSCRIPTION_LAG,
        "s",
        "Now minus the recorded time of the first event not yet settled",
    ),
    (
        names::SUBSCRIPTION_LAG_EVENTS,
        "",
        "Events not yet settled, and records not yet read",
    ),
    (
        names::SUBSCRIPTION_STATUS,
        "",
        "As of a view; 7 paused, 8 disabled, 9 full, 10 unkept",
    ),
    (
        names::SUBSCRIPTION_ETA,
        "s",
        "Until the subscription has caught up",
    ),
    (
        names::PARKED,
        "",
        "Record keys parked in a view, events in parked cases of a subscription",
    ),
    (names::PARKED_AGE, "s", "Age of the oldest of them"),
    (
        names::RETENTION_HEADROOM,
        "s",
        "Until retention removes the first event not yet processed",
    ),
    (names::SOURCE_SKEW, "s", "Hub's clock minus the source's"),
    (names::SOURCE_QUIET, "s", "Since a source reported last"),
    (
        names::SOURCE_SILENT,
        "",
        "1: a source is silent against its own rhythm",
    ),
    (
        names::SOURCE_SILENCE_PROBABILITY,
        "",
        "The chance of so long a silence by the source's own rhythm",
    ),
];

/// Asks this provider at every scrape from now on. A later one of the same name takes its place.
pub fn provide(name: &str, provider: Provider) {
    instruments();
    providers().insert(name.to_owned(), provider);
}

/// Asks this provider no more.
pub fn forget(name: &str) {
    providers().remove(name);
}

/// Makes the gauges.
pub(crate) fn observe(meter: &Meter) {
    for (name, unit, description) in GAUGES {
        meter
            .f64_observable_gauge(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |to| {
                // Cloned, so that a provider may itself take locks without this one being held.
                let asked: Vec<_> = providers().values().cloned().collect();
                for provider in asked {
                    provider(name, &mut |value, labels| {
                        to.observe(value, &attributes(labels))
                    });
                }
            })
            .build();
    }
}

fn attributes(labels: &[(&'static str, Label)]) -> Vec<KeyValue> {
    let attribute = |(name, label): &(&'static str, Label)| match label {
        Label::Text(text) => KeyValue::new(*name, text.clone()),
        Label::Number(number) => KeyValue::new(*name, number.to_string()),
    };
    labels.iter().map(attribute).collect()
}

fn providers() -> MutexGuard<'static, BTreeMap<String, Provider>> {
    static PROVIDERS: Mutex<BTreeMap<String, Provider>> = Mutex::new(BTreeMap::new());
    // A map of providers stays whole whoever panicked while holding it.
    PROVIDERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_asked_at_each_scrape_until_it_is_forgotten() {
        let told = |value: f64| -> Provider {
            Arc::new(move |gauge, tell| {
                if gauge == names::SUBSCRIPTION_LAG {
                    tell(
                        value,
                        &[(names::SUBSCRIPTION, Label::Text("observed-test".into()))],
                    );
                }
            })
        };
        let line = r#"lienthong_subscription_lag_seconds{lienthong_subscription="observed-test"}"#;
        provide("observed-test", told(9.0));
        provide("observed-test", told(1.5));
        let text = crate::meter::scrape().unwrap();
        assert!(text.contains(&format!("{line} 1.5\n")), "{text}");
        forget("observed-test");
        assert!(!crate::meter::scrape().unwrap().contains(line));
    }
}
