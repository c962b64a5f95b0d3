//! What a system says, written down shortly for tests.

use lienthong_contract::pb::event::v1::event::Payload;
use lienthong_contract::pb::event::v1::linked::Relation;
use lienthong_contract::pb::event::v1::{
    Event, Header, Linked, Party, Person, ProgressReported, Protected, SourceStatus,
};
use lienthong_contract::time::from_millis;
use lienthong_simulator::system::System;

/// 2026-10-08T08:00:00+07:00, in milliseconds: the moment scenarios count from.
pub const MORNING_MS: i64 = 1_791_421_200_000;
/// A minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// One event on its way to the adapter of a system.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Who says it.
    pub system: System,
    /// What is said; the hub's own fields (recorded time and so on) are empty.
    pub event: Event,
}

impl Fact {
    /// What the system says about the dossier, `minutes` after [`MORNING_MS`].
    pub fn new(system: System, id: &str, dossier: &str, minutes: i64, payload: Payload) -> Self {
        let header = Header {
            id: id.to_owned(),
            source: source(system).to_owned(),
            dossier_code: dossier.to_owned(),
            occurred_time: Some(from_millis(MORNING_MS + minutes * MINUTE_MS)),
            ..Header::default()
        };
        let event = Event {
            header: Some(header),
            payload: Some(payload),
            ..Event::default()
        };
        Self { system, event }
    }

    /// The agency that acted.
    #[must_use]
    pub fn by(self, agency: &str) -> Self {
        self.header(|header| header.agency_code = agency.to_owned())
    }

    /// The unit that acted, inside the agency.
    #[must_use]
    pub fn unit(self, unit: &str) -> Self {
        self.header(|header| header.unit_code = unit.to_owned())
    }

    /// The interconnected case that the source names.
    #[must_use]
    pub fn case(self, code: &str) -> Self {
        self.header(|header| header.case_code = code.to_owned())
    }

    /// The procedure.
    #[must_use]
    pub fn procedure(self, code: &str) -> Self {
        self.header(|header| header.procedure_code = code.to_owned())
    }

    /// The source's status.
    #[must_use]
    pub fn status(self, system: &str, code: &str) -> Self {
        self.header(|header| {
            header.source_status = Some(SourceStatus {
                system: system.to_owned(),
                code: code.to_owned(),
            });
        })
    }

    /// A person and a note in the protected part.
    #[must_use]
    pub fn about(self, name: &str, number: &str, note: &str) -> Self {
        self.header(|header| {
            header.protected = Some(Protected {
                persons: vec![Person {
                    role: "applicant".into(),
                    full_name: name.to_owned(),
                    identity_number: number.to_owned(),
                    ..Person::default()
                }],
                notes: vec![note.to_owned()],
            });
        })
    }

    /// Changes the header.
    #[must_use]
    pub fn header(mut self, change: impl FnOnce(&mut Header)) -> Self {
        change(self.event.header.get_or_insert_default());
        self
    }
}

/// The source that stands for a system in tests.
pub fn source(system: System) -> &'static str {
    match system {
        System::Onestop => "urn:lienthong:vn:H56:onestop",
        System::CivilStatus => "urn:lienthong:vn:G15:hotich",
        System::Population => "urn:lienthong:vn:G01:dancu",
        System::Specialised => "urn:lienthong:vn:G24:bhxh",
    }
}

/// A payload that every adapter takes: one step of progress.
pub fn step(label: &str) -> Payload {
    Payload::ProgressReported(ProgressReported {
        step: label.to_owned(),
        ..ProgressReported::default()
    })
}

/// A link of the dossier to another code.
pub fn link(relation: Relation, code: &str) -> Payload {
    Payload::Linked(Linked {
        relation: relation as i32,
        code: code.to_owned(),
        revoked: false,
    })
}

/// An agency as a whole.
pub fn agency(code: &str) -> Option<Party> {
    Some(Party {
        agency_code: code.to_owned(),
        unit_code: String::new(),
    })
}
