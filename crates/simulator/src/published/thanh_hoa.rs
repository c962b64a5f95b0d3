//! Thanh Hóa province in the second half of 2025: the province's centre and the desks of all its
//! communes.
//!
//! Published as rates, without a period: 99.51% settled before or on time, 93.49% of dossiers and
//! results digitised, 96.01% electronic results, 1,805 online services (900 partial, 905 full), of
//! partial ones 93.13% received online, of full ones 96.84%. Chosen here: 9,951 of 10,000 settled,
//! 18,978 of 20,300 dossiers received and results, 9,601 of 10,000 results, 2,794 of 3,000 and
//! 4,842 of 5,000 received at the desk or online, which round to those rates.

use super::agencies::{New, add, communes_of, desk, units};
use super::catalogue::Sheet;
use super::population::{self, Counts, Group, Intake};
use super::service::{Desk, How, Limit, Online, Route, Service, Version};
use super::{Error, Play};
use jiff::civil::{Date, date};
use lienthong_domain::level::Level;
use rand::RngExt;
use rand::rngs::StdRng;

const PLACE: &str = "thanh-hoa";
const PERIOD: (Date, Date) = (date(2025, 7, 1), date(2025, 12, 31));
const PROVINCE: &str = "H56";
const UNIT: &str = "38";
/// First day of the two tiers, on which the desks of the communes began.
const BEGAN: &str = "2025-07-01";

const LAND: Route = &[(Level::Province, "land-office"), (Level::Province, "tax")];
const UPWARDS: Route = &[(Level::Province, "department")];

const AT_PROVINCE: Counts = Counts {
    received: &[
        Intake {
            of: Online::Partial,
            online: 1_394,
            desk: 106,
            post: 10,
        },
        Intake {
            of: Online::Full,
            online: 1_742,
            desk: 58,
            post: 16,
        },
        Intake {
            of: Online::Information,
            online: 0,
            desk: 450,
            post: 0,
        },
        Intake {
            of: Online::Not,
            online: 0,
            desk: 300,
            post: 0,
        },
    ],
    digitised: 3_641,
    settled: 4_000,
    carried_over: 150,
    on_day: 400,
    late: 9,
    electronic: 3_841,
    signed: 3_800,
    result_digitised: 79,
    withdrawn: 30,
    refused: 20,
    in_work: 150,
    overdue: 6,
    paused: 20,
    before: 60,
    after: 30,
};

const AT_COMMUNES: Counts = Counts {
    received: &[
        Intake {
            of: Online::Partial,
            online: 1_400,
            desk: 100,
            post: 10,
        },
        Intake {
            of: Online::Full,
            online: 3_100,
            desk: 100,
            post: 14,
        },
        Intake {
            of: Online::Information,
            online: 0,
            desk: 900,
            post: 0,
        },
        Intake {
            of: Online::Not,
            online: 0,
            desk: 600,
            post: 0,
        },
    ],
    digitised: 5_587,
    settled: 6_000,
    carried_over: 0,
    on_day: 900,
    late: 40,
    electronic: 5_760,
    signed: 5_700,
    result_digitised: 70,
    withdrawn: 30,
    refused: 20,
    in_work: 150,
    overdue: 6,
    paused: 18,
    // The desks began with the period.
    before: 0,
    after: 40,
};

/// Catalogue and reports.
pub(super) fn play(dice: &mut StdRng) -> Result<Play, Error> {
    let mut sheet = Sheet::new(PLACE);
    let (centre, communes) = agencies(&mut sheet)?;
    let (of_province, of_commune) = services(dice);
    for service in of_province.iter().chain(&of_commune) {
        sheet.service(service);
    }
    let group = |place, desks, services, counts| Group {
        place,
        desks,
        services,
        counts,
        period: PERIOD,
    };
    let groups = [
        group(
            "thanh-hoa centre",
            std::slice::from_ref(&centre),
            &of_province[..],
            AT_PROVINCE,
        ),
        group(
            "thanh-hoa communes",
            &communes[..],
            &of_commune[..],
            AT_COMMUNES,
        ),
    ];
    population::play(sheet, &groups, dice)
}

fn agencies(sheet: &mut Sheet) -> Result<(Desk, Vec<Desk>), Error> {
    let units = units()?;
    let mut of_province = |code: &str, name: &str, parent: &str| {
        add(
            sheet,
            New {
                code: code.to_owned(),
                name: format!("{name} tỉnh Thanh Hóa"),
                level: Level::Province,
                unit: UNIT,
                parent,
                from: "",
                to: "",
            },
        )
    };
    of_province(PROVINCE, "Ủy ban nhân dân", "");
    let centre = of_province("H56.61", "Trung tâm Phục vụ hành chính công", PROVINCE);
    let others = [
        ("department", "H56.62", "Sở Xây dựng"),
        ("land-office", "H56.63", "Văn phòng Đăng ký đất đai"),
        ("tax", "H56.64", "Thuế"),
    ]
    .map(|(kind, code, name)| (Level::Province, kind, of_province(code, name, PROVINCE)));
    let mut desks = Vec::new();
    for commune in communes_of(&units, UNIT, PERIOD.1) {
        let code = add(
            sheet,
            New {
                code: format!("H56.65.{}", commune.code),
                name: format!("Trung tâm Phục vụ hành chính công {}", commune.name),
                level: Level::Commune,
                unit: &commune.code,
                parent: PROVINCE,
                from: BEGAN,
                to: "",
            },
        );
        desks.push(desk(&code, PROVINCE, &others));
    }
    Ok((desk(&centre, PROVINCE, &others), desks))
}

/// 1,700 procedures of the province and 455 of the communes; 900 of them partial and 905 full
/// online services.
fn services(dice: &mut StdRng) -> (Vec<Service>, Vec<Service>) {
    let of = |at: usize, partial: usize, full: usize| match at {
        at if at < partial => Online::Partial,
        at if at < partial + full => Online::Full,
        at if at % 2 == 0 => Online::Information,
        _ => Online::Not,
    };
    let province = (0..1_700).map(|at| {
        let route: Route = if at % 40 == 0 { LAND } else { &[] };
        service(at, Level::Province, of(at, 740, 700), route, dice)
    });
    let province = province.collect();
    let commune = (0..455).map(|at| {
        let route: Route = if at % 25 == 0 { UPWARDS } else { &[] };
        service(1_700 + at, Level::Commune, of(at, 160, 205), route, dice)
    });
    (province, commune.collect())
}

fn service(
    number: usize,
    level: Level,
    online: Online,
    route: Route,
    dice: &mut StdRng,
) -> Service {
    Service {
        code: format!("9.{:06}.{PROVINCE}", number + 1),
        name: format!("Thủ tục hành chính số {}", number + 1),
        field: number % 60,
        levels: vec![level],
        online,
        versions: vec![Version {
            from: date(2023, 1, 1),
            limit: Limit::WorkingDays(dice.random_range(1..31)),
            how: How::There,
        }],
        abolished: None,
        replaced: None,
        route,
    }
}
