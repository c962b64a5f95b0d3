//! `GetControlSlip`: form 06 of Circular 03/2025/TT-VPCP, from the hand-overs of one dossier.

use super::case::WholeCase;
use super::dossier::{Asked, find, no_calendar};
use super::wire;
use lienthong_contract::pb::performance::v1 as pb;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_domain::clock::{Law, Leg, Precision, legs};
use lienthong_domain::reference::Reference;

/// The dossier of the slip, and its hand-overs and returns in their order.
///
/// # Errors
/// `CASE_NOT_FOUND`, `CALENDAR_MISSING`.
pub fn answer(
    case: &WholeCase<'_>,
    asked: &Asked,
    reference: &Reference,
) -> Result<(pb::DossierLine, Vec<pb::SlipEntry>), Failure> {
    let dossier = find(case, asked)?;
    let legal = dossier.legal(reference)?;
    let due_ms = legal.map(|(_, due_ms)| due_ms).or(dossier.life.told_due_ms);
    let law = Law {
        clock: reference.clock(),
        procedure: dossier.procedure(reference),
        registry: &reference.registry,
    };
    let passed = legs(&dossier.steps, &dossier.life.stops, &law);
    let entries: Result<Vec<_>, Failure> = passed.iter().map(entry).collect();
    Ok((dossier.line(due_ms, reference), entries?))
}

fn entry(leg: &Leg<'_>) -> Result<pb::SlipEntry, Failure> {
    let due_ms = leg.due_ms.transpose().map_err(no_calendar)?;
    let outcome = leg.outcome(Precision::Day);
    Ok(pb::SlipEntry {
        from: wire::party(&leg.from),
        to: wire::party(&leg.to),
        handed_over_time: Some(from_millis(leg.handed_over_ms)),
        accepted_time: leg.accepted_ms.map(from_millis),
        due_time: due_ms.map(from_millis),
        finished_time: leg.finished_ms.map(from_millis),
        outcome: outcome.map_or("", |outcome| outcome.as_str()).to_owned(),
    })
}

#[cfg(test)]
#[path = "slip_tests.rs"]
mod tests;
