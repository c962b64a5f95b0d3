//! The birth of a child as four systems tell it: a small scenario that several tests share.

use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::event::v1::{self as event, Channel, OnlineLevel, RegistrationKind};
use lienthong_contract::time::from_millis;
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, MINUTE_MS, MORNING_MS, agency, link};

/// The interconnected case.
pub const CASE: &str = "LT-2026-0001";
/// The one-stop dossier.
pub const ONESTOP: &str = "H56.15.03-261008-0001";
/// The receipt's number: another code of the one-stop dossier.
pub const RECEIPT: &str = "SBN-2026-77";
/// The civil-status dossier.
pub const CIVIL: &str = "G15.03-261008-0001";
/// The population dossier, part of the civil-status one.
pub const POPULATION: &str = "G01.38-261008-0001";
/// The health-insurance dossier.
pub const INSURANCE: &str = "G24.38-261008-0001";
/// Every code by which the case can be asked for.
pub const CODES: [&str; 6] = [CASE, ONESTOP, RECEIPT, CIVIL, POPULATION, INSURANCE];

const DESK: &str = "H56.15.03";
const POLICE: &str = "G01.38.15.03";
const INSURER: &str = "G24.38";
const PROCEDURE: &str = "2.002621";

/// What the four systems say about the birth, by occurred time, without any link.
pub fn birth() -> Vec<Fact> {
    use System::{CivilStatus, Onestop, Population, Specialised};
    let by = |system, id, dossier, minutes, agency: &str, payload| {
        Fact::new(system, id, dossier, minutes, payload)
            .by(agency)
            .procedure(PROCEDURE)
    };
    let birth = RegistrationKind::Birth as i32;
    vec![
        by(Onestop, "o1", ONESTOP, 0, DESK, submitted()).status("DVCQG", "1"),
        by(Onestop, "o2", ONESTOP, 5, DESK, received(Channel::Online)).status("DVCQG", "2"),
        by(
            Onestop,
            "o3",
            ONESTOP,
            10,
            DESK,
            handed_over(DESK, "HT", "B1"),
        )
        .unit("MC"),
        by(CivilStatus, "c1", CIVIL, 20, DESK, accepted(DESK, "B1")).unit("HT"),
        by(
            CivilStatus,
            "c2",
            CIVIL,
            60,
            DESK,
            Payload::CivilStatusRegistered(event::CivilStatusRegistered {
                kind: birth,
                book: "01/2026".into(),
                number: "15".into(),
            }),
        )
        .unit("HT")
        .status("BTP_HOTICH", "4"),
        by(
            CivilStatus,
            "c3",
            CIVIL,
            65,
            DESK,
            handed_over(POLICE, "", "B2"),
        )
        .unit("HT"),
        by(
            Specialised,
            "s1",
            INSURANCE,
            70,
            INSURER,
            received(Channel::System),
        ),
        by(
            Population,
            "p1",
            POPULATION,
            90,
            POLICE,
            accepted(DESK, "B2"),
        ),
        by(
            Population,
            "p2",
            POPULATION,
            100,
            POLICE,
            Payload::PersonalNumberAssigned(event::PersonalNumberAssigned {}),
        ),
        by(
            Population,
            "p3",
            POPULATION,
            180,
            POLICE,
            Payload::ResidenceRegistered(event::ResidenceRegistered {
                commune_code: "14758".into(),
            }),
        ),
        by(
            Specialised,
            "s2",
            INSURANCE,
            300,
            INSURER,
            Payload::SpecialisedResultIssued(event::SpecialisedResultIssued {
                kind: "health_insurance_card".into(),
                number: "TE-38-1".into(),
                electronic: true,
                valid_until_time: None,
            }),
        ),
        by(
            Onestop,
            "o4",
            ONESTOP,
            320,
            DESK,
            Payload::ResultIssued(event::ResultIssued {
                electronic: true,
                signed: true,
                file_sha256: String::new(),
            }),
        )
        .status("DVCQG", "9"),
        by(Onestop, "o5", ONESTOP, 400, DESK, returned_to_applicant()).status("DVCQG", "10"),
    ]
}

/// The links between the codes, all of one minute after the submission.
pub fn links() -> Vec<Fact> {
    use System::{CivilStatus, Onestop, Population, Specialised};
    let said = |system, id, dossier, relation, code| {
        Fact::new(system, id, dossier, 1, link(relation, code))
    };
    vec![
        said(Onestop, "l1", ONESTOP, Relation::Case, CASE),
        said(Onestop, "l2", ONESTOP, Relation::Alias, RECEIPT),
        said(CivilStatus, "l3", CIVIL, Relation::Case, CASE),
        said(Population, "l4", POPULATION, Relation::Parent, CIVIL),
        said(Specialised, "l5", INSURANCE, Relation::Case, CASE),
    ]
}

/// Handed in through the portal.
pub fn submitted() -> Payload {
    Payload::Submitted(event::Submitted {
        channel: Channel::Online as i32,
        online_level: OnlineLevel::Full as i32,
    })
}

/// Taken in, with an appointment three days after the morning.
pub fn received(channel: Channel) -> Payload {
    Payload::Received(event::Received {
        channel: channel as i32,
        online_level: OnlineLevel::Unspecified as i32,
        appointment_time: Some(from_millis(MORNING_MS + 3 * 1_440 * MINUTE_MS)),
    })
}

/// Handed over to an agency and unit, numbered.
pub fn handed_over(to: &str, unit: &str, number: &str) -> Payload {
    let mut to = agency(to);
    if let Some(party) = &mut to {
        party.unit_code = unit.into();
    }
    Payload::HandedOver(event::HandedOver {
        to,
        handover_id: number.into(),
        due_time: None,
    })
}

/// Accepted from an agency, under the hand-over's number.
pub fn accepted(from: &str, number: &str) -> Payload {
    Payload::Accepted(event::Accepted {
        from: agency(from),
        handover_id: number.into(),
    })
}

/// The applicant has the result.
pub fn returned_to_applicant() -> Payload {
    Payload::ResultReturned(event::ResultReturned {
        channel: Channel::Desk as i32,
    })
}
