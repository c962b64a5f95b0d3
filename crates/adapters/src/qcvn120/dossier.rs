//! `DongBoHoSoMC`: a dossier as a whole, as it stands.
//!
//! A snapshot tells again what earlier ones told; each fact has the id of its content, so that it
//! takes effect once. What was received, asked and supplemented has times of its own. What only
//! the status tells stands at the time its field gives, else at the latest time of the record.
//! A fact that was told once is not told anew when a later snapshot only changes a detail of it,
//! such as the appointment without a supplement.

mod files;
mod outcome;
mod supplement;

use super::fact::{Fact, id_part};
use super::fields::Fields;
use super::packet::Reading;
use super::people;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{self as pb, Channel, SourceStatus, event::Payload};
use lienthong_contract::time::from_millis;
use lienthong_domain::status::PortalStatus;

/// The times of a record, in milliseconds since the Unix epoch.
struct Times {
    submitted: Option<i64>,
    received: Option<i64>,
    due: Option<i64>,
    refused: Option<i64>,
    finished: Option<i64>,
    returned: Option<i64>,
}

/// The facts that a snapshot tells.
pub fn facts(record: &Fields<'_>, reading: &mut Reading<'_>) -> Vec<Fact> {
    let status = reading.status(record, "TrangThaiHoSo");
    let violations = &mut reading.violations;
    let times = times(record, violations);
    let channel = channel(record, violations);
    let person = people::applicant(record, violations);
    let seen = people::observed(record, violations);
    let supplements = supplement::facts(record, violations);
    let Some((told, status)) = status else {
        return Vec::new();
    };
    let Some(latest) = latest(&times, &supplements) else {
        let fix = "give the time the dossier was taken in";
        violations.add(&record.path_of("NgayTiepNhan"), "it is missing", fix);
        return Vec::new();
    };
    let mut facts = intake(&times, status, channel, latest, record, violations);
    if let Some(taken_in) = facts.last_mut() {
        taken_in.protected = person;
        taken_in.observed = seen;
    }
    facts.extend(files::facts(record, violations, &times, latest));
    facts.extend(supplements);
    facts.extend(outcome::facts(record, violations, &times, status, latest));
    carry(&mut facts, told, status, latest);
    facts
}

fn times(record: &Fields<'_>, violations: &mut Violations) -> Times {
    let mut time = |name| record.time(violations, name);
    Times {
        submitted: time("NgayNopHoSo"),
        received: time("NgayTiepNhan"),
        due: time("NgayHenTra"),
        refused: time("NgayTuChoi"),
        finished: time("NgayKetThucXuLy"),
        returned: time("NgayTra"),
    }
}

/// The latest time the record tells of something that has happened.
fn latest(times: &Times, supplements: &[Fact]) -> Option<i64> {
    let own = [
        times.submitted,
        times.received,
        times.refused,
        times.finished,
        times.returned,
    ];
    let asked = supplements.iter().map(|fact| Some(fact.occurred_ms));
    own.into_iter().chain(asked).flatten().max()
}

/// `KenhThucHien`, else what `HinhThuc` and `MaDoiTuong` (which only online dossiers have) say.
fn channel(record: &Fields<'_>, violations: &mut Violations) -> Channel {
    let told = record.text(violations, "KenhThucHien");
    let known = match told.as_str() {
        "" => None,
        "1" => Some(Channel::Desk),
        "2" => Some(Channel::Online),
        "3" => Some(Channel::Post),
        _ => {
            let fix = "give 1 (desk), 2 (online) or 3 (public post)";
            violations.add(&record.path_of("KenhThucHien"), "it is not 1, 2 or 3", fix);
            return Channel::Unspecified;
        }
    };
    if let Some(channel) = known {
        return channel;
    }
    let returns = returning(record, violations);
    if record.text(violations, "MaDoiTuong").is_empty() {
        returns
    } else {
        Channel::Online
    }
}

/// `HinhThuc`: how the applicant and the desk meet.
fn returning(record: &Fields<'_>, violations: &mut Violations) -> Channel {
    match record.text(violations, "HinhThuc").as_str() {
        "0" => Channel::Desk,
        "1" => Channel::Post,
        text => {
            let what = if text.is_empty() {
                "it is missing"
            } else {
                "it is not 0 or 1"
            };
            let fix = "give 0 (at the desk) or 1 (by post)";
            violations.add(&record.path_of("HinhThuc"), what, fix);
            Channel::Unspecified
        }
    }
}

/// Submitted, and received or refused. A dossier of status 1 is not received yet, one of status 3
/// never was, although the packet has a `NgayTiepNhan`.
fn intake(
    times: &Times,
    status: PortalStatus,
    channel: Channel,
    latest: i64,
    record: &Fields<'_>,
    violations: &mut Violations,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let submitted = match status {
        PortalStatus::Submitted => times.submitted.or(times.received).or(Some(latest)),
        _ => times.submitted,
    };
    if let Some(occurred_ms) = submitted {
        let payload = Payload::Submitted(pb::Submitted {
            channel: channel.into(),
            ..Default::default()
        });
        facts.push(Fact::new("submitted", occurred_ms, payload));
    }
    match (status, times.received) {
        (PortalStatus::Submitted, _) => {}
        (PortalStatus::Refused, _) => {
            let occurred_ms = times.refused.or(times.finished).unwrap_or(latest);
            let payload = Payload::RefusedAtIntake(pb::RefusedAtIntake::default());
            facts.push(Fact::new("refused_at_intake", occurred_ms, payload));
        }
        (_, Some(occurred_ms)) => {
            let payload = Payload::Received(pb::Received {
                channel: channel.into(),
                appointment_time: times.due.map(from_millis),
                ..Default::default()
            });
            facts.push(Fact::new("received", occurred_ms, payload));
        }
        (_, None) => {
            let fix = "give the time the dossier was taken in";
            violations.add(&record.path_of("NgayTiepNhan"), "it is missing", fix);
        }
    }
    facts
}

/// Puts the status on the fact that tells it; on a step of progress of its own if none does.
fn carry(facts: &mut Vec<Fact>, told: SourceStatus, status: PortalStatus, latest: i64) {
    let tells = |payload: &Payload| match status {
        PortalStatus::Submitted => matches!(payload, Payload::Submitted(_)),
        PortalStatus::Received => matches!(payload, Payload::Received(_)),
        PortalStatus::Refused => matches!(payload, Payload::RefusedAtIntake(_)),
        PortalStatus::Processing => false,
        PortalStatus::SupplementRequested => matches!(payload, Payload::SupplementRequested(_)),
        PortalStatus::PaymentRequested => matches!(payload, Payload::PaymentRequested(_)),
        PortalStatus::Withdrawn => matches!(payload, Payload::Withdrawn(_)),
        PortalStatus::Stopped => matches!(payload, Payload::Stopped(_)),
        PortalStatus::Processed => matches!(payload, Payload::ResultIssued(_)),
        PortalStatus::Returned => matches!(payload, Payload::ResultReturned(_)),
    };
    let carriers = facts.iter_mut().filter(|fact| tells(&fact.payload));
    if let Some(carrier) = carriers.max_by_key(|fact| fact.occurred_ms) {
        carrier.status = Some(told);
        return;
    }
    let payload = match status {
        PortalStatus::SupplementRequested => {
            Payload::SupplementRequested(pb::SupplementRequested::default())
        }
        _ => Payload::ProgressReported(pb::ProgressReported {
            step: format!("status-{}", told.code),
            ..Default::default()
        }),
    };
    facts.push(Fact {
        slug: format!("status:{}", id_part(&told.code)),
        status: Some(told),
        ..Fact::new("", latest, payload)
    });
}
