//! Every case of a view, one by one: plain parts as they lie, tied ones joined.

use super::Ties;
use super::tied::{Found, find, join};
use crate::views::codes::At;
use crate::views::keyed::{Fact, Keyed};
use crate::views::part::Part;
use hashbrown::HashSet;
use lienthong_domain::event::Kind;
use lienthong_domain::path::{JoinedCase, is_step};

/// What adds up over cases. Neither the order of adding nor that of merging shows in it.
pub trait Sum: Send + Sized {
    /// Whether a case of that code can matter; one that cannot is not put together.
    fn wants(&self, _code: &str) -> bool {
        true
    }
    /// Takes a case.
    fn add(&mut self, case: &JoinedCase<'_>);
    /// Takes everything that another sum has taken.
    fn merge(&mut self, other: Self);
    /// The sum as bytes, for [`Sum::add_packed`] of another process.
    fn pack(self) -> Vec<u8>;
    /// Takes everything that a sum for the same question had taken when it was packed.
    ///
    /// # Errors
    /// If the bytes do not read.
    fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error>;
}

/// Which cases to show.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Cases that this source spoke of; empty: all. Only the case view knows sources.
    pub source: String,
}

/// Adds up every case of a view over all its partitions, each on a thread of its own. `parts` are
/// the view's, by partition, held so that none changes meanwhile.
pub fn sum<F: Fact, S: Sum>(
    parts: &[&Keyed<F>],
    ties: &Ties,
    only: &Only,
    new: &(impl Fn() -> S + Sync),
) -> S {
    let found = find(ties, parts);
    let found = &found;
    let add = &|partition: usize| {
        let mut sum = new();
        add_plain(parts[partition], &found.tied[partition], only, &mut sum);
        sum
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..parts.len())
            .map(|partition| scope.spawn(move || add(partition)))
            .collect();
        let mut total = new();
        add_tied(parts, ties, found, only, &mut total);
        for thread in threads {
            match thread.join() {
                Ok(sum) => total.merge(sum),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        total
    })
}

/// Adds up the cases whose parts are joined by links, of parts that may be less than the view's:
/// those of [`Ties::parts`] that the view has are enough.
pub fn sum_tied<F: Fact, S: Sum>(parts: &[&Keyed<F>], ties: &Ties, only: &Only, sum: &mut S) {
    add_tied(parts, ties, &find(ties, parts), only, sum);
}

/// Adds up the parts of one partition that are cases of their own: all but those numbered `tied`.
pub fn add_plain<F: Fact, S: Sum>(keyed: &Keyed<F>, tied: &HashSet<u32>, only: &Only, sum: &mut S) {
    let mut case = JoinedCase::default();
    for (at, part) in (0..).zip(keyed.parts()) {
        let code = part.codes().key();
        let wanted = sum.wants(code) && (tied.is_empty() || !tied.contains(&at));
        if wanted && (only.source.is_empty() || part.facts().any(|fact| speaks(&fact, keyed, only)))
        {
            fill(&mut case, keyed, part);
            sum.add(&case);
        }
    }
}

/// The part as a case of its own.
pub fn fill<'a, F: Fact>(case: &mut JoinedCase<'a>, keyed: &'a Keyed<F>, part: Part<'a, F>) {
    case.code = part.codes().key();
    case.dossiers.clear();
    case.steps.clear();
    case.entries.clear();
    case.told_as.clear();
    let mut seen: Vec<At> = Vec::new();
    // A part may tell of links before the ties know; until they do, its steps are what counts.
    for fact in part.facts() {
        let kind = fact.act().kind();
        if kind == Kind::RegisterEntryReported {
            case.entries.push(fact.step(part.codes(), keyed.names()));
        }
        if !is_step(kind) {
            continue;
        }
        let step = fact.step(part.codes(), keyed.names());
        if !seen.contains(&fact.act().dossier) {
            seen.push(fact.act().dossier);
            case.dossiers.push(step.dossier);
        }
        case.steps.push(step);
    }
}

/// The cases whose parts are joined by links, and what the case view does not know yet.
fn add_tied<F: Fact, S: Sum>(
    parts: &[&Keyed<F>],
    ties: &Ties,
    found: &Found,
    only: &Only,
    sum: &mut S,
) {
    let mut case = JoinedCase::default();
    for (tied, places) in ties.cases.iter().zip(&found.places) {
        let spoken = || {
            let mut facts = places.iter().flat_map(|place| place.facts(parts));
            facts.any(|(keyed, _, fact)| speaks(&fact, keyed, only))
        };
        if sum.wants(&tied.code) && spoken() {
            join(&mut case, tied, places, parts);
            sum.add(&case);
        }
    }
    for (tied, places) in &found.unknown {
        if sum.wants(&tied.code) {
            join(&mut case, tied, std::slice::from_ref(places), parts);
            sum.add(&case);
        }
    }
}

/// A line of a register says nothing of the work, so whoever sent no more did not speak.
fn speaks<F: Fact>(fact: &F, keyed: &Keyed<F>, only: &Only) -> bool {
    let ours = || fact.source(keyed.names()) == only.source;
    only.source.is_empty() || (ours() && fact.act().kind() != Kind::RegisterEntryReported)
}

/// A case without anything, to be filled.
pub fn empty<'a>() -> JoinedCase<'a> {
    JoinedCase::default()
}
