//! Units by day, and what became of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;

use super::*;

const ROWS: [UnitRow<'static>; 9] = [
    row("22", "province", "Tỉnh", "", "", "2025-06-30"),
    row("201", "district", "Huyện Hải Hà", "22", "", "2025-06-30"),
    row(
        "06922",
        "commune",
        "Thị trấn Quảng Hà",
        "201",
        "",
        "2025-06-30",
    ),
    row("06940", "commune", "Xã Quảng Minh", "201", "", "2025-06-30"),
    row("06925", "commune", "Xã Quảng Đức", "201", "", "2025-06-30"),
    row("22", "province", "Tỉnh", "", "2025-07-01", ""),
    row(
        "06922",
        "commune",
        "Xã Quảng Hà",
        "22",
        "2025-07-01",
        "2026-04-29",
    ),
    row(
        "06922",
        "commune",
        "Phường Quảng Hà",
        "22",
        "2026-04-30",
        "",
    ),
    row("06931", "commune", "Xã Quảng Đức", "22", "2025-07-01", ""),
];

const EDGES: [SuccessionRow<'static>; 6] = [
    edge("22", "22", "2025-07-01"),
    edge("06922", "06922", "2025-07-01"),
    edge("06940", "06922", "2025-07-01"),
    edge("06940", "06931", "2025-07-01"),
    edge("06925", "06931", "2025-07-01"),
    edge("06922", "06922", "2026-04-30"),
];

const fn row(
    code: &'static str,
    level: &'static str,
    name: &'static str,
    parent: &'static str,
    from: &'static str,
    to: &'static str,
) -> UnitRow<'static> {
    UnitRow {
        code,
        level,
        name,
        parent,
        from,
        to,
    }
}

const fn edge(old: &'static str, new: &'static str, on: &'static str) -> SuccessionRow<'static> {
    SuccessionRow { old, new, on }
}

fn units() -> Units {
    Units::new(&ROWS).unwrap().with_successions(&EDGES).unwrap()
}

fn refused(changed: UnitRow<'_>, at: usize) -> RowError {
    let mut rows = ROWS;
    rows[at] = UnitRow { ..changed };
    Units::new(&rows).expect_err("should be refused")
}

#[test]
fn a_code_names_the_unit_of_the_day() {
    let units = units();
    let name = |day| units.unit_at("06922", day).map(|unit| unit.name.as_str());
    assert_eq!(name(date(2025, 6, 30)), Some("Thị trấn Quảng Hà"));
    assert_eq!(name(date(2025, 7, 1)), Some("Xã Quảng Hà"));
    assert_eq!(name(date(2026, 4, 29)), Some("Xã Quảng Hà"));
    assert_eq!(name(date(2026, 4, 30)), Some("Phường Quảng Hà"));
    assert_eq!(
        units
            .unit_at("201", date(2025, 6, 30))
            .map(|unit| unit.level),
        Some(Level::District)
    );
    assert_eq!(units.unit_at("201", date(2025, 7, 1)), None);
    assert_eq!(units.unit_at("06931", date(2025, 6, 30)), None);
    assert_eq!(units.unit_at("99999", date(2026, 1, 1)), None);
}

#[test]
fn an_ancestor_is_found_through_the_levels_of_the_day() {
    let units = units();
    let code = |level, day| {
        units
            .ancestor_at("06922", level, day)
            .map(|unit| unit.code.as_str())
    };
    assert_eq!(code(Level::District, date(2025, 6, 30)), Some("201"));
    assert_eq!(code(Level::Province, date(2025, 6, 30)), Some("22"));
    assert_eq!(code(Level::District, date(2025, 7, 1)), None);
    assert_eq!(code(Level::Province, date(2025, 7, 1)), Some("22"));
    assert_eq!(code(Level::Commune, date(2025, 7, 1)), Some("06922"));
    assert_eq!(code(Level::Ministry, date(2025, 7, 1)), None);
    assert_eq!(
        units.ancestor_at("22", Level::Commune, date(2025, 7, 1)),
        None
    );
}

#[test]
fn a_successor_is_known_divided_or_none_and_never_guessed() {
    let units = units();
    let (before, after, later) = (date(2025, 6, 30), date(2025, 7, 1), date(2026, 5, 1));
    let known = |code, then, now| match units.successors(code, then, now) {
        Candidates::Known(unit) => unit.name.clone(),
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(known("06922", before, before), "Thị trấn Quảng Hà");
    assert_eq!(known("06922", before, after), "Xã Quảng Hà");
    assert_eq!(known("06922", before, later), "Phường Quảng Hà");
    assert_eq!(known("06925", before, later), "Xã Quảng Đức");
    match units.successors("06940", before, later) {
        Candidates::Ambiguous(parts) => {
            let codes: Vec<&str> = parts.iter().map(|unit| unit.code.as_str()).collect();
            assert_eq!(codes, ["06922", "06931"]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        units.successors("201", before, after),
        Candidates::Abolished
    );
    assert_eq!(
        units.successors("06940", after, later),
        Candidates::Unknown,
        "the code had ended by then"
    );
    assert_eq!(
        units.successors("06922", later, before),
        Candidates::Unknown,
        "time runs forwards only"
    );
    assert_eq!(
        units.successors("99999", before, later),
        Candidates::Unknown
    );
}

#[test]
fn two_parts_that_meet_again_are_one_known_unit() {
    let rows = [
        row("01", "province", "A", "", "", "2000-12-31"),
        row("02", "province", "B", "", "2001-01-01", "2001-12-31"),
        row("03", "province", "C", "", "2001-01-01", "2001-12-31"),
        row("04", "province", "D", "", "2002-01-01", ""),
    ];
    let edges = [
        edge("01", "02", "2001-01-01"),
        edge("01", "03", "2001-01-01"),
        edge("02", "04", "2002-01-01"),
        edge("03", "04", "2002-01-01"),
    ];
    let whole = Units::new(&rows).unwrap().with_successions(&edges).unwrap();
    assert!(
        matches!(whole.successors("01", date(2000, 1, 1), date(2003, 1, 1)), Candidates::Known(unit) if unit.code == "04")
    );
    let lost = Units::new(&rows)
        .unwrap()
        .with_successions(&edges[..3])
        .unwrap();
    assert!(
        matches!(lost.successors("01", date(2000, 1, 1), date(2003, 1, 1)), Candidates::Ambiguous(parts) if parts.len() == 1),
        "a part without a successor leaves the rest uncertain"
    );
}

#[test]
fn a_bad_row_is_refused_by_row_and_column() {
    let cases = [
        (
            row("6922", "commune", "X", "201", "", "2025-06-30"),
            "code",
            "write its 5 digits",
        ),
        (
            row("06922", "ward", "X", "201", "", "2025-06-30"),
            "level",
            "write one of commune",
        ),
        (
            row("06922", "ministry", "X", "201", "", "2025-06-30"),
            "level",
            "commune, district or province",
        ),
        (
            row("06922", "commune", "", "201", "", "2025-06-30"),
            "name",
            "fill it in",
        ),
        (
            row("06922", "commune", "X ", "201", "", "2025-06-30"),
            "name",
            "remove the space",
        ),
        (
            row("06922", "commune", "X", "", "", "2025-06-30"),
            "parent",
            "leave it empty for a province",
        ),
        (
            row("06922", "commune", "X", "999", "", "2025-06-30"),
            "parent",
            "name a unit of the same days",
        ),
        (
            row("06922", "commune", "X", "06925", "", "2025-06-30"),
            "parent",
            "name the unit it belongs to",
        ),
        (
            row("06922", "commune", "X", "201", "", "30/06/2025"),
            "to",
            "write yyyy-MM-dd",
        ),
        (
            row("06922", "commune", "X", "201", "2025-02-30", ""),
            "from",
            "write yyyy-MM-dd",
        ),
        (
            row("06922", "commune", "X", "201", "2025-06-30", "2025-06-29"),
            "to",
            "put the earlier day in from",
        ),
        (
            row("06922", "commune", "X", "201", "", "2025-07-01"),
            "code",
            "end the earlier row's period",
        ),
        (
            row("202", "district", "X", "22", "", ""),
            "to",
            "write 2025-06-30",
        ),
        (
            row("06999", "commune", "X", "201", "", ""),
            "parent",
            "split the row where the parent changes",
        ),
    ];
    for (bad, column, fix) in cases {
        let error = refused(bad, 2);
        assert_eq!(error.column, column, "{error}");
        assert!(error.row == 2 || error.what.contains("twice"), "{error}");
        assert!(error.fix.contains(fix), "{error}");
    }
}

#[test]
fn a_succession_must_join_a_unit_that_ended_to_one_that_began() {
    let refused = |bad| {
        Units::new(&ROWS)
            .unwrap()
            .with_successions(&[bad])
            .expect_err("should be refused")
    };
    assert_eq!(refused(edge("06940", "06922", "")).column, "on");
    assert_eq!(refused(edge("06940", "06922", "2025-13-01")).column, "on");
    assert_eq!(refused(edge("06940", "06922", "2025-07-02")).column, "old");
    assert_eq!(refused(edge("99999", "06922", "2025-07-01")).column, "old");
    assert_eq!(refused(edge("06931", "06922", "2026-04-30")).column, "old");
    assert_eq!(refused(edge("06940", "06940", "2025-07-01")).column, "new");
}

#[test]
fn a_level_lists_its_units_of_the_day_by_code() {
    let units = units();
    let codes = |day| {
        units
            .in_force(Level::Commune, day)
            .map(|unit| unit.code.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(date(2025, 6, 30)), ["06922", "06925", "06940"]);
    assert_eq!(codes(date(2026, 4, 30)), ["06922", "06931"]);
}
