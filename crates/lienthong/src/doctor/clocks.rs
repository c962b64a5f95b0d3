//! Clocks: this machine's against the hub's, and the hub's against its sources'. Those of brokers
//! cannot be told without writing to them; events carry the hub's time.

use super::Finding;
use super::running::Running;
use crate::lag::told::seconds_of;
use lienthong_contract::pb::operations::v1::SourceLag;
use lienthong_contract::time::to_millis;

/// Beyond this two clocks are apart, whatever the network did.
const APART_MS: i64 = 1_000;
/// Beyond this a source's figures mislead.
const SKEW_S: f64 = 2.0;
/// Sources that are named.
const NAMED: usize = 5;

/// Every clock that can be told of.
pub fn check(running: &Running) -> Vec<Finding> {
    let mut found = vec![hub(running)];
    if !running.lag.sources.is_empty() {
        found.push(sources(&running.lag.sources));
    }
    found
}

fn hub(running: &Running) -> Finding {
    const CHECK: &str = "clock of the hub";
    let Some(hub_ms) = running.lag.as_of_time.as_ref().and_then(to_millis) else {
        let fix = "restart the hub with this version";
        return Finding::warn(CHECK, "the hub does not tell its time", fix);
    };
    let apart_ms = hub_ms - running.asked_ms;
    // The answer may have lain on the way for up to half of what it took.
    let unsure_ms = running.took.as_millis() as i64 / 2;
    let found = format!("{apart_ms} ms apart from this machine's (give or take {unsure_ms} ms)");
    match apart_ms.abs() > APART_MS + unsure_ms {
        true => Finding::fail(
            CHECK,
            found,
            "set both by NTP: `chronyc tracking` or `timedatectl timesync-status` on each",
        ),
        false => Finding::ok(CHECK, found),
    }
}

fn sources(sources: &[SourceLag]) -> Finding {
    const CHECK: &str = "clocks of sources";
    let skew = |source: &SourceLag| source.clock_skew_seconds.unwrap_or(0.0);
    let mut wrong: Vec<&SourceLag> = sources
        .iter()
        .filter(|source| skew(source).abs() > SKEW_S)
        .collect();
    if wrong.is_empty() {
        let known = sources
            .iter()
            .filter(|one| one.clock_skew_seconds.is_some());
        let found = format!("{} of {} known, none wrong", known.count(), sources.len());
        return Finding::ok(CHECK, found);
    }
    wrong.sort_by(|a, b| skew(b).abs().total_cmp(&skew(a).abs()));
    let named = wrong.iter().take(NAMED).map(|source| {
        let way = if skew(source) < 0.0 {
            "ahead"
        } else {
            "behind"
        };
        format!(
            "{} is {} {way}",
            source.source,
            seconds_of(skew(source).abs())
        )
    });
    let named: Vec<String> = named.collect();
    let more = match wrong.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Finding::warn(
        CHECK,
        format!("{}{more}", named.join("; ")),
        "tell whoever runs the source to set its clock by NTP: lienthong runbook source-clock",
    )
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use lienthong_contract::pb::operations::v1::{GetLagResponse, ListPositionsResponse};
    use lienthong_contract::time::from_millis;
    use std::time::Duration;

    fn running(hub_ms: i64, took_ms: u64) -> Running {
        Running {
            lag: GetLagResponse {
                as_of_time: Some(from_millis(hub_ms)),
                ..GetLagResponse::default()
            },
            positions: ListPositionsResponse::default(),
            took: Duration::from_millis(took_ms),
            asked_ms: 1_000_000,
        }
    }

    #[test]
    fn a_clock_that_the_way_cannot_explain_is_wrong() {
        assert_eq!(hub(&running(1_000_900, 10)).outcome, Outcome::Ok);
        assert_eq!(hub(&running(1_003_000, 10)).outcome, Outcome::Fail);
        assert_eq!(hub(&running(997_000, 10)).outcome, Outcome::Fail);
        assert_eq!(hub(&running(1_003_000, 5_000)).outcome, Outcome::Ok);
    }

    #[test]
    fn the_worst_sources_are_named_with_their_direction() {
        let source = |name: &str, skew| SourceLag {
            source: name.to_owned(),
            clock_skew_seconds: skew,
            ..SourceLag::default()
        };
        let well = [source("a", Some(0.5)), source("b", None)];
        assert_eq!(sources(&well).found, "1 of 2 known, none wrong");
        let wrong = [source("a", Some(-3.0)), source("b", Some(60.0))];
        assert_eq!(sources(&wrong).found, "b is 1m 0s behind; a is 3.0s ahead");
    }
}
