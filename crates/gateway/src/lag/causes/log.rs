//! The log does not answer whoever follows it; told once, however many do.

use super::super::{Parts, Silent};
use super::{Found, Owners, Said, Weight, cause};
use lienthong_telemetry::stage::Stage;

const WHAT_TO_DO: &str = "Ask it: `lienthong doctor`. Sources may send again later, nothing that was acknowledged is lost; views go on by themselves once it answers";

pub(super) fn find(parts: &Parts, owners: &Owners) -> Vec<Found> {
    let mut reasons = Vec::new();
    for silent in &parts.silent {
        match silent {
            Silent::Views(failure) => {
                reasons.push(format!(
                    "how late the views are is not known: {}",
                    failure.message
                ));
            }
            Silent::Subscriptions => {
                let words = "how late durable subscriptions are was not said in time";
                reasons.push(words.to_owned());
            }
        }
    }
    let cut_off: Vec<_> = parts.lags.iter().filter(|lag| is_cut_off(lag)).collect();
    if let Some(first) = cut_off.first() {
        let places: Vec<String> = cut_off
            .iter()
            .map(|lag| format!("{}/{}", lag.view, lag.partition))
            .collect();
        reasons.push(format!(
            "the log does not answer the views {}: {}",
            places.join(", "),
            first.reason
        ));
    }
    if reasons.is_empty() {
        return Vec::new();
    }
    let said = Said {
        subject: "log".to_owned(),
        status: "stalled",
        reason: reasons.join("; "),
        what_to_do: WHAT_TO_DO.to_owned(),
    };
    let late = cut_off.iter().map(|lag| lag.lag_seconds);
    vec![Found {
        cause: cause(said, Stage::Log, &owners.log),
        runbook: "log-unavailable",
        weight: Weight::Ground,
        seconds: late.fold(0.0, f64::max),
    }]
}

/// Whether a view stands still because the log does not answer it.
pub(super) fn is_cut_off(lag: &lienthong_contract::pb::operations::v1::ViewLag) -> bool {
    lag.status == "stalled" && lag.stage == Stage::Log.name()
}
