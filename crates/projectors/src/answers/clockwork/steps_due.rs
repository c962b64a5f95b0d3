//! Steps of progress against the due times they were told with.

use lienthong_contract::pb::performance::v1 as pb;
use lienthong_domain::event::Kind;
use lienthong_domain::path::Step;
use serde::{Deserialize, Serialize};

/// See the module.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct StepsDue {
    steps: u64,
    after: u64,
    dossiers_late: u64,
}

impl StepsDue {
    /// Takes the steps of a dossier. A step of progress tells of what was done, so its own time is
    /// when; the due time of any other step is for what comes after it.
    pub(super) fn add(&mut self, steps: &[Step<'_>]) {
        let mut late = 0;
        for step in steps
            .iter()
            .filter(|step| step.kind == Kind::ProgressReported)
        {
            if let Some(due_ms) = step.due_ms {
                self.steps += 1;
                late += u64::from(step.order.occurred_ms > due_ms);
            }
        }
        self.after += late;
        self.dossiers_late += u64::from(late > 0);
    }

    pub(super) fn merge(&mut self, other: &StepsDue) {
        self.steps += other.steps;
        self.after += other.after;
        self.dossiers_late += other.dossiers_late;
    }

    pub(super) fn wire(self) -> pb::StepsDue {
        pb::StepsDue {
            steps: self.steps,
            done_on_or_before: self.steps - self.after,
            done_after: self.after,
            dossiers_with_a_late_step: self.dossiers_late,
        }
    }
}
