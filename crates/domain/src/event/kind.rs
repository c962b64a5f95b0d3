//! What an event can say, and what follows from the kind alone.

/// The kind of an event. The number is the payload's field number in
/// `lienthong.event.v1.Event`: it is stored in views and must never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The applicant handed in the request.
    Submitted = 20,
    /// The one-stop desk took the dossier in.
    Received = 21,
    /// The desk refused to take the dossier in.
    RefusedAtIntake = 22,
    /// Passed to another unit or agency.
    HandedOver = 23,
    /// The receiver of a hand-over took the dossier.
    Accepted = 24,
    /// The receiver of a hand-over sent the dossier back.
    Returned = 25,
    /// Another unit or agency was asked for its opinion.
    Consulted = 26,
    /// The opinion was given.
    Answered = 27,
    /// The applicant was asked to supplement.
    SupplementRequested = 28,
    /// The supplement came in.
    SupplementReceived = 29,
    /// The applicant was asked to pay.
    PaymentRequested = 30,
    /// The payment came in.
    PaymentMade = 31,
    /// The file was appraised.
    Appraised = 32,
    /// The result was approved.
    Approved = 33,
    /// The result was signed or stamped.
    Signed = 34,
    /// The deadline was extended.
    Extended = 35,
    /// The applicant withdrew the request.
    Withdrawn = 36,
    /// The agency stopped processing.
    Stopped = 37,
    /// The result exists.
    ResultIssued = 38,
    /// The applicant has the result.
    ResultReturned = 39,
    /// Papers were digitised.
    Digitised = 40,
    /// The applicant rated the service.
    Rated = 41,
    /// One step of progress.
    ProgressReported = 42,
    /// The dossier is tied to another code.
    Linked = 43,
    /// Entered in a civil-status book.
    CivilStatusRegistered = 50,
    /// The civil-status office refused to register.
    CivilStatusRefused = 51,
    /// A civil-status entry was corrected.
    CivilStatusCorrected = 52,
    /// An extract was issued.
    CivilStatusExtractIssued = 53,
    /// A personal number was assigned.
    PersonalNumberAssigned = 60,
    /// An identity was confirmed.
    IdentityVerified = 61,
    /// A difference was found.
    IdentityMismatched = 62,
    /// Permanent residence was registered.
    ResidenceRegistered = 63,
    /// Permanent residence was removed.
    ResidenceRemoved = 64,
    /// A specialised system issued its result.
    SpecialisedResultIssued = 70,
    /// An operator decided on a parked dossier.
    ParkedReleased = 80,
    /// A line of a system's own register.
    RegisterEntryReported = 81,
}

/// Every kind, its name on the wire, and its rank.
const KINDS: [(Kind, &str, u8); 36] = [
    (Kind::Submitted, "submitted", 10),
    (Kind::Received, "received", 20),
    (Kind::RefusedAtIntake, "refused_at_intake", 21),
    (Kind::HandedOver, "handed_over", 60),
    (Kind::Accepted, "accepted", 30),
    (Kind::Returned, "returned", 61),
    (Kind::Consulted, "consulted", 40),
    (Kind::Answered, "answered", 41),
    (Kind::SupplementRequested, "supplement_requested", 42),
    (Kind::SupplementReceived, "supplement_received", 43),
    (Kind::PaymentRequested, "payment_requested", 44),
    (Kind::PaymentMade, "payment_made", 45),
    (Kind::Appraised, "appraised", 50),
    (Kind::Approved, "approved", 51),
    (Kind::Signed, "signed", 52),
    (Kind::Extended, "extended", 46),
    (Kind::Withdrawn, "withdrawn", 80),
    (Kind::Stopped, "stopped", 81),
    (Kind::ResultIssued, "result_issued", 58),
    (Kind::ResultReturned, "result_returned", 90),
    (Kind::Digitised, "digitised", 47),
    (Kind::Rated, "rated", 91),
    (Kind::ProgressReported, "progress_reported", 48),
    (Kind::Linked, "linked", 5),
    (Kind::CivilStatusRegistered, "civil_status_registered", 53),
    (Kind::CivilStatusRefused, "civil_status_refused", 54),
    (Kind::CivilStatusCorrected, "civil_status_corrected", 55),
    (
        Kind::CivilStatusExtractIssued,
        "civil_status_extract_issued",
        57,
    ),
    (Kind::PersonalNumberAssigned, "personal_number_assigned", 56),
    (Kind::IdentityVerified, "identity_verified", 32),
    (Kind::IdentityMismatched, "identity_mismatched", 33),
    (Kind::ResidenceRegistered, "residence_registered", 56),
    (Kind::ResidenceRemoved, "residence_removed", 56),
    (
        Kind::SpecialisedResultIssued,
        "specialised_result_issued",
        57,
    ),
    (Kind::ParkedReleased, "parked_released", 99),
    (Kind::RegisterEntryReported, "register_entry_reported", 98),
];

impl Kind {
    /// Every kind, in the order of the protocol.
    pub fn all() -> impl Iterator<Item = Kind> {
        KINDS.iter().map(|(kind, _, _)| *kind)
    }

    /// The kind with this field number, if this version knows it.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::all().find(|kind| *kind as u8 == number)
    }

    /// The payload's field name, such as `handed_over`.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// The usual place in a dossier's life, 0 to 99: settles the order of events that a
    /// source stamped with the same time (packets of QCVN 120 have whole seconds).
    pub fn rank(self) -> u8 {
        self.entry().2
    }

    fn entry(self) -> &'static (Kind, &'static str, u8) {
        let found = KINDS.binary_search_by_key(&(self as u8), |(kind, _, _)| *kind as u8);
        &KINDS[found.unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_finds_itself_by_number_and_has_its_own_name() {
        let names: std::collections::BTreeSet<_> = Kind::all().map(Kind::name).collect();
        assert_eq!(names.len(), KINDS.len());
        for kind in Kind::all() {
            assert_eq!(Kind::from_number(kind as u8), Some(kind));
            assert_eq!(kind.entry().0, kind);
        }
        assert_eq!(Kind::from_number(0), None);
    }

    #[test]
    fn kinds_stand_in_the_order_of_their_numbers() {
        assert!(
            KINDS
                .windows(2)
                .all(|pair| (pair[0].0 as u8) < (pair[1].0 as u8))
        );
    }
}
