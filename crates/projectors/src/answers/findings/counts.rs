//! `CountFindings`: findings by kind and source.

use super::question::Question;
use super::{Finding, Look, findings};
use crate::answers::packed::write;
use crate::answers::sieve::Fits;
use hashbrown::HashMap;
use lienthong_contract::pb::quality::v1 as pb;
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::JoinedCase;
use lienthong_domain::reference::Reference;
use std::sync::Arc;

/// Counts over cases.
#[derive(Debug)]
pub struct Counts {
    question: Question,
    reference: Arc<Reference>,
    /// By source: number of the kind, findings, dossiers.
    counts: HashMap<String, Vec<(u8, u64, u64)>>,
    /// Findings that may belong to the unit that is asked for.
    may_belong: u64,
}

/// Rows by source, and what may belong besides.
type Packed = (Vec<(String, Vec<(u8, u64, u64)>)>, u64);

impl Counts {
    /// Counts of no case yet.
    pub fn new(question: Question, reference: Arc<Reference>) -> Self {
        Self {
            question,
            reference,
            counts: HashMap::new(),
            may_belong: 0,
        }
    }

    /// Takes a case.
    pub fn add(&mut self, case: &JoinedCase<'_>) {
        let look = Look {
            reference: &self.reference,
            as_of_ms: self.question.as_of_ms,
            whole: &self.question.whole,
        };
        let mut found = findings(case, look);
        found.retain(|finding| self.wants(finding));
        for (at, finding) in found.iter().enumerate() {
            let about = |one: &Finding<'_>| {
                (one.misfit, one.source, one.dossier)
                    == (finding.misfit, finding.source, finding.dossier)
            };
            let is_first = !found[..at].iter().any(about);
            self.count(finding.source, finding.misfit as u8, 1, u64::from(is_first));
        }
    }

    /// Takes a finding that belongs to no dossier.
    pub fn add_alone(&mut self, finding: &Finding<'_>) {
        if self.wants(finding) {
            self.count(finding.source, finding.misfit as u8, 1, 0);
        }
    }

    fn wants(&mut self, finding: &Finding<'_>) -> bool {
        let fits = self.question.fits(finding, &self.reference.registry);
        self.may_belong += u64::from(fits == Fits::May);
        fits == Fits::Yes
    }

    fn count(&mut self, source: &str, misfit: u8, findings: u64, dossiers: u64) {
        let of_source = self.counts.entry_ref(source).or_default();
        match of_source.iter_mut().find(|(known, _, _)| *known == misfit) {
            Some((_, all, of)) => {
                *all += findings;
                *of += dossiers;
            }
            None => of_source.push((misfit, findings, dossiers)),
        }
    }

    /// Takes the counts of another scan for the same question.
    pub fn merge(&mut self, other: Counts) {
        self.may_belong += other.may_belong;
        for (source, counts) in other.counts {
            for (misfit, findings, dossiers) in counts {
                self.count(&source, misfit, findings, dossiers);
            }
        }
    }

    /// The counts as bytes, for [`Counts::add_packed`] of another process.
    pub fn pack(self) -> Vec<u8> {
        let packed: Packed = (self.counts.into_iter().collect(), self.may_belong);
        write(&packed)
    }

    /// Takes counts that were packed.
    ///
    /// # Errors
    /// If the bytes do not read.
    pub fn add_packed(&mut self, bytes: &[u8]) -> Result<(), postcard::Error> {
        let (counts, may_belong): Packed = postcard::from_bytes(bytes)?;
        self.may_belong += may_belong;
        for (source, counts) in counts {
            for (misfit, findings, dossiers) in counts {
                self.count(&source, misfit, findings, dossiers);
            }
        }
        Ok(())
    }

    /// The rows, by kind and source. Freshness is the caller's.
    pub fn finish(self) -> pb::CountFindingsResponse {
        let mut rows: Vec<(u8, String, u64, u64)> = Vec::new();
        for (source, counts) in self.counts {
            let of_source = counts.into_iter();
            rows.extend(of_source.map(|(misfit, all, of)| (misfit, source.clone(), all, of)));
        }
        rows.sort();
        let rows = rows
            .into_iter()
            .map(|(misfit, source, findings, dossiers)| {
                let kind = Misfit::from_number(misfit).map_or("", Misfit::name);
                pb::FindingCount {
                    kind: kind.to_owned(),
                    source,
                    findings,
                    dossiers,
                }
            });
        pb::CountFindingsResponse {
            counts: rows.collect(),
            freshness: None,
            may_belong: self.may_belong,
        }
    }
}
