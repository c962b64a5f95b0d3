//! Tables become reference data, change by change, and refuse what does not hold together.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use jiff::civil::date;
use lienthong_domain::agency::Successors;
use lienthong_domain::interconnection::Class;
use lienthong_domain::level::Level;
use lienthong_domain::unit::Candidates;

fn change(id: &str, table: &str, kind: &str, cells: &[(&str, &str)]) -> Change {
    let cells = cells.iter();
    Change {
        id: id.to_owned(),
        table: table.to_owned(),
        cells: cells
            .map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned()))
            .collect(),
        kind: kind.to_owned(),
    }
}

fn demo() -> Tables {
    Tables::load(&Files::demo()).unwrap()
}

fn refusal(changes: &[Change]) -> String {
    let mut tables = demo();
    let applied = changes.iter().try_for_each(|change| tables.apply(change));
    let refused = applied.and_then(|()| tables.build().map(|_| ()));
    refused.expect_err("should be refused").to_string()
}

#[test]
fn the_demonstrations_procedures_are_of_the_class_that_their_steps_make() {
    let reference = demo().build().unwrap();
    let class = |code, day| reference.procedures.version_at(code, day).unwrap().class();
    let today = date(2026, 11, 22);
    assert_eq!(class("3.000722", today), Class::Vertical);
    assert_eq!(class("2.002913", today), Class::Vertical);
    assert_eq!(class("1.012783", today), Class::Horizontal);
    assert_eq!(class("1.001193", today), Class::NotInterconnected);
    let eve = date(2026, 8, 31);
    assert!(reference.procedures.version_at("2.002621", eve).is_some());
    assert!(reference.procedures.version_at("2.002621", today).is_none());
    let figures = reference.procedures.figures(today, None);
    assert_eq!((figures.procedures, figures.fields), (8, 3));
    assert_eq!((figures.horizontal, figures.vertical), (2, 2));
}

#[test]
fn a_change_of_each_table_takes_effect_and_changes_the_version() {
    let mut tables = demo();
    let mut versions = vec![tables.build().unwrap().version];
    let changes = [
        change(
            "1",
            "procedures",
            "abolished",
            &[("code", "1.012781"), ("from", "2026-12-01")],
        ),
        change(
            "2",
            "procedure_steps",
            "",
            &[
                ("procedure_code", "1.001193"),
                ("id", "register"),
                ("name", "Một bước"),
                ("level", "commune"),
                ("agency_kind", "civil-status"),
                ("leg", "serial"),
            ],
        ),
        change(
            "3",
            "calendar",
            "",
            &[("date", "2027-01-01"), ("kind", "off")],
        ),
        change(
            "4",
            "statuses",
            "",
            &[("system", "OURS"), ("code", "x"), ("maps_to_dvcqg", "4")],
        ),
        change(
            "5",
            "agencies",
            "",
            &[
                ("code", "H56.99"),
                ("name", "Sở"),
                ("level", "province"),
                ("unit_code", "38"),
                ("from", "2026-12-01"),
            ],
        ),
    ];
    for change in &changes {
        tables.apply(change).unwrap();
        versions.push(tables.build().unwrap().version);
    }
    let reference = tables.build().unwrap();
    let day = date(2026, 12, 1);
    assert!(reference.procedures.version_at("1.012781", day).is_none());
    assert_eq!(
        reference.procedures.versions_of("1.001193")[0].steps[0].name,
        "Một bước"
    );
    assert_eq!(reference.calendar.is_working(date(2027, 1, 1)), Ok(false));
    assert!(reference.mappings.map("OURS", "x").is_ok());
    assert_eq!(
        reference.registry.level_at("H56.99", day),
        Some(Level::Province)
    );
    versions.sort();
    versions.dedup();
    assert_eq!(versions.len(), changes.len() + 1);
    tables.apply(&changes[4]).unwrap();
    assert_eq!(tables.build().unwrap().version, reference.version);
}

#[test]
fn an_agency_that_ends_in_a_change_is_followed_to_its_successor() {
    let mut tables = demo();
    let ended = [
        ("code", "H56.15.03"),
        ("name", "Trung tâm Hàm Rồng"),
        ("level", "commune"),
        ("unit_code", "14758"),
        ("parent", "H56"),
        ("from", "2025-07-01"),
        ("to", "2026-11-30"),
    ];
    let succession = [
        ("old", "H56.15.03"),
        ("new", "H56.15.01"),
        ("on", "2026-12-01"),
        ("kind", "merged"),
    ];
    tables.apply(&change("1", "agencies", "", &ended)).unwrap();
    tables
        .apply(&change("2", "agency_successions", "", &succession))
        .unwrap();
    let registry = tables.build().unwrap().registry;
    let now = registry.agency_successors("H56.15.03", date(2026, 11, 30), date(2026, 12, 1));
    assert!(matches!(now, Successors::Known(agency) if agency.code == "H56.15.01"));
}

#[test]
fn a_unit_is_renamed_by_its_old_row_its_new_row_and_their_succession() {
    let mut tables = demo();
    tables.build().unwrap();
    let row = |name, from, to| {
        [
            ("code", "14758"),
            ("level", "commune"),
            ("parent", "38"),
            ("name", name),
            ("from", from),
            ("to", to),
        ]
    };
    let changes = [
        change(
            "1",
            "units",
            "",
            &row("Phường Hàm Rồng", "2025-07-01", "2026-11-30"),
        ),
        change(
            "2",
            "units",
            "",
            &row("Phường Hàm Rồng Mới", "2026-12-01", ""),
        ),
        change(
            "3",
            "unit_successions",
            "",
            &[("old", "14758"), ("new", "14758"), ("on", "2026-12-01")],
        ),
    ];
    for change in &changes {
        tables.apply(change).unwrap();
    }
    let reference = tables.build().unwrap();
    let units = reference.registry.units();
    let became = units.successors("14758", date(2026, 1, 1), date(2026, 12, 1));
    assert!(matches!(became, Candidates::Known(unit) if unit.name == "Phường Hàm Rồng Mới"));
    assert_eq!(
        units.in_force(Level::Commune, date(2026, 12, 1)).count(),
        3_321
    );
    assert!(
        refusal(&changes[1..2]).starts_with("change 2: cells[code]: unit 14758 is given twice")
    );
}

#[test]
fn a_change_that_does_not_fit_is_refused_with_its_id_field_and_fix() {
    let cases = [
        (
            change("7", "procedure", "", &[("code", "1.001193")]),
            "change 7: table: \"procedure\" is not a table. Fix: write one of agencies, ",
        ),
        (
            change("7", "calendar", "", &[("day", "2027-01-01")]),
            "change 7: cells[day]: table calendar has no such column. Fix: write one of date, kind",
        ),
        (
            change("7", "calendar", "", &[]),
            "change 7: cells: it has none",
        ),
        (
            change("7", "calendar", "new", &[("date", "2027-01-01")]),
            "change 7: kind: changes of calendar have no kind",
        ),
        (
            change("7", "procedures", "new", &[("change", "amended")]),
            "change 7: kind: the kind is \"new\"",
        ),
        (
            change(
                "7",
                "calendar",
                "",
                &[("date", "2027-01-01"), ("kind", &"x".repeat(2_001))],
            ),
            "change 7: cells[kind]: it has 2001 bytes",
        ),
        (
            change(
                "7",
                "calendar",
                "",
                &[("date", "2027-02-30"), ("kind", "off")],
            ),
            "change 7: cells[date]: \"2027-02-30\" is not a day",
        ),
        (
            change(
                "7",
                "procedures",
                "abolished",
                &[("code", "9.999999"), ("from", "2026-12-01")],
            ),
            "change 7: cells[code]: no version of \"9.999999\" is in force",
        ),
    ];
    for (change, wanted) in cases {
        let error = refusal(&[change]);
        assert!(error.starts_with(wanted), "{error}");
        assert!(error.contains("Fix: "), "{error}");
    }
}

#[test]
fn changes_that_need_each_other_may_come_in_any_order() {
    let version = [
        ("code", "1.009999"),
        ("name", "Thử"),
        ("levels", "commune"),
        ("from", "2026-12-01"),
    ];
    let step = [
        ("procedure_code", "1.009999"),
        ("procedure_from", "2026-12-01"),
        ("id", "a"),
        ("name", "A"),
        ("level", "commune"),
        ("agency_kind", "one-stop"),
        ("leg", "serial"),
    ];
    let changes = [
        change("1", "procedure_steps", "", &step),
        change("2", "procedures", "new", &version),
    ];
    let mut tables = demo();
    changes
        .iter()
        .for_each(|change| tables.apply(change).unwrap());
    assert_eq!(
        tables.build().unwrap().procedures.versions_of("1.009999")[0]
            .steps
            .len(),
        1
    );
    assert!(refusal(&changes[..1]).starts_with("change 1: cells[procedure_code]: no procedure"));
}
