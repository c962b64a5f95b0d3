//! `GetVertical`: what passes between levels, and where it is stuck.

mod packed;

use super::oldest::Oldest;
use super::places::Places;
use super::symbols::Symbols;
use super::{read, wire};
use hashbrown::HashMap;
use lienthong_contract::pb::procedure::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::basis::Basis;
use lienthong_domain::distribution::Durations;
use lienthong_domain::interconnection::Class;
use lienthong_domain::level::Level;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::path::hand_over::{HandOver, hand_overs};
use lienthong_domain::path::openness::is_open;
use lienthong_domain::path::stay::{Stay, stays};
use lienthong_domain::reference::Reference;
use std::sync::Arc;

const USUAL_CHAINS: usize = 20;
const MOST_CHAINS: usize = 1_000;

/// Which cases are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Only cases of this procedure ([`JoinedCase::procedure`]); empty: every case.
    pub procedure: String,
    /// Chains shown at most.
    pub chains: usize,
    /// Under which agencies and units.
    pub basis: Basis,
}

impl Question {
    /// Reads a request.
    ///
    /// # Errors
    /// `REQUEST_MALFORMED` for more than 1,000 chains or a basis that is no day.
    pub fn read(request: &pb::GetVerticalRequest) -> Result<Self, Failure> {
        let chains = match request.chains as usize {
            0 => USUAL_CHAINS,
            chains if chains <= MOST_CHAINS => chains,
            chains => {
                return Err(Failure::of_field(
                    "chains",
                    format!("{chains} is over {MOST_CHAINS}."),
                    "ask for at most 1000 chains",
                ));
            }
        };
        Ok(Self {
            procedure: request.procedure_code.clone(),
            chains,
            basis: read::basis(request.basis.as_ref())?,
        })
    }
}

#[derive(Debug, Default)]
struct Latency {
    cases: u64,
    stays: Durations,
}

#[derive(Debug, Default)]
struct Transition {
    count: u64,
    waiting: Durations,
}

#[derive(Debug)]
struct Stuck {
    cases: u64,
    oldest_since_ms: i64,
}

/// Sums over cases. Transitions are those of every case; latencies, stuck cases and chains
/// those of vertical cases.
#[derive(Debug)]
pub struct Vertical {
    question: Question,
    places: Places,
    procedures: Symbols,
    latencies: HashMap<(u32, Option<Level>), Latency>,
    transitions: HashMap<(Option<Level>, Option<Level>), Transition>,
    stuck: HashMap<Option<Level>, Stuck>,
    chains: Oldest<pb::Chain>,
    vertical_cases: u64,
    unassigned_cases: u64,
}

impl Vertical {
    /// Sums over no case yet.
    pub fn new(question: &Question, reference: Arc<Reference>) -> Self {
        Self {
            question: question.clone(),
            places: Places::new(reference, question.basis),
            procedures: Symbols::default(),
            latencies: HashMap::new(),
            transitions: HashMap::new(),
            stuck: HashMap::new(),
            chains: Oldest::new(question.chains),
            vertical_cases: 0,
            unassigned_cases: 0,
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        let procedure = case.procedure();
        let asked = &self.question.procedure;
        if case.steps.is_empty() || !(asked.is_empty() || asked == procedure) {
            return;
        }
        let open = is_open(case);
        hand_overs(&case.steps, open, &mut |hand_over| {
            self.add_transition(&hand_over)
        });
        let class = self.places.class(&case.steps);
        self.unassigned_cases += u64::from(class == Class::Unknown);
        if class != Class::Vertical {
            return;
        }
        self.vertical_cases += 1;
        let places = &mut self.places;
        let stays = stays(&case.steps, open, &mut |agency, at_ms| {
            places.level(agency, at_ms)
        });
        self.add_latencies(procedure, &stays);
        if let Some(last) = stays.last().filter(|_| open) {
            let since_ms = last.reached_ms;
            let stuck = self.stuck.entry(last.level).or_insert(Stuck {
                cases: 0,
                oldest_since_ms: since_ms,
            });
            stuck.cases += 1;
            stuck.oldest_since_ms = stuck.oldest_since_ms.min(since_ms);
            self.chains.offer(since_ms, case.code, 0, || {
                chain(case.code, procedure, &stays)
            });
        }
    }

    /// Takes the sums of another partition's scan for the same question.
    pub fn merge(&mut self, other: Vertical) {
        for ((procedure, level), latency) in other.latencies {
            let procedure = self.procedures.number(other.procedures.text(procedure));
            let into = self.latencies.entry((procedure, level)).or_default();
            into.cases += latency.cases;
            into.stays.append(latency.stays);
        }
        for (levels, transition) in other.transitions {
            let into = self.transitions.entry(levels).or_default();
            into.count += transition.count;
            into.waiting.append(transition.waiting);
        }
        for (level, stuck) in other.stuck {
            let into = self
                .stuck
                .entry(level)
                .or_insert(Stuck { cases: 0, ..stuck });
            into.cases += stuck.cases;
            into.oldest_since_ms = into.oldest_since_ms.min(stuck.oldest_since_ms);
        }
        self.chains.merge(other.chains);
        self.vertical_cases += other.vertical_cases;
        self.unassigned_cases += other.unassigned_cases;
    }

    /// The answer, rows by level from the lowest and by procedure. Its freshness is the
    /// caller's.
    pub fn finish(self) -> pb::GetVerticalResponse {
        let procedures = &self.procedures;
        let mut latencies: Vec<pb::LevelLatency> = self
            .latencies
            .into_iter()
            .map(|((procedure, level), latency)| pb::LevelLatency {
                level: wire::level(level),
                procedure_code: procedures.text(procedure).to_owned(),
                cases: latency.cases,
                stays: Some(wire::distribution(latency.stays)),
            })
            .collect();
        latencies.sort_by(|a, b| (&a.procedure_code, a.level).cmp(&(&b.procedure_code, b.level)));
        let mut transitions: Vec<pb::LevelTransition> = self
            .transitions
            .into_iter()
            .map(|((from, to), transition)| pb::LevelTransition {
                from_level: wire::level(from),
                to_level: wire::level(to),
                direction: wire::direction(from, to),
                count: transition.count,
                waiting: Some(wire::distribution(transition.waiting)),
            })
            .collect();
        transitions.sort_by_key(|row| (row.from_level, row.to_level));
        let mut stuck: Vec<pb::StuckAt> = self
            .stuck
            .into_iter()
            .map(|(level, stuck)| pb::StuckAt {
                level: wire::level(level),
                cases: stuck.cases,
                oldest_since_time: Some(from_millis(stuck.oldest_since_ms)),
            })
            .collect();
        stuck.sort_by_key(|row| row.level);
        pb::GetVerticalResponse {
            latencies,
            transitions,
            stuck,
            chains: self.chains.into_parts().0,
            vertical_cases: self.vertical_cases,
            unassigned_cases: self.unassigned_cases,
            freshness: None,
        }
    }

    fn add_transition(&mut self, hand_over: &HandOver<'_>) {
        let from = self.places.level(hand_over.from, hand_over.before_ms);
        let to = self.places.level(hand_over.to, hand_over.after_ms);
        if from != to {
            let transition = self.transitions.entry((from, to)).or_default();
            transition.count += 1;
            transition.waiting.push(hand_over.waiting_ms());
        }
    }

    fn add_latencies(&mut self, procedure: &str, stays: &[Stay<'_>]) {
        let procedure = self.procedures.number(procedure);
        for (at, stay) in stays.iter().enumerate() {
            let latency = self.latencies.entry((procedure, stay.level)).or_default();
            let again = stays[..at]
                .iter()
                .any(|earlier| earlier.level == stay.level);
            latency.cases += u64::from(!again);
            if let Some(left_ms) = stay.left_ms {
                latency.stays.push(left_ms - stay.reached_ms);
            }
        }
    }
}

fn chain(case_code: &str, procedure: &str, stays: &[Stay<'_>]) -> pb::Chain {
    let before = std::iter::once(None).chain(stays.iter().map(Some));
    let links = stays
        .iter()
        .zip(before)
        .map(|(stay, before)| pb::ChainLink {
            level: wire::level(stay.level),
            agency_code: stay.agency.to_owned(),
            reached_time: Some(from_millis(stay.reached_ms)),
            left_time: stay.left_ms.map(from_millis),
            direction: wire::direction(before.and_then(|before| before.level), stay.level),
        });
    pb::Chain {
        case_code: case_code.to_owned(),
        procedure_code: procedure.to_owned(),
        links: links.collect(),
    }
}

#[cfg(test)]
#[path = "vertical_tests.rs"]
mod tests;
