//! Vân Hồ district of Sơn La in 2024: the district's one-stop with its 12 specialised agencies, and
//! 14 commune desks.
//!
//! Published without a period and as rates: 210 full online services, 127 procedures at commune
//! desks, digitised dossiers 96.2% at the district and 94.7% at the communes, signed documents
//! 99.65%. Chosen here: the year 2024, 1,443 of 1,500 and 1,894 of 2,000 dossiers received, and
//! 1,993 of 2,000 electronic results, which round to those rates.

use super::agencies::{EVE, New, add, communes_of, desk, unit, units};
use super::catalogue::Sheet;
use super::population::{self, Counts, Group, Intake};
use super::service::{Desk, How, Limit, Online, Route, Service, Version};
use super::{Error, Play};
use jiff::civil::{Date, date};
use lienthong_domain::level::Level;
use rand::RngExt;
use rand::rngs::StdRng;

const PLACE: &str = "van-ho";
const PERIOD: (Date, Date) = (date(2024, 1, 1), date(2024, 12, 31));
const PROVINCE: &str = "H52";
const DISTRICT: &str = "128";

/// Specialised agencies of the district: kind, number in the code, name, and the route to it.
const SPECIALISED: [(&str, &str, &str, Route); 12] = [
    (
        "office",
        "11",
        "Văn phòng HĐND và UBND",
        &[(Level::District, "office")],
    ),
    (
        "home-affairs",
        "12",
        "Phòng Nội vụ",
        &[(Level::District, "home-affairs")],
    ),
    (
        "justice",
        "13",
        "Phòng Tư pháp",
        &[(Level::District, "justice")],
    ),
    (
        "finance",
        "14",
        "Phòng Tài chính - Kế hoạch",
        &[(Level::District, "finance")],
    ),
    (
        "environment",
        "15",
        "Phòng Tài nguyên và Môi trường",
        &[(Level::District, "environment")],
    ),
    (
        "labour",
        "16",
        "Phòng Lao động - Thương binh và Xã hội",
        &[(Level::District, "labour")],
    ),
    (
        "culture",
        "17",
        "Phòng Văn hóa và Thông tin",
        &[(Level::District, "culture")],
    ),
    (
        "education",
        "18",
        "Phòng Giáo dục và Đào tạo",
        &[(Level::District, "education")],
    ),
    (
        "infrastructure",
        "19",
        "Phòng Kinh tế và Hạ tầng",
        &[(Level::District, "infrastructure")],
    ),
    (
        "agriculture",
        "20",
        "Phòng Nông nghiệp và Phát triển nông thôn",
        &[(Level::District, "agriculture")],
    ),
    (
        "ethnic-affairs",
        "21",
        "Phòng Dân tộc",
        &[(Level::District, "ethnic-affairs")],
    ),
    (
        "inspectorate",
        "22",
        "Thanh tra",
        &[(Level::District, "inspectorate")],
    ),
];

const AT_DISTRICT: Counts = Counts {
    received: &[
        Intake {
            of: Online::Full,
            online: 900,
            desk: 200,
            post: 10,
        },
        Intake {
            of: Online::Partial,
            online: 150,
            desk: 140,
            post: 0,
        },
        Intake {
            of: Online::Information,
            online: 0,
            desk: 100,
            post: 0,
        },
    ],
    digitised: 1_443,
    settled: 1_420,
    carried_over: 60,
    on_day: 150,
    late: 12,
    electronic: 1_100,
    signed: 1_096,
    result_digitised: 100,
    withdrawn: 20,
    refused: 10,
    in_work: 94,
    overdue: 6,
    paused: 10,
    before: 40,
    after: 25,
};

const AT_COMMUNES: Counts = Counts {
    received: &[
        Intake {
            of: Online::Full,
            online: 1_300,
            desk: 300,
            post: 20,
        },
        Intake {
            of: Online::Partial,
            online: 200,
            desk: 180,
            post: 0,
        },
    ],
    digitised: 1_894,
    settled: 1_900,
    carried_over: 30,
    on_day: 300,
    late: 9,
    electronic: 900,
    signed: 897,
    result_digitised: 400,
    withdrawn: 25,
    refused: 15,
    in_work: 77,
    overdue: 3,
    paused: 10,
    before: 40,
    after: 25,
};

/// Catalogue and reports.
pub(super) fn play(dice: &mut StdRng) -> Result<Play, Error> {
    let mut sheet = Sheet::new(PLACE);
    let (centre, communes) = agencies(&mut sheet)?;
    let (of_district, of_commune) = services(dice);
    for service in of_district.iter().chain(&of_commune) {
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
            "van-ho district",
            std::slice::from_ref(&centre),
            &of_district[..],
            AT_DISTRICT,
        ),
        group(
            "van-ho communes",
            &communes[..],
            &of_commune[..],
            AT_COMMUNES,
        ),
    ];
    population::play(sheet, &groups, dice)
}

fn agencies(sheet: &mut Sheet) -> Result<(Desk, Vec<Desk>), Error> {
    let units = units()?;
    let day = PERIOD.1;
    let district = unit(&units, DISTRICT, day)?;
    add(
        sheet,
        New {
            code: PROVINCE.to_owned(),
            name: "Ủy ban nhân dân tỉnh Sơn La".to_owned(),
            level: Level::Province,
            unit: "14",
            parent: "",
            from: "",
            to: "",
        },
    );
    let mut of_district = |number: &str, name: &str| {
        add(
            sheet,
            New {
                code: format!("{PROVINCE}.31.{number}"),
                name: format!("{name} {}", district.name),
                level: Level::District,
                unit: DISTRICT,
                parent: PROVINCE,
                from: "",
                to: EVE,
            },
        )
    };
    let centre = of_district("01", "Bộ phận một cửa");
    let others: Vec<(Level, &'static str, String)> = SPECIALISED
        .iter()
        .map(|(kind, number, name, _)| (Level::District, *kind, of_district(number, name)))
        .collect();
    let mut desks = Vec::new();
    for commune in communes_of(&units, DISTRICT, day) {
        let code = add(
            sheet,
            New {
                code: format!("{PROVINCE}.31.{}", commune.code),
                name: format!("Bộ phận một cửa {}", commune.name),
                level: Level::Commune,
                unit: &commune.code,
                parent: &centre,
                from: "",
                to: EVE,
            },
        );
        desks.push(desk(&code, PROVINCE, &[]));
    }
    Ok((desk(&centre, PROVINCE, &others), desks))
}

/// 260 procedures of the district, 120 of them full online services, and 127 of the communes with
/// 90.
fn services(dice: &mut StdRng) -> (Vec<Service>, Vec<Service>) {
    let of = |at: usize, full: usize| match at {
        at if at < full => Online::Full,
        at if at % 3 == 0 => Online::Information,
        _ => Online::Partial,
    };
    let district = (0..260).map(|at| {
        let route = SPECIALISED[at % SPECIALISED.len()].3;
        service(at, Level::District, of(at, 120), route, dice)
    });
    let district = district.collect();
    let commune = (0..127).map(|at| service(260 + at, Level::Commune, of(at, 90), &[], dice));
    (district, commune.collect())
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
        field: number % 50,
        levels: vec![level],
        online,
        versions: vec![Version {
            from: date(2022, 1, 1),
            limit: Limit::WorkingDays(dice.random_range(1..31)),
            how: How::There,
        }],
        abolished: None,
        replaced: None,
        route,
    }
}
