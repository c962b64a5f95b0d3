//! Received dossiers that are open, and overdue, at given moments.

use super::deadlines::Span;
use crate::answers::statistics::Grain;
use crate::answers::statistics::parties::Parties;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::time::from_millis;
use lienthong_domain::clock::{Precision, is_overdue};
use lienthong_domain::event::Party;
use serde::{Deserialize, Serialize};

/// Open dossiers of one party at one moment.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Open {
    open: u64,
    overdue_by_moment: u64,
    overdue_by_day: u64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Moments {
    parties: Parties,
    /// In the order they were asked, by number of the party.
    asked: Vec<(i64, Vec<Open>)>,
}

/// What was counted, on its way between processes: agency and unit by number, and by moment.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedMoments {
    parties: Vec<(String, String)>,
    asked: Vec<Vec<Open>>,
}

impl Moments {
    pub(super) fn new(grain: Grain, as_of_ms: &[i64]) -> Self {
        Self {
            parties: Parties::new(grain),
            asked: as_of_ms.iter().map(|at| (*at, Vec::new())).collect(),
        }
    }

    /// Takes a received dossier.
    pub(super) fn add(&mut self, span: &Span<'_>) {
        for at in 0..self.asked.len() {
            let now_ms = self.asked[at].0;
            if span.from_ms > now_ms || span.end_ms.is_some_and(|end_ms| end_ms <= now_ms) {
                continue;
            }
            let overdue = |precision| {
                let over = |due_ms| is_overdue(due_ms, now_ms, precision);
                u64::from(span.due_ms.is_some_and(over))
            };
            let one = Open {
                open: 1,
                overdue_by_moment: overdue(Precision::Moment),
                overdue_by_day: overdue(Precision::Day),
            };
            self.count(at, &span.by, &one);
        }
    }

    fn count(&mut self, at: usize, party: &Party<'_>, more: &Open) {
        let party = self.parties.number(party) as usize;
        let by_party = &mut self.asked[at].1;
        if party >= by_party.len() {
            by_party.resize(party + 1, Open::default());
        }
        by_party[party].merge(more);
    }

    pub(super) fn merge(&mut self, other: Moments) {
        for (at, (_, by_party)) in other.asked.iter().enumerate() {
            for (party, open) in other.parties.iter().zip(by_party) {
                self.count(at, &party, open);
            }
        }
    }

    pub(super) fn pack(self) -> PackedMoments {
        let parties = self.parties.iter();
        let parties = parties.map(|party| (party.agency.to_owned(), party.unit.to_owned()));
        PackedMoments {
            parties: parties.collect(),
            asked: self.asked.into_iter().map(|(_, open)| open).collect(),
        }
    }

    /// Takes counts at the same moments.
    ///
    /// # Errors
    /// If there are more moments or parties than were asked or named.
    pub(super) fn add_packed(&mut self, packed: PackedMoments) -> Result<(), postcard::Error> {
        let known = packed.parties.len();
        let fits = packed.asked.len() <= self.asked.len()
            && packed.asked.iter().all(|open| open.len() <= known);
        if !fits {
            return Err(postcard::Error::DeserializeBadEncoding);
        }
        for (at, by_party) in packed.asked.iter().enumerate() {
            for ((agency, unit), open) in packed.parties.iter().zip(by_party) {
                self.count(at, &Party { agency, unit }, open);
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Vec<pb::ClockAt> {
        let answer = |(at_ms, by_party): &(i64, Vec<Open>)| {
            let mut total = Open::default();
            let mut rows: Vec<(u32, Open)> = (0..).zip(by_party.iter().copied()).collect();
            rows.retain(|(_, open)| open.open > 0);
            rows.sort_by_key(|(party, _)| self.parties.party(*party));
            rows.iter().for_each(|(_, open)| total.merge(open));
            pb::ClockAt {
                time: Some(from_millis(*at_ms)),
                open: total.open,
                overdue_by_moment: total.overdue_by_moment,
                overdue_by_day: total.overdue_by_day,
                by_party: rows
                    .into_iter()
                    .map(|(party, open)| pb::OpenOfParty {
                        party: Some(self.parties.wire(party)),
                        open: open.open,
                        overdue_by_moment: open.overdue_by_moment,
                        overdue_by_day: open.overdue_by_day,
                    })
                    .collect(),
            }
        };
        self.asked.iter().map(answer).collect()
    }
}

impl Open {
    fn merge(&mut self, other: &Open) {
        self.open += other.open;
        self.overdue_by_moment += other.overdue_by_moment;
        self.overdue_by_day += other.overdue_by_day;
    }
}
