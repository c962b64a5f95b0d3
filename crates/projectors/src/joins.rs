//! Cases out of parts, when a question is asked.
//!
//! A part whose facts tie its dossiers to its own record key, and whose codes no other part
//! mentions, is plainly one case. Every other part goes into a cluster with the parts that share a
//! code with it, and the links told in the cluster decide which dossiers are one case. Only the
//! case view knows links; the other views are told the outcome as lists of dossiers by record key.

pub mod index;
pub mod scan;
pub mod tied;
mod told;
pub mod whole;

use crate::views::case::CaseFact;
use crate::views::keyed::Keyed;
use hashbrown::{HashMap, HashSet};
use index::{Index, PartId};
use lienthong_domain::links::{Group, resolve};
use std::sync::Arc;
use told::{Tale, tell};

/// A case that is not plainly one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tied {
    /// Its code.
    pub code: String,
    /// Its dossiers by name, in the order of their first steps.
    pub dossiers: Vec<String>,
    /// Where facts of them are.
    pub places: Vec<Place>,
}

/// A dossier's facts in one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Partition of the part, the same in every view.
    pub partition: u32,
    /// Record key of the part.
    pub key: Arc<str>,
    /// The dossier as its source wrote it there.
    pub code: String,
    /// Which of the case's dossiers it is.
    pub dossier: usize,
}

/// Every case that is not plainly one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// The cases.
    pub cases: Vec<Tied>,
    /// The parts that are in them, by partition and record key.
    pub parts: HashSet<(u32, Arc<str>)>,
}

/// The cases that are not plainly one part. `parts` are the case view's, by partition, held so
/// that none changes meanwhile.
pub fn ties(index: &Index, parts: &[&Keyed<CaseFact>]) -> Ties {
    let mut ties = Ties::default();
    for cluster in clusters(index, parts) {
        add_cluster(&mut ties, &cluster, parts);
    }
    ties
}

/// The cases of some parts that hang together.
pub fn ties_of(cluster: &[PartId], parts: &[&Keyed<CaseFact>]) -> Ties {
    let mut ties = Ties::default();
    add_cluster(&mut ties, cluster, parts);
    ties
}

fn add_cluster(ties: &mut Ties, cluster: &[PartId], parts: &[&Keyed<CaseFact>]) {
    let tale = tell(cluster, parts);
    let groups = resolve(&tale.told(), &tale.assertions);
    add(ties, &tale, &groups);
}

/// A part, those that share a code with it, those that share one with them, and so on.
pub fn hanging_together(part: PartId, index: &Index, parts: &[&Keyed<CaseFact>]) -> Vec<PartId> {
    let mut cluster = vec![part];
    let mut known: HashSet<PartId> = HashSet::new();
    let mut at = 0;
    while let Some(id) = cluster.get(at).copied() {
        let codes = parts[id.partition as usize].part(id.part).codes();
        for (_, code) in codes.iter_from(0) {
            if let Some(sharing) = index.sharing(code) {
                known.insert(part);
                cluster.extend(sharing.into_iter().filter(|other| known.insert(*other)));
            }
        }
        at += 1;
    }
    cluster
}

/// Parts that share a code, directly or through others; and parts that are not plain.
pub fn clusters(index: &Index, parts: &[&Keyed<CaseFact>]) -> Vec<Vec<PartId>> {
    let mut forest = Forest::default();
    for (partition, keyed) in (0..).zip(parts) {
        for part in keyed.special() {
            forest.node(PartId { partition, part });
        }
    }
    for sharing in index.shared() {
        let nodes: Vec<usize> = sharing.iter().map(|part| forest.node(*part)).collect();
        for pair in nodes.windows(2) {
            forest.join(pair[0], pair[1]);
        }
    }
    forest.into_clusters()
}

/// Parts, and which of them hang together.
#[derive(Default)]
struct Forest {
    numbers: HashMap<PartId, usize>,
    parents: Vec<usize>,
}

impl Forest {
    fn node(&mut self, part: PartId) -> usize {
        let next = self.parents.len();
        let node = *self.numbers.entry(part).or_insert(next);
        if node == next {
            self.parents.push(next);
        }
        node
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parents[node] != node {
            self.parents[node] = self.parents[self.parents[node]];
            node = self.parents[node];
        }
        node
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a] = b;
    }

    fn into_clusters(mut self) -> Vec<Vec<PartId>> {
        let mut clusters: HashMap<usize, Vec<PartId>> = HashMap::new();
        let numbers = std::mem::take(&mut self.numbers);
        for (part, node) in numbers {
            let root = self.root(node);
            clusters.entry(root).or_default().push(part);
        }
        clusters.into_values().collect()
    }
}

fn add(ties: &mut Ties, tale: &Tale<'_>, groups: &[Group<'_>]) {
    let mut owners: HashMap<&str, (usize, usize)> = HashMap::new();
    let first = ties.cases.len();
    for (at, group) in groups.iter().enumerate() {
        for (dossier, member) in group.dossiers.iter().enumerate() {
            for code in member.aliases.iter().chain([&member.code]) {
                owners.insert(code, (first + at, dossier));
            }
        }
        ties.cases.push(Tied {
            code: group.code.to_owned(),
            dossiers: group
                .dossiers
                .iter()
                .map(|member| member.code.to_owned())
                .collect(),
            places: Vec::new(),
        });
    }
    for part in &tale.parts {
        let key: Arc<str> = part.key.into();
        for told in &part.told {
            if let Some((case, dossier)) = owners.get(told.dossier) {
                ties.cases[*case].places.push(Place {
                    partition: part.id.partition,
                    key: key.clone(),
                    code: told.dossier.to_owned(),
                    dossier: *dossier,
                });
            }
        }
        ties.parts.insert((part.id.partition, key));
    }
}
