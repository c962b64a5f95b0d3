//! Whether a dossier is still in work, and with it the case.

use super::{JoinedCase, Step};
use crate::event::Kind;

/// How a dossier stands after its last decisive step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Somebody has to act: an agency, or the applicant while the clock stands still.
    InWork,
    /// Stopped, and nobody has worked on it since.
    Stopped,
    /// Refused, withdrawn, or done.
    Ended,
}

/// What one step says about its dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Ends it.
    Ends,
    /// Stops it, unless work goes on later.
    Stops,
    /// It is in work, whatever came before.
    Works,
    /// Work that may still come in after the end (an extract, a signature reported late):
    /// it resumes a stopped dossier and does not reopen an ended one.
    Goes,
    /// Says nothing.
    Silent,
}

/// How a dossier stands: the last decisive step by order decides. None without a step.
///
/// - It ends with a terminal kind (refused at intake, withdrawn, result returned,
///   civil-status registration refused), else with portal status 3, 7, 9 or 10.
/// - `stopped` takes it out of work until any later step of work. A source that reports
///   nothing but status 8 tells a pause: the dossier stays in work and waits.
/// - Any other portal status, and kinds that only a dossier in work can have (submitted,
///   received, handed over, accepted, returned, consulted, supplement, payment,
///   appraised, extended), put it in work, also after an end.
/// - Digitising and rating decide nothing. A dossier with no decisive step is in work.
pub fn standing(steps: &[Step<'_>], dossier: &str) -> Option<Standing> {
    let mut told = false;
    let mut went_on = false;
    for step in steps.iter().rev().filter(|step| step.dossier == dossier) {
        told = true;
        match verdict(step) {
            Verdict::Ends => return Some(Standing::Ended),
            Verdict::Stops if went_on => return Some(Standing::InWork),
            Verdict::Stops => return Some(Standing::Stopped),
            Verdict::Works => return Some(Standing::InWork),
            Verdict::Goes => went_on = true,
            Verdict::Silent => {}
        }
    }
    told.then_some(Standing::InWork)
}

/// Whether any dossier of the case is in work.
pub fn is_open(case: &JoinedCase<'_>) -> bool {
    let mut dossiers = case.dossiers.iter();
    dossiers.any(|dossier| standing(&case.steps, dossier) == Some(Standing::InWork))
}

/// What one step says about its dossier.
pub fn verdict(step: &Step<'_>) -> Verdict {
    use Kind::*;
    match step.kind {
        RefusedAtIntake | Withdrawn | ResultReturned | CivilStatusRefused => Verdict::Ends,
        Stopped => Verdict::Stops,
        _ if matches!(step.portal_status, 3 | 7 | 9 | 10) => Verdict::Ends,
        _ if step.portal_status != 0 => Verdict::Works,
        Submitted | Received | HandedOver | Accepted | Returned | Consulted
        | SupplementRequested | SupplementReceived | PaymentRequested | PaymentMade | Appraised
        | Extended => Verdict::Works,
        Answered
        | Approved
        | Signed
        | ResultIssued
        | ProgressReported
        | CivilStatusRegistered
        | CivilStatusCorrected
        | CivilStatusExtractIssued
        | PersonalNumberAssigned
        | IdentityVerified
        | IdentityMismatched
        | ResidenceRegistered
        | ResidenceRemoved
        | SpecialisedResultIssued => Verdict::Goes,
        Digitised | Rated | Linked | ParkedReleased | RegisterEntryReported => Verdict::Silent,
    }
}

/// Whether the step shows that work on a stopped dossier goes on.
pub(super) fn resumes(step: &Step<'_>) -> bool {
    matches!(verdict(step), Verdict::Works | Verdict::Goes)
}

#[cfg(test)]
#[path = "openness_tests.rs"]
mod tests;
