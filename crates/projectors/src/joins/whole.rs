//! One case whole, by any of its codes.

use super::index::{Index, PartId};
use super::told::{Tale, tell};
use crate::answers::case::{CaseDetail, WholeCase};
use crate::parking::Parking;
use crate::views::case::CaseFact;
use crate::views::keyed::{Fact, Keyed};
use hashbrown::HashSet;
use lienthong_domain::event::Relation;
use lienthong_domain::links::{Group, resolve};

/// One partition of the case view.
#[derive(Clone, Copy)]
pub struct Partition<'a> {
    /// Its parts.
    pub parts: &'a Keyed<CaseFact>,
    /// What is parked in it.
    pub parking: &'a Parking,
}

/// The case that `code` names: its own code, a dossier's, an alias, or a case or parent code that
/// a link holding now names.
pub fn whole<'a>(code: &str, index: &Index, partitions: &[Partition<'a>]) -> Option<WholeCase<'a>> {
    let parts: Vec<&'a Keyed<CaseFact>> = partitions.iter().map(|one| one.parts).collect();
    let tale = tell(&cluster_of(code, index, &parts), &parts);
    let mut groups = resolve(&tale.told(), &tale.assertions);
    let by_name = groups.iter().position(|group| group.answers_to(code));
    let found = by_name.or_else(|| {
        groups
            .iter()
            .position(|group| is_linked(group, code, &tale))
    });
    let group = groups.swap_remove(found?);
    let details = details(&group, &tale, &parts);
    let parked = parked(&group, &tale, partitions);
    Some(WholeCase {
        group,
        details,
        parked,
    })
}

/// The parts that mention the code, those that share a code with them, and so on.
fn cluster_of(code: &str, index: &Index, parts: &[&Keyed<CaseFact>]) -> Vec<PartId> {
    let mut cluster: Vec<PartId> = Vec::new();
    let mut known: HashSet<PartId> = HashSet::new();
    let mut asked: HashSet<&str> = HashSet::new();
    let mut add = |cluster: &mut Vec<PartId>, code: &str| {
        let new = index.parts(code).into_iter();
        cluster.extend(new.filter(|part| known.insert(*part)));
    };
    add(&mut cluster, code);
    let mut at = 0;
    while let Some(id) = cluster.get(at).copied() {
        let part = parts[id.partition as usize].part(id.part);
        for (_, code) in part.codes().iter_from(0) {
            if asked.insert(code) {
                add(&mut cluster, code);
            }
        }
        at += 1;
    }
    cluster
}

/// Whether a link that holds ties a dossier of the group to the code.
fn is_linked(group: &Group<'_>, code: &str, tale: &Tale<'_>) -> bool {
    group.dossiers.iter().any(|member| {
        let mut said: Vec<_> = tale
            .assertions
            .iter()
            .filter(|said| said.relation == Relation::Case)
            .filter(|said| said.dossier == member.code || member.aliases.contains(&said.dossier))
            .collect();
        said.sort_unstable_by_key(|said| (said.order, said.origin));
        let last = said.last();
        let is_case = last.is_some_and(|said| said.code == code && !said.revoked);
        is_case || member.parent == Some(code)
    })
}

/// Every fact of the group's dossiers, each once: of one that came into several parts the one that
/// stands first in the order, and of those the one recorded first.
fn details<'a>(
    group: &Group<'a>,
    tale: &Tale<'a>,
    parts: &[&'a Keyed<CaseFact>],
) -> Vec<CaseDetail<'a>> {
    let mut details = Vec::new();
    for told in &tale.parts {
        let keyed = parts[told.id.partition as usize];
        let part = keyed.part(told.id.part);
        for fact in part.facts() {
            let step = fact.step(part.codes(), keyed.names());
            if group.dossier_of(step.dossier).is_some() {
                details.push(CaseDetail {
                    step,
                    source: fact.source(keyed.names()),
                    recorded_ms: fact.recorded_ms(),
                    partition: told.id.partition,
                    offset: fact.offset(),
                    link: fact.link(part.codes()),
                });
            }
        }
    }
    details.sort_unstable_by_key(|detail| {
        (
            detail.step.order,
            detail.recorded_ms,
            detail.partition,
            detail.offset,
        )
    });
    let mut seen = HashSet::new();
    details.retain(|detail| seen.insert(detail.step.order.fingerprint));
    details
}

/// Dossiers under whose record key an event is parked.
fn parked<'a>(group: &Group<'a>, tale: &Tale<'a>, partitions: &[Partition<'a>]) -> Vec<&'a str> {
    let mut parked = Vec::new();
    for part in &tale.parts {
        let parking = partitions[part.id.partition as usize].parking;
        if parking.get(part.key.as_bytes()).is_some() {
            let dossiers = part.told.iter().map(|told| told.dossier);
            parked.extend(dossiers.filter(|code| group.dossier_of(code).is_some()));
        }
    }
    parked
}
