//! What needs a hand, from what the parts said: the worst first, each with its stage, its owner,
//! what is so in words, and what to do.
//!
//! | what is so | stage | owner | rule |
//! |---|---|---|---|
//! | the log does not answer, or the views say nothing | log | who runs the log | [`log`] |
//! | a view is late, stands still, went back or has lost events | projector; log for a loss | who runs it | [`views`] |
//! | retention will remove what was not processed | as of the view or subscription | as of it | [`headroom`] |
//! | a case is parked | queryable; subscriber | who runs the projectors; the subscription | [`parked`] |
//! | a subscription is late, disabled, full or unkept | subscriber | it; who runs the gateways | [`subscriptions`] |
//! | a source is silent or its clock is wrong | source | its URN | [`sources`] |
//! | a probe is lost or none comes | the first stage that it did not reach | who runs that | [`probes`] |

mod headroom;
mod log;
mod parked;
mod probes;
mod sources;
mod subscriptions;
mod views;

use super::Parts;
use lienthong_contract::pb::operations::v1::Cause;
use lienthong_telemetry::owners::{self, Owners};
use lienthong_telemetry::stage::Stage;

/// How bad it is; the larger the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It will be well by itself.
    Watched,
    /// Somebody has to act in working hours.
    Open,
    /// It gets worse.
    Worse,
    /// Nothing moves.
    Standing,
    /// Something is gone, or soon will be.
    Losing,
    /// What everything else stands on does not answer.
    Ground,
}

/// A cause before it is known since when.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The cause, without runbook and time.
    pub(super) cause: Cause,
    /// The page of the runbooks.
    pub(super) runbook: &'static str,
    /// How bad it is.
    pub(super) weight: Weight,
    /// Of two as bad the one with more seconds is the worse.
    pub(super) seconds: f64,
}

/// Everything that needs a hand, the worst first.
pub(super) fn causes(parts: &Parts) -> Vec<Found> {
    let owners = owners::get();
    let rules = [
        log::find,
        views::find,
        headroom::find,
        parked::find,
        subscriptions::find,
        sources::find,
        probes::find,
    ];
    let mut found: Vec<Found> = rules.iter().flat_map(|rule| rule(parts, owners)).collect();
    found.sort_by(|one, other| {
        let by_weight = other.weight.cmp(&one.weight);
        by_weight.then(other.seconds.total_cmp(&one.seconds))
    });
    found
}

/// What a cause is about and says.
struct Said<'a> {
    subject: String,
    status: &'a str,
    reason: String,
    what_to_do: String,
}

/// A cause of a stage.
fn cause(said: Said<'_>, stage: Stage, owner: &str) -> Cause {
    Cause {
        subject: said.subject,
        status: said.status.to_owned(),
        stage: stage.name().to_owned(),
        owner: owner.to_owned(),
        reason: said.reason,
        what_to_do: said.what_to_do,
        ..Cause::default()
    }
}

#[cfg(test)]
#[path = "causes_tests.rs"]
mod tests;
