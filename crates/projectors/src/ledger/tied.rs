//! The rows of cases that are joined from several parts, kept up as parts change.
//!
//! ```text
//! parts that changed --> those that share a code with them, and so on --> their cases --> rows
//! ```
//! A part never forgets a code, so parts that hang together hang together for good, and a change is
//! looked for around the parts that changed only. When a lane gets another state, or the reference
//! data changes, everything is made again.

use super::Loose;
use super::each_dossier;
use super::marks::Bits;
use super::rows::{Made, Rows};
use crate::answers::entry::look;
use crate::joins::index::{Index, PartId};
use crate::joins::scan::empty;
use crate::joins::tied::{FoundPlace, join, places_of};
use crate::joins::{self, clusters, hanging_together, ties_of};
use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use crate::views::names::Names;
use hashbrown::{HashMap, HashSet};
use lienthong_domain::path::JoinedCase;
use lienthong_domain::reference::Reference;

/// Tied cases with their rows.
#[derive(Default)]
pub struct Tied {
    version: String,
    /// By number of a case; none: it is free.
    cases: Vec<Option<Case>>,
    free: Vec<u32>,
    /// By part: the cases of its cluster, by any one of its parts.
    clusters: HashMap<PartId, u32>,
    members: Vec<Cluster>,
    /// By partition: parts that are in a cluster.
    parts: Vec<Bits>,
    names: Names,
    rows: Rows,
}

struct Case {
    tied: joins::Tied,
    places: Vec<FoundPlace>,
}

/// Parts that hang together, and the cases they make.
#[derive(Default)]
struct Cluster {
    parts: Vec<PartId>,
    cases: Vec<u32>,
}

/// The case view as it stands.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// Its parts, by partition, held so that none changes meanwhile.
    pub parts: &'a [&'a Keyed<CaseFact>],
    /// Which parts mention which codes.
    pub index: &'a Index,
    /// The reference data.
    pub reference: &'a Reference,
}

impl Tied {
    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// What the rows' names stand for.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Parts of a partition that are in a cluster: their rows are here.
    pub fn parts(&self, partition: usize) -> &Bits {
        &self.parts[partition]
    }

    /// Whether the rows are made with this reference data.
    pub fn is_of(&self, reference: &Reference) -> bool {
        self.version == reference.version
    }

    /// Brings everything up to where the view stands; `loose` by partition.
    pub fn bring_up(&mut self, standing: Standing<'_>, loose: Vec<Loose>) {
        let is_other = self.version != standing.reference.version
            || self.parts.len() != standing.parts.len()
            || loose.iter().any(|loose| matches!(loose, Loose::All));
        if is_other {
            *self = Self {
                version: standing.reference.version.clone(),
                parts: vec![Bits::default(); standing.parts.len()],
                ..Self::default()
            };
            for cluster in clusters(standing.index, standing.parts) {
                self.add(standing, cluster);
            }
            return;
        }
        let mut seen: HashSet<PartId> = HashSet::new();
        for (partition, loose) in (0..).zip(loose) {
            let Loose::Parts(parts) = loose else { continue };
            for part in parts {
                let id = PartId { partition, part };
                if seen.contains(&id) {
                    continue;
                }
                let cluster = hanging_together(id, standing.index, standing.parts);
                let alone = standing.parts[partition as usize].is_special(part);
                if cluster.len() > 1 || alone {
                    seen.extend(&cluster);
                    self.remove(&cluster);
                    self.add(standing, cluster);
                }
            }
        }
    }

    fn remove(&mut self, cluster: &[PartId]) {
        for id in cluster {
            let Some(known) = self.clusters.get(id) else {
                continue;
            };
            let old = std::mem::take(&mut self.members[*known as usize]);
            for case in old.cases {
                self.rows.remove(case);
                self.cases[case as usize] = None;
                self.free.push(case);
            }
            for part in old.parts {
                self.clusters.remove(&part);
            }
        }
    }

    fn add(&mut self, standing: Standing<'_>, parts: Vec<PartId>) {
        let number = self.members.len() as u32;
        for id in &parts {
            self.clusters.insert(*id, number);
            self.parts[id.partition as usize].put(id.part, true);
        }
        let mut cases = Vec::new();
        for tied in ties_of(&parts, standing.parts).cases {
            let places = places_of(&tied, standing.parts);
            let case = Case { tied, places };
            let slot = self.free.pop().unwrap_or_else(|| {
                self.cases.push(None);
                self.cases.len() as u32 - 1
            });
            self.add_rows(slot, &case, standing);
            self.cases[slot as usize] = Some(case);
            cases.push(slot);
        }
        self.members.push(Cluster { parts, cases });
    }

    fn add_rows(&mut self, slot: u32, case: &Case, standing: Standing<'_>) {
        let mut joined = empty();
        join(&mut joined, &case.tied, &case.places, standing.parts);
        let dossiers = &case.tied.dossiers;
        each_dossier(&joined, |code, steps| {
            let looked = look(steps, standing.reference);
            let place = dossiers.iter().position(|dossier| dossier == code);
            if let Some((look, dossier)) = looked.zip(place) {
                let holder = look.holder.map_or("", |holder| holder.party.agency);
                let made = Made {
                    entry: look.entry,
                    agency: self.names.name(look.agency),
                    procedure: self.names.name(look.life.procedure),
                    holder: self.names.name(holder),
                    dossier: dossier as u32,
                };
                self.rows.add(slot, made);
            }
        });
    }

    /// The case of a row, and the code of its dossier.
    pub fn join<'a>(
        &'a self,
        slot: u32,
        dossier: u32,
        parts: &[&'a Keyed<CaseFact>],
        to: &mut JoinedCase<'a>,
    ) -> &'a str {
        let Some(case) = self.cases.get(slot as usize).and_then(Option::as_ref) else {
            return "";
        };
        join(to, &case.tied, &case.places, parts);
        let code = case.tied.dossiers.get(dossier as usize);
        code.map_or("", String::as_str)
    }
}
