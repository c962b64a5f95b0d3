//! Cases open at given moments. A case is open at T while first event <= T < last event.

use super::parties::Parties;
use crate::answers::packed::PackedDurations;
use crate::answers::wire;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::time::from_millis;
use lienthong_domain::distribution::Durations;
use lienthong_domain::path::Step;
use serde::{Deserialize, Serialize};

/// What is counted at one moment. `events`, `started` and `ended` hold what this moment adds
/// to the one before, so that a case costs the moments it was open at and no more.
#[derive(Debug, Default)]
struct Moment {
    at_ms: i64,
    events: u64,
    started: u64,
    ended: u64,
    /// By party.
    open_by_party: Vec<u64>,
    age: Durations,
}

/// What was counted at one moment, on its way between processes.
#[derive(Serialize, Deserialize)]
pub(super) struct PackedMoment {
    events: u64,
    started: u64,
    ended: u64,
    open_by_party: Vec<u64>,
    age: PackedDurations,
}

/// Moments in ascending order, with the places they were asked in.
#[derive(Debug)]
pub(super) struct Moments {
    sorted: Vec<Moment>,
    /// By place in the question: the place in `sorted`.
    asked: Vec<usize>,
}

impl Moments {
    pub(super) fn new(as_of_ms: &[i64]) -> Self {
        let mut times = as_of_ms.to_vec();
        times.sort_unstable();
        times.dedup();
        let asked = as_of_ms
            .iter()
            .map(|at| times.partition_point(|time| time < at));
        Self {
            asked: asked.collect(),
            sorted: times
                .iter()
                .map(|at_ms| Moment {
                    at_ms: *at_ms,
                    ..Moment::default()
                })
                .collect(),
        }
    }

    /// Takes the steps of a case, sorted by time. `number` gives the number of a party.
    pub(super) fn add(&mut self, steps: &[Step<'_>], number: &mut dyn FnMut(&Step<'_>) -> u32) {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else {
            return;
        };
        let (first_ms, last_ms) = (first.order.occurred_ms, last.order.occurred_ms);
        let begins = self
            .sorted
            .partition_point(|moment| moment.at_ms < first_ms);
        let ends = self.sorted.partition_point(|moment| moment.at_ms < last_ms);
        if let Some(moment) = self.sorted.get_mut(begins) {
            moment.started += 1;
        }
        let mut until = 0;
        for moment in &mut self.sorted[begins..ends] {
            let before = until;
            until += steps[until..].partition_point(|s| s.order.occurred_ms <= moment.at_ms);
            moment.events += (until - before) as u64;
            moment.age.push(moment.at_ms - first_ms);
            let party = number(&steps[until - 1]) as usize;
            if party >= moment.open_by_party.len() {
                moment.open_by_party.resize(party + 1, 0);
            }
            moment.open_by_party[party] += 1;
        }
        if let Some(moment) = self.sorted.get_mut(ends) {
            moment.ended += 1;
            moment.events += (steps.len() - until) as u64;
        }
    }

    /// Takes the counts of another scan; `theirs` gives our number for each of its parties.
    pub(super) fn merge(&mut self, other: Moments, theirs: &[u32]) {
        for (into, moment) in self.sorted.iter_mut().zip(other.sorted) {
            into.events += moment.events;
            into.started += moment.started;
            into.ended += moment.ended;
            into.age.append(moment.age);
            for (cases, party) in moment.open_by_party.into_iter().zip(theirs) {
                let party = *party as usize;
                if party >= into.open_by_party.len() {
                    into.open_by_party.resize(party + 1, 0);
                }
                into.open_by_party[party] += cases;
            }
        }
    }

    /// The counts, for [`Moments::add_packed`] of another process.
    pub(super) fn pack(self) -> Vec<PackedMoment> {
        let moments = self.sorted.into_iter().map(|moment| PackedMoment {
            events: moment.events,
            started: moment.started,
            ended: moment.ended,
            open_by_party: moment.open_by_party,
            age: PackedDurations::new(&moment.age),
        });
        moments.collect()
    }

    /// Takes counts at the same moments; `theirs` as for [`Moments::merge`].
    pub(super) fn add_packed(&mut self, packed: Vec<PackedMoment>, theirs: &[u32]) {
        let sorted = packed.into_iter().map(|moment| Moment {
            at_ms: 0,
            events: moment.events,
            started: moment.started,
            ended: moment.ended,
            open_by_party: moment.open_by_party,
            age: moment.age.unpack(),
        });
        let other = Moments {
            sorted: sorted.collect(),
            asked: Vec::new(),
        };
        self.merge(other, theirs);
    }

    /// The counts in the order the moments were asked, a moment asked twice twice.
    pub(super) fn finish(self, parties: &Parties) -> Vec<pb::OpenAt> {
        let (mut events, mut started, mut ended) = (0, 0, 0);
        let mut answers = Vec::new();
        for moment in self.sorted {
            events += moment.events;
            started += moment.started;
            ended += moment.ended;
            let by_party = (0..)
                .zip(moment.open_by_party)
                .filter(|(_, cases)| *cases > 0);
            let mut by_party: Vec<(u32, u64)> = by_party.collect();
            by_party.sort_by_key(|(party, _)| parties.party(*party));
            answers.push(pb::OpenAt {
                time: Some(from_millis(moment.at_ms)),
                events_until: events,
                cases_started: started,
                cases_ended: ended,
                open_cases: moment.age.len() as u64,
                open_by_party: by_party
                    .into_iter()
                    .map(|(party, count)| pb::PartyCount {
                        party: Some(parties.wire(party)),
                        count,
                    })
                    .collect(),
                age_of_open: Some(wire::distribution(moment.age)),
            });
        }
        self.asked
            .into_iter()
            .map(|at| answers[at].clone())
            .collect()
    }
}
