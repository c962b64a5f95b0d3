//! Random events with everything that figures count, over some weeks, and reference data under
//! which places change in the midst of them.

use super::events::{MORNING_MS, Told};
use super::strategies::all_told;
use lienthong_contract::pb::event::v1::{self as pb, event::Payload};
use lienthong_contract::reference::demo;
use lienthong_contract::time::from_millis;
use lienthong_domain::agency::{AgencyRow, AgencySuccessionRow, Registry};
use lienthong_domain::reference::Reference;
use lienthong_domain::unit::{SuccessionRow, UnitRow, Units};
use proptest::prelude::*;

/// The day on which units and agencies change.
pub const CHANGE: &str = "2026-05-14";

fn deed(number: u8, channel: i32, yes: bool, hours: i64) -> Option<Payload> {
    let due_time = Some(from_millis(MORNING_MS + hours * 3_600_000));
    Some(match number {
        0 => Payload::Submitted(pb::Submitted {
            channel,
            ..pb::Submitted::default()
        }),
        1..=5 => Payload::Received(pb::Received {
            channel,
            online_level: if yes { channel % 3 } else { 0 },
            appointment_time: due_time.filter(|_| yes),
        }),
        6 => Payload::RefusedAtIntake(pb::RefusedAtIntake::default()),
        7 => Payload::SupplementRequested(pb::SupplementRequested::default()),
        8 => Payload::SupplementReceived(pb::SupplementReceived::default()),
        9 => Payload::PaymentMade(pb::PaymentMade {
            online: yes,
            ..pb::PaymentMade::default()
        }),
        10 => Payload::Extended(pb::Extended {
            due_time,
            apology_sent: yes,
            ..pb::Extended::default()
        }),
        11 => Payload::Withdrawn(pb::Withdrawn::default()),
        12 => Payload::Stopped(pb::Stopped::default()),
        13 | 14 => Payload::ResultIssued(pb::ResultIssued {
            electronic: yes,
            signed: channel == 1,
            ..pb::ResultIssued::default()
        }),
        15 => Payload::ResultReturned(pb::ResultReturned { channel }),
        16 => Payload::Digitised(pb::Digitised {
            result: yes,
            ..pb::Digitised::default()
        }),
        17 => Payload::Rated(pb::Rated {
            score: channel as u32 + 1,
        }),
        _ => return None,
    })
}

/// Events as [`all_told`] gives them, over three weeks, most of them with something to count.
pub fn all_deeds() -> impl Strategy<Value = Vec<Told>> {
    let deeds = prop::collection::vec((0..24u8, 0..5i32, any::<bool>(), 0..500i64), 80);
    (all_told(), deeds).prop_map(|(mut told, deeds)| {
        for (told, (number, channel, yes, hours)) in told.iter_mut().zip(deeds) {
            told.minute *= 60;
            // A duplicate has its id from the event before, and must say the same.
            let is_link = matches!(told.payload, Payload::Linked(_));
            if let Some(payload) = deed(number, channel, yes, hours).filter(|_| !is_link) {
                told.payload = payload;
                if told.status > 4 && number < 12 {
                    told.status = 0;
                }
            }
        }
        let mut seen: Vec<Told> = Vec::new();
        for told in &mut told {
            match seen.iter().find(|known| known.id == told.id) {
                Some(known) => *told = known.clone(),
                None => seen.push(told.clone()),
            }
        }
        told
    })
}

/// Reference data of the random agencies: on [`CHANGE`] the commune of H56.01 is divided between
/// two provinces, that of H56.03 moves to another code, and H56.03 becomes part of H56.01. G01
/// serves the whole country; X99 is in no table.
pub fn changing() -> Reference {
    let unit = |code, level, parent, from, to| UnitRow {
        code,
        level,
        name: code,
        parent,
        from,
        to,
    };
    let (eve, on) = ("2026-05-13", CHANGE);
    let units = [
        unit("38", "province", "", "", ""),
        unit("40", "province", "", "", ""),
        unit("38501", "commune", "38", "", eve),
        unit("38502", "commune", "38", "", eve),
        unit("38511", "commune", "38", on, ""),
        unit("40511", "commune", "40", on, ""),
        unit("38502", "commune", "40", on, ""),
    ];
    let became = |old, new| SuccessionRow { old, new, on };
    let successions = [
        became("38501", "38511"),
        became("38501", "40511"),
        became("38502", "38502"),
    ];
    let agency = |code, level, unit_code, from, to| AgencyRow {
        code,
        name: code,
        level,
        unit_code,
        parent: "",
        from,
        to,
    };
    let agencies = [
        agency("H56.01", "commune", "38501", "", eve),
        agency("H56.01", "commune", "38511", on, ""),
        agency("H56.03", "commune", "38502", "", eve),
        agency("G01", "ministry", "", "", ""),
    ];
    let merged = AgencySuccessionRow {
        old: "H56.03",
        new: "H56.01",
        on,
        kind: "merged",
    };
    let units = Units::new(&units).unwrap();
    let units = units.with_successions(&successions).unwrap();
    let registry = Registry::new(units, &agencies).unwrap();
    Reference {
        registry: registry.with_successions(&[merged]).unwrap(),
        version: "changing".to_owned(),
        ..demo().unwrap()
    }
}
