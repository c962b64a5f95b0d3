//! Faults of what an event says.

use super::{Row, Told, event, good};
use lienthong_contract::pb::event::v1 as pb;
use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_simulator::system::System;
use lienthong_tests::facts::{Fact, agency, link};
use prost_types::Timestamp;

fn says(system: System, payload: Payload) -> Fact {
    let mut fact = good().header(|header| {
        header.source = lienthong_tests::facts::source(system).into();
    });
    fact.system = system;
    fact.event.payload = Some(payload);
    fact
}

fn fault(name: &'static str, field: &str, payload: Payload) -> Row {
    event(
        name,
        says(System::Onestop, payload),
        Told::malformed(&[field]),
    )
}

fn fault_of(system: System, name: &'static str, field: &str, payload: Payload) -> Row {
    event(name, says(system, payload), Told::malformed(&[field]))
}

fn year(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

pub fn rows() -> Vec<Row> {
    let mut rows = intake_and_exchange();
    rows.extend(results_and_links());
    rows.extend(of_other_systems());
    rows
}

fn received(channel: i32, online_level: i32) -> Payload {
    Payload::Received(pb::Received {
        channel,
        online_level,
        appointment_time: None,
    })
}

fn intake_and_exchange() -> Vec<Row> {
    let handed_over = |to| {
        Payload::HandedOver(pb::HandedOver {
            to,
            ..pb::HandedOver::default()
        })
    };
    vec![
        fault(
            "received through no channel",
            "received.channel",
            received(0, 0),
        ),
        fault(
            "received through channel 99",
            "received.channel",
            received(99, 0),
        ),
        fault(
            "full online service at the desk",
            "received.online_level",
            received(1, 2),
        ),
        fault("online level 7", "received.online_level", received(2, 7)),
        fault(
            "appointment in 2200",
            "received.appointment_time",
            Payload::Received(pb::Received {
                channel: 1,
                online_level: 0,
                appointment_time: year(7_258_118_400),
            }),
        ),
        fault("handed over to nobody", "handed_over.to", handed_over(None)),
        fault(
            "handed over to an empty agency",
            "handed_over.to.agency_code",
            handed_over(agency("")),
        ),
        fault(
            "handed over to an agency's name",
            "handed_over.to.agency_code",
            handed_over(agency("Sở Tư pháp")),
        ),
        fault(
            "returned to nobody",
            "returned.to",
            Payload::Returned(pb::Returned::default()),
        ),
        fault(
            "consulted without a number",
            "consulted.consultation_id",
            Payload::Consulted(pb::Consulted {
                to: agency("H56.03"),
                ..pb::Consulted::default()
            }),
        ),
        fault(
            "answered without a number",
            "answered.consultation_id",
            Payload::Answered(pb::Answered::default()),
        ),
        fault(
            "supplement due in 1970",
            "supplement_requested.due_time",
            Payload::SupplementRequested(pb::SupplementRequested {
                supplement_id: String::new(),
                due_time: year(0),
            }),
        ),
        fault(
            "a negative fee",
            "payment_requested.amount_vnd",
            Payload::PaymentRequested(pb::PaymentRequested {
                amount_vnd: -1,
                ..pb::PaymentRequested::default()
            }),
        ),
        fault(
            "the most negative payment",
            "payment_made.amount_vnd",
            Payload::PaymentMade(pb::PaymentMade {
                amount_vnd: i64::MIN,
                ..pb::PaymentMade::default()
            }),
        ),
        event(
            "the largest payment that fits",
            says(
                System::Onestop,
                Payload::PaymentMade(pb::PaymentMade {
                    amount_vnd: i64::MAX,
                    ..pb::PaymentMade::default()
                }),
            ),
            Told::accepted(),
        ),
        fault(
            "extended to no date",
            "extended.due_time",
            Payload::Extended(pb::Extended::default()),
        ),
        fault(
            "a withdrawal's reason of 200 bytes",
            "withdrawn.reason_code",
            Payload::Withdrawn(pb::Withdrawn {
                reason_code: "r".repeat(200),
            }),
        ),
    ]
}

fn results_and_links() -> Vec<Row> {
    let issued = |electronic, signed, hash: &str| {
        Payload::ResultIssued(pb::ResultIssued {
            electronic,
            signed,
            file_sha256: hash.to_owned(),
        })
    };
    let progress = |step: String| {
        Payload::ProgressReported(pb::ProgressReported {
            step,
            ..pb::ProgressReported::default()
        })
    };
    let hash = "result_issued.file_sha256";
    let step = "progress_reported.step";
    vec![
        fault(
            "SHA-256 of 63 characters",
            hash,
            issued(true, true, &"a".repeat(63)),
        ),
        fault(
            "SHA-256 in capitals",
            hash,
            issued(true, true, &"A".repeat(64)),
        ),
        fault(
            "a paper result signed digitally",
            "result_issued.signed",
            issued(false, true, ""),
        ),
        event(
            "the submitted file sent as the result file (the same hash)",
            says(System::Onestop, issued(true, false, &"b".repeat(64))),
            Told::accepted(),
        ),
        fault(
            "no paper digitised",
            "digitised.documents",
            Payload::Digitised(pb::Digitised::default()),
        ),
        fault(
            "a rating of 0",
            "rated.score",
            Payload::Rated(pb::Rated { score: 0 }),
        ),
        fault(
            "a rating of 6",
            "rated.score",
            Payload::Rated(pb::Rated { score: 6 }),
        ),
        fault("a step without a label", step, progress(String::new())),
        fault("a step of blanks", step, progress("   ".into())),
        fault(
            "a step's label of 257 bytes",
            step,
            progress("x".repeat(257)),
        ),
        fault(
            "a step with a terminal's escape sequence",
            step,
            progress("\u{1b}]0;x\u{7}".into()),
        ),
        fault(
            "a link to itself",
            "linked.code",
            link(Relation::Alias, "H56.15.03-261008-0001"),
        ),
        fault(
            "a link of no kind",
            "linked.relation",
            link(Relation::Unspecified, "LT-1"),
        ),
        fault(
            "a link to a code with blanks",
            "linked.code",
            link(Relation::Case, "LT 1"),
        ),
        fault(
            "a link to nothing",
            "linked.code",
            link(Relation::Parent, ""),
        ),
        fault(
            "a link of kind 9",
            "linked.relation",
            Payload::Linked(pb::Linked {
                relation: 9,
                code: "LT-1".into(),
                revoked: false,
            }),
        ),
    ]
}

fn of_other_systems() -> Vec<Row> {
    use System::{CivilStatus, Population, Specialised};
    let registered = |kind, book: &str| {
        Payload::CivilStatusRegistered(pb::CivilStatusRegistered {
            kind,
            book: book.into(),
            number: "15".into(),
        })
    };
    let result = |kind: &str, valid_until_time| {
        Payload::SpecialisedResultIssued(pb::SpecialisedResultIssued {
            kind: kind.into(),
            valid_until_time,
            ..pb::SpecialisedResultIssued::default()
        })
    };
    vec![
        fault_of(
            CivilStatus,
            "a registration of no kind",
            "civil_status_registered.kind",
            registered(0, "01/2026"),
        ),
        fault_of(
            CivilStatus,
            "a registration of kind 99",
            "civil_status_registered.kind",
            registered(99, "01/2026"),
        ),
        fault_of(
            CivilStatus,
            "a registration in no book",
            "civil_status_registered.book",
            registered(1, ""),
        ),
        fault_of(
            CivilStatus,
            "an extract of no copies",
            "civil_status_extract_issued.copies",
            Payload::CivilStatusExtractIssued(pb::CivilStatusExtractIssued {
                kind: 1,
                book: "01/2026".into(),
                number: "15".into(),
                copies: 0,
            }),
        ),
        fault_of(
            Population,
            "a commune code of four digits",
            "residence_registered.commune_code",
            Payload::ResidenceRegistered(pb::ResidenceRegistered {
                commune_code: "1475".into(),
            }),
        ),
        fault_of(
            Population,
            "a commune's name in place of its code",
            "residence_removed.commune_code",
            Payload::ResidenceRemoved(pb::ResidenceRemoved {
                commune_code: "Hàm Rồng".into(),
            }),
        ),
        fault_of(
            Population,
            "a mismatch that tells the value, not the field",
            "identity_mismatched.differing_fields",
            Payload::IdentityMismatched(pb::IdentityMismatched {
                differing_fields: vec!["birth date is 1990-01-01".into()],
            }),
        ),
        fault_of(
            Specialised,
            "a result's kind in words",
            "specialised_result_issued.kind",
            result("Health insurance card", None),
        ),
        fault_of(
            Specialised,
            "a card valid until 2200",
            "specialised_result_issued.valid_until_time",
            result("health_insurance_card", year(7_258_118_400)),
        ),
    ]
}
