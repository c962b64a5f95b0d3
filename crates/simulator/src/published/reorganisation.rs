//! The year 2025 across the reform of 2025-07-01 in one district each of Thanh Hóa, Quảng Ninh,
//! Hải Dương and Hải Phòng: district and commune desks until June, the desks of the new communes
//! from July on, with the real successions of the communes.
//!
//! Two districts' desks were split among the communes of their area, those of Hải Dương and Hải
//! Phòng went to the new Hải Phòng's centre. What was open on the last day was handed on in two of
//! three cases; the rest is still booked at desks that no longer exist.

mod desks;

use super::agencies::{EVE, New, add};
use super::catalogue::Sheet;
use super::life::{self, About, Dossier, Fate, party, said};
use super::population::{Counts, Group, Intake, Numbers, dossiers, report};
use super::service::{How, Limit, Online, Service, Version};
use super::working_days::{WorkingDays, moment};
use super::{Error, Play};
use crate::scenario::TimedEvent;
use desks::agencies;
use jiff::civil::{Date, date};
use lienthong_contract::pb::event::v1::{self as pb, Channel, event::Payload};
use lienthong_contract::time::from_millis;
use lienthong_domain::level::Level;
use rand::rngs::StdRng;
use std::collections::BTreeMap;

const PLACE: &str = "reorganisation-2025";
/// First day of the two tiers.
pub const REFORM: Date = date(2025, 7, 1);
/// Dossiers open on the eve of the reform that a successor took over in its first week.
pub const HANDED_ON: u32 = 160;
/// Dossiers open on the eve of the reform that nobody was told to have taken over.
pub const STRANDED: u32 = 80;
const LAST_OF_DISTRICTS: Date = date(2025, 6, 30);

/// Of each area: the district's desk, the desks of its old communes, those of the new ones.
const AT_DISTRICT: Counts = Counts {
    received: &[Intake {
        of: Online::Full,
        online: 140,
        desk: 60,
        post: 0,
    }],
    digitised: 150,
    settled: 160,
    carried_over: 0,
    on_day: 10,
    late: 5,
    electronic: 100,
    signed: 90,
    result_digitised: 10,
    withdrawn: 5,
    refused: 5,
    in_work: 24,
    overdue: 0,
    paused: 6,
    before: 0,
    after: 0,
};
const AT_OLD_COMMUNES: Counts = Counts {
    received: &[Intake {
        of: Online::Full,
        online: 200,
        desk: 100,
        post: 0,
    }],
    digitised: 200,
    settled: 264,
    in_work: 24,
    withdrawn: 3,
    refused: 3,
    ..AT_DISTRICT
};
const AT_NEW_COMMUNES: Counts = Counts {
    received: &[Intake {
        of: Online::Full,
        online: 250,
        desk: 100,
        post: 0,
    }],
    digitised: 300,
    settled: 320,
    in_work: 17,
    paused: 3,
    ..AT_DISTRICT
};

/// Catalogue and reports.
pub(super) fn play(dice: &mut StdRng) -> Result<Play, Error> {
    let days = WorkingDays::shipped()?;
    let mut sheet = Sheet::new(PLACE);
    let areas = agencies(&mut sheet)?;
    let (of_district, of_commune) = services();
    for service in of_district.iter().chain(&of_commune) {
        sheet.service(service);
    }
    let (mut numbers, mut events) = (Numbers::default(), Vec::new());
    let mut in_flight = 0;
    let first_half = (date(2025, 1, 1), LAST_OF_DISTRICTS);
    for desks in &areas {
        let district = std::slice::from_ref(&desks.district);
        let before = [
            (district, &of_district, AT_DISTRICT),
            (&desks.old[..], &of_commune, AT_OLD_COMMUNES),
        ];
        for (desks_of, services, counts) in before {
            let group = Group {
                place: PLACE,
                desks: desks_of,
                services,
                counts,
                period: first_half,
            };
            for dossier in dossiers(&group, &days, &mut numbers, dice)? {
                life::tell(&dossier, &days, &mut events)?;
                if matches!(dossier.fate, Fate::InWork | Fate::Paused) {
                    in_flight += 1;
                    if in_flight % 3 != 0 {
                        hand_on(&dossier, &desks.successor, &mut events)?;
                    }
                }
            }
        }
        let after = Group {
            place: PLACE,
            desks: &desks.new,
            services: &of_commune,
            counts: AT_NEW_COMMUNES,
            period: (REFORM, date(2025, 12, 31)),
        };
        report(&after, &days, &mut numbers, dice, &mut events)?;
    }
    events.sort_by_key(|event| event.arrival_ms);
    Ok(Play {
        catalogue: sheet.finish(),
        events,
    })
}

/// An agency that ended with the reform without a successor, and a dossier that it still has: what
/// the check for orphans must find.
///
/// # Errors
/// See [`Error`].
pub fn orphan() -> Result<Play, Error> {
    let mut sheet = Sheet::new("orphan");
    let code = add(
        &mut sheet,
        New {
            code: "H56.98.01".to_owned(),
            name: "Bộ phận một cửa không có nơi kế thừa".to_owned(),
            level: Level::District,
            unit: "391",
            parent: "H56",
            from: "",
            to: EVE,
        },
    );
    let about = About {
        code: "H56.98.01-250602-0001",
        source: "urn:lienthong:vn:H56:onestop",
        procedure: "9.900001",
    };
    let received = pb::Received {
        channel: Channel::Desk as i32,
        online_level: 0,
        appointment_time: Some(from_millis(moment(date(2025, 7, 14), 540))),
    };
    let at = moment(date(2025, 6, 2), 540);
    let event = said(&about, 1, (&code, at), "2", Payload::Received(received))?;
    Ok(Play {
        catalogue: sheet.finish(),
        events: vec![event],
    })
}

/// The successor takes the dossier over in the first week and settles it in the third.
fn hand_on(
    dossier: &Dossier<'_>,
    successor: &BTreeMap<String, String>,
    events: &mut Vec<TimedEvent>,
) -> Result<(), Error> {
    let old = dossier.desk.code.as_str();
    let Some(new) = successor.get(old) else {
        return Err(Error::NoUnit(old.to_owned()));
    };
    let about = About {
        code: &dossier.code,
        source: &dossier.desk.source,
        procedure: &dossier.service.code,
    };
    let number = format!("{}-reform", dossier.code);
    let at = |day: i8, minute| moment(date(2025, 7, day), dossier.minute + minute);
    let handed = pb::HandedOver {
        to: party(new),
        handover_id: number.clone(),
        due_time: None,
    };
    let accepted = pb::Accepted {
        from: party(old),
        handover_id: number,
    };
    let issued = pb::ResultIssued {
        electronic: dossier.traits.electronic,
        signed: false,
        file_sha256: String::new(),
    };
    let returned = pb::ResultReturned {
        channel: Channel::Desk as i32,
    };
    let told = [
        (old, at(1, 0), "", Payload::HandedOver(handed)),
        (new, at(2, 0), "4", Payload::Accepted(accepted)),
        (new, at(17, 0), "9", Payload::ResultIssued(issued)),
        (new, at(18, 0), "10", Payload::ResultReturned(returned)),
    ];
    for (n, (agency, at, status, payload)) in (90..).zip(told) {
        events.push(said(&about, n, (agency, at), status, payload)?);
    }
    Ok(())
}

/// Twelve procedures of districts, which ended with them, and twelve of communes.
fn services() -> (Vec<Service>, Vec<Service>) {
    let of = |level: Level, first: usize| {
        (0..12)
            .map(|at| Service {
                code: format!("9.{:06}", first + at),
                name: format!("Thủ tục hành chính số {}", first + at),
                field: at,
                levels: vec![level],
                online: Online::Full,
                versions: vec![Version {
                    from: date(2022, 1, 1),
                    limit: Limit::WorkingDays(3 + 2 * at as u32),
                    how: How::There,
                }],
                abolished: None,
                replaced: None,
                route: &[],
            })
            .collect()
    };
    (of(Level::District, 900_001), of(Level::Commune, 900_101))
}
