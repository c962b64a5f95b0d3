//! Clocks of sources that are ahead of the hub's.

use super::Finding;
use super::words::moment;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::JoinedCase;

/// How far a source's clock may be ahead, in milliseconds.
const AHEAD_MS: i64 = 5 * 60_000;

/// The first event of each source of each dossier that occurred after it was recorded. Counts from
/// the moment of recording, for by the hub's clock the rest has not happened yet.
pub(super) fn ahead<'a>(case: &JoinedCase<'a>, as_of_ms: i64, found: &mut Vec<Finding<'a>>) {
    let before = found.len();
    for step in &case.steps {
        let ahead_ms = step.order.occurred_ms - step.recorded_ms;
        let known = step.recorded_ms != 0 && step.recorded_ms <= as_of_ms;
        if !known || ahead_ms <= AHEAD_MS {
            continue;
        }
        let mut told = found[before..].iter();
        if told.any(|one| (one.dossier, one.source) == (step.dossier, step.source)) {
            continue;
        }
        found.push(Finding {
            misfit: Misfit::ClockAhead,
            dossier: step.dossier,
            procedure: step.procedure,
            source: step.source,
            agency: step.actor.agency,
            expected: format!("{} not after it was recorded", step.kind.name()),
            found: format!(
                "occurred {}, recorded {}",
                moment(step.order.occurred_ms),
                moment(step.recorded_ms)
            ),
            since_ms: step.recorded_ms,
        });
    }
}
