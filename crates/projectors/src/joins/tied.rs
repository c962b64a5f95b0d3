//! Tied cases in any view: where their facts are, and one path out of them.

use super::{Tied, Ties};
use crate::views::codes::{At, Codes};
use crate::views::keyed::{Fact, Keyed};
use hashbrown::{HashMap, HashSet};
use lienthong_domain::event::Kind;
use lienthong_domain::path::{JoinedCase, Step, is_step};

/// Facts of some dossiers in one part of a view.
pub struct FoundPlace {
    partition: usize,
    part: u32,
    /// Place of each dossier's code in the part, and which of the case's dossiers it is.
    dossiers: Vec<(At, usize)>,
}

/// Tied cases as a view holds them.
pub struct Found {
    /// By tied case: where its facts are.
    pub places: Vec<Vec<FoundPlace>>,
    /// By partition: the parts that are not plain.
    pub tied: Vec<HashSet<u32>>,
    /// Dossiers of such parts that the case view has not read of yet: for the moment a case of
    /// their own, under the record key.
    pub unknown: Vec<(Tied, FoundPlace)>,
}

impl FoundPlace {
    /// The facts, with the partition and the codes they refer to.
    pub fn facts<'a, F: Fact>(
        &'a self,
        parts: &[&'a Keyed<F>],
    ) -> impl Iterator<Item = (&'a Keyed<F>, Codes<'a>, F)> {
        let keyed = parts[self.partition];
        let part = keyed.part(self.part);
        let ours = |fact: &F| self.dossier_of(fact).is_some();
        let facts = part.facts().filter(ours);
        facts.map(move |fact| (keyed, part.codes(), fact))
    }

    fn dossier_of<F: Fact>(&self, fact: &F) -> Option<usize> {
        let mut dossiers = self.dossiers.iter();
        let found = dossiers.find(|(at, _)| *at == fact.act().dossier);
        found.map(|(_, dossier)| *dossier)
    }
}

/// Finds the tied cases in a view.
pub fn find<F: Fact>(ties: &Ties, parts: &[&Keyed<F>]) -> Found {
    let mut known: HashMap<(usize, u32), HashSet<At>> = HashMap::new();
    let mut places = Vec::with_capacity(ties.cases.len());
    for case in &ties.cases {
        let found = places_of(case, parts);
        for place in &found {
            let here = known.entry((place.partition, place.part)).or_default();
            here.extend(place.dossiers.iter().map(|(at, _)| *at));
        }
        places.push(found);
    }
    let mut tied = vec![HashSet::new(); parts.len()];
    let mut unknown = Vec::new();
    for (partition, key) in &ties.parts {
        let partition = *partition as usize;
        if let Some(part) = parts[partition].find(key) {
            tied[partition].insert(part);
            let known = known.get(&(partition, part));
            unknown.extend(rest_of(parts[partition], partition, part, known));
        }
    }
    Found {
        places,
        tied,
        unknown,
    }
}

/// Where the facts of a tied case are.
pub fn places_of<F: Fact>(case: &Tied, parts: &[&Keyed<F>]) -> Vec<FoundPlace> {
    let mut found: Vec<FoundPlace> = Vec::new();
    for place in &case.places {
        let partition = place.partition as usize;
        let Some(part) = parts[partition].find(&place.key) else {
            continue;
        };
        let Some(at) = parts[partition].part(part).codes().find(&place.code) else {
            continue;
        };
        match found.last_mut() {
            Some(last) if (last.partition, last.part) == (partition, part) => {
                last.dossiers.push((at, place.dossier));
            }
            _ => found.push(FoundPlace {
                partition,
                part,
                dossiers: vec![(at, place.dossier)],
            }),
        }
    }
    found
}

/// The dossiers of a part that are in no tied case.
fn rest_of<F: Fact>(
    keyed: &Keyed<F>,
    partition: usize,
    part: u32,
    known: Option<&HashSet<At>>,
) -> Option<(Tied, FoundPlace)> {
    let codes = keyed.part(part).codes();
    let mut rest: Vec<(At, usize)> = Vec::new();
    let mut names = Vec::new();
    for fact in keyed.part(part).facts() {
        let at = fact.act().dossier;
        let is_known = known.is_some_and(|known| known.contains(&at));
        if !is_known && !rest.iter().any(|(seen, _)| *seen == at) {
            rest.push((at, names.len()));
            names.push(codes.code(at).to_owned());
        }
    }
    let tied = Tied {
        code: codes.key().to_owned(),
        dossiers: names,
        places: Vec::new(),
    };
    let place = FoundPlace {
        partition,
        part,
        dossiers: rest,
    };
    (!tied.dossiers.is_empty()).then_some((tied, place))
}

/// The path of a tied case; `tied` and `places` belong together. A fact that came into several
/// parts counts once: the one that stands first in the order, which is the same in every view and
/// whatever came in first. A dossier that only registers know is left out.
pub fn join<'a, F: Fact>(
    case: &mut JoinedCase<'a>,
    tied: &'a Tied,
    places: &'a [FoundPlace],
    parts: &[&'a Keyed<F>],
) {
    case.code = &tied.code;
    case.dossiers.clear();
    case.steps.clear();
    case.entries.clear();
    case.told_as.clear();
    let mut published = vec![false; tied.dossiers.len()];
    for place in places {
        for (keyed, codes, fact) in place.facts(parts) {
            let mut step = fact.step(codes, keyed.names());
            let is_entry = step.kind == Kind::RegisterEntryReported;
            if let Some(dossier) = place.dossier_of(&fact) {
                let name = &tied.dossiers[dossier];
                if step.dossier != name {
                    case.told_as.push((step.order.fingerprint, step.dossier));
                }
                step.dossier = name;
                published[dossier] |= !is_entry;
            }
            if is_entry {
                case.entries.push(step);
            } else if is_step(step.kind) {
                case.steps.push(step);
            }
        }
    }
    let names = tied.dossiers.iter().zip(&published);
    let known = names.filter(|(_, published)| **published);
    case.dossiers.extend(known.map(|(name, _)| &name[..]));
    put_in_order(&mut case.steps, places.len());
    put_in_order(&mut case.entries, places.len());
}

/// Sorts what came from so many places; what came twice is left once.
fn put_in_order(steps: &mut Vec<Step<'_>>, places: usize) {
    steps.sort_unstable_by_key(|step| step.order);
    if places > 1 {
        let mut seen = HashSet::with_capacity(steps.len());
        steps.retain(|step| seen.insert(step.order.fingerprint));
    }
}
