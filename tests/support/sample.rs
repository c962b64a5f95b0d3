//! Made-up events: about 350 bytes and 13 fields, as MEASURED asks for.

use crate::facts::Fact;
use lienthong_contract::pb::event::v1 as event;
use lienthong_contract::pb::onestop::v1::{DossierEvent, dossier_event::Payload};
use lienthong_contract::time::from_millis;
use lienthong_simulator::system::System;
use prost::Message as _;

/// 2026-10-08T00:00:00Z, in milliseconds.
pub const START_MS: i64 = 1_791_417_600_000;
/// Events a case has in the benchmarks.
pub const EVENTS_A_CASE: u64 = 5;

/// The n-th event of a run: case n / 5, step n mod 5. `run` keeps the ids of one run apart
/// from those of another. Cases stay open.
pub fn event(run: &str, number: u64) -> DossierEvent {
    event_of(run, number / EVENTS_A_CASE, number % EVENTS_A_CASE)
}

/// A certain step, 0 to 4, of a certain case.
pub fn event_of(run: &str, case: u64, step: u64) -> DossierEvent {
    let office = case % 10;
    let desk = format!("H56.15.{:02}", office + 1);
    let (agency, unit, payload) = match step {
        0 => (
            desk.clone(),
            "MC",
            Payload::Submitted(event::Submitted {
                channel: event::Channel::Online as i32,
                online_level: event::OnlineLevel::Full as i32,
            }),
        ),
        1 => (
            desk.clone(),
            "MC",
            Payload::Received(event::Received {
                channel: event::Channel::Online as i32,
                online_level: event::OnlineLevel::Full as i32,
                appointment_time: Some(from_millis(START_MS + 259_200_000)),
            }),
        ),
        2 => (
            desk.clone(),
            "MC",
            Payload::HandedOver(event::HandedOver {
                to: Some(event::Party {
                    agency_code: "H56.03".into(),
                    unit_code: "HT".into(),
                }),
                handover_id: format!("B{case}"),
                due_time: None,
            }),
        ),
        3 => (
            "H56.03".into(),
            "HT",
            Payload::Accepted(event::Accepted {
                from: Some(event::Party {
                    agency_code: desk.clone(),
                    unit_code: "MC".into(),
                }),
                handover_id: format!("B{case}"),
            }),
        ),
        _ => (
            "H56.03".into(),
            "HT",
            Payload::Appraised(event::Appraised { passed: true }),
        ),
    };
    DossierEvent {
        header: Some(event::Header {
            id: format!("{run}-{case}-{step}"),
            source: "urn:lienthong:vn:H56:onestop".into(),
            dossier_code: format!("{desk}-261008-{case:08}"),
            case_code: String::new(),
            procedure_code: "1.001193.000.00.00.H56".into(),
            agency_code: agency,
            unit_code: unit.into(),
            occurred_time: Some(from_millis(
                START_MS + (case % 86_400) as i64 * 1_000 + step as i64 * 600_000,
            )),
            sequence: step as u32 + 1,
            source_status: Some(event::SourceStatus {
                system: "DVCQG".into(),
                code: if step < 2 { "2" } else { "4" }.into(),
            }),
            correlation_id: format!("c-{run}-{case}"),
            causation_id: String::new(),
            sent_time: None,
            protected: Some(event::Protected {
                persons: vec![event::Person {
                    role: "applicant".into(),
                    full_name: "Nguyen Van Mau".into(),
                    identity_number: format!("038{:09}", case % 1_000_000_000),
                    birth_date: "1990-05-01".into(),
                    phone_number: "0912000000".into(),
                    address: "Thon 1, xa Ham Rong, tinh Thanh Hoa".into(),
                    ..Default::default()
                }],
                notes: vec!["Ho so nop truc tuyen, da kiem tra thanh phan, chuyen xu ly".into()],
            }),
        }),
        payload: Some(payload),
    }
}

/// The n-th event of a run as a fact for tests that speak to any adapter.
pub fn fact(run: &str, number: u64) -> Fact {
    let encoded = event(run, number).encode_to_vec();
    Fact {
        system: System::Onestop,
        // Field numbers of `DossierEvent` are those of `Event`.
        event: event::Event::decode(&encoded[..]).unwrap_or_default(),
    }
}

/// The dossier code of a case of [`event_of`].
pub fn dossier_code(case: u64) -> String {
    format!("H56.15.{:02}-261008-{case:08}", case % 10 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_event_has_about_350_bytes() {
        let sizes: Vec<usize> = (0..5)
            .map(|step| event("bench", step).encoded_len())
            .collect();
        let mean = sizes.iter().sum::<usize>() / sizes.len();
        assert!((300..=400).contains(&mean), "{sizes:?}");
    }
}
