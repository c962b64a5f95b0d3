//! Findings: what does not fit in what sources told of a case, one rule after the other.
//!
//! Pure: a case, the reference data and a moment give the findings, in whatever order and parts the
//! events came. Only what had occurred by the moment asked for counts. [`Misfit`] has the rules in
//! words; `registers` compares with the books of the sources, which take a second look at all cases
//! (see `reconciliation`).

mod clocks;
pub mod counts;
mod deadlines;
mod exchanges;
mod expected;
mod history;
mod identity;
pub mod list;
mod processed;
pub mod question;
pub(super) mod registers;
mod words;

use lienthong_domain::life::{Life, life};
use lienthong_domain::misfit::Misfit;
use lienthong_domain::path::{JoinedCase, Step};
use lienthong_domain::reference::Reference;
use registers::Whole;

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<'a> {
    /// Which rule.
    pub misfit: Misfit,
    /// The dossier.
    pub dossier: &'a str,
    /// Its procedure; empty: not told.
    pub procedure: &'a str,
    /// The source concerned: the one that told what does not fit, or what an expectation stands on.
    pub source: &'a str,
    /// The agency concerned; empty: not told.
    pub agency: &'a str,
    /// What was expected, in words without personal data.
    pub expected: String,
    /// What is there instead, likewise.
    pub found: String,
    /// Since when, milliseconds since the Unix epoch.
    pub since_ms: i64,
}

/// What the rules look at besides a case.
#[derive(Debug, Clone, Copy)]
pub struct Look<'r> {
    /// Procedures, working days and agencies.
    pub reference: &'r Reference,
    /// The moment, milliseconds since the Unix epoch.
    pub as_of_ms: i64,
    /// Registers that came whole; empty while nobody asks what they lack.
    pub whole: &'r Whole,
}

/// One dossier of a case, with its steps so far.
struct Matter<'c, 'a> {
    dossier: &'a str,
    /// Never empty.
    steps: &'c [Step<'a>],
    life: Life<'a>,
}

impl<'a> Matter<'_, 'a> {
    /// A finding that a step of this dossier shows.
    fn finding(&self, misfit: Misfit, step: &Step<'a>) -> Finding<'a> {
        Finding {
            misfit,
            dossier: self.dossier,
            procedure: self.life.procedure,
            source: step.source,
            agency: step.actor.agency,
            expected: String::new(),
            found: String::new(),
            since_ms: step.order.occurred_ms,
        }
    }
}

/// Everything that does not fit in a case.
pub fn findings<'a>(case: &JoinedCase<'a>, look: Look<'_>) -> Vec<Finding<'a>> {
    let mut found = Vec::new();
    clocks::ahead(case, look.as_of_ms, &mut found);
    let so_far = until(case, look.as_of_ms);
    let receipt_given = so_far.steps.iter().any(deadlines::tells_due_date);
    let mut steps: Vec<Step<'a>> = Vec::new();
    for dossier in &so_far.dossiers {
        steps.clear();
        let ours = so_far.steps.iter().filter(|step| step.dossier == *dossier);
        steps.extend(ours);
        let matter = Matter {
            dossier,
            steps: &steps,
            life: life(&steps),
        };
        history::look(&matter, &mut found);
        processed::look(&matter, &mut found);
        identity::look(&matter, &mut found);
        deadlines::look(&matter, look.reference, receipt_given, &mut found);
    }
    exchanges::look(&so_far, look.reference, &mut found);
    identity::regenerated(&so_far, &mut found);
    expected::look(&so_far, look, &mut found);
    registers::look(&so_far, look.whole, &mut found);
    let mut seen: Vec<Finding<'a>> = Vec::with_capacity(found.len());
    found.retain(|finding| {
        let new = !seen.contains(finding);
        if new {
            seen.push(finding.clone());
        }
        new
    });
    found
}

/// The case as it had become by a moment.
pub(super) fn until<'a>(case: &JoinedCase<'a>, as_of_ms: i64) -> JoinedCase<'a> {
    let by_then = |step: &&Step<'a>| step.order.occurred_ms <= as_of_ms;
    let steps: Vec<Step<'a>> = case.steps.iter().filter(by_then).copied().collect();
    let told = |dossier: &&&'a str| steps.iter().any(|step| step.dossier == **dossier);
    JoinedCase {
        code: case.code,
        dossiers: case.dossiers.iter().filter(told).copied().collect(),
        entries: case.entries.iter().filter(by_then).copied().collect(),
        told_as: case.told_as.clone(),
        steps,
    }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
