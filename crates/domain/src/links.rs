//! Which dossiers are one case: the connected sets of dossiers by the links that hold.
//!
//! Links are asserted by sources, early or late, and can change. Nothing is moved when
//! one changes: whoever asks gathers every assertion and resolves them here, so that the
//! order of arrival cannot matter.
//!
//! What holds is decided in two steps.
//! 1. Of each (dossier, alias) pair the latest assertion holds. Codes that are each
//!    other's alias are ONE dossier, named by the code with the earliest step.
//! 2. Of each dossier so formed the latest CASE and the latest PARENT assertion hold. A
//!    revocation ends the link it names; one that names another code changes nothing.

mod codes;
#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;

use crate::event::{OrderKey, Relation};
use codes::Codes;
use std::collections::BTreeMap;

/// Who made an assertion. Of one event's two assertions the link is the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// The header of an event named the case.
    Header,
    /// A `linked` event.
    Link,
}

/// A source's word that a dossier is tied to a code. An event whose header names no case
/// asserts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion<'a> {
    /// Code of the dossier, as the source wrote it.
    pub dossier: &'a str,
    /// How it is tied.
    pub relation: Relation,
    /// The other code.
    pub code: &'a str,
    /// True: the link no longer holds.
    pub revoked: bool,
    /// Where the event that says so stands among all events.
    pub order: OrderKey,
    /// Header or link.
    pub origin: Origin,
}

/// A code under which facts are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// The code, as the source wrote it.
    pub dossier: &'a str,
    /// Its first step; none while there is only a link. Links are no steps, so that an
    /// early and a late link give the same order.
    pub first: Option<OrderKey>,
}

/// One dossier, whatever its codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The code with the earliest step.
    pub code: &'a str,
    /// Its other codes, sorted.
    pub aliases: Vec<&'a str>,
    /// The dossier of which this one is a part, by its own name.
    pub parent: Option<&'a str>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// The case code that holds; the smallest if there are several; the first dossier's
    /// code if there is none.
    pub code: &'a str,
    /// Dossiers in the order of their first steps; those without a step last, by code.
    pub dossiers: Vec<Member<'a>>,
}

impl<'a> Group<'a> {
    /// The name of the dossier that a source wrote as `code`.
    pub fn dossier_of(&self, code: &str) -> Option<&'a str> {
        let mut members = self.dossiers.iter();
        let found = members.find(|member| member.code == code || member.aliases.contains(&code));
        found.map(|member| member.code)
    }

    /// Whether the case can be asked for by `code`: its own, a dossier's or an alias.
    pub fn answers_to(&self, code: &str) -> bool {
        self.code == code || self.dossier_of(code).is_some()
    }
}

/// The cases of the dossiers in `told`, each dossier in exactly one, in the order of the
/// case codes. `told` may name a dossier several times (once for each part that holds
/// facts of it): the earliest first step counts.
pub fn resolve<'a>(told: &[Told<'a>], assertions: &[Assertion<'a>]) -> Vec<Group<'a>> {
    match single(told, assertions) {
        Some(group) => vec![group],
        None => general(told, assertions),
    }
}

fn general<'a>(told: &[Told<'a>], assertions: &[Assertion<'a>]) -> Vec<Group<'a>> {
    let mut sorted: Vec<&Assertion<'a>> = assertions.iter().collect();
    sorted.sort_unstable_by_key(|said| (said.order, said.origin, said.code, said.revoked));
    let mut codes = Codes::new(told, assertions);
    codes.join_aliases(&sorted);
    let dossiers = codes.dossiers(told, &sorted);
    codes.join_cases(&dossiers);
    groups(&mut codes, dossiers)
}

/// The common shape, without allocating more than the answer: one dossier whose every
/// assertion names the same case.
fn single<'a>(told: &[Told<'a>], assertions: &[Assertion<'a>]) -> Option<Group<'a>> {
    let dossier = told.first()?.dossier;
    let code = assertions.first().map_or(dossier, |said| said.code);
    let alone = told.iter().all(|one| one.dossier == dossier);
    let plain = assertions.iter().all(|said| {
        said.dossier == dossier
            && said.relation == Relation::Case
            && said.code == code
            && !said.revoked
    });
    (alone && plain).then(|| Group {
        code,
        dossiers: vec![Member {
            code: dossier,
            aliases: Vec::new(),
            parent: None,
        }],
    })
}

/// A dossier with the links that hold of it.
struct Resolved<'a> {
    member: Member<'a>,
    first: Option<OrderKey>,
    case: Option<&'a str>,
    /// The parent as the source wrote it.
    parent: Option<&'a str>,
}

fn groups<'a>(codes: &mut Codes<'a>, mut dossiers: Vec<Resolved<'a>>) -> Vec<Group<'a>> {
    dossiers.sort_by_key(|one| (one.first.is_none(), one.first, one.member.code));
    let mut of_root: BTreeMap<usize, usize> = BTreeMap::new();
    let mut groups: Vec<(Option<&'a str>, Vec<Member<'a>>)> = Vec::new();
    for one in dossiers {
        let root = codes.root_of(one.member.code);
        let at = *of_root.entry(root).or_insert(groups.len());
        if at == groups.len() {
            groups.push((None, Vec::new()));
        }
        let (case, members) = &mut groups[at];
        *case = [*case, one.case].into_iter().flatten().min();
        members.push(one.member);
    }
    let mut groups: Vec<Group<'a>> = groups
        .into_iter()
        .map(|(case, dossiers)| Group {
            code: case.unwrap_or(dossiers[0].code),
            dossiers,
        })
        .collect();
    groups.sort_by(|a, b| a.code.cmp(b.code));
    groups
}
