//! What the status of a dossier tells beyond its intake and supplements.

use super::{Times, files, returning};
use crate::qcvn120::fact::Fact;
use crate::qcvn120::fields::Fields;
use lienthong_contract::check::Violations;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_domain::status::PortalStatus;

/// The fact that a status tells, at the time that its field gives.
pub fn facts(
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
        electronic: files::result_files(record, violations) > 0,
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
