//! The desks of the scenario before and after the reform, over the real units and their successions.

use super::{LAST_OF_DISTRICTS, REFORM};
use crate::published::Error;
use crate::published::agencies::{EVE, New, add, communes_of, desk, unit, units};
use crate::published::catalogue::Sheet;
use crate::published::service::Desk;
use lienthong_domain::level::Level;
use lienthong_domain::unit::{Candidates, Units};
use std::collections::BTreeMap;

/// A district of the scenario.
struct Area {
    /// GSO code.
    district: &'static str,
    /// Agency code of the old province, and of the one whose area it is now.
    then: &'static str,
    now: &'static str,
    /// Whether the district's desk was split among the communes, else merged into the centre.
    split: bool,
}

const AREAS: [Area; 4] = [
    Area {
        district: "391",
        then: "H56",
        now: "H56",
        split: true,
    },
    Area {
        district: "201",
        then: "H49",
        now: "H49",
        split: true,
    },
    Area {
        district: "290",
        then: "H23",
        now: "H24",
        split: false,
    },
    Area {
        district: "303",
        then: "H24",
        now: "H24",
        split: false,
    },
];

/// The desks of an area.
pub(super) struct Desks {
    pub(super) district: Desk,
    pub(super) old: Vec<Desk>,
    pub(super) new: Vec<Desk>,
    /// Who goes on with what an old desk had: its only successor, or one of several.
    pub(super) successor: BTreeMap<String, String>,
}

/// The catalogue's agencies and successions, and the desks of each area.
pub(super) fn agencies(sheet: &mut Sheet) -> Result<Vec<Desks>, Error> {
    let units = units()?;
    centres(sheet);
    let mut areas = Vec::new();
    let mut successions = Vec::new();
    // A new commune may have taken parts of several old ones, and stands once in the table.
    let mut begun: BTreeMap<String, Desk> = BTreeMap::new();
    for area in &AREAS {
        areas.push(desks(sheet, &units, area, &mut begun, &mut successions)?);
    }
    successions.push(("H23.61".to_owned(), "H24.61".to_owned(), "merged"));
    for (old, new, kind) in successions {
        sheet.succession(&old, &new, "2025-07-01", kind);
    }
    Ok(areas)
}

/// The people's committees of the provinces and their centres; Hải Dương's ended.
fn centres(sheet: &mut Sheet) {
    for (code, unit, name, to) in [
        ("H56", "38", "tỉnh Thanh Hóa", ""),
        ("H49", "22", "tỉnh Quảng Ninh", ""),
        ("H23", "30", "tỉnh Hải Dương", EVE),
        ("H24", "31", "thành phố Hải Phòng", ""),
    ] {
        let of = |code: String, kind: &str, parent| New {
            code,
            name: format!("{kind} {name}"),
            level: Level::Province,
            unit,
            parent,
            from: "",
            to,
        };
        add(sheet, of(code.to_owned(), "Ủy ban nhân dân", ""));
        let centre = of(
            format!("{code}.61"),
            "Trung tâm Phục vụ hành chính công",
            code,
        );
        add(sheet, centre);
    }
}

type Edge = (String, String, &'static str);

fn desks(
    sheet: &mut Sheet,
    units: &Units,
    area: &Area,
    begun: &mut BTreeMap<String, Desk>,
    edges: &mut Vec<Edge>,
) -> Result<Desks, Error> {
    let district = unit(units, area.district, LAST_OF_DISTRICTS)?;
    let mut ended = |code: String, name: String, level: Level, unit: &str, parent: &str| {
        let code = add(
            sheet,
            New {
                code,
                name: format!("Bộ phận một cửa {name}"),
                level,
                unit,
                parent,
                from: "",
                to: EVE,
            },
        );
        desk(&code, area.then, &[])
    };
    let own = ended(
        format!("{}.71.{}", area.then, area.district),
        district.name.clone(),
        Level::District,
        area.district,
        area.then,
    );
    let mut old = Vec::new();
    let mut successors: Vec<(String, Vec<String>)> = Vec::new();
    for commune in communes_of(units, area.district, LAST_OF_DISTRICTS) {
        let desk = ended(
            format!("{}.72.{}", area.then, commune.code),
            commune.name.clone(),
            Level::Commune,
            &commune.code,
            &own.code,
        );
        let became = match units.successors(&commune.code, LAST_OF_DISTRICTS, REFORM) {
            Candidates::Known(unit) => vec![unit.code.clone()],
            Candidates::Ambiguous(units) => units.iter().map(|unit| unit.code.clone()).collect(),
            _ => return Err(Error::NoUnit(commune.code.clone())),
        };
        successors.push((desk.code.clone(), became));
        old.push(desk);
    }
    let mut new = Vec::new();
    let mut all: Vec<&String> = successors.iter().flat_map(|(_, became)| became).collect();
    all.sort_unstable();
    all.dedup();
    for code in all {
        if begun.contains_key(code) {
            continue;
        }
        let name = &unit(units, code, REFORM)?.name;
        let added = add(
            sheet,
            New {
                code: format!("{}.73.{code}", area.now),
                name: format!("Trung tâm Phục vụ hành chính công {name}"),
                level: Level::Commune,
                unit: code,
                parent: area.now,
                from: "2025-07-01",
                to: "",
            },
        );
        let added = desk(&added, area.now, &[]);
        begun.insert(code.clone(), added.clone());
        new.push(added);
    }
    let mut successor = BTreeMap::new();
    for (desk, became) in successors {
        let kind = if became.len() > 1 { "split" } else { "merged" };
        let taken = became.iter().filter_map(|code| begun.get(code));
        let taken: Vec<String> = taken.map(|desk| desk.code.clone()).collect();
        edges.extend(taken.iter().map(|to| (desk.clone(), to.clone(), kind)));
        successor.extend(taken.into_iter().next().map(|to| (desk, to)));
    }
    if area.split {
        let parts = new.iter().map(|part| part.code.clone());
        edges.extend(parts.map(|part| (own.code.clone(), part, "split")));
        successor.extend(
            new.first()
                .map(|part| (own.code.clone(), part.code.clone())),
        );
    } else {
        let centre = format!("{}.61", area.now);
        edges.push((own.code.clone(), centre.clone(), "merged"));
        successor.insert(own.code.clone(), centre);
    }
    Ok(Desks {
        district: own,
        old,
        new,
        successor,
    })
}
