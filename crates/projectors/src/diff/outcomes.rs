//! The outcome of every dossier of a view.

use super::outcome::{Outcome, State};
use crate::joins::scan::Sum;
use hashbrown::{HashMap, HashSet};
use lienthong_contract::pb::operations::v1 as pb;
use lienthong_domain::life::life;
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// The outcome of every dossier, by its code.
pub(crate) struct Outcomes {
    reference: Arc<Reference>,
    /// The moment as of which a dossier is overdue, milliseconds since the Unix epoch.
    now_ms: i64,
    /// Record keys that are parked: codes of cases, or of dossiers without one.
    parked_keys: Arc<HashSet<String>>,
    by_code: HashMap<Box<str>, Outcome>,
    tied: u64,
}

impl Outcomes {
    /// Of no dossier yet.
    pub(crate) fn new(
        reference: Arc<Reference>,
        now_ms: i64,
        parked_keys: Arc<HashSet<String>>,
    ) -> Self {
        Self {
            reference,
            now_ms,
            parked_keys,
            by_code: HashMap::new(),
            tied: 0,
        }
    }

    /// Every dossier.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Outcome)> {
        let all = self.by_code.iter();
        all.map(|(code, outcome)| (&**code, *outcome))
    }

    /// The outcome of a dossier, if it is known.
    pub(crate) fn get(&self, code: &str) -> Option<Outcome> {
        self.by_code.get(code).copied()
    }

    /// Dossiers of cases that are not plainly one part.
    pub(crate) fn tied(&self) -> u64 {
        self.tied
    }

    /// See [`Outcomes::tied`].
    pub(crate) fn set_tied(&mut self, tied: u64) {
        self.tied = tied;
    }

    /// How many dossiers there are in each state.
    pub(crate) fn figures(&self) -> pb::DossierFigures {
        let mut figures = pb::DossierFigures {
            dossiers: self.by_code.len() as u64,
            parked_keys: self.parked_keys.len() as u64,
            ..pb::DossierFigures::default()
        };
        for outcome in self.by_code.values() {
            *match outcome.state {
                State::Submitted => &mut figures.submitted,
                State::InTime => &mut figures.in_time,
                State::Overdue => &mut figures.overdue,
                State::Paused => &mut figures.paused,
                State::Early => &mut figures.settled_early,
                State::OnTime => &mut figures.settled_on_time,
                State::Late => &mut figures.settled_late,
                State::WithoutDue => &mut figures.settled_without_due,
                State::Withdrawn => &mut figures.withdrawn,
                State::Refused => &mut figures.refused,
            } += 1;
        }
        figures
    }

    fn is_parked(&self, case: &str, dossier: &str) -> bool {
        !self.parked_keys.is_empty()
            && (self.parked_keys.contains(dossier) || self.parked_keys.contains(case))
    }
}

impl Sum for Outcomes {
    fn add(&mut self, case: &JoinedCase<'_>) {
        for dossier in &case.dossiers {
            let own = case.steps.iter().filter(|step| step.dossier == *dossier);
            let steps: Vec<Step<'_>> = own.copied().collect();
            let mut last = steps.iter().rev();
            let status = last.find(|step| step.portal_status != 0);
            let status = status.map_or(0, |step| step.portal_status);
            let outcome = Outcome::of(&life(&steps), status, &self.reference, self.now_ms);
            let outcome = Outcome {
                parked: self.is_parked(case.code, dossier),
                ..outcome
            };
            self.by_code.insert((*dossier).into(), outcome);
        }
    }

    fn merge(&mut self, other: Self) {
        self.by_code.extend(other.by_code);
    }

    fn pack(self) -> Vec<u8> {
        let rows: Vec<(&str, Outcome)> = self.iter().collect();
        crate::answers::packed::write(&rows)
    }

    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let rows: Vec<(&str, Outcome)> = postcard::from_bytes(bytes)?;
        let rows = rows.into_iter();
        self.by_code
            .extend(rows.map(|(code, outcome)| (code.into(), outcome)));
        Ok(())
    }
}
