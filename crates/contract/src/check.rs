//! What an adapter may let in: the rules of an event, every violation with its field path
//! and the fix. What is well-formed but surprising passes: it is a fact.

mod payload;
mod violations;

pub use violations::Violations;

use crate::pb::event::v1::{Header, MappedStatus, Protected, event::Payload};
use crate::reason::Reason;
use crate::reference::Current;
use crate::status::Failure;
use lienthong_domain::code::{self, Strictness};

/// Longest correlation and causation id, unit code and exchange number, in bytes.
const SHORT_TEXT: usize = 128;
/// Most persons in the protected part of one event.
const MOST_PERSONS: usize = 20;
/// Most bytes in one text of the protected part.
const PROTECTED_TEXT: usize = 4_000;

/// The rules of one adapter.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Which shapes of dossier codes are taken.
    pub dossier_codes: Strictness,
    /// The reference data in force, for its status tables.
    pub reference: Current,
}

/// Checks an event and reads its source status.
///
/// # Errors
/// `EVENT_MALFORMED` with every violation found; `STATUS_UNKNOWN` if the only fault is a
/// status code that the table does not know.
pub fn check(
    rules: &Rules,
    header: Option<&Header>,
    payload: Option<&Payload>,
) -> Result<Option<MappedStatus>, Failure> {
    let mut violations = Violations::default();
    let Some(header) = header else {
        violations.add(
            "header",
            "it is missing",
            "give the header with id, source, dossier_code and occurred_time",
        );
        return Err(Failure::of_fields(
            Reason::EventMalformed,
            violations.into_list(),
        ));
    };
    check_header(&mut violations, rules, header);
    match payload {
        Some(payload) => payload::check(&mut violations, header, payload),
        None => violations.add(
            "payload",
            "it is missing, or of a kind this adapter does not take",
            "set exactly one payload",
        ),
    }
    let malformed = !violations.is_empty();
    let mapped = map_status(&mut violations, rules, header);
    if violations.is_empty() {
        return Ok(mapped);
    }
    let reason = if malformed {
        Reason::EventMalformed
    } else {
        Reason::StatusUnknown
    };
    Err(Failure::of_fields(reason, violations.into_list()))
}

fn check_header(violations: &mut Violations, rules: &Rules, header: &Header) {
    violations.code("header.id", code::check_event_id(&header.id));
    violations.code("header.source", code::check_source_urn(&header.source));
    violations.code(
        "header.dossier_code",
        code::check_dossier(&header.dossier_code, rules.dossier_codes),
    );
    if !header.case_code.is_empty() {
        violations.code("header.case_code", code::check_case_code(&header.case_code));
    }
    if !header.procedure_code.is_empty() {
        violations.code(
            "header.procedure_code",
            code::check_procedure(&header.procedure_code),
        );
    }
    if !header.agency_code.is_empty() {
        violations.code(
            "header.agency_code",
            code::check_agency(&header.agency_code),
        );
    }
    if !header.unit_code.is_empty() && header.agency_code.is_empty() {
        violations.add(
            "header.unit_code",
            "it is given without header.agency_code",
            "name the agency the unit belongs to",
        );
    }
    violations.short_text("header.unit_code", &header.unit_code, SHORT_TEXT);
    violations.required_time("header.occurred_time", header.occurred_time.as_ref());
    violations.time("header.sent_time", header.sent_time.as_ref());
    violations.short_text("header.correlation_id", &header.correlation_id, SHORT_TEXT);
    violations.short_text("header.causation_id", &header.causation_id, SHORT_TEXT);
    if let Some(protected) = &header.protected {
        check_protected(violations, protected);
    }
}

/// Only sizes: placeholder and malformed identity numbers occur in the wild and are
/// findings, not reasons to refuse. Descriptions never repeat a value.
fn check_protected(violations: &mut Violations, protected: &Protected) {
    if protected.persons.len() > MOST_PERSONS {
        violations.add(
            "header.protected.persons",
            format!("more than {MOST_PERSONS} persons"),
            "send the persons of this dossier only",
        );
    }
    let texts = protected.persons.iter().flat_map(|person| {
        [
            &person.role,
            &person.full_name,
            &person.identity_number,
            &person.birth_date,
            &person.phone_number,
            &person.email,
            &person.address,
        ]
    });
    if texts
        .chain(&protected.notes)
        .any(|text| text.len() > PROTECTED_TEXT)
    {
        violations.add(
            "header.protected",
            format!("a text has more than {PROTECTED_TEXT} bytes"),
            "shorten it; send files by reference",
        );
    }
}

fn map_status(violations: &mut Violations, rules: &Rules, header: &Header) -> Option<MappedStatus> {
    let told = header.source_status.as_ref()?;
    let reference = rules.reference.now();
    let mappings = &reference.mappings;
    match mappings.map(&told.system, &told.code) {
        Ok(status) => Some(MappedStatus {
            portal_status: u32::from(status.code()),
            mapping_version: mappings
                .version(&told.system)
                .unwrap_or_default()
                .to_owned(),
        }),
        Err(error) => {
            let words = error.to_string();
            let (what, fix) = words
                .split_once(". Fix: ")
                .unwrap_or((&words, "use a code of the table"));
            violations.add("header.source_status", what, fix);
            None
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
