//! From the records of a packet to events, or to what is wrong with each record by its own field
//! names.

use super::dossier;
use super::envelope::{Address, Envelope, Format, Service};
use super::fact::Fact;
use super::fields::{self, Fields};
use super::progress;
use crate::intake::chunk::Chunk;
use crate::intake::sealed::{Refusal, Sealed};
use crate::intake::trace::Call;
use crate::intake::{Adapter, Draft};
use lienthong_contract::check::{self, Violations};
use lienthong_contract::pb::event::v1::{FieldViolation, Header, SourceStatus};
use lienthong_contract::pb::operations::v1::{RejectedContent, RejectedMessage};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::{from_millis, now_millis};
use lienthong_domain::code::check_agency;
use lienthong_domain::status::{Mappings, PortalStatus, StatusError};
use std::ops::Range;
use std::sync::Arc;

/// Characters of a dossier code that are repeated to the sender and in the rejected log's list.
const SHOWN: usize = 50;

/// The way in of packets.
pub struct Packets {
    adapter: Arc<Adapter>,
}

/// A packet ready for the log.
pub struct Prepared {
    /// The events of all records, and the refusals of those that are not well-formed.
    pub chunk: Sealed,
    /// The records, in the order of the packet.
    pub records: Vec<Record>,
}

/// One record of a packet.
pub struct Record {
    /// Its dossier code as far as it was told, shortened.
    pub code: String,
    /// The slots of the chunk that are its: its events, or its one refusal.
    pub slots: Range<usize>,
}

/// What is found while a record is read.
pub struct Reading<'a> {
    mappings: &'a Mappings,
    /// What is wrong so far.
    pub violations: Violations,
    unknown_status: bool,
}

/// Who sent a packet.
struct Sender {
    source: String,
    /// The unit as an agency code; empty if it is none.
    agency: String,
}

impl Reading<'_> {
    /// The status that a field tells, in the words of the portal or of its text form, and what it
    /// means. None if it is missing or unknown, which is then said.
    pub fn status(
        &mut self,
        record: &Fields<'_>,
        name: &str,
    ) -> Option<(SourceStatus, PortalStatus)> {
        let code = record.required(&mut self.violations, name);
        if code.is_empty() {
            return None;
        }
        let (system, mapped) = match self.mappings.map("DVCQG", &code) {
            Err(error) => match self.mappings.map("DVCQG_TEXT", &code) {
                Err(StatusError::UnknownCode { .. }) => ("DVCQG", Err(error)),
                other => ("DVCQG_TEXT", other),
            },
            mapped => ("DVCQG", mapped),
        };
        match mapped {
            Ok(status) => {
                let system = system.to_owned();
                Some((SourceStatus { system, code }, status))
            }
            Err(error) => {
                let words = error.to_string();
                let (what, fix) = words
                    .split_once(". Fix: ")
                    .unwrap_or((&words, "use a known code"));
                self.violations.add(&record.path_of(name), what, fix);
                self.unknown_status = true;
                None
            }
        }
    }
}

impl Packets {
    /// Packets of one-stop systems, by the rules and into the logs of `adapter`.
    pub fn new(adapter: Arc<Adapter>) -> Self {
        Self { adapter }
    }

    /// What they are taken in with.
    pub fn adapter(&self) -> &Arc<Adapter> {
        &self.adapter
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// If the packet as a whole cannot be read; what is wrong with a record is in the chunk.
    pub fn prepare(
        &self,
        format: Format,
        body: &[u8],
        address: &Address,
        call: Call,
    ) -> Result<Prepared, Failure> {
        let envelope = Envelope::read(format, body, address)?;
        let sender = sender(&envelope.unit);
        let mut violations = Violations::default();
        let records = fields::entries(&mut violations, &envelope.data, "data");
        if records.is_empty() && violations.is_empty() {
            violations.add(
                "data",
                "it has no record",
                "give a list with at least one record",
            );
        }
        if !violations.is_empty() {
            let list = violations.into_list();
            return Err(Failure::of_fields(Reason::PacketUnreadable, list));
        }
        let mut chunk = Chunk::new(self.adapter.clone(), call, records.len() * 2);
        let records = records
            .into_iter()
            .map(|record| self.take(&mut chunk, &envelope, &sender, &record))
            .collect();
        Ok(Prepared {
            chunk: chunk.seal(),
            records,
        })
    }

    /// Takes one record into the chunk: all of its events, or its refusal.
    fn take(
        &self,
        chunk: &mut Chunk,
        envelope: &Envelope,
        sender: &Sender,
        record: &Fields<'_>,
    ) -> Record {
        let code: String = record.text(&mut Violations::default(), "MaHoSo");
        let shown: String = code.chars().take(SHOWN).collect();
        let start = chunk.len();
        match self.drafts(envelope.service, sender, record) {
            Ok(drafts) => drafts.into_iter().for_each(|draft| chunk.push(draft)),
            Err(failure) => chunk.set_aside(Refusal {
                id: shown.clone(),
                content: Some(RejectedContent {
                    message: Some(RejectedMessage {
                        rejected_time: Some(from_millis(now_millis())),
                        adapter: self.adapter.name.to_owned(),
                        source: sender.source.clone(),
                        dossier_code: shown.clone(),
                        reason: failure.reason.name().to_owned(),
                        violations: failure.violations.clone(),
                        ..Default::default()
                    }),
                    content_type: envelope.format.content_type().to_owned(),
                    content: envelope.with_only(record.members()).into(),
                }),
                failure,
            }),
        }
        Record {
            code: shown,
            slots: start..chunk.len(),
        }
    }

    /// The events of a record.
    fn drafts(
        &self,
        service: Service,
        sender: &Sender,
        record: &Fields<'_>,
    ) -> Result<Vec<Draft>, Failure> {
        let reference = self.adapter.rules.reference.now();
        let mut reading = Reading {
            mappings: &reference.mappings,
            violations: Violations::default(),
            unknown_status: false,
        };
        let dossier = record.required(&mut reading.violations, "MaHoSo");
        let (facts, procedure) = match service {
            Service::Dossiers => {
                let procedure = record.text(&mut reading.violations, "MaTTHC");
                (dossier::facts(record, &mut reading), procedure)
            }
            Service::Progress => (progress::facts(record, &mut reading), String::new()),
        };
        let base = Header {
            source: sender.source.clone(),
            agency_code: sender.agency.clone(),
            procedure_code: procedure,
            dossier_code: dossier,
            ..Default::default()
        };
        let drafts: Vec<Draft> = facts.into_iter().map(|fact| draft(&base, fact)).collect();
        let mut found = Vec::new();
        for violation in reading.violations.into_list() {
            add_once(&mut found, violation);
        }
        let rules = &self.adapter.rules;
        if drafts.is_empty() {
            // There is no event to check, so check at least the codes.
            let failure = check::check(rules, Some(&base), None).err();
            for violation in failure.into_iter().flat_map(|failure| failure.violations) {
                if let Some((_, name)) = CODES.iter().find(|(path, _)| *path == violation.field) {
                    let field = place(record, name);
                    add_once(&mut found, FieldViolation { field, ..violation });
                }
            }
        }
        for draft in &drafts {
            let failure = check::check(rules, draft.header.as_ref(), draft.payload.as_ref()).err();
            for violation in failure.into_iter().flat_map(|failure| failure.violations) {
                if SAID_ALREADY.contains(&violation.field.as_str()) {
                    continue;
                }
                let name = CODES.iter().find(|(path, _)| *path == violation.field);
                let field =
                    name.map_or_else(|| record.path().to_owned(), |(_, name)| place(record, name));
                add_once(&mut found, FieldViolation { field, ..violation });
            }
        }
        match found.len() {
            0 => Ok(drafts),
            1 if reading.unknown_status => Err(Failure::of_fields(Reason::StatusUnknown, found)),
            _ => Err(Failure::of_fields(Reason::EventMalformed, found)),
        }
    }
}

fn sender(unit: &str) -> Sender {
    let is_code = check_agency(unit).is_ok();
    Sender {
        source: format!("urn:lienthong:vn:{}:qcvn120", in_urn(unit)),
        agency: if is_code {
            unit.to_owned()
        } else {
            String::new()
        },
    }
}

/// Percent-encodes what a URN cannot hold as it is.
fn in_urn(text: &str) -> String {
    let mut urn = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            urn.push(char::from(byte));
        } else {
            urn.push_str(&format!("%{byte:02X}"));
        }
    }
    urn
}

fn draft(base: &Header, fact: Fact) -> Draft {
    let has_agency = !base.agency_code.is_empty();
    let header = Header {
        id: fact.id(&base.dossier_code),
        unit_code: if has_agency { fact.unit } else { String::new() },
        occurred_time: Some(from_millis(fact.occurred_ms)),
        source_status: fact.status,
        protected: fact.protected,
        ..base.clone()
    };
    Draft {
        header: Some(header),
        payload: Some(fact.payload),
        observed: Some(fact.observed),
    }
}

/// Where codes of an event come from. What is wrong with any other field of an event is wrong
/// with the record as a whole.
const CODES: [(&str, &str); 5] = [
    ("header.dossier_code", "MaHoSo"),
    ("header.procedure_code", "MaTTHC"),
    ("header.unit_code", "PhongBanXuLy"),
    ("header.agency_code", UNIT),
    ("header.source", UNIT),
];

/// Fields of an event that are wrong only where a field of the record was found wrong before.
const SAID_ALREADY: [&str; 4] = [
    "header.id",
    "submitted.channel",
    "received.channel",
    "result_returned.channel",
];

/// The field of the envelope that names the sender.
const UNIT: &str = "madonvi";

fn place(record: &Fields<'_>, name: &str) -> String {
    if name == UNIT {
        UNIT.to_owned()
    } else {
        record.path_of(name)
    }
}

/// Says each field once: the first that is wrong with it.
fn add_once(found: &mut Vec<FieldViolation>, violation: FieldViolation) {
    if !found.iter().any(|earlier| earlier.field == violation.field) {
        found.push(violation);
    }
}
