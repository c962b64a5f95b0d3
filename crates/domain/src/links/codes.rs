//! The codes that dossiers and links name, and which of them hang together.

use super::{Assertion, Member, Resolved, Told};
use crate::event::Relation;
use std::collections::BTreeMap;

/// Codes in sorted order, with two union-find forests over their indices.
pub(super) struct Codes<'a> {
    sorted: Vec<&'a str>,
    /// Codes of one dossier.
    dossier: Vec<usize>,
    /// Codes of one case.
    case: Vec<usize>,
}

/// The links that hold of one dossier.
#[derive(Clone, Default)]
struct Holds<'a> {
    case: Option<&'a str>,
    parent: Option<&'a str>,
}

impl<'a> Holds<'a> {
    /// Takes the next assertion in the order of the events.
    fn take(&mut self, said: &Assertion<'a>) {
        let link = match said.relation {
            Relation::Case => &mut self.case,
            Relation::Parent => &mut self.parent,
            Relation::Alias => return,
        };
        if !said.revoked {
            *link = Some(said.code);
        } else if *link == Some(said.code) {
            *link = None;
        }
    }
}

impl<'a> Codes<'a> {
    pub(super) fn new(told: &[Told<'a>], assertions: &[Assertion<'a>]) -> Self {
        let named = assertions.iter().flat_map(|said| [said.dossier, said.code]);
        let mut sorted: Vec<&'a str> = told.iter().map(|one| one.dossier).chain(named).collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self {
            dossier: (0..sorted.len()).collect(),
            case: (0..sorted.len()).collect(),
            sorted,
        }
    }

    /// Joins the codes of one dossier. `sorted` is in the order of the events.
    pub(super) fn join_aliases(&mut self, sorted: &[&Assertion<'a>]) {
        let mut revoked = BTreeMap::new();
        for said in sorted
            .iter()
            .filter(|said| said.relation == Relation::Alias)
        {
            let pair = (self.index(said.dossier), self.index(said.code));
            revoked.insert(pair, said.revoked);
        }
        for ((a, b), _) in revoked.into_iter().filter(|(_, revoked)| !revoked) {
            join(&mut self.dossier, a, b);
            join(&mut self.case, a, b);
        }
    }

    /// The dossiers, with the case and the parent that hold of each.
    pub(super) fn dossiers(
        &mut self,
        told: &[Told<'a>],
        sorted: &[&Assertion<'a>],
    ) -> Vec<Resolved<'a>> {
        let names = self.names(told);
        let mut holds: Vec<Holds<'a>> = vec![Holds::default(); self.sorted.len()];
        for said in sorted {
            let of = self.index(said.dossier);
            holds[root(&mut self.dossier, of)].take(said);
        }
        let mut aliases = self.aliases(&names);
        let mut resolved = Vec::new();
        for at in 0..self.sorted.len() {
            let Some(name) = names[at] else {
                continue;
            };
            resolved.push(Resolved {
                member: Member {
                    code: name.dossier,
                    aliases: std::mem::take(&mut aliases[at]),
                    parent: holds[at].parent.map(|parent| self.name_in(&names, parent)),
                },
                first: name.first,
                case: holds[at].case,
                parent: holds[at].parent,
            });
        }
        resolved
    }

    /// Joins the dossiers of one case.
    pub(super) fn join_cases(&mut self, dossiers: &[Resolved<'a>]) {
        for one in dossiers {
            let own = self.index(one.member.code);
            for code in [one.case, one.parent].into_iter().flatten() {
                let other = self.index(code);
                join(&mut self.case, own, other);
            }
        }
    }

    /// The case of a code, as a number.
    pub(super) fn root_of(&mut self, code: &str) -> usize {
        let at = self.index(code);
        root(&mut self.case, at)
    }

    /// By the root of each dossier that has facts: its code with the earliest step.
    fn names(&mut self, told: &[Told<'a>]) -> Vec<Option<Told<'a>>> {
        let rank = |one: &Told<'a>| (one.first.is_none(), one.first, one.dossier);
        let mut names: Vec<Option<Told<'a>>> = vec![None; self.sorted.len()];
        for one in told {
            let at = self.index(one.dossier);
            let name = &mut names[root(&mut self.dossier, at)];
            if name.is_none_or(|known| rank(one) < rank(&known)) {
                *name = Some(*one);
            }
        }
        names
    }

    /// The name of the dossier that `code` is a code of; `code` itself if it has no facts.
    fn name_in(&mut self, names: &[Option<Told<'a>>], code: &'a str) -> &'a str {
        let at = self.index(code);
        names[root(&mut self.dossier, at)].map_or(code, |name| name.dossier)
    }

    /// By the root of each dossier that has facts: its codes besides its name.
    fn aliases(&mut self, names: &[Option<Told<'a>>]) -> Vec<Vec<&'a str>> {
        let mut aliases = vec![Vec::new(); self.sorted.len()];
        for at in 0..self.sorted.len() {
            let of = root(&mut self.dossier, at);
            if names[of].is_some_and(|name| name.dossier != self.sorted[at]) {
                aliases[of].push(self.sorted[at]);
            }
        }
        aliases
    }

    /// Every code asked for is one that `new` was given; index 0 stands in otherwise.
    fn index(&self, code: &str) -> usize {
        self.sorted.binary_search(&code).unwrap_or(0)
    }
}

fn root(forest: &mut [usize], mut at: usize) -> usize {
    while forest[at] != at {
        forest[at] = forest[forest[at]];
        at = forest[at];
    }
    at
}

fn join(forest: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(forest, a), root(forest, b));
    forest[a.max(b)] = a.min(b);
}
