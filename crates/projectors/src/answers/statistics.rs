//! `GetPathStatistics`: exact figures over the paths of cases.
//!
//! The party of a step is its actor, by agency or by unit. Unnamed parties count as one,
//! shown as the empty party, and take no part in hand-overs.

mod moments;
mod packed;
pub(super) mod parties;

use super::places::Places;
use super::{read, wire};
use hashbrown::HashMap;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, to_millis};
use lienthong_domain::basis::Basis;
use lienthong_domain::distribution::Durations;
use lienthong_domain::event::Party;
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;
use moments::Moments;
use parties::{Parties, UNNAMED};
use std::sync::Arc;

const MOST_MOMENTS: usize = 100;

/// What counts as one party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// An agency.
    Agency,
    /// A unit of an agency.
    Unit,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What counts as one party.
    pub grain: Grain,
    /// Moments at which to count open cases, milliseconds since the Unix epoch.
    pub as_of_ms: Vec<i64>,
    /// Under which agencies.
    pub basis: Basis,
}

impl Question {
    /// Reads a request. Its `source` is for whoever chooses the cases.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for an unknown grain, more than 100 moments, or a moment that is
    /// no time, or a basis that is no day.
    pub fn read(request: &pb::GetPathStatisticsRequest) -> Result<Self, Failure> {
        let grain = match pb::PartyGrain::try_from(request.grain) {
            Ok(pb::PartyGrain::Unspecified | pb::PartyGrain::Agency) => Grain::Agency,
            Ok(pb::PartyGrain::Unit) => Grain::Unit,
            Err(_) => {
                return Err(Failure::of_field(
                    "grain",
                    format!("{} is no grain.", request.grain),
                    "send a value of PartyGrain, or leave it out for agencies",
                ));
            }
        };
        if request.as_of_times.len() > MOST_MOMENTS {
            return Err(Failure::of_field(
                "as_of_times",
                format!(
                    "{} moments are over {MOST_MOMENTS}.",
                    request.as_of_times.len()
                ),
                "ask for at most 100 moments a call",
            ));
        }
        let times = request.as_of_times.iter().enumerate();
        let as_of_ms = times
            .map(|(at, time)| {
                to_millis(time).ok_or_else(|| {
                    Failure::of_field(
                        &format!("as_of_times[{at}]"),
                        "its nanoseconds are not within 0 to 999999999, or it is too far away.",
                        "send a valid timestamp",
                    )
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            grain,
            as_of_ms,
            basis: read::basis(request.basis.as_ref())?,
        })
    }
}

/// Figures of one party.
#[derive(Debug, Default)]
struct PartyFigures {
    events: u64,
    holding: Durations,
    response: Durations,
    /// The last case, by running number, in which the party was seen.
    last_case: u64,
}

/// Figures over cases.
#[derive(Debug)]
pub struct Statistics {
    /// Only under another basis: what agencies have become.
    places: Option<Places>,
    parties: Parties,
    /// By party.
    figures: Vec<PartyFigures>,
    pairs: HashMap<(u32, u32), u64>,
    hand_overs: u64,
    cases: u64,
    events: u64,
    span_ms: Option<(i64, i64)>,
    case_duration: Durations,
    cases_by_parties: HashMap<u32, u64>,
    cases_returning: u64,
    moments: Moments,
}

impl Statistics {
    /// Figures over no case yet.
    pub fn new(question: &Question, reference: Arc<Reference>) -> Self {
        let is_told_anew = question.basis != Basis::AsItWas;
        Self {
            places: is_told_anew.then(|| Places::new(reference, question.basis)),
            parties: Parties::new(question.grain),
            figures: vec![PartyFigures::default()],
            pairs: HashMap::new(),
            hand_overs: 0,
            cases: 0,
            events: 0,
            span_ms: None,
            case_duration: Durations::default(),
            cases_by_parties: HashMap::new(),
            cases_returning: 0,
            moments: Moments::new(&question.as_of_ms),
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        let (Some(first), Some(last)) = (case.steps.first(), case.steps.last()) else {
            return;
        };
        let (first_ms, last_ms) = (first.order.occurred_ms, last.order.occurred_ms);
        self.cases += 1;
        self.events += case.steps.len() as u64;
        self.widen(first_ms, last_ms);
        self.case_duration.push(last_ms - first_ms);
        self.walk(case);
        let (parties, places) = (&mut self.parties, &mut self.places);
        self.moments
            .add(&case.steps, &mut |step| numbered(parties, places, step));
    }

    /// One pass over the steps: pairs, times, and how often the party changes.
    fn walk(&mut self, case: &JoinedCase<'_>) {
        let mut before: Option<(u32, i64)> = None;
        let mut named_before = UNNAMED;
        let mut several = 0u32;
        let mut returns = false;
        for step in &case.steps {
            let party = numbered(&mut self.parties, &mut self.places, step);
            self.make_room(party);
            let at_ms = step.order.occurred_ms;
            if let Some((from, from_ms)) = before {
                *self.pairs.entry((from, party)).or_default() += 1;
                self.figures[from as usize].holding.push(at_ms - from_ms);
                if from != UNNAMED && party != UNNAMED && from != party {
                    self.hand_overs += 1;
                    self.figures[party as usize].response.push(at_ms - from_ms);
                }
            }
            let figures = &mut self.figures[party as usize];
            figures.events += 1;
            if party != UNNAMED && party != named_before {
                let again = figures.last_case == self.cases;
                figures.last_case = self.cases;
                returns |= again;
                several += u32::from(!again);
                named_before = party;
            }
            before = Some((party, at_ms));
        }
        *self.cases_by_parties.entry(several).or_default() += 1;
        self.cases_returning += u64::from(returns);
    }

    /// Takes the figures of another partition's scan for the same question.
    pub fn merge(&mut self, other: Statistics) {
        let theirs: Vec<u32> = other
            .parties
            .iter()
            .map(|party| self.party(&party))
            .collect();
        for (figures, party) in other.figures.into_iter().zip(&theirs) {
            let into = &mut self.figures[*party as usize];
            into.events += figures.events;
            into.holding.append(figures.holding);
            into.response.append(figures.response);
        }
        for ((from, to), count) in other.pairs {
            let pair = (theirs[from as usize], theirs[to as usize]);
            *self.pairs.entry(pair).or_default() += count;
        }
        self.hand_overs += other.hand_overs;
        self.cases += other.cases;
        self.events += other.events;
        if let Some((first_ms, last_ms)) = other.span_ms {
            self.widen(first_ms, last_ms);
        }
        self.case_duration.append(other.case_duration);
        for (parties, cases) in other.cases_by_parties {
            *self.cases_by_parties.entry(parties).or_default() += cases;
        }
        self.cases_returning += other.cases_returning;
        self.moments.merge(other.moments, &theirs);
    }

    /// The answer, rows by party. Its freshness is the caller's.
    pub fn finish(self) -> pb::GetPathStatisticsResponse {
        let parties = &self.parties;
        let mut pairs: Vec<_> = self.pairs.into_iter().collect();
        pairs.sort_by_key(|((from, to), _)| (parties.party(*from), parties.party(*to)));
        let mut figures: Vec<(u32, PartyFigures)> = (0..).zip(self.figures).collect();
        figures.sort_by_key(|(party, _)| parties.party(*party));
        let mut answer = pb::GetPathStatisticsResponse {
            cases: self.cases,
            events: self.events,
            first_time: self.span_ms.map(|(first_ms, _)| from_millis(first_ms)),
            last_time: self.span_ms.map(|(_, last_ms)| from_millis(last_ms)),
            hand_overs: self.hand_overs,
            case_duration: Some(wire::distribution(self.case_duration)),
            cases_with_several_parties: several(&self.cases_by_parties),
            cases_returning: self.cases_returning,
            open_at: self.moments.finish(parties),
            ..Default::default()
        };
        for ((from, to), count) in pairs {
            answer.pairs.push(pb::PartyPair {
                from: Some(parties.wire(from)),
                to: Some(parties.wire(to)),
                count,
            });
        }
        for (party, figures) in figures {
            push_figures(&mut answer, &parties.wire(party), figures);
        }
        let mut by_parties: Vec<_> = self.cases_by_parties.into_iter().collect();
        by_parties.sort_unstable();
        for (parties, cases) in by_parties {
            answer
                .cases_by_parties
                .push(pb::CountOfCases { parties, cases });
        }
        answer
    }

    fn party(&mut self, actor: &Party<'_>) -> u32 {
        let party = self.parties.number(actor);
        self.make_room(party);
        party
    }

    fn make_room(&mut self, party: u32) {
        if party as usize >= self.figures.len() {
            self.figures
                .resize_with(party as usize + 1, PartyFigures::default);
        }
    }

    fn widen(&mut self, first_ms: i64, last_ms: i64) {
        let (first, last) = self.span_ms.unwrap_or((first_ms, last_ms));
        self.span_ms = Some((first.min(first_ms), last.max(last_ms)));
    }
}

/// The number of the party of a step, its agency told under the basis.
fn numbered(parties: &mut Parties, places: &mut Option<Places>, step: &Step<'_>) -> u32 {
    match places {
        Some(places) if step.actor.is_named() => {
            let told_as = places.told_as(step).agency;
            parties.number(&Party {
                agency: places.agency_code(told_as),
                unit: step.actor.unit,
            })
        }
        _ => parties.number(&step.actor),
    }
}

fn several(cases_by_parties: &HashMap<u32, u64>) -> u64 {
    let several = cases_by_parties.iter().filter(|(parties, _)| **parties > 1);
    several.map(|(_, cases)| cases).sum()
}

/// Adds the rows of a party; a party without events or times has no row.
fn push_figures(
    answer: &mut pb::GetPathStatisticsResponse,
    party: &lienthong_contract::pb::event::v1::Party,
    figures: PartyFigures,
) {
    if figures.events > 0 {
        answer.events_by_party.push(pb::PartyCount {
            party: Some(party.clone()),
            count: figures.events,
        });
    }
    for (durations, rows) in [
        (figures.holding, &mut answer.holding),
        (figures.response, &mut answer.response),
    ] {
        if !durations.is_empty() {
            rows.push(pb::PartyDistribution {
                party: Some(party.clone()),
                distribution: Some(wire::distribution(durations)),
            });
        }
    }
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
