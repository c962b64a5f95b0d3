//! The last look at each subscription, as gauges.

use lienthong_contract::pb::operations::v1::SubscriptionLag;
use lienthong_contract::time::now_millis;
use lienthong_domain::lag::Status;
use lienthong_telemetry::names;
use lienthong_telemetry::observed::{self, Label};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name under which the gauges are asked for.
const PROVIDER: &str = "subscriptions";

/// Subscriptions of this gateway, and those that nobody keeps; by name.
#[derive(Default)]
pub struct Shown {
    kept: Mutex<BTreeMap<String, Looked>>,
    unkept: Mutex<BTreeMap<String, Looked>>,
}

/// A look, and when it was, milliseconds since the epoch.
struct Looked {
    lag: SubscriptionLag,
    at_ms: i64,
}

impl Shown {
    /// Shows these and no others of this gateway.
    pub fn kept(&self, lags: impl Iterator<Item = SubscriptionLag>) {
        *lock(&self.kept) = looked(lags);
    }

    /// Shows these and no others that nobody keeps.
    pub fn unkept(&self, lags: Vec<SubscriptionLag>) {
        *lock(&self.unkept) = looked(lags.into_iter());
    }
}

fn looked(lags: impl Iterator<Item = SubscriptionLag>) -> BTreeMap<String, Looked> {
    let at_ms = now_millis();
    lags.map(|lag| (lag.name.clone(), Looked { lag, at_ms }))
        .collect()
}

fn lock(looked: &Mutex<BTreeMap<String, Looked>>) -> MutexGuard<'_, BTreeMap<String, Looked>> {
    looked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows them in every scrape.
pub fn show(shown: &Arc<Shown>) {
    let shown = shown.clone();
    let provider = move |gauge: &'static str, tell: observed::Tell<'_>| {
        let now_ms = now_millis();
        for all in [&shown.kept, &shown.unkept] {
            for (name, looked) in &*lock(all) {
                if let Some(value) = value(gauge, looked, now_ms) {
                    tell(value, &[(names::SUBSCRIPTION, Label::Text(name.clone()))]);
                }
            }
        }
    };
    observed::provide(PROVIDER, Arc::new(provider));
}

/// Shows them no more.
pub fn hide() {
    observed::forget(PROVIDER);
}

fn value(gauge: &'static str, looked: &Looked, now_ms: i64) -> Option<f64> {
    let lag = &looked.lag;
    let outlook = lag.outlook.as_ref();
    // What was late at the look is later by now.
    let since = now_ms.saturating_sub(looked.at_ms).max(0) as f64 / 1_000.0;
    let later = |seconds: f64| if seconds > 0.0 { seconds + since } else { 0.0 };
    match gauge {
        names::SUBSCRIPTION_LAG => Some(later(lag.lag_seconds)),
        names::SUBSCRIPTION_LAG_EVENTS => Some(lag.lag_events as f64),
        names::SUBSCRIPTION_STATUS => {
            let status = Status::from_name(&lag.status)?;
            Some(f64::from(status.number()))
        }
        names::SUBSCRIPTION_ETA => outlook?.eta_seconds,
        names::PARKED => Some(lag.parked as f64),
        names::PARKED_AGE => Some(later(lag.parked_oldest_seconds)),
        names::RETENTION_HEADROOM => outlook?.headroom_seconds.map(|left| left - since),
        _ => None,
    }
}
