//! Hải Hà district of Quảng Ninh in the first half of 2024: the district's centre and eleven
//! commune desks, and a neighbour whose dossiers are no part of its figures.
//!
//! Its report gives, for the end of June 2024, 366 procedures in 57 fields at the centre and 122 in
//! 28 fields at commune desks, 48 of them interconnected (16 horizontal, 32 vertical); for the half
//! year 8 new, 4 replaced, 14 amended and 8 abolished procedures, 12,034 dossiers settled at the
//! centre and 3,335 at commune desks, none late, and 3,341 of 3,346 received online, which is taken
//! for what commune desks received.

mod counts;

use super::agencies::{EVE, New, add, communes_of, desk, units};
use super::catalogue::Sheet;
use super::population::{self, Group};
use super::service::{Desk, How, Limit, Online, Route, Service, Version};
use super::{Error, Play};
use counts::{CENTRE, COMMUNES, NEIGHBOUR};
use jiff::civil::{Date, date};
use lienthong_domain::level::Level;
use rand::RngExt;
use rand::rngs::StdRng;

const PLACE: &str = "hai-ha-2024h1";
const PERIOD: (Date, Date) = (date(2024, 1, 1), date(2024, 6, 30));
/// First day of what was there before.
const LONG_AGO: Date = date(2022, 1, 1);
const PROVINCE: &str = "H49";

const LAND: Route = &[(Level::District, "land-office"), (Level::District, "tax")];
const SPECIALISED: Route = &[(Level::District, "specialised")];
const POLICE: Route = &[(Level::Commune, "police")];
const DEPARTMENT: Route = &[(Level::Province, "department")];
const UPWARDS: Route = &[
    (Level::District, "specialised"),
    (Level::Province, "department"),
];
const TO_DISTRICT: Route = &[(Level::District, "specialised")];

/// Procedures settled at the same levels.
struct Shelf {
    levels: &'static [Level],
    /// In force when the period begins and when it ends, changed by none of what follows.
    steady: usize,
    amended: usize,
    replaced: usize,
    new: usize,
    abolished: usize,
    /// Fields they are spread over: the first, and how many.
    fields: (usize, usize),
    /// How many of the steady ones take which route.
    routes: &'static [(Route, usize)],
}

/// District only, both levels, commune only: 346 + 20 + 102 on the last day.
const SHELVES: [Shelf; 3] = [
    Shelf {
        levels: &[Level::District],
        steady: 327,
        amended: 10,
        replaced: 3,
        new: 6,
        abolished: 5,
        fields: (0, 57),
        routes: &[(LAND, 8), (SPECIALISED, 4), (DEPARTMENT, 12), (UPWARDS, 8)],
    },
    Shelf {
        levels: &[Level::Commune, Level::District],
        steady: 20,
        amended: 0,
        replaced: 0,
        new: 0,
        abolished: 0,
        fields: (20, 28),
        routes: &[],
    },
    Shelf {
        levels: &[Level::Commune],
        steady: 95,
        amended: 4,
        replaced: 1,
        new: 2,
        abolished: 3,
        fields: (20, 28),
        routes: &[(POLICE, 4), (TO_DISTRICT, 12)],
    },
];

/// Catalogue and reports.
pub(super) fn play(dice: &mut StdRng) -> Result<Play, Error> {
    let mut sheet = Sheet::new(PLACE);
    let (centre, communes, neighbour) = agencies(&mut sheet)?;
    let services = services(dice);
    for service in &services {
        sheet.service(service);
    }
    let at = |level: Level| -> Vec<Service> {
        let settled = services.iter();
        let settled = settled.filter(|service| service.levels.contains(&level));
        settled.cloned().collect()
    };
    let (of_district, of_commune) = (at(Level::District), at(Level::Commune));
    let group = |place, desks, services, counts| Group {
        place,
        desks,
        services,
        counts,
        period: PERIOD,
    };
    let groups = [
        group(
            PLACE,
            std::slice::from_ref(&centre),
            &of_district[..],
            CENTRE,
        ),
        group(PLACE, &communes[..], &of_commune[..], COMMUNES),
        group(
            "neighbour",
            std::slice::from_ref(&neighbour),
            &of_district[..],
            NEIGHBOUR,
        ),
    ];
    population::play(sheet, &groups, dice)
}

/// The centre, the commune desks, and the centre of the district beside it.
fn agencies(sheet: &mut Sheet) -> Result<(Desk, Vec<Desk>, Desk), Error> {
    let units = units()?;
    let day = PERIOD.1;
    let mut of_province = |code: &str, name: &str, parent: &str| {
        add(
            sheet,
            New {
                code: code.to_owned(),
                name: name.to_owned(),
                level: Level::Province,
                unit: "22",
                parent,
                from: "",
                to: "",
            },
        )
    };
    of_province(PROVINCE, "Ủy ban nhân dân tỉnh Quảng Ninh", "");
    let department = of_province(
        "H49.68",
        "Sở Tài nguyên và Môi trường tỉnh Quảng Ninh",
        PROVINCE,
    );
    let mut desks = Vec::new();
    let mut communes = Vec::new();
    for (district, group) in [("201", "40"), ("200", "39")] {
        let unit = super::agencies::unit(&units, district, day)?;
        let mut of_district = |number: &str, name: &str| {
            add(
                sheet,
                New {
                    code: format!("{PROVINCE}.{group}.{number}"),
                    name: format!("{name} {}", unit.name),
                    level: Level::District,
                    unit: district,
                    parent: PROVINCE,
                    from: "",
                    to: EVE,
                },
            )
        };
        let centre = of_district("01", "Trung tâm Hành chính công");
        let specialised = of_district("02", "Phòng chuyên môn");
        let land = of_district("03", "Chi nhánh Văn phòng Đăng ký đất đai");
        let tax = of_district("04", "Chi cục Thuế");
        let others = [
            (Level::District, "specialised", specialised),
            (Level::District, "land-office", land),
            (Level::District, "tax", tax),
            (Level::Province, "department", department.clone()),
        ];
        desks.push(desk(&centre, PROVINCE, &others));
        if district != "201" {
            continue;
        }
        for commune in communes_of(&units, district, day) {
            let mut of_commune = |kind: &str, name: &str| {
                add(
                    sheet,
                    New {
                        code: format!("{PROVINCE}.{group}.{}.{kind}", commune.code),
                        name: format!("{name} {}", commune.name),
                        level: Level::Commune,
                        unit: &commune.code,
                        parent: &centre,
                        from: "",
                        to: EVE,
                    },
                )
            };
            let own = of_commune("01", "Bộ phận một cửa");
            let police = of_commune("02", "Công an");
            let mut others = others.to_vec();
            others.push((Level::Commune, "police", police));
            communes.push(desk(&own, PROVINCE, &others));
        }
    }
    let neighbour = desks.pop();
    match (desks.pop(), neighbour) {
        (Some(centre), Some(neighbour)) => Ok((centre, communes, neighbour)),
        _ => Err(Error::NoUnit("201".to_owned())),
    }
}

fn services(dice: &mut StdRng) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for shelf in &SHELVES {
        let mut routes = shelf
            .routes
            .iter()
            .flat_map(|(route, count)| std::iter::repeat_n(*route, *count));
        let kinds = [
            (How::There, shelf.steady),
            (How::Amended, shelf.amended),
            (How::Replaces(String::new()), shelf.replaced),
            (How::New, shelf.new),
        ];
        let first = services.len();
        for (how, count) in kinds {
            for _ in 0..count {
                let field = shelf.fields.0 + (services.len() - first) % shelf.fields.1;
                let mut service = service(services.len(), field, shelf.levels, dice);
                change(&mut service, &how, &mut services, dice);
                if how == How::There {
                    service.route = routes.next().unwrap_or(&[]);
                }
                services.push(service);
            }
        }
        for number in 0..shelf.abolished {
            let mut service = service(services.len(), shelf.fields.0 + number, shelf.levels, dice);
            service.abolished = Some(within_period(dice));
            // One that was interconnected, so that the figure of the day differs from the year's.
            service.route = if number == 0 { TO_DISTRICT } else { &[] };
            services.push(service);
        }
    }
    services
}

/// What happened to it in the period. A service that is replaced is added to `services`.
fn change(service: &mut Service, how: &How, services: &mut Vec<Service>, dice: &mut StdRng) {
    let from = within_period(dice);
    match how {
        How::There => {}
        How::New => {
            service.versions[0].from = from;
            service.versions[0].how = How::New;
        }
        How::Amended => {
            let Limit::WorkingDays(days) = service.versions[0].limit else {
                service.versions[0].limit = Limit::WorkingDays(12);
                return change(service, how, services, dice);
            };
            service.versions.push(Version {
                from,
                limit: Limit::WorkingDays(days + 2),
                how: How::Amended,
            });
        }
        How::Replaces(_) => {
            let mut old = service.clone();
            old.abolished = None;
            service.code = code(services.len() + 1);
            service.versions[0].from = from;
            service.versions[0].how = How::Replaces(old.code.clone());
            services.push(Service {
                replaced: Some(from),
                ..old
            });
        }
    }
}

fn service(number: usize, field: usize, levels: &[Level], dice: &mut StdRng) -> Service {
    let limit = match dice.random_range(0..20) {
        0 => Limit::SameDay,
        1 => Limit::Days(30),
        2..=5 => Limit::WorkingDays(dice.random_range(1..4)),
        6..=14 => Limit::WorkingDays(dice.random_range(5..16)),
        _ => Limit::WorkingDays(dice.random_range(16..31)),
    };
    let online = match number % 10 {
        0..=3 => Online::Full,
        4..=6 => Online::Partial,
        7..=8 => Online::Information,
        _ => Online::Not,
    };
    Service {
        code: code(number),
        name: format!("Thủ tục hành chính số {}", number + 1),
        field,
        levels: levels.to_vec(),
        online,
        versions: vec![Version {
            from: LONG_AGO,
            limit,
            how: How::There,
        }],
        abolished: None,
        replaced: None,
        route: &[],
    }
}

fn code(number: usize) -> String {
    format!("9.{:06}.{PROVINCE}", number + 1)
}

/// A working day inside the period, late enough for dossiers of the version before.
fn within_period(dice: &mut StdRng) -> Date {
    let month = dice.random_range(2..6);
    date(2024, month, dice.random_range(1..28))
}
