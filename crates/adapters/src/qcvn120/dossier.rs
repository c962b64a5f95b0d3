//! `DongBoHoSoMC`: a dossier as a whole, as it stands.
//!
//! A snapshot tells again what earlier ones told; each fact has the id of its content, so that it
//! takes effect once. What was received, asked and supplemented has times of its own. What only
//! the status tells stands at the time its field gives, else at the latest time of the record.
//! A fact that was told once is not told anew when a later snapshot only changes a detail of it,
//! such as the appointment without a supplement.

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
    let supplements = supplements(record, violations);
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
    }
    facts.extend(digitised(record, violations, &times, latest));
    facts.extend(supplements);
    facts.extend(outcome(record, violations, &times, status, latest));
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

/// Papers and results that exist as files.
fn digitised(
    record: &Fields<'_>,
    violations: &mut Violations,
    times: &Times,
    latest: i64,
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let papers = record.list(violations, "TaiLieuNop");
    let mut documents = 0;
    for paper in &papers {
        let kept = !paper.flag(violations, "IsDeleted");
        if kept && paper.flag(violations, "DuocSoHoa") {
            documents += 1;
        }
    }
    if documents == 0 && record.flag(violations, "HoSoCoThanhPhanSoHoa") {
        // The record says that there are some, not how many.
        documents = 1;
    }
    if documents > 0 {
        let payload = Payload::Digitised(pb::Digitised {
            documents,
            result: false,
        });
        facts.push(Fact::new(
            "digitised",
            times.received.unwrap_or(latest),
            payload,
        ));
    }
    let results = result_files(record, violations);
    if results > 0 {
        let payload = Payload::Digitised(pb::Digitised {
            documents: results,
            result: true,
        });
        facts.push(Fact::new(
            "digitised_result",
            times.finished.unwrap_or(latest),
            payload,
        ));
    }
    facts
}

fn result_files(record: &Fields<'_>, violations: &mut Violations) -> u32 {
    let mut files = 0;
    for result in record.list(violations, "DanhSachGiayToKetQua") {
        if !result.text(violations, "DuongDanTepTinKetQua").is_empty() {
            files += 1;
        }
    }
    files
}

/// Each supplement asked for, and each that came in. Entries without number and dates are the
/// empty templates that some systems send.
fn supplements(record: &Fields<'_>, violations: &mut Violations) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (index, entry) in record
        .list(violations, "DanhSachHoSoBoSung")
        .into_iter()
        .enumerate()
    {
        if !entry.says_any(&["HoSoBoSungId", "NgayBoSung", "NgayTiepNhanBoSung"]) {
            continue;
        }
        let supplement_id = entry.text(violations, "HoSoBoSungId");
        let asked = entry.time(violations, "NgayBoSung");
        let came = entry.time(violations, "NgayTiepNhanBoSung");
        let appointment = entry.time(violations, "NgayHenTraMoi");
        let number = if supplement_id.is_empty() {
            index.to_string()
        } else {
            id_part(&supplement_id)
        };
        if asked.is_none() && came.is_none() {
            let fix = "give the time the supplement was asked for";
            violations.add(&entry.path_of("NgayBoSung"), "it is missing", fix);
        }
        if let Some(occurred_ms) = asked {
            let payload = Payload::SupplementRequested(pb::SupplementRequested {
                supplement_id: supplement_id.clone(),
                due_time: None,
            });
            let slug = format!("supplement_requested:{number}");
            facts.push(Fact {
                protected: people::officer(
                    &entry,
                    violations,
                    "NguoiYeuCauBoSung",
                    &["NoiDungBoSung"],
                ),
                ..Fact::new(slug, occurred_ms, payload)
            });
        }
        if let Some(occurred_ms) = came {
            let payload = Payload::SupplementReceived(pb::SupplementReceived {
                supplement_id,
                appointment_time: appointment.map(from_millis),
            });
            let slug = format!("supplement_received:{number}");
            facts.push(Fact {
                protected: people::officer(
                    &entry,
                    violations,
                    "NguoiTiepNhanBoSung",
                    &["ThongTinTiepNhan"],
                ),
                ..Fact::new(slug, occurred_ms, payload)
            });
        }
    }
    facts
}

/// What the status says beyond intake and supplements.
fn outcome(
    record: &Fields<'_>,
    violations: &mut Violations,
    times: &Times,
    status: PortalStatus,
    latest: i64,
) -> Vec<Fact> {
    let ended = times.finished.unwrap_or(latest);
    let fact = |slug: &str, occurred_ms, payload| vec![Fact::new(slug, occurred_ms, payload)];
    match status {
        PortalStatus::PaymentRequested => {
            let payload = Payload::PaymentRequested(pb::PaymentRequested {
                amount_vnd: fees(record, violations),
                ..Default::default()
            });
            fact("payment_requested", latest, payload)
        }
        PortalStatus::Withdrawn => {
            let payload = Payload::Withdrawn(pb::Withdrawn::default());
            fact("withdrawn", times.returned.unwrap_or(ended), payload)
        }
        PortalStatus::Stopped => fact("stopped", ended, Payload::Stopped(pb::Stopped::default())),
        PortalStatus::Processed => vec![issued(record, violations, ended)],
        PortalStatus::Returned => {
            let channel = returning(record, violations).into();
            let payload = Payload::ResultReturned(pb::ResultReturned { channel });
            let returned = Fact::new("result_returned", times.returned.unwrap_or(latest), payload);
            let issued = times.finished.map(|at| issued(record, violations, at));
            issued.into_iter().chain([returned]).collect()
        }
        _ => Vec::new(),
    }
}

fn issued(record: &Fields<'_>, violations: &mut Violations, occurred_ms: i64) -> Fact {
    let payload = Payload::ResultIssued(pb::ResultIssued {
        electronic: result_files(record, violations) > 0,
        ..Default::default()
    });
    Fact::new("result_issued", occurred_ms, payload)
}

/// The fees and charges in whole dong.
fn fees(record: &Fields<'_>, violations: &mut Violations) -> i64 {
    let mut sum: i64 = 0;
    for fee in record.list(violations, "DanhSachLePhi") {
        let text = fee.text(violations, "Gia");
        match text.strip_suffix(".0").unwrap_or(&text).parse::<u32>() {
            Ok(amount) => sum = sum.saturating_add(i64::from(amount)),
            Err(_) if text.is_empty() => {}
            Err(_) => {
                let fix = "write the amount in digits alone, such as 50000";
                violations.add(
                    &fee.path_of("Gia"),
                    "it is not an amount in whole dong",
                    fix,
                );
            }
        }
    }
    sum
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
