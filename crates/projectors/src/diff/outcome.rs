//! What the figures take from one dossier, and how two of them differ.

use super::outcomes::Outcomes;
use lienthong_contract::pb::operations::v1 as pb;
use lienthong_contract::time::from_millis;
use lienthong_domain::clock::{self, Outcome as Against, Precision};
use lienthong_domain::life::{Ending, Life, deadline};
use lienthong_domain::reference::Reference;
use serde::{Deserialize, Serialize};

/// Under which figure a dossier is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// Handed in and not received.
    Submitted,
    /// In work, in time or without a deadline.
    InTime,
    /// In work past the day of its deadline.
    Overdue,
    /// The clock stands still.
    Paused,
    /// Settled before the day of its deadline.
    Early,
    /// Settled on it.
    OnTime,
    /// Settled after it.
    Late,
    /// Settled without a deadline.
    WithoutDue,
    /// Withdrawn by the applicant.
    Withdrawn,
    /// Refused.
    Refused,
}

impl State {
    /// The name in answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            State::Submitted => "submitted",
            State::InTime => "in_time",
            State::Overdue => "overdue",
            State::Paused => "paused",
            State::Early => "settled_early",
            State::OnTime => "settled_on_time",
            State::Late => "settled_late",
            State::WithoutDue => "settled_without_due",
            State::Withdrawn => "withdrawn",
            State::Refused => "refused",
        }
    }
}

/// What the figures take from a dossier. Times in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) portal_status: u8,
    pub(crate) state: State,
    pub(crate) ended_ms: Option<i64>,
    pub(crate) told_due_ms: Option<i64>,
    pub(crate) legal_due_ms: Option<i64>,
    pub(crate) parked: bool,
}

impl Outcome {
    /// The outcome of a life as it stands at `now_ms`. The deadline of the law counts, else the one
    /// that a source told last, as in the figures; a year without a calendar gives none.
    pub(crate) fn of(
        life: &Life<'_>,
        portal_status: u8,
        reference: &Reference,
        now_ms: i64,
    ) -> Self {
        let legal_due_ms = deadline(life, reference).and_then(|deadline| deadline.due_ms.ok());
        let due_ms = legal_due_ms.or(life.told_due_ms);
        let against = |at_ms| due_ms.map(|due_ms| clock::outcome(at_ms, due_ms, Precision::Day));
        let state = match life.end {
            Some(end) => match (end.how, against(end.at_ms)) {
                (Ending::Withdrawn, _) => State::Withdrawn,
                (Ending::Refused, _) => State::Refused,
                (Ending::Settled, None) => State::WithoutDue,
                (Ending::Settled, Some(Against::Early)) => State::Early,
                (Ending::Settled, Some(Against::OnTime)) => State::OnTime,
                (Ending::Settled, Some(Against::Late)) => State::Late,
            },
            None if life.received.is_none() => State::Submitted,
            None if life.paused_since().is_some() => State::Paused,
            None if against(now_ms) == Some(Against::Late) => State::Overdue,
            None => State::InTime,
        };
        Self {
            portal_status,
            state,
            ended_ms: life.end.map(|end| end.at_ms),
            told_due_ms: life.told_due_ms,
            legal_due_ms,
            parked: false,
        }
    }

    fn wire(self) -> pb::DossierOutcome {
        pb::DossierOutcome {
            portal_status: u32::from(self.portal_status),
            state: self.state.name().to_owned(),
            ended_time: self.ended_ms.map(from_millis),
            told_due_time: self.told_due_ms.map(from_millis),
            legal_due_time: self.legal_due_ms.map(from_millis),
            parked: self.parked,
        }
    }
}

/// The dossiers that differ, by code, at most so many of them, and how many there are in all.
pub(crate) fn differences(
    before: &Outcomes,
    after: &Outcomes,
    most: usize,
) -> (Vec<pb::DossierDifference>, u64) {
    let gone = before.iter().filter(|(code, _)| after.get(code).is_none());
    let gone = gone.map(|(code, outcome)| (code, Some(outcome), None));
    let other = after.iter().filter_map(|(code, outcome)| {
        let was = before.get(code);
        (was != Some(outcome)).then_some((code, was, Some(outcome)))
    });
    let mut all: Vec<_> = gone.chain(other).collect();
    all.sort_unstable_by_key(|(code, _, _)| *code);
    let total = all.len() as u64;
    let told = all.into_iter().take(most);
    let told = told.map(|(code, before, after)| pb::DossierDifference {
        dossier_code: code.to_owned(),
        before: before.map(Outcome::wire),
        after: after.map(Outcome::wire),
    });
    (told.collect(), total)
}
