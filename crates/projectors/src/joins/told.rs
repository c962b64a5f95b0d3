//! What the facts of some parts say of dossiers and the links between them.

use super::index::PartId;
use crate::views::case::CaseFact;
use crate::views::codes::At;
use crate::views::keyed::{Fact, Keyed};
use crate::views::part::Part;
use lienthong_domain::event::Relation;
use lienthong_domain::links::{Assertion, Origin, Told};
use lienthong_domain::path::is_step;

/// What a cluster of parts tells.
#[derive(Default)]
pub struct Tale<'a> {
    /// The parts, by partition and number.
    pub parts: Vec<PartTold<'a>>,
    /// Every link that could matter.
    pub assertions: Vec<Assertion<'a>>,
}

/// What one part tells.
pub struct PartTold<'a> {
    /// Which part.
    pub id: PartId,
    /// Its record key.
    pub key: &'a str,
    /// Its dossiers.
    pub told: Vec<Told<'a>>,
}

impl<'a> Tale<'a> {
    /// The dossiers of all parts.
    pub fn told(&self) -> Vec<Told<'a>> {
        let parts = self.parts.iter();
        parts.flat_map(|part| part.told.iter().copied()).collect()
    }
}

/// What the parts of a cluster tell. `parts` are the case view's, by partition.
pub fn tell<'a>(cluster: &[PartId], parts: &[&'a Keyed<CaseFact>]) -> Tale<'a> {
    let mut cluster = cluster.to_vec();
    cluster.sort_unstable();
    let mut tale = Tale::default();
    for id in cluster {
        let part = parts[id.partition as usize].part(id.part);
        let told = tell_one(part, &mut tale.assertions);
        tale.parts.push(PartTold {
            id,
            key: part.codes().key(),
            told,
        });
    }
    tale
}

/// The dossiers of a part. Of the cases that headers name for a dossier only the last can still
/// matter, for each of them sets aside what was said before.
fn tell_one<'a>(part: Part<'a, CaseFact>, assertions: &mut Vec<Assertion<'a>>) -> Vec<Told<'a>> {
    let codes = part.codes();
    let mut dossiers: Vec<(At, Told<'a>, Option<Assertion<'a>>)> = Vec::new();
    for fact in part.facts() {
        let (act, order) = (fact.act(), fact.act().order());
        let known = dossiers.iter().position(|(at, _, _)| *at == act.dossier);
        let at = known.unwrap_or_else(|| {
            let told = Told {
                dossier: codes.code(act.dossier),
                first: None,
            };
            dossiers.push((act.dossier, told, None));
            dossiers.len() - 1
        });
        let (_, told, header) = &mut dossiers[at];
        if is_step(act.kind()) {
            told.first.get_or_insert(order);
        }
        let assertion = Assertion {
            dossier: told.dossier,
            relation: Relation::Case,
            code: fact.case(codes),
            revoked: false,
            order,
            origin: Origin::Header,
        };
        if !assertion.code.is_empty() {
            *header = Some(assertion);
        }
        assertions.extend(fact.link(codes).map(|link| Assertion {
            relation: link.relation,
            code: link.code,
            revoked: link.revoked,
            origin: Origin::Link,
            ..assertion
        }));
    }
    assertions.extend(dossiers.iter().filter_map(|(_, _, header)| *header));
    dossiers.into_iter().map(|(_, told, _)| told).collect()
}
