//! The shipped tables hold what the sources say, and an operator's file is checked to the cell.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::LazyLock;

use jiff::civil::{Date, date};
use lienthong_domain::agency::Registry;
use lienthong_domain::basis::{Basis, Place};
use lienthong_domain::interconnection::{Act, Class, classify};
use lienthong_domain::level::Level;
use lienthong_domain::status::{PortalStatus, StatusError};
use lienthong_domain::unit::Candidates;

use super::*;

const EVE: Date = date(2025, 6, 30);
const REFORM: Date = date(2025, 7, 1);
const TODAY: Date = date(2026, 11, 21);

static DEMO: LazyLock<Registry> = LazyLock::new(|| registry(&[demo_agencies()]).unwrap());

fn count(level: Level, day: Date) -> usize {
    DEMO.units().in_force(level, day).count()
}

fn file(text: &str) -> TableFile {
    TableFile {
        name: "agencies.csv".to_owned(),
        text: text.to_owned(),
    }
}

fn refusal(text: &str) -> String {
    registry(&[demo_agencies(), file(text)])
        .expect_err("should be refused")
        .to_string()
}

#[test]
fn the_units_of_each_day_are_as_many_as_the_sources_say() {
    let levels = [Level::Province, Level::District, Level::Commune];
    assert_eq!(levels.map(|level| count(level, EVE)), [63, 696, 10_033]);
    assert_eq!(levels.map(|level| count(level, REFORM)), [34, 0, 3_321]);
    assert_eq!(levels.map(|level| count(level, TODAY)), [34, 0, 3_321]);
}

#[test]
fn of_the_old_communes_441_were_divided_and_each_other_has_one_successor() {
    let units = DEMO.units();
    let mut divided = 0;
    for commune in units.in_force(Level::Commune, EVE) {
        match units.successors(&commune.code, EVE, TODAY) {
            Candidates::Known(unit) => assert_eq!(unit.level, Level::Commune),
            Candidates::Ambiguous(parts) => {
                assert!(parts.len() > 1, "{}", commune.code);
                divided += 1;
            }
            other => panic!("{}: {other:?}", commune.code),
        }
    }
    assert_eq!(divided, 441);
}

#[test]
fn each_old_province_has_one_successor_and_only_island_districts_have_any() {
    let units = DEMO.units();
    for province in units.in_force(Level::Province, EVE) {
        assert!(
            matches!(
                units.successors(&province.code, EVE, TODAY),
                Candidates::Known(_)
            ),
            "{}",
            province.code
        );
    }
    let kept: Vec<&str> = units
        .in_force(Level::District, EVE)
        .filter(|district| units.successors(&district.code, EVE, TODAY) != Candidates::Abolished)
        .map(|district| district.code.as_str())
        .collect();
    assert_eq!(kept, ["318", "471", "498", "536", "755"]);
}

#[test]
fn a_reused_code_names_the_unit_of_the_day() {
    let units = DEMO.units();
    let name = |day| units.unit_at("06931", day).unwrap().name.as_str();
    assert_eq!(
        (name(EVE), name(REFORM)),
        ("Xã Quảng Thành", "Xã Quảng Đức")
    );
    assert_eq!(
        units
            .ancestor_at("06931", Level::District, EVE)
            .unwrap()
            .name,
        "Huyện Hải Hà"
    );
    let merged = units.successors("02", EVE, REFORM);
    assert!(
        matches!(merged, Candidates::Known(unit) if unit.code == "08"),
        "Hà Giang went to Tuyên Quang"
    );
}

#[test]
fn the_changes_of_april_2026_begin_on_their_day_and_keep_the_unit() {
    let units = DEMO.units();
    let (eve, day) = (date(2026, 4, 29), date(2026, 4, 30));
    let name = |code, day| units.unit_at(code, day).unwrap().name.as_str();
    assert_eq!(
        (name("75", eve), name("75", day)),
        ("Tỉnh Đồng Nai", "Thành phố Đồng Nai")
    );
    assert_eq!(
        (name("25270", eve), name("25270", day)),
        ("Xã Lộc Ninh", "Phường Lộc Ninh")
    );
    let changed = units
        .in_force(Level::Commune, day)
        .filter(|unit| unit.period.from == Some(day))
        .count();
    assert_eq!(changed, 10);
    assert!(
        matches!(units.successors("25270", eve, day), Candidates::Known(unit) if unit.name == "Phường Lộc Ninh")
    );
}

#[test]
fn the_demonstration_has_every_level_and_real_areas() {
    let on = |level, day| {
        let agencies = DEMO.agencies();
        agencies
            .filter(|agency| agency.level == level && agency.period.covers(day))
            .count()
    };
    let levels = [
        Level::Commune,
        Level::District,
        Level::Province,
        Level::Ministry,
    ];
    assert_eq!(levels.map(|level| on(level, EVE)), [3, 12, 18, 6]);
    assert_eq!(levels.map(|level| on(level, TODAY)), [40, 0, 18, 6]);
    assert_eq!(
        DEMO.area_at("H56.15.03", TODAY).unwrap().name,
        "Phường Hàm Rồng"
    );
    assert_eq!(
        DEMO.province_at("G01.22.15.07", TODAY).unwrap().name,
        "Tỉnh Quảng Ninh"
    );
    assert_eq!(
        DEMO.agency_at("H49.15.07", EVE).unwrap().name,
        "Bộ phận một cửa Thị trấn Quảng Hà"
    );
    assert_eq!(DEMO.level_at("H49.14.02", REFORM), None);
    for agency in DEMO
        .agencies()
        .filter(|agency| agency.level != Level::Ministry)
    {
        let day = agency.period.last().min(TODAY);
        assert!(
            DEMO.province_at(&agency.code, day).is_some(),
            "{}",
            agency.code
        );
    }
}

#[test]
fn a_birth_group_is_vertical_and_a_land_procedure_horizontal() {
    let class = |agencies: &[&str]| {
        let acts: Vec<Act<'_>> = agencies
            .iter()
            .map(|agency| Act { agency, on: TODAY })
            .collect();
        classify(&acts, &DEMO)
    };
    assert_eq!(
        class(&["H56.15.03", "G01.38.15.03", "G24.38"]),
        Class::Vertical
    );
    assert_eq!(class(&["H56.08.01", "G12.18.38"]), Class::Horizontal);
    assert_eq!(class(&["H56.15.03", "G01.38.15.03"]), Class::Horizontal);
    assert_eq!(class(&["H56.08.01", "H99"]), Class::Unknown);
}

#[test]
fn without_a_file_of_agencies_every_level_is_unknown() {
    let bare = registry(&[]).unwrap();
    assert_eq!(bare.agencies().count(), 0);
    assert_eq!(bare.level_at("H56", TODAY), None);
    assert_ne!(bare.version(), DEMO.version());
    assert_eq!(bare.version(), registry(&[]).unwrap().version());
}

#[test]
fn an_operators_file_adds_agencies_under_those_of_another_file() {
    let text = "\u{feff}# ours\nto,from,parent,unit_code,level,name,code,note\n,2026-01-01,H56,38,province,\"Sở A, B\",H56.99,x\n";
    let registry = registry(&[demo_agencies(), file(text)]).unwrap();
    assert_eq!(registry.agency_at("H56.99", TODAY).unwrap().name, "Sở A, B");
    assert_eq!(registry.level_at("H56.99", REFORM), None);
}

#[test]
fn a_bad_operators_file_is_refused_with_file_line_column_and_fix() {
    let head = "code,name,level,unit_code,parent,from,to\n";
    let cases = [
        (
            "",
            "agencies.csv:1: column code: the header line does not have this column. Fix: begin the file with the line code,name",
        ),
        (
            "code;name;level\n",
            "agencies.csv:1: column code: the header line",
        ),
        (
            &format!("{head}H57,A,province,38,,,\nh58,A,province,38,,,\n"),
            "agencies.csv:3: column code: character 1 is 'h'",
        ),
        (
            &format!("{head}\n# a\nH57,A,province,99,,,\n"),
            "agencies.csv:4: column unit_code: unit \"99\" is not in force",
        ),
        (
            &format!("{head}H57,A,commune,15880,,,\nH57,B,commune,15880,,,\n"),
            "agencies.csv:3: column code: agency H57 is given twice",
        ),
        (
            &format!("{head}H56,A,province,38,,,\n"),
            "agencies.csv:2: column code: agency H56 is given twice",
        ),
        (
            &format!("{head}H57,A,district,399,,,\n"),
            "agencies.csv:2: column to: the district level ended on 2025-06-30",
        ),
        (
            &format!("{head}H57,A,district,399,,,2025-07-01\n"),
            "column to: the district level ended",
        ),
        (
            &format!("{head}H57,A,province,38,H99,,\n"),
            "agencies.csv:2: column parent: \"H99\" is not the code",
        ),
        (
            &format!("{head}H57,A,province,38,,1/7/2025,\n"),
            "agencies.csv:2: column from: \"1/7/2025\" is not a day. Fix: write yyyy-MM-dd",
        ),
        (
            &format!("{head}H57,A,province\n"),
            "agencies.csv:2: CSV error",
        ),
    ];
    for (text, wanted) in cases {
        let error = refusal(text);
        assert!(error.contains(wanted), "{text:?}: {error}");
        assert!(error.contains("Fix: "), "{error}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = TableFile::open(Path::new("no/such/agencies.csv")).expect_err("there is none");
    assert!(
        error.to_string().starts_with("no/such/agencies.csv: "),
        "{error}"
    );
    assert!(!error.is_retryable());
}

#[test]
fn the_shipped_status_tables_map_each_system_by_its_own_codes() {
    let mappings = status_mappings(&[]).unwrap();
    assert_eq!(
        mappings.systems(),
        ["BTP_HOTICH", "DVCLT", "DVCQG", "DVCQG_TEXT"]
    );
    for code in 1..=10u8 {
        assert_eq!(
            mappings.map("DVCQG", &code.to_string()).unwrap().code(),
            code
        );
    }
    assert_eq!(
        mappings.map("DVCQG_TEXT", "receiving"),
        Ok(PortalStatus::Submitted)
    );
    assert_eq!(
        mappings.map("DVCQG_TEXT", "new"),
        Ok(PortalStatus::Received)
    );
    assert_eq!(mappings.map("DVCLT", "4"), Ok(PortalStatus::Processed));
    assert_eq!(mappings.map("DVCLT", "7"), Ok(PortalStatus::Processing));
    assert_eq!(mappings.map("BTP_HOTICH", "6"), Ok(PortalStatus::Refused));
    assert!(matches!(
        mappings.map("BTP_HOTICH", "5"),
        Err(StatusError::UnknownCode { .. })
    ));
    for code in ["interoperating", "posting"] {
        assert!(matches!(
            mappings.map("DVCQG_TEXT", code),
            Err(StatusError::Unmapped { .. })
        ));
    }
    let sizes: Vec<usize> = mappings
        .systems()
        .iter()
        .map(|name| mappings.mapping(name).unwrap().codes().len())
        .collect();
    assert_eq!(sizes, [5, 7, 10, 10]);
}

#[test]
fn an_operators_status_table_adds_a_system_and_leaves_the_others_versions() {
    let ours = TableFile {
        name: "ours.csv".to_owned(),
        text: "system,code,maps_to_dvcqg\nOURS,moi,1\n".to_owned(),
    };
    let (plain, more) = (
        status_mappings(&[]).unwrap(),
        status_mappings(&[ours]).unwrap(),
    );
    assert_eq!(more.map("OURS", "moi"), Ok(PortalStatus::Submitted));
    assert_eq!(plain.version("DVCLT"), more.version("DVCLT"));
    let again = TableFile {
        name: "ours.csv".to_owned(),
        text: "system,code,maps_to_dvcqg\nDVCLT,1,2\n".to_owned(),
    };
    let error = status_mappings(&[again])
        .expect_err("given twice")
        .to_string();
    assert!(
        error.starts_with("ours.csv:2: column code: 1 of DVCLT is given twice. Fix:"),
        "{error}"
    );
}

/// An agency of each commune of before the reform, under that commune's own code.
fn agency_of_each_commune() -> Registry {
    let mut text = String::from("code,name,level,unit_code,parent,from,to\n");
    for commune in DEMO.units().in_force(Level::Commune, EVE) {
        let code = &commune.code;
        text += &format!("X{code},A,commune,{code},,,2025-06-30\n");
    }
    registry(&[file(&text)]).unwrap()
}

#[test]
fn each_old_commune_has_a_place_under_each_basis_and_the_sums_agree() {
    let registry = agency_of_each_commune();
    let basis = Basis::UnitsOf(REFORM);
    let (mut one_commune, mut several_communes) = (0, 0);
    let mut provinces = std::collections::BTreeSet::new();
    for commune in DEMO.units().in_force(Level::Commune, EVE) {
        let agency = format!("X{}", commune.code);
        let place = |level, basis| registry.place(&agency, EVE, level, basis);
        let was = place(Level::Province, Basis::AsItWas);
        assert!(matches!(was, Place::One(unit) if unit.level == Level::Province));
        assert!(matches!(
            place(Level::District, Basis::AsItWas),
            Place::One(_)
        ));
        assert_eq!(place(Level::District, basis), Place::Abolished);
        match place(Level::Commune, basis) {
            Place::One(unit) => one_commune += usize::from(unit.period.covers(REFORM)),
            Place::Several(units) => several_communes += usize::from(units.len() > 1),
            other => panic!("{agency}: {other:?}"),
        }
        // Whatever became of the commune, its province is the one that its old province became.
        let (Place::One(old), Place::One(new)) = (was, place(Level::Province, basis)) else {
            panic!("{agency}: its province is not one");
        };
        let became = registry.units().successors(&old.code, EVE, REFORM);
        assert_eq!(became, Candidates::Known(new), "{agency}");
        provinces.insert(&new.code);
        assert_eq!(
            place(Level::Commune, Basis::UnitsOf(Date::MIN)),
            Place::Unknown
        );
    }
    assert_eq!((one_commune, several_communes), (9_592, 441));
    assert_eq!(provinces.len(), 34);
}

#[test]
fn a_district_is_larger_than_a_commune_whatever_became_of_its_parts() {
    let place = |agency: &str, level, basis| DEMO.place(agency, EVE, level, basis);
    let basis = Basis::UnitsOf(TODAY);
    assert_eq!(
        place("H49.14.02", Level::Commune, Basis::AsItWas),
        Place::Above
    );
    assert_eq!(place("H49.14.02", Level::Commune, basis), Place::Above);
    assert!(
        matches!(place("H49.14.02", Level::Province, basis), Place::One(unit) if unit.code == "22")
    );
    assert_eq!(place("G15", Level::Province, basis), Place::Above);
    assert_eq!(place("H99", Level::Province, basis), Place::Unknown);
}
