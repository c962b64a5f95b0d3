//! The way through the hub: its probes arrive, and nothing needs a hand.

use super::Finding;
use super::running::Running;
use crate::config::Settings;
use lienthong_contract::pb::operations::v1::{Cause, ProbeLag};

const PROBES: &str = "probes";
const LAG: &str = "lag";

/// What the running hub says of itself.
pub fn check(settings: &Settings, running: &Running) -> Vec<Finding> {
    let mut found = vec![probes(settings.probe.every_ms, &running.lag.probes)];
    let causes = running.lag.causes.iter();
    // The probes' own are told above.
    found.extend(
        causes
            .filter(|cause| !cause.subject.starts_with("probe "))
            .map(cause),
    );
    if !found.iter().any(|one| one.check == LAG) {
        found.push(Finding::ok(
            LAG,
            "the hub knows of nothing that needs a hand",
        ));
    }
    found
}

fn probes(every_ms: u64, probes: &[ProbeLag]) -> Finding {
    let arriving = |probe: &&ProbeLag| probe.status == "arriving";
    let wrong: Vec<String> = probes
        .iter()
        .filter(|probe| !arriving(probe))
        .map(|probe| {
            let (route, partition) = (&probe.route, probe.partition);
            format!("{route}/{partition} is {}: {}", probe.status, probe.reason)
        })
        .collect();
    match (every_ms, probes.len()) {
        _ if !wrong.is_empty() => {
            Finding::fail(PROBES, wrong.join("; "), "lienthong runbook probe-lost")
        }
        (0, 0) => Finding::warn(
            PROBES,
            "none are sent: nobody notices a way that is broken while it is idle",
            "set probe.every_ms = 1000",
        ),
        (_, 0) => Finding::warn(
            PROBES,
            "the hub has seen none yet",
            "wait some seconds; then: lienthong runbook probe-lost",
        ),
        (_, some) => Finding::ok(PROBES, format!("all {some} ways arrive")),
    }
}

fn cause(cause: &Cause) -> Finding {
    let Cause {
        subject,
        status,
        reason,
        owner,
        ..
    } = cause;
    let found = format!("{subject} is {status} ({owner}): {reason}");
    let fix = match cause.runbook.as_str() {
        "" => cause.what_to_do.clone(),
        page => format!("{}; lienthong runbook {page}", cause.what_to_do),
    };
    Finding::fail(LAG, found, fix)
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn probes_that_do_not_arrive_are_named() {
        let probe = |status: &str| ProbeLag {
            route: "onestop".to_owned(),
            partition: 3,
            status: status.to_owned(),
            reason: "none for 12 s".to_owned(),
            ..ProbeLag::default()
        };
        assert_eq!(probes(1_000, &[probe("arriving")]).outcome, Outcome::Ok);
        let lost = probes(1_000, &[probe("arriving"), probe("lost")]);
        assert_eq!(lost.outcome, Outcome::Fail);
        assert_eq!(lost.found, "onestop/3 is lost: none for 12 s");
        assert_eq!(probes(0, &[]).outcome, Outcome::Warn);
        assert_eq!(probes(1_000, &[]).outcome, Outcome::Warn);
    }
}
