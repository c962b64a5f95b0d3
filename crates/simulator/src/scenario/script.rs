//! The words that scripts are written in: who says what, about which dossier, how long after.

use crate::system::System;
use lienthong_contract::pb::event::v1::RegistrationKind;

/// A procedure as played.
pub(super) struct Script {
    /// Procedure code.
    pub(super) procedure: &'static str,
    /// Whether the interconnected-services software gives the case a code of its own
    /// (maHoSoLT); else the case goes by the desk's dossier.
    pub(super) grouped: bool,
    /// Whose desk takes the request in.
    pub(super) desk: Role,
    /// Working minutes until the appointment.
    pub(super) appointment: i64,
    /// What happens.
    pub(super) beats: &'static [Beat],
}

/// What happens next.
pub(super) enum Beat {
    /// One event.
    Do(Step),
    /// In so many of 100 cases, these.
    Maybe(u8, &'static [Beat]),
    /// In so many of 100 cases, these, and then nothing more of the whole case.
    Ending(u8, &'static [Beat]),
    /// These side by side, each from the same moment; what follows waits for all.
    Together(&'static [&'static [Beat]]),
}

/// One event of a script.
pub(super) struct Step {
    /// The dossier it is about.
    pub(super) part: Part,
    /// Who acts.
    pub(super) by: Role,
    /// What is said.
    pub(super) says: Says,
    /// Working minutes after the step before, from and to.
    pub(super) after: (i64, i64),
    /// The source's own status, if the event carries one.
    pub(super) status: &'static str,
}

/// An agency, seen from the commune in which the case began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The commune's one-stop desk.
    CommuneDesk,
    /// The civil-status officer of the commune.
    Registrar,
    /// The commune's police.
    CommunePolice,
    /// The population database's centre at the Ministry of Public Security.
    PopulationCentre,
    /// The province's one-stop centre.
    ProvinceDesk,
    /// The land registration office of the province.
    LandOffice,
    /// The tax office of the province.
    Tax,
    /// The social insurance of the province.
    SocialInsurance,
    /// The department that pays funeral allowances.
    HomeAffairs,
}

/// A dossier of a case, by the system that keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// The one-stop's.
    Desk,
    /// The civil-status software's.
    Registry,
    /// The population database's.
    Population,
    /// The residence dossier of the commune's police.
    Residence,
    /// The social insurance's.
    Insurance,
    /// The land office's.
    Land,
    /// The tax office's.
    Tax,
    /// The allowance dossier of home affairs.
    Allowance,
}

impl Part {
    /// The system that keeps the dossier.
    pub(super) fn system(self) -> System {
        match self {
            Part::Desk => System::Onestop,
            Part::Registry => System::CivilStatus,
            Part::Population | Part::Residence => System::Population,
            Part::Insurance | Part::Land | Part::Tax | Part::Allowance => System::Specialised,
        }
    }

    /// The code table of the system's statuses.
    pub(super) fn status_table(self) -> &'static str {
        match self {
            Part::Registry => "BTP_HOTICH",
            _ => "DVCQG",
        }
    }
}

/// What can be said.
#[derive(Debug, Clone, Copy)]
pub(super) enum Says {
    Submitted,
    Received,
    RefusedAtIntake,
    HandedOver(Role),
    Accepted(Role),
    Returned(Role),
    Consulted(Role),
    Answered,
    SupplementRequested,
    SupplementReceived,
    PaymentRequested,
    PaymentMade,
    Appraised,
    Approved,
    Signed,
    Extended,
    Withdrawn,
    ResultIssued,
    ResultReturned,
    Digitised,
    Rated,
    Progress(&'static str),
    Registered(RegistrationKind),
    ExtractIssued(RegistrationKind),
    NumberAssigned,
    Verified,
    Mismatched,
    ResidenceRegistered,
    ResidenceRemoved,
    /// A specialised result of this kind.
    Result(&'static str),
}

/// An event without a status.
pub(super) const fn step(part: Part, by: Role, says: Says, after: (i64, i64)) -> Beat {
    Beat::Do(Step {
        part,
        by,
        says,
        after,
        status: "",
    })
}

/// An event with the source's status.
pub(super) const fn with_status(
    part: Part,
    by: Role,
    says: Says,
    after: (i64, i64),
    status: &'static str,
) -> Beat {
    Beat::Do(Step {
        part,
        by,
        says,
        after,
        status,
    })
}
