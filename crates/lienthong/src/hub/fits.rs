//! Whether the settings are such that a hub starts with them: what each part checks before anything
//! is started, all of it at once for whoever only wants to know.

use super::{logs, probe, subscriptions};
use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::telemetry;
use std::ops::RangeInclusive;

/// Every part's first objection; empty: all of it fits. Starts, opens and makes nothing.
pub fn check(settings: &Settings) -> Vec<Failure> {
    let parts = [
        logs::check(settings),
        probe::check(settings),
        subscriptions::check(settings),
        telemetry::check(settings),
    ];
    parts.into_iter().filter_map(Result::err).collect()
}

/// A setting that does not fit, and what it must be.
pub(super) fn unfit(setting: &str, what: &str) -> Failure {
    let message = format!("{setting} {what}. Fix: change {setting} in the configuration");
    Failure::new(Exit::Usage, message)
}

/// Whether a number is in its range.
///
/// # Errors
/// [`Exit::Usage`] if not, with its fix.
pub(super) fn within(name: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), Failure> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let message = format!("{name} is {value}. Fix: set it to {least} to {most}");
    Err(Failure::new(Exit::Usage, message))
}
