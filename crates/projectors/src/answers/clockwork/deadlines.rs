//! Received dossiers: what time they had, what they took, and how they ended.

use lienthong_contract::pb::performance::v1 as pb;
use lienthong_domain::clock::{Outcome, Precision, outcome};
use lienthong_domain::distribution::Durations;
use lienthong_domain::event::Party;
use lienthong_domain::life::Life;
use serde::{Deserialize, Serialize};

/// From reception to end, as far as told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a> {
    pub by: Party<'a>,
    pub from_ms: i64,
    pub due_ms: Option<i64>,
    pub end_ms: Option<i64>,
}

/// Counts by outcome.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Outcomes {
    early: u64,
    on_time: u64,
    late: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    pub received: u64,
    pub by_moment: Outcomes,
    pub by_day: Outcomes,
    pub allowed: Durations,
    pub taken: Durations,
}

impl Deadlines {
    /// Takes a dossier; its span if it was received. A dossier that ended before it was received,
    /// by its source's clock, ended.
    pub(super) fn add<'a>(&mut self, life: &Life<'a>) -> Option<Span<'a>> {
        let received = life.received?;
        let end = life.end.or(life.ended_before_received);
        let span = Span {
            by: received.by,
            from_ms: received.at_ms,
            due_ms: life.told_due_ms,
            end_ms: end.map(|end| end.at_ms),
        };
        self.received += 1;
        if let Some(due_ms) = span.due_ms {
            self.allowed.push(due_ms.saturating_sub(span.from_ms));
        }
        if let Some(end_ms) = span.end_ms {
            self.taken.push(end_ms.saturating_sub(span.from_ms));
        }
        if let Some((due_ms, end_ms)) = span.due_ms.zip(span.end_ms) {
            self.by_moment
                .count(outcome(end_ms, due_ms, Precision::Moment));
            self.by_day.count(outcome(end_ms, due_ms, Precision::Day));
        }
        Some(span)
    }

    pub(super) fn merge(&mut self, other: Deadlines) {
        self.received += other.received;
        self.by_moment.merge(&other.by_moment);
        self.by_day.merge(&other.by_day);
        self.allowed.append(other.allowed);
        self.taken.append(other.taken);
    }
}

impl Outcomes {
    fn count(&mut self, outcome: Outcome) {
        let into = match outcome {
            Outcome::Early => &mut self.early,
            Outcome::OnTime => &mut self.on_time,
            Outcome::Late => &mut self.late,
        };
        *into += 1;
    }

    fn merge(&mut self, other: &Outcomes) {
        self.early += other.early;
        self.on_time += other.on_time;
        self.late += other.late;
    }

    pub(super) fn wire(self) -> pb::DeadlineOutcomes {
        pb::DeadlineOutcomes {
            early: self.early,
            on_time: self.on_time,
            late: self.late,
        }
    }
}
