//! The registry's answers by day, its refusals and its version.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::unit::{SuccessionRow, UnitRow};

const fn unit(
    code: &'static str,
    level: &'static str,
    parent: &'static str,
    from: &'static str,
    to: &'static str,
) -> UnitRow<'static> {
    UnitRow {
        code,
        level,
        name: "Tên",
        parent,
        from,
        to,
    }
}

fn units() -> Units {
    let rows = [
        unit("38", "province", "", "", "2025-06-30"),
        unit("399", "district", "38", "", "2025-06-30"),
        unit("15865", "commune", "399", "", "2025-06-30"),
        unit("38", "province", "", "2025-07-01", ""),
        unit("15865", "commune", "38", "2025-07-01", ""),
        unit("15880", "commune", "38", "2025-07-01", ""),
    ];
    let edges = ["15865", "15880"].map(|new| SuccessionRow {
        old: "15865",
        new,
        on: "2025-07-01",
    });
    Units::new(&rows).unwrap().with_successions(&edges).unwrap()
}

const fn agency(
    code: &'static str,
    level: &'static str,
    unit_code: &'static str,
    parent: &'static str,
    from: &'static str,
    to: &'static str,
) -> AgencyRow<'static> {
    AgencyRow {
        code,
        name: "Tên",
        level,
        unit_code,
        parent,
        from,
        to,
    }
}

const ROWS: [AgencyRow<'static>; 5] = [
    agency("G15", "ministry", "", "", "", ""),
    agency("H56", "province", "38", "", "", ""),
    agency("H56.14", "district", "399", "H56", "", "2025-06-30"),
    agency("H56.15", "commune", "15865", "H56", "", "2025-06-30"),
    agency("H56.15", "province", "15865", "H56", "2025-07-01", ""),
];

fn registry() -> Registry {
    Registry::new(units(), &ROWS).unwrap()
}

#[test]
fn level_and_area_are_those_of_the_day() {
    let registry = registry();
    let (before, after) = (date(2025, 6, 30), date(2025, 7, 1));
    assert_eq!(registry.level_at("H56.14", before), Some(Level::District));
    assert_eq!(registry.level_at("H56.14", after), None);
    assert_eq!(registry.level_at("H56.15", before), Some(Level::Commune));
    assert_eq!(registry.level_at("H56.15", after), Some(Level::Province));
    assert_eq!(
        registry
            .area_at("H56.15", before)
            .unwrap()
            .parent
            .as_deref(),
        Some("399")
    );
    assert_eq!(
        registry.area_at("H56.15", after).unwrap().parent.as_deref(),
        Some("38")
    );
    assert_eq!(registry.province_at("H56.14", before).unwrap().code, "38");
    assert_eq!(
        registry
            .agency_at("H56.15", after)
            .unwrap()
            .parent
            .as_deref(),
        Some("H56")
    );
}

#[test]
fn what_is_not_in_the_tables_is_unknown() {
    let registry = registry();
    let day = date(2026, 1, 1);
    assert_eq!(registry.agency_at("H57", day), None);
    assert_eq!(
        registry.level_at("H56.15.01", day),
        None,
        "a child's level is not guessed from its parent"
    );
    assert_eq!(
        registry.area_at("G15", day),
        None,
        "a ministry serves the whole country"
    );
    assert_eq!(registry.province_at("G15", day), None);
    assert_eq!(registry.area_under("H57", day, day), Candidates::Unknown);
}

#[test]
fn an_area_can_be_seen_under_later_units_without_choosing_among_parts() {
    let registry = registry();
    let under = registry.area_under("H56.15", date(2025, 6, 30), date(2026, 1, 1));
    assert!(matches!(under, Candidates::Ambiguous(parts) if parts.len() == 2));
    let same = registry.area_under("H56.15", date(2025, 7, 1), date(2026, 1, 1));
    assert!(matches!(same, Candidates::Known(unit) if unit.code == "15865"));
    assert_eq!(
        registry.area_under("H56.14", date(2025, 6, 30), date(2026, 1, 1)),
        Candidates::Abolished
    );
}

#[test]
fn a_bad_row_is_refused_by_row_and_column() {
    let cases = [
        (
            agency("h56", "province", "38", "", "", ""),
            "code",
            "0-9 and A-Z",
        ),
        (
            agency("H56", "provincial", "38", "", "", ""),
            "level",
            "ministry",
        ),
        (
            agency("H57", "province", "99", "", "", ""),
            "unit_code",
            "write a GSO code of those days",
        ),
        (
            agency("H57", "commune", "15880", "", "", ""),
            "unit_code",
            "shorten from and to",
        ),
        (
            agency("H57", "commune", "38", "", "", ""),
            "unit_code",
            "correct its level",
        ),
        (
            agency("H57", "district", "", "", "", ""),
            "to",
            "write 2025-06-30",
        ),
        (
            agency("H57", "district", "399", "", "", "2025-07-01"),
            "to",
            "write 2025-06-30",
        ),
        (
            agency("H57", "province", "38", "H99", "", ""),
            "parent",
            "add a row for it",
        ),
        (
            agency("H57", "province", "38", "H57", "", ""),
            "parent",
            "leave it empty",
        ),
        (
            agency("H57", "province", "38", "", "2025", ""),
            "from",
            "write yyyy-MM-dd",
        ),
        (
            agency("H57", "province", "38", "", "2025-02-01", "2025-01-01"),
            "to",
            "earlier day in from",
        ),
        (
            agency("H56", "province", "38", "", "2026-01-01", ""),
            "code",
            "remove one of them",
        ),
        (
            AgencyRow {
                name: "",
                ..ROWS[0]
            },
            "name",
            "fill it in",
        ),
    ];
    for (bad, column, fix) in cases {
        let mut rows = ROWS.to_vec();
        rows.push(bad);
        if bad.name.is_empty() {
            rows.remove(0);
        }
        let error = Registry::new(units(), &rows).expect_err("should be refused");
        assert_eq!(
            (error.row, error.column),
            (rows.len() - 1, column),
            "{error}"
        );
        assert!(error.fix.contains(fix), "{error}");
    }
}

#[test]
fn a_branch_of_a_province_may_serve_one_commune() {
    let rows = [agency("H56.20", "province", "15880", "", "2025-07-01", "")];
    let registry = Registry::new(units(), &rows).unwrap();
    assert_eq!(
        registry.level_at("H56.20", date(2025, 7, 1)),
        Some(Level::Province)
    );
    assert_eq!(
        registry.area_at("H56.20", date(2025, 7, 1)).unwrap().level,
        Level::Commune
    );
}

#[test]
fn the_version_depends_on_what_the_rows_say_and_not_on_their_order() {
    let version =
        |rows: &[AgencyRow<'_>]| Registry::new(units(), rows).unwrap().version().to_owned();
    let mut turned = ROWS;
    turned.reverse();
    assert_eq!(version(&ROWS), version(&turned));
    assert_ne!(version(&ROWS), version(&ROWS[..4]));
    let mut renamed = ROWS;
    renamed[0].name = "Tên khác";
    assert_ne!(version(&ROWS), version(&renamed));
    let with_units = |units: Units| Registry::new(units, &[]).unwrap().version().to_owned();
    assert_ne!(with_units(units()), with_units(Units::default()));
}

proptest! {
    #[test]
    fn an_agency_has_at_most_one_level_on_any_day(days in prop::collection::btree_set(0i64..20_000, 2..12), probe in 0i64..20_000) {
        let start = date(1990, 1, 1);
        let day = |n: i64| start.saturating_add(jiff::Span::new().days(n));
        let bounds: Vec<i64> = days.into_iter().collect();
        let names = ["commune", "province", "ministry"];
        let texts: Vec<(String, String)> = bounds
            .windows(2)
            .map(|pair| (day(pair[0]).to_string(), day(pair[1] - 1).to_string()))
            .collect();
        let rows: Vec<AgencyRow<'_>> = texts
            .iter()
            .enumerate()
            .map(|(index, (from, to))| AgencyRow { code: "A", name: "A", level: names[index % 3], from, to, ..AgencyRow::default() })
            .collect();
        let registry = Registry::new(units(), &rows).unwrap();
        let expected = bounds.windows(2).position(|pair| pair[0] <= probe && probe < pair[1]);
        let found = registry.level_at("A", day(probe)).map(Level::as_str);
        prop_assert_eq!(found, expected.map(|index| names[index % 3]));
    }
}

const fn succession(
    old: &'static str,
    new: &'static str,
    kind: &'static str,
) -> AgencySuccessionRow<'static> {
    AgencySuccessionRow {
        old,
        new,
        on: "2025-07-01",
        kind,
    }
}

/// Seven agencies: five ended on the eve of the reform, two began.
fn reformed() -> Registry {
    let ended = ["H56.01", "H56.02", "H56.03", "H56.04", "H56.05"];
    let mut rows: Vec<AgencyRow<'_>> = ended
        .iter()
        .map(|code| agency(code, "province", "38", "", "", "2025-06-30"))
        .collect();
    rows.push(agency("H56.05", "province", "38", "", "2025-07-01", ""));
    for code in ["H56.11", "H56.12"] {
        rows.push(agency(code, "province", "38", "", "2025-07-01", ""));
    }
    Registry::new(units(), &rows).unwrap()
}

#[test]
fn an_agency_that_ended_is_followed_to_those_that_took_over() {
    let rows = [
        succession("H56.01", "H56.11", "merged"),
        succession("H56.02", "H56.12", "split"),
        succession("H56.02", "H56.11", "split"),
        succession("H56.03", "", "abolished"),
    ];
    let bare = reformed();
    let registry = bare.clone().with_successions(&rows).unwrap();
    assert_ne!(bare.version(), registry.version());
    let (eve, now) = (date(2025, 6, 30), date(2026, 1, 1));
    let codes = |code| match registry.agency_successors(code, eve, now) {
        Successors::Known(agency) => vec![agency.code.as_str()],
        Successors::Several(agencies) => agencies.iter().map(|one| one.code.as_str()).collect(),
        Successors::Abolished => vec!["abolished"],
        Successors::Unknown => vec!["unknown"],
    };
    assert_eq!(codes("H56.01"), ["H56.11"]);
    assert_eq!(codes("H56.02"), ["H56.11", "H56.12"]);
    assert_eq!(codes("H56.03"), ["abolished"]);
    assert_eq!(codes("H56.04"), ["abolished"]);
    assert_eq!(codes("H56.05"), ["H56.05"]);
    assert_eq!(codes("H56.99"), ["unknown"]);
    assert_eq!(
        registry.agency_successors("H56.01", eve, date(2025, 1, 1)),
        Successors::Unknown
    );
    let end = |code| registry.end_of(code, date(2025, 7, 1));
    assert_eq!((end("H56.02"), end("H56.04")), (Some(End::Split), None));
}

#[test]
fn a_succession_that_contradicts_the_agencies_or_itself_is_refused() {
    let cases = [
        (
            vec![succession("H56.11", "H56.12", "merged")],
            "row 0, column old: agency \"H56.11\" did not end",
        ),
        (
            vec![succession("H56.01", "H56.02", "merged")],
            "row 0, column new: agency \"H56.02\" is not in force on 2025-07-01",
        ),
        (
            vec![succession("H56.01", "", "merged")],
            "row 0, column new: the kind is merged",
        ),
        (
            vec![succession("H56.01", "H56.11", "abolished")],
            "row 0, column new: the kind is abolished",
        ),
        (
            vec![succession("H56.01", "H56.11", "gone")],
            "row 0, column kind: \"gone\" is not the way",
        ),
        (
            vec![succession("H56.01", "H56.11", "split")],
            "row 0, column kind: H56.01 was split, and only one",
        ),
        (
            vec![
                succession("H56.01", "H56.11", "merged"),
                succession("H56.01", "H56.12", "merged"),
            ],
            "row 1, column kind: the end of H56.01",
        ),
        (
            vec![
                succession("H56.01", "H56.11", "split"),
                succession("H56.01", "H56.12", "moved"),
            ],
            "row 1, column kind: the end of H56.01",
        ),
    ];
    for (rows, wanted) in cases {
        let error = reformed().with_successions(&rows).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}
