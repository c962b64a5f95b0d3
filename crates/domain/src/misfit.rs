//! What can be wrong with what sources tell of a dossier: every kind of finding, with its rule.
//!
//! A finding refuses nothing: the fact is recorded, and what does not fit is computed when somebody
//! asks.

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Misfit {
    /// Work on a dossier that was returned, withdrawn or refused.
    StepAfterEnd = 1,
    /// A source took up a hand-over before the time that it gave the hand-over itself.
    AcceptedBeforeHandedOver = 2,
    /// A hand-over was taken up by somebody else than it was for.
    AcceptedByAnother = 3,
    /// A result before the dossier was received.
    ResultBeforeReception = 4,
    /// Two endings that exclude each other, without work between them.
    SettledTwice = 5,
    /// A pause (status 5, 6, 8) sent as processed (9).
    PauseSentAsProcessed = 6,
    /// A filler in the place of an identity number.
    PlaceholderIdentity = 7,
    /// An identity number of no known structure.
    MalformedIdentity = 8,
    /// One request under several dossier codes of one source.
    RegeneratedCode = 9,
    /// A file handed in was sent back as the result.
    SubmittedFileReturned = 10,
    /// A source's clock is ahead of the hub's.
    ClockAhead = 11,
    /// Two sources' clocks tell an exchange in the wrong order.
    ClocksDisagree = 12,
    /// No due date, although the procedure has a limit.
    MissingDueDate = 13,
    /// The due date told is not the one of the law.
    DueDateDiffers = 14,
    /// The due date of the law cannot be computed.
    NoCalendar = 15,
    /// An extension without a letter of apology in time.
    ExtensionWithoutApology = 16,
    /// An extension after the one that is allowed.
    ExtendedAgain = 17,
    /// A hand-over that nobody took up in time.
    HandOverNotAccepted = 18,
    /// A consultation that nobody answered in time.
    ConsultationUnanswered = 19,
    /// An identity check that was not answered in time.
    VerificationUnanswered = 20,
    /// A personal number that did not come back in time.
    NumberNotReturned = 21,
    /// Anything else that a step of the procedure expects and that did not come in time.
    ExpectationUnanswered = 22,
    /// A register holds the dossier; its source never told the hub of it.
    NeverPublished = 23,
    /// A register has another status than its source's events.
    StatusDiffers = 24,
    /// Two registers have different statuses of one dossier on one day.
    RegistersDisagree = 25,
    /// A source told of a dossier that its own whole register lacks.
    MissingInRegister = 26,
    /// A register of a day that did not come whole.
    RegisterIncomplete = 27,
}

use Misfit::*;

/// Every kind, its name on the wire, and its rule with where the rule comes from.
const RULES: [(Misfit, &str, &str); 27] = [
    (
        StepAfterEnd,
        "step_after_end",
        "nothing is done on a dossier after its result was returned (portal status 10), it was withdrawn (7) or refused (3); digitising, rating and late reports of work before the end are no such step (QCVN 120:2019, status table)",
    ),
    (
        AcceptedBeforeHandedOver,
        "accepted_before_handed_over",
        "a hand-over is taken up after it was made, both told by one source (control slip, form 06 of Circular 03/2025/TT-VPCP)",
    ),
    (
        AcceptedByAnother,
        "accepted_by_another",
        "a numbered hand-over is taken up by the agency it names, or by whoever follows an agency that has ended by then (form 06)",
    ),
    (
        ResultBeforeReception,
        "result_before_reception",
        "no result is issued or returned before the dossier was received (Decree 61/2018/ND-CP, the five steps)",
    ),
    (
        SettledTwice,
        "settled_twice",
        "a dossier is settled, withdrawn or refused, one of them, unless it was worked on between (QCVN 120:2019, status table)",
    ),
    (
        PauseSentAsProcessed,
        "pause_sent_as_processed",
        "status 9 stands for a result: no request to the applicant is open then, and neither a request nor work follows; 5, 6 and 8 sent as 9 is a known fault of feeds (QCVN 120:2019, status table)",
    ),
    (
        PlaceholderIdentity,
        "placeholder_identity",
        "an identity number is a person's own, not one digit repeated, zeros before a last digit, or digits counting up (Decree 137/2015/ND-CP, structure of the personal number)",
    ),
    (
        MalformedIdentity,
        "malformed_identity",
        "an identity number has 12 digits of the known structure, or 9 of an old identity card (Decree 137/2015/ND-CP)",
    ),
    (
        RegeneratedCode,
        "regenerated_code",
        "a dossier keeps its code: one source does not tell two codes for one procedure received at one moment in one case (Decision 20/2020/QD-TTg; a new code at every resend is a known fault of feeds)",
    ),
    (
        SubmittedFileReturned,
        "submitted_file_returned",
        "the result is a file of its own: its path or SHA-256 is none of the papers handed in (QCVN 120:2019, DanhSachGiayToKetQua)",
    ),
    (
        ClockAhead,
        "clock_ahead",
        "an event occurs before the hub records it; more than 5 minutes the other way is a wrong clock (the hub's own rule)",
    ),
    (
        ClocksDisagree,
        "clocks_disagree",
        "a hand-over that one source tells is taken up later by another's clock; a second is forgiven, for packets have whole seconds (the hub's own rule)",
    ),
    (
        MissingDueDate,
        "missing_due_date",
        "a dossier received under a procedure with a time limit gets an appointment, told once for its case (receipt, form 01 of Circular 03/2025/TT-VPCP)",
    ),
    (
        DueDateDiffers,
        "due_date_differs",
        "the appointment is on the day on which the limit of the procedure version in force is used up, with the stops known when it was told (Decree 61/2018/ND-CP)",
    ),
    (
        NoCalendar,
        "no_calendar",
        "every year that a deadline runs through has a table of working days; a year without one is said, never guessed (the hub's own rule)",
    ),
    (
        ExtensionWithoutApology,
        "extension_without_apology",
        "a deadline is extended with a letter of apology, at least one day before it expires (form 04 of Circular 03/2025/TT-VPCP)",
    ),
    (
        ExtendedAgain,
        "extended_again",
        "a deadline is extended once (Decree 61/2018/ND-CP; unverified)",
    ),
    (
        HandOverNotAccepted,
        "hand_over_not_accepted",
        "a hand-over or return is taken up within the time that the procedure's step declares for `accepted`, else by the due time told with it (form 06)",
    ),
    (
        ConsultationUnanswered,
        "consultation_unanswered",
        "a consultation is answered within the time that the procedure's step declares for `answered`, else by the due time told with it (Decree 61/2018/ND-CP)",
    ),
    (
        VerificationUnanswered,
        "verification_unanswered",
        "an identity is verified, or found to differ, within the time that the procedure's step declares for `identity_verified`, else by the due time told with the consultation (Decree 137/2015/ND-CP)",
    ),
    (
        NumberNotReturned,
        "number_not_returned",
        "a personal number is assigned within the time that the procedure's step declares for `personal_number_assigned` (Decree 63/2024/ND-CP: the same working day as the registration)",
    ),
    (
        ExpectationUnanswered,
        "expectation_unanswered",
        "what a step of the procedure expects comes within the time that it declares (step graph of the catalogue)",
    ),
    (
        NeverPublished,
        "never_published",
        "every dossier in a source's register is told to the hub by that source (reconciliation)",
    ),
    (
        StatusDiffers,
        "status_differs",
        "the status in a register at the day's end is that of the source's events until then; received (2) and processing (4) are alike where the events tell no status (reconciliation)",
    ),
    (
        RegistersDisagree,
        "registers_disagree",
        "the registers of the one-stop, the civil-status office and the portal have one status of a dossier on one day; received (2) and processing (4) are alike (reconciliation)",
    ),
    (
        MissingInRegister,
        "missing_in_register",
        "a dossier is in its source's register of the day on which that source first told of it; in a portal's register only if it came online; asked only of registers that came whole (reconciliation)",
    ),
    (
        RegisterIncomplete,
        "register_incomplete",
        "a register of a day has as many lines as each of them says (reconciliation)",
    ),
];

impl Misfit {
    /// Every kind, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Misfit> {
        RULES.iter().map(|(misfit, _, _)| *misfit)
    }

    /// The name on the wire, such as `missing_due_date`.
    pub fn name(self) -> &'static str {
        RULES[self as usize - 1].1
    }

    /// What fits, and the source of the rule.
    pub fn rule(self) -> &'static str {
        RULES[self as usize - 1].2
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|misfit| misfit.name() == name)
    }

    /// The kind with that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::all().find(|misfit| *misfit as u8 == number)
    }

    /// Whether it comes out of registers that sources submit.
    pub fn is_of_registers(self) -> bool {
        self >= NeverPublished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_finds_itself_by_number_and_by_name() {
        for (at, (misfit, name, rule)) in RULES.iter().enumerate() {
            assert_eq!(*misfit as usize, at + 1);
            assert_eq!(Misfit::named(name), Some(*misfit));
            assert_eq!(Misfit::from_number(*misfit as u8), Some(*misfit));
            assert_eq!((misfit.name(), misfit.rule()), (*name, *rule));
            assert!(rule.ends_with(')'), "{name} names no source");
        }
        assert_eq!(Misfit::named(""), None);
        assert_eq!(Misfit::from_number(0), None);
    }
}
