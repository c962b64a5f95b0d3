//! A year of dossiers of the whole country, for benchmarks: agencies over every commune and
//! province in force, procedures with limits, and five events a dossier, all from its number.
//!
//! Of 100 dossiers 8 are open, 2 of them overdue; 10 belong to an interconnected case of two, one
//! in five of those tied by a link that comes late. Agency and procedure codes are made up.

use lienthong_contract::pb::event::v1::{
    self as event, Channel, Header, OnlineLevel, SourceStatus, linked::Relation,
};
use lienthong_contract::pb::onestop::v1::{
    DossierEvent, StreamEventsRequest, dossier_event::Payload,
};
use lienthong_contract::reference::{LoadError, registry};
use lienthong_contract::time::from_millis;
use lienthong_domain::level::Level;
use lienthong_domain::path::day::{day, day_number};
use prost::Message as _;
use std::fmt::Write as _;

/// Events of a dossier.
pub const EVENTS_A_DOSSIER: u64 = 5;
/// Most different procedures.
const PROCEDURES: u64 = 40;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;
/// Days in which dossiers are received.
const YEAR: u64 = 364;

/// Who there is.
pub struct Country {
    /// Agency codes of commune desks.
    desks: Vec<String>,
    /// Codes of provinces.
    pub provinces: Vec<String>,
    /// The table of agencies, CSV.
    pub agencies: String,
    /// The table of procedures, CSV.
    pub procedures: String,
    /// The present: milliseconds since the Unix epoch at the end of the year of data.
    pub now_ms: i64,
}

impl Country {
    /// The country on the day of `now_ms`.
    ///
    /// # Errors
    /// If the shipped units do not load.
    pub fn at(now_ms: i64) -> Result<Self, LoadError> {
        let registry = registry(&[])?;
        let units = registry.units();
        let day = day(day_number(now_ms));
        let mut agencies = String::from("code,name,level,unit_code,parent,from,to\n");
        let mut provinces = Vec::new();
        for province in units.in_force(Level::Province, day) {
            let code = &province.code;
            let _ = writeln!(
                agencies,
                "P{code},Province {code},province,{code},,2025-07-01,"
            );
            for (number, kind) in [("01", "land office"), ("02", "tax")] {
                let _ = writeln!(
                    agencies,
                    "P{code}.{number},The {kind} of {code},province,{code},P{code},2025-07-01,"
                );
            }
            provinces.push(code.clone());
        }
        let mut desks = Vec::new();
        for commune in units.in_force(Level::Commune, day) {
            let (code, province) = (&commune.code, commune.parent.as_deref().unwrap_or_default());
            let desk = format!("P{province}.{code}");
            let _ = writeln!(
                agencies,
                "{desk},Desk of {code},commune,{code},P{province},2025-07-01,"
            );
            desks.push(desk);
        }
        Ok(Self {
            desks,
            provinces,
            agencies,
            procedures: procedures(),
            now_ms,
        })
    }

    /// The dossier of a number, and what it is like.
    fn dossier(&self, number: u64) -> Dossier<'_> {
        // Two dossiers of one case have neighbouring numbers.
        let dice = mix(number);
        let tied = (number / 2).is_multiple_of(10);
        let late_link = tied && (number / 20).is_multiple_of(5);
        let procedure = dice % PROCEDURES;
        let limit = limit_of(procedure);
        let fate = match (dice >> 8) % 100 {
            0..=1 => Fate::Overdue,
            2..=7 => Fate::Open,
            8..=10 => Fate::Late,
            _ => Fate::Settled,
        };
        // Received so many days ago that what became of it has happened by now.
        let back = match fate {
            Fate::Open => 1 + (dice >> 20) % (limit / 2 + 1),
            _ => 2 * limit + 6 + (dice >> 20) % (YEAR - 2 * limit - 6),
        };
        let minute = 450 + ((dice >> 40) % 500) as i64;
        let midnight =
            (self.now_ms + 7 * 60 * MINUTE_MS).div_euclid(DAY_MS) * DAY_MS - 7 * 60 * MINUTE_MS;
        Dossier {
            number,
            desk: &self.desks[(mix(dice) % self.desks.len() as u64) as usize],
            received_ms: midnight - back as i64 * DAY_MS + minute * MINUTE_MS,
            procedure,
            limit,
            fate,
            tied,
            late_link,
        }
    }

    /// The code of a dossier.
    pub fn code(&self, number: u64) -> String {
        code(&self.dossier(number))
    }

    /// Stream messages of the events of the dossiers `first..first + count`.
    pub fn messages(&self, first: u64, count: u64) -> Vec<bytes::Bytes> {
        (first..first + count)
            .flat_map(|number| self.events(number))
            .map(|event| {
                StreamEventsRequest { event: Some(event) }
                    .encode_to_vec()
                    .into()
            })
            .collect()
    }

    /// The five events of a dossier.
    pub fn events(&self, number: u64) -> [DossierEvent; 5] {
        let dossier = self.dossier(number);
        let limit_ms = dossier.limit as i64 * DAY_MS;
        let online = number % 10 < 8;
        let first = Payload::Received(event::Received {
            channel: if online {
                Channel::Online as i32
            } else {
                Channel::Desk as i32
            },
            online_level: if online {
                OnlineLevel::Full as i32
            } else {
                OnlineLevel::Unspecified as i32
            },
            appointment_time: Some(from_millis(dossier.received_ms + limit_ms * 7 / 5)),
        });
        let digitised = Payload::Digitised(event::Digitised {
            documents: 3,
            result: false,
            file_sha256: String::new(),
        });
        let appraised = Payload::Appraised(event::Appraised { passed: true });
        let issued = Payload::ResultIssued(event::ResultIssued {
            electronic: !number.is_multiple_of(20),
            signed: number % 20 > 1,
            file_sha256: String::new(),
        });
        let returned = Payload::ResultReturned(event::ResultReturned {
            channel: Channel::Online as i32,
        });
        let third = if dossier.late_link {
            Payload::Linked(event::Linked {
                relation: Relation::Case as i32,
                code: case_code(number),
                revoked: false,
            })
        } else {
            appraised
        };
        let hour = 60 * MINUTE_MS;
        let took = match dossier.fate {
            Fate::Late => limit_ms * 7 / 5 + 3 * DAY_MS,
            _ => limit_ms / 2,
        };
        let (fourth, fifth) = match dossier.fate {
            Fate::Open | Fate::Overdue => (
                (hour, "4", handed_over(&dossier)),
                (2 * hour, "4", accepted(&dossier)),
            ),
            Fate::Settled | Fate::Late => ((took, "9", issued), (took + hour, "10", returned)),
        };
        let told = [
            (0, "2", first),
            (5 * MINUTE_MS, "", digitised),
            (20 * MINUTE_MS, "", third),
            fourth,
            fifth,
        ];
        let mut step = 0;
        told.map(|(after, status, payload)| {
            step += 1;
            said(&dossier, step, after, status, payload)
        })
    }
}

/// What a dossier is like.
struct Dossier<'a> {
    number: u64,
    desk: &'a str,
    received_ms: i64,
    procedure: u64,
    /// Working days.
    limit: u64,
    fate: Fate,
    tied: bool,
    late_link: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Settled,
    Late,
    Open,
    Overdue,
}

fn said(
    dossier: &Dossier<'_>,
    step: u32,
    after_ms: i64,
    status: &str,
    payload: Payload,
) -> DossierEvent {
    let acts = match payload {
        Payload::Accepted(_) => land_office(dossier),
        _ => dossier.desk.to_owned(),
    };
    let named = dossier.tied && !dossier.late_link;
    DossierEvent {
        header: Some(Header {
            id: format!("c{}-{step}", dossier.number),
            source: "urn:lienthong:vn:G22:onestop".into(),
            dossier_code: code(dossier),
            case_code: if named {
                case_code(dossier.number)
            } else {
                String::new()
            },
            procedure_code: procedure_code(dossier.procedure),
            agency_code: acts,
            occurred_time: Some(from_millis(dossier.received_ms + after_ms)),
            sequence: step,
            source_status: (!status.is_empty()).then(|| SourceStatus {
                system: "DVCQG".into(),
                code: status.into(),
            }),
            ..Header::default()
        }),
        payload: Some(payload),
    }
}

fn handed_over(dossier: &Dossier<'_>) -> Payload {
    Payload::HandedOver(event::HandedOver {
        to: party(land_office(dossier)),
        handover_id: format!("b{}", dossier.number),
        due_time: None,
    })
}

fn accepted(dossier: &Dossier<'_>) -> Payload {
    Payload::Accepted(event::Accepted {
        from: party(dossier.desk.to_owned()),
        handover_id: format!("b{}", dossier.number),
    })
}

fn party(agency_code: String) -> Option<event::Party> {
    Some(event::Party {
        agency_code,
        unit_code: String::new(),
    })
}

fn land_office(dossier: &Dossier<'_>) -> String {
    let province = dossier.desk.split('.').next().unwrap_or_default();
    format!("{province}.01")
}

fn code(dossier: &Dossier<'_>) -> String {
    format!("{}-260101-{:08}", dossier.desk, dossier.number)
}

fn case_code(number: u64) -> String {
    format!("LT-{:08}", number / 2)
}

fn procedure_code(procedure: u64) -> String {
    format!("9.{:06}", 700_001 + procedure)
}

/// 3 to 20 working days.
fn limit_of(procedure: u64) -> u64 {
    3 + procedure % 18
}

fn procedures() -> String {
    let mut table = String::from(
        "code,name,field_code,field_name,levels,online,limit_amount,limit_unit,same_day_before,legal_basis,from,to,change,replaces\n",
    );
    for procedure in 0..PROCEDURES {
        let field = procedure % 12;
        let _ = writeln!(
            table,
            "{},Procedure {procedure},LV{field:02},Field {field},commune,full,{},working_days,,,2025-07-01,,,",
            procedure_code(procedure),
            limit_of(procedure)
        );
    }
    table
}

/// A number scattered over all 64 bits (splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 2026-11-20T16:00:00+07:00.
    const NOW_MS: i64 = 1_795_165_200_000;

    #[test]
    fn the_country_has_every_commune_and_its_dossiers_are_as_promised() {
        let country = Country::at(NOW_MS).unwrap();
        assert_eq!(country.provinces.len(), 34);
        assert_eq!(country.desks.len(), 3_321);
        let all = 100_000;
        let dossiers: Vec<Dossier<'_>> = (0..all).map(|number| country.dossier(number)).collect();
        let share = |is: &dyn Fn(&Dossier<'_>) -> bool| {
            dossiers.iter().filter(|dossier| is(dossier)).count() as f64 / all as f64
        };
        let open = share(&|one| matches!(one.fate, Fate::Open | Fate::Overdue));
        assert!((0.075..0.085).contains(&open), "{open}");
        let overdue = share(&|one| one.fate == Fate::Overdue);
        assert!((0.018..0.022).contains(&overdue), "{overdue}");
        assert!((share(&|one| one.tied) - 0.1).abs() < 0.001);
        assert!((share(&|one| one.late_link) - 0.02).abs() < 0.001);
        let desks: std::collections::HashSet<&str> =
            dossiers.iter().map(|dossier| dossier.desk).collect();
        assert!(desks.len() > 3_300, "{} desks", desks.len());
        for dossier in &dossiers {
            let days = (NOW_MS - dossier.received_ms) / DAY_MS;
            assert!((0..YEAR as i64 + 1).contains(&days), "{days} days ago");
        }
        let events = country.events(7);
        let last = events[4].header.as_ref().unwrap();
        assert!(last.occurred_time.unwrap().seconds * 1_000 < NOW_MS);
    }
}
