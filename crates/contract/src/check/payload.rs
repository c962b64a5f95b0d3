//! The rules of each payload.

use super::{SHORT_TEXT, Violations};
use crate::pb::event::v1::{
    self as pb, Channel, Header, OnlineLevel, Register, RegisterEntryReported, RegistrationKind,
    event::Payload,
};
use lienthong_domain::code;

/// Longest label of a progress step, in bytes.
const STEP: usize = 256;

/// Adds what is wrong with the payload; paths begin with the payload's field name.
pub fn check(violations: &mut Violations, header: &Header, payload: &Payload) {
    let v = violations;
    match payload {
        Payload::Submitted(told) => intake(v, "submitted", told.channel, told.online_level),
        Payload::Received(told) => {
            intake(v, "received", told.channel, told.online_level);
            v.time("received.appointment_time", told.appointment_time.as_ref());
        }
        Payload::RefusedAtIntake(told) => reason(v, "refused_at_intake", &told.reason_code),
        Payload::HandedOver(told) => {
            v.required_party("handed_over.to", told.to.as_ref());
            v.short_text("handed_over.handover_id", &told.handover_id, SHORT_TEXT);
            v.time("handed_over.due_time", told.due_time.as_ref());
        }
        Payload::Accepted(told) => {
            v.party("accepted.from", told.from.as_ref());
            v.short_text("accepted.handover_id", &told.handover_id, SHORT_TEXT);
        }
        Payload::Returned(told) => {
            v.required_party("returned.to", told.to.as_ref());
            v.short_text("returned.handover_id", &told.handover_id, SHORT_TEXT);
            reason(v, "returned", &told.reason_code);
        }
        Payload::Consulted(told) => {
            v.required_party("consulted.to", told.to.as_ref());
            v.required_text(
                "consulted.consultation_id",
                &told.consultation_id,
                SHORT_TEXT,
            );
            v.time("consulted.due_time", told.due_time.as_ref());
        }
        Payload::Answered(told) => {
            v.required_text(
                "answered.consultation_id",
                &told.consultation_id,
                SHORT_TEXT,
            );
        }
        Payload::SupplementRequested(told) => {
            v.short_text(
                "supplement_requested.supplement_id",
                &told.supplement_id,
                SHORT_TEXT,
            );
            v.time("supplement_requested.due_time", told.due_time.as_ref());
        }
        Payload::SupplementReceived(told) => {
            v.short_text(
                "supplement_received.supplement_id",
                &told.supplement_id,
                SHORT_TEXT,
            );
            v.time(
                "supplement_received.appointment_time",
                told.appointment_time.as_ref(),
            );
        }
        Payload::PaymentRequested(told) => {
            payment(v, "payment_requested", &told.payment_id, told.amount_vnd);
            v.time("payment_requested.due_time", told.due_time.as_ref());
        }
        Payload::PaymentMade(told) => payment(v, "payment_made", &told.payment_id, told.amount_vnd),
        Payload::Extended(told) => {
            v.time(
                "extended.previous_due_time",
                told.previous_due_time.as_ref(),
            );
            v.required_time("extended.due_time", told.due_time.as_ref());
        }
        Payload::Withdrawn(told) => reason(v, "withdrawn", &told.reason_code),
        Payload::Stopped(told) => reason(v, "stopped", &told.reason_code),
        Payload::ResultIssued(told) => result_issued(v, told),
        Payload::ResultReturned(told) => channel(v, "result_returned.channel", told.channel),
        Payload::Digitised(told) => {
            v.demand(
                told.documents >= 1,
                "digitised.documents",
                "it is 0",
                "give the number of papers, at least 1",
            );
            file_hash(v, "digitised.file_sha256", &told.file_sha256);
        }
        Payload::RegisterEntryReported(told) => register_entry(v, told),
        Payload::Rated(told) => v.demand(
            (1..=5).contains(&told.score),
            "rated.score",
            "it is not between 1 and 5",
            "give 1 (very dissatisfied) to 5 (very satisfied)",
        ),
        Payload::ProgressReported(told) => {
            v.required_text("progress_reported.step", &told.step, STEP);
            v.time("progress_reported.started_time", told.started_time.as_ref());
            v.time("progress_reported.due_time", told.due_time.as_ref());
        }
        Payload::Linked(told) => linked(v, header, told),
        Payload::CivilStatusRegistered(told) => {
            entry(
                v,
                "civil_status_registered",
                told.kind,
                &told.book,
                &told.number,
            );
        }
        Payload::CivilStatusRefused(told) => {
            registration_kind(v, "civil_status_refused", told.kind);
            reason(v, "civil_status_refused", &told.reason_code);
        }
        Payload::CivilStatusCorrected(told) => {
            entry(
                v,
                "civil_status_corrected",
                told.kind,
                &told.book,
                &told.number,
            );
        }
        Payload::CivilStatusExtractIssued(told) => {
            entry(
                v,
                "civil_status_extract_issued",
                told.kind,
                &told.book,
                &told.number,
            );
            v.demand(
                told.copies >= 1,
                "civil_status_extract_issued.copies",
                "it is 0",
                "give the number of copies, at least 1",
            );
        }
        Payload::IdentityMismatched(told) => {
            let named = told.differing_fields.iter().all(|name| is_identifier(name));
            v.demand(
                named,
                "identity_mismatched.differing_fields",
                "an entry is not a field name",
                "give names such as birth_date, never values",
            );
        }
        Payload::ResidenceRegistered(told) => {
            commune(v, "residence_registered.commune_code", &told.commune_code)
        }
        Payload::ResidenceRemoved(told) => {
            commune(v, "residence_removed.commune_code", &told.commune_code)
        }
        Payload::SpecialisedResultIssued(told) => specialised(v, told),
        Payload::Appraised(_)
        | Payload::Approved(_)
        | Payload::Signed(_)
        | Payload::PersonalNumberAssigned(_)
        | Payload::IdentityVerified(_)
        | Payload::ParkedReleased(_)
        | Payload::Probe(_) => {}
    }
}

fn register_entry(v: &mut Violations, told: &RegisterEntryReported) {
    v.demand(
        Register::try_from(told.register).is_ok_and(|register| register != Register::Unspecified),
        "register_entry_reported.register",
        "it is missing or not a value of Register",
        "use REGISTER_ONE_STOP, REGISTER_CIVIL_STATUS or REGISTER_PORTAL",
    );
    let is_day = told.day.len() == 10 && told.day.parse::<jiff::civil::Date>().is_ok();
    v.demand(
        is_day,
        "register_entry_reported.day",
        "it is not a day",
        "write yyyy-MM-dd, such as 2026-05-01",
    );
    v.demand(
        told.day_entries >= 1,
        "register_entry_reported.day_entries",
        "it is 0",
        "give the number of lines of the whole register of that day, this one included",
    );
}

fn intake(v: &mut Violations, payload: &str, told: i32, online_level: i32) {
    channel(v, &format!("{payload}.channel"), told);
    let field = format!("{payload}.online_level");
    match OnlineLevel::try_from(online_level) {
        Err(_) => v.add(
            &field,
            "it is not a value of OnlineLevel",
            "use ONLINE_LEVEL_PARTIAL or ONLINE_LEVEL_FULL",
        ),
        Ok(OnlineLevel::Unspecified) => {}
        Ok(_) => v.demand(
            told == Channel::Online as i32,
            &field,
            "it is given although the channel is not online",
            "leave it out, or set CHANNEL_ONLINE",
        ),
    }
}

fn channel(v: &mut Violations, field: &str, told: i32) {
    let known = Channel::try_from(told).is_ok_and(|channel| channel != Channel::Unspecified);
    v.demand(
        known,
        field,
        "it is missing or not a value of Channel",
        "use CHANNEL_DESK, CHANNEL_ONLINE, CHANNEL_POST or CHANNEL_SYSTEM",
    );
}

fn reason(v: &mut Violations, payload: &str, code: &str) {
    v.short_text(&format!("{payload}.reason_code"), code, SHORT_TEXT);
}

fn payment(v: &mut Violations, payload: &str, id: &str, amount: i64) {
    v.short_text(&format!("{payload}.payment_id"), id, SHORT_TEXT);
    v.demand(
        amount >= 0,
        &format!("{payload}.amount_vnd"),
        "it is negative",
        "give whole dong, 0 or more",
    );
}

fn result_issued(v: &mut Violations, told: &pb::ResultIssued) {
    file_hash(v, "result_issued.file_sha256", &told.file_sha256);
    v.demand(
        told.electronic || !told.signed,
        "result_issued.signed",
        "a result that is not electronic cannot be digitally signed",
        "set electronic, or leave signed out",
    );
}

fn file_hash(v: &mut Violations, field: &str, hash: &str) {
    let is_hash = hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    v.demand(
        hash.is_empty() || is_hash,
        field,
        "it is not a SHA-256 in lower-case hex",
        "give 64 characters of 0-9a-f, or leave it out",
    );
}

fn linked(v: &mut Violations, header: &Header, told: &pb::Linked) {
    use pb::linked::Relation;
    let known =
        Relation::try_from(told.relation).is_ok_and(|relation| relation != Relation::Unspecified);
    v.demand(
        known,
        "linked.relation",
        "it is missing or not a value of Relation",
        "use RELATION_CASE, RELATION_PARENT or RELATION_ALIAS",
    );
    v.code("linked.code", code::check_case_code(&told.code));
    v.demand(
        told.code != header.dossier_code,
        "linked.code",
        "it is the dossier's own code",
        "give the other code",
    );
}

fn entry(v: &mut Violations, payload: &str, kind: i32, book: &str, number: &str) {
    registration_kind(v, payload, kind);
    v.required_text(&format!("{payload}.book"), book, SHORT_TEXT);
    v.required_text(&format!("{payload}.number"), number, SHORT_TEXT);
}

fn registration_kind(v: &mut Violations, payload: &str, kind: i32) {
    let known =
        RegistrationKind::try_from(kind).is_ok_and(|kind| kind != RegistrationKind::Unspecified);
    v.demand(
        known,
        &format!("{payload}.kind"),
        "it is missing or not a value of RegistrationKind",
        "use REGISTRATION_KIND_BIRTH, ..._DEATH, ..._MARRIAGE or another value",
    );
}

fn commune(v: &mut Violations, field: &str, code: &str) {
    let is_code = code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit());
    v.demand(
        is_code,
        field,
        "it is not a GSO commune code",
        "give 5 digits, such as 14758",
    );
}

fn specialised(v: &mut Violations, told: &pb::SpecialisedResultIssued) {
    v.demand(
        is_identifier(&told.kind),
        "specialised_result_issued.kind",
        "it is missing or not of a-z, 0-9 and _",
        "name the kind of result, such as health_insurance_card",
    );
    v.short_text("specialised_result_issued.number", &told.number, SHORT_TEXT);
    v.time(
        "specialised_result_issued.valid_until_time",
        told.valid_until_time.as_ref(),
    );
}

fn is_identifier(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
