//! From a stored event to the domain event it tells, borrowing everything.

mod detail;
mod told;

pub use told::{Told, read};

use crate::pb::event::v1::{self as pb, event::Payload};
use crate::time::to_millis;
use lienthong_domain::event::{Event, Kind, Link, Party, Relation, Release, record_keys};
use prost_types::Timestamp;

/// Why a stored event cannot be read: no adapter lets such a message in, so it comes
/// from another writer or a later version. It parks its dossier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The value is not a `lienthong.event.v1.Event`.
    #[error("the value is not a lienthong.event.v1.Event: {0}")]
    NotAnEvent(String),
    /// A field that every event has is missing or out of range.
    #[error("{0} is missing or out of range")]
    Field(&'static str),
    /// The payload is not one that this version knows.
    #[error("the payload is missing or of a kind that this version does not know")]
    UnknownKind,
    /// The source's status is not in the status tables. Never guessed: the event was mapped under
    /// other tables, or by another writer.
    #[error("{0}")]
    UnknownStatus(String),
}

/// The keys an event is recorded under: the case its source names, else the dossier's own
/// code; and, for a link, the code it names too, so that each part knows the other.
pub fn keys<'a>(header: &'a pb::Header, payload: &'a Payload) -> (&'a str, Option<&'a str>) {
    let linked = match payload {
        Payload::Linked(told) => Some(told.code.as_str()),
        _ => None,
    };
    record_keys(&header.dossier_code, &header.case_code, linked)
}

fn required(time: &Option<Timestamp>, field: &'static str) -> Result<i64, Unreadable> {
    time.as_ref()
        .and_then(to_millis)
        .ok_or(Unreadable::Field(field))
}

fn optional(time: &Option<Timestamp>) -> Option<i64> {
    time.as_ref().and_then(to_millis)
}

fn party(party: &Option<pb::Party>) -> Party<'_> {
    party.as_ref().map_or_else(Party::default, |party| Party {
        agency: &party.agency_code,
        unit: &party.unit_code,
    })
}

/// Sets what only some payloads tell.
fn fill<'a>(event: &mut Event<'a>, payload: &'a Payload) -> Result<(), Unreadable> {
    event.detail = detail::of(payload, event.detail)?;
    match payload {
        Payload::Received(told) => event.due_ms = optional(&told.appointment_time),
        Payload::HandedOver(told) => {
            event.addressee = party(&told.to);
            event.reference = &told.handover_id;
            event.due_ms = optional(&told.due_time);
        }
        Payload::Accepted(told) => {
            event.addressee = party(&told.from);
            event.reference = &told.handover_id;
        }
        Payload::Returned(told) => {
            event.addressee = party(&told.to);
            event.reference = &told.handover_id;
        }
        Payload::Consulted(told) => {
            event.addressee = party(&told.to);
            event.reference = &told.consultation_id;
            event.due_ms = optional(&told.due_time);
        }
        Payload::Answered(told) => event.reference = &told.consultation_id,
        Payload::SupplementRequested(told) => {
            event.reference = &told.supplement_id;
            event.due_ms = optional(&told.due_time);
        }
        Payload::SupplementReceived(told) => {
            event.reference = &told.supplement_id;
            event.due_ms = optional(&told.appointment_time);
        }
        Payload::PaymentRequested(told) => {
            event.reference = &told.payment_id;
            event.due_ms = optional(&told.due_time);
        }
        Payload::PaymentMade(told) => event.reference = &told.payment_id,
        Payload::Extended(told) => event.due_ms = optional(&told.due_time),
        Payload::ProgressReported(told) => event.due_ms = optional(&told.due_time),
        Payload::Digitised(told) => event.reference = &told.file_sha256,
        Payload::ResultIssued(told) => event.reference = &told.file_sha256,
        Payload::Linked(told) => event.link = Some(link(told)?),
        Payload::ParkedReleased(told) => event.release = Some(release(told)?),
        _ => {}
    }
    Ok(())
}

fn link(told: &pb::Linked) -> Result<Link<'_>, Unreadable> {
    use pb::linked::Relation as Wire;
    let relation = match told.relation() {
        Wire::Case => Relation::Case,
        Wire::Parent => Relation::Parent,
        Wire::Alias => Relation::Alias,
        Wire::Unspecified => return Err(Unreadable::Field("linked.relation")),
    };
    if told.code.is_empty() {
        return Err(Unreadable::Field("linked.code"));
    }
    Ok(Link {
        relation,
        code: &told.code,
        revoked: told.revoked,
    })
}

fn release(told: &pb::ParkedReleased) -> Result<Release, Unreadable> {
    use pb::parked_released::Decision;
    let skip = match told.decision() {
        Decision::Retry => false,
        Decision::Skip => true,
        Decision::Unspecified => return Err(Unreadable::Field("parked_released.decision")),
    };
    Ok(Release {
        parked_offset: told.parked_offset,
        skip,
    })
}

/// The kind that a payload is; none for a probe, which is no event of a dossier.
pub fn kind(payload: &Payload) -> Option<Kind> {
    Some(match payload {
        Payload::Submitted(_) => Kind::Submitted,
        Payload::Received(_) => Kind::Received,
        Payload::RefusedAtIntake(_) => Kind::RefusedAtIntake,
        Payload::HandedOver(_) => Kind::HandedOver,
        Payload::Accepted(_) => Kind::Accepted,
        Payload::Returned(_) => Kind::Returned,
        Payload::Consulted(_) => Kind::Consulted,
        Payload::Answered(_) => Kind::Answered,
        Payload::SupplementRequested(_) => Kind::SupplementRequested,
        Payload::SupplementReceived(_) => Kind::SupplementReceived,
        Payload::PaymentRequested(_) => Kind::PaymentRequested,
        Payload::PaymentMade(_) => Kind::PaymentMade,
        Payload::Appraised(_) => Kind::Appraised,
        Payload::Approved(_) => Kind::Approved,
        Payload::Signed(_) => Kind::Signed,
        Payload::Extended(_) => Kind::Extended,
        Payload::Withdrawn(_) => Kind::Withdrawn,
        Payload::Stopped(_) => Kind::Stopped,
        Payload::ResultIssued(_) => Kind::ResultIssued,
        Payload::ResultReturned(_) => Kind::ResultReturned,
        Payload::Digitised(_) => Kind::Digitised,
        Payload::Rated(_) => Kind::Rated,
        Payload::ProgressReported(_) => Kind::ProgressReported,
        Payload::Linked(_) => Kind::Linked,
        Payload::CivilStatusRegistered(_) => Kind::CivilStatusRegistered,
        Payload::CivilStatusRefused(_) => Kind::CivilStatusRefused,
        Payload::CivilStatusCorrected(_) => Kind::CivilStatusCorrected,
        Payload::CivilStatusExtractIssued(_) => Kind::CivilStatusExtractIssued,
        Payload::PersonalNumberAssigned(_) => Kind::PersonalNumberAssigned,
        Payload::IdentityVerified(_) => Kind::IdentityVerified,
        Payload::IdentityMismatched(_) => Kind::IdentityMismatched,
        Payload::ResidenceRegistered(_) => Kind::ResidenceRegistered,
        Payload::ResidenceRemoved(_) => Kind::ResidenceRemoved,
        Payload::SpecialisedResultIssued(_) => Kind::SpecialisedResultIssued,
        Payload::ParkedReleased(_) => Kind::ParkedReleased,
        Payload::RegisterEntryReported(_) => Kind::RegisterEntryReported,
        Payload::Probe(_) => return None,
    })
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
