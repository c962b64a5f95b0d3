//! Versions by time, what a row ends, the step graph, and counts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::clock::LimitUnit;
use jiff::civil::{date, time};

const BIRTH: ProcedureRow<'static> = ProcedureRow {
    code: "1.001193",
    name: "Đăng ký khai sinh",
    field_code: "HT",
    field_name: "Hộ tịch",
    levels: "commune",
    online: "full",
    limit_amount: "0",
    limit_unit: "working_days",
    same_day_before: "15:00",
    legal_basis: "60/2014/QH13",
    from: "2024-01-01",
    to: "",
    change: "",
    replaces: "",
};

fn row(code: &'static str, from: &'static str, change: &'static str) -> ProcedureRow<'static> {
    ProcedureRow {
        code,
        from,
        change,
        ..BIRTH
    }
}

fn step(id: &'static str, after: &'static str) -> StepRow<'static> {
    StepRow {
        procedure_code: "1.001193",
        procedure_from: "2024-01-01",
        id,
        name: "Bước",
        level: "commune",
        agency_kind: "one-stop",
        leg: "serial",
        after,
        ..StepRow::default()
    }
}

fn refusal(rows: &[ProcedureRow<'_>]) -> String {
    Procedures::new(rows)
        .expect_err("should be refused")
        .to_string()
}

#[test]
fn an_amended_version_ends_the_one_before_on_the_eve_in_any_order_of_rows() {
    let mut rows = [
        row("1.001193", "2025-07-01", "amended"),
        BIRTH,
        row("1.001193", "2026-01-01", "amended"),
    ];
    let procedures = Procedures::new(&rows).unwrap();
    let ends: Vec<_> = procedures
        .versions_of("1.001193")
        .iter()
        .map(|version| version.period.to)
        .collect();
    assert_eq!(
        ends,
        [Some(date(2025, 6, 30)), Some(date(2025, 12, 31)), None]
    );
    let version = procedures.version();
    rows.reverse();
    assert_eq!(Procedures::new(&rows).unwrap().version(), version);
    let local = procedures.version_at("1.001193.000.00.00.H56", date(2025, 7, 1));
    assert_eq!(local.unwrap().change, Change::Amended);
}

#[test]
fn a_replaced_and_an_abolished_procedure_end_on_the_eve() {
    let replacing = ProcedureRow {
        replaces: "1.001193",
        ..row("3.000722", "2026-09-01", "replaced")
    };
    let rows = [
        BIRTH,
        replacing,
        row("1.000656", "2024-01-01", "new"),
        ProcedureRow {
            code: "1.000656",
            from: "2026-03-01",
            change: "abolished",
            ..ProcedureRow::default()
        },
    ];
    let procedures = Procedures::new(&rows).unwrap();
    let last = |code| procedures.versions_of(code)[0].period.to;
    assert_eq!(last("1.001193"), Some(date(2026, 8, 31)));
    assert_eq!(last("1.000656"), Some(date(2026, 2, 28)));
    assert!(
        procedures
            .version_at("1.000656", date(2026, 3, 1))
            .is_none()
    );
    let changes = procedures.changes(date(2026, 1, 1), date(2026, 12, 31), None);
    let wanted = Changes {
        new: 0,
        replaced: 1,
        amended: 0,
        abolished: 1,
    };
    assert_eq!(changes, wanted);
    let before = procedures.changes(date(2024, 1, 1), date(2026, 2, 28), None);
    assert_eq!((before.new, before.abolished), (1, 0));
}

#[test]
fn figures_count_each_procedure_once_and_by_level() {
    let province = ProcedureRow {
        levels: "province|commune",
        online: "partial",
        field_code: "DD",
        ..row("1.012783", "2024-01-01", "")
    };
    let steps = [
        step("receive", ""),
        StepRow {
            level: "province",
            agency_kind: "insurance",
            ..step("card", "receive")
        },
    ];
    let procedures = Procedures::new(&[BIRTH, province])
        .unwrap()
        .with_steps(&steps)
        .unwrap();
    let day = date(2026, 1, 1);
    let all = procedures.figures(day, None);
    let wanted = Figures {
        procedures: 2,
        fields: 2,
        online_full: 1,
        online_partial: 1,
        vertical: 1,
        ..Figures::default()
    };
    assert_eq!((all, all.interconnected()), (wanted, 1));
    let level = |level| procedures.figures(day, Some(level)).procedures;
    assert_eq!(Level::ALL.map(level), [2, 0, 1, 0]);
    assert_eq!(
        procedures.figures(date(2023, 1, 1), None),
        Figures::default()
    );
}

#[test]
fn the_rule_of_the_hour_is_read_as_a_limit_of_working_days() {
    let procedures = Procedures::new(&[BIRTH]).unwrap();
    let limit = procedures.versions_of("1.001193")[0].limit.unwrap();
    let wanted = TimeLimit {
        amount: 0,
        unit: LimitUnit::WorkingDays,
        same_day_before: Some(time(15, 0, 0, 0)),
    };
    assert_eq!(limit, wanted);
}

#[test]
fn a_bad_version_is_refused_with_its_row_column_and_fix() {
    let cases: [(ProcedureRow<'_>, &str); 19] = [
        (
            row("1.1193", "2025-01-01", ""),
            "row 1, column code: the part after the first dot",
        ),
        (
            row("1.001193", "2025-01-01", ""),
            "row 1, column from: procedure 1.001193 is in force 2024-01-01/.. already. Fix: write change amended",
        ),
        (
            row("1.000656", "2025-01-01", "amended"),
            "row 1, column code: no version of \"1.000656\" is in force on 2024-12-31. Fix: ",
        ),
        (
            row("1.001193", "2024-01-01", "abolished"),
            "row 1, column code: no version",
        ),
        (
            row("1.000656", "", "new"),
            "row 1, column from: it is empty. Fix: write the day",
        ),
        (
            row("1.000656", "", "abolished"),
            "row 1, column from: it is empty",
        ),
        (
            row("1.000656", "1/1/2025", ""),
            "row 1, column from: \"1/1/2025\" is not a day",
        ),
        (
            row("1.000656", "2025-01-01", "replaced"),
            "row 1, column replaces: it is empty",
        ),
        (
            row("1.000656", "2025-01-01", "changed"),
            "row 1, column change: \"changed\" is not a change",
        ),
        (
            ProcedureRow {
                replaces: "1.001193",
                ..row("1.000656", "2025-01-01", "new")
            },
            "row 1, column replaces: a row of change \"new\" replaces nothing",
        ),
        (
            ProcedureRow {
                replaces: "1.000656",
                ..row("1.000656", "2025-01-01", "replaced")
            },
            "row 1, column replaces: procedure 1.000656 would replace itself",
        ),
        (
            ProcedureRow {
                name: "",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column name: it is empty",
        ),
        (
            ProcedureRow {
                levels: "commune,district",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column levels: \"commune,district\" is not a level",
        ),
        (
            ProcedureRow {
                levels: "district",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column levels: the district level ended on 2025-06-30",
        ),
        (
            ProcedureRow {
                online: "yes",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column online: \"yes\" is not",
        ),
        (
            ProcedureRow {
                limit_amount: "-1",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column limit_amount: \"-1\" is not a whole number",
        ),
        (
            ProcedureRow {
                limit_unit: "weeks",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column limit_unit: \"weeks\" is not a unit",
        ),
        (
            ProcedureRow {
                same_day_before: "15h",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column same_day_before: \"15h\" is not a time",
        ),
        (
            ProcedureRow {
                same_day_before: "",
                ..row("1.000656", "2025-01-01", "")
            },
            "row 1, column limit_amount: it is 0",
        ),
    ];
    for (bad, wanted) in cases {
        let error = refusal(&[BIRTH, bad]);
        assert!(error.starts_with(wanted), "{error}");
        assert!(error.contains("Fix: "), "{error}");
    }
}

#[test]
fn a_district_procedure_of_before_the_reform_stands_until_its_last_day() {
    let ended = ProcedureRow {
        levels: "district",
        to: "2025-06-30",
        ..BIRTH
    };
    assert!(Procedures::new(&[ended]).is_ok());
    let amended = row("1.001193", "2025-07-01", "amended");
    let open = ProcedureRow {
        levels: "district",
        ..BIRTH
    };
    let procedures = Procedures::new(&[open, amended]).unwrap();
    let level = |day| procedures.version_at("1.001193", day).unwrap().levels[0];
    assert_eq!(level(date(2025, 6, 30)), Level::District);
    assert_eq!(level(date(2025, 7, 1)), Level::Commune);
}

#[test]
fn steps_may_split_and_join_but_never_wait_for_themselves() {
    let base = Procedures::new(&[BIRTH]).unwrap();
    let good = [
        step("receive", ""),
        StepRow {
            leg: "parallel",
            ..step("police", "receive")
        },
        StepRow {
            leg: "parallel",
            expects: "accepted",
            within_amount: "4",
            within_unit: "working_hours",
            ..step("insurance", "receive")
        },
        step("return", "police|insurance"),
    ];
    let steps = base.clone().with_steps(&good).unwrap();
    assert_eq!(steps.versions_of("1.001193")[0].steps.len(), 4);
    assert_ne!(steps.version(), base.version());
    let refused: [(Vec<StepRow<'_>>, &str); 9] = [
        (
            vec![step("a", "c"), step("b", "a"), step("c", "b")],
            "row 0, column after: step a waits for itself",
        ),
        (
            vec![step("a", ""), step("b", "b")],
            "row 1, column after: step b waits for itself",
        ),
        (
            vec![step("a", ""), step("b", "x")],
            "row 1, column after: \"x\" is not the id",
        ),
        (
            vec![step("a", ""), step("a", "")],
            "row 1, column id: step a of 1.001193 is given twice",
        ),
        (
            vec![StepRow {
                procedure_from: "2024-01-02",
                ..step("a", "")
            }],
            "row 0, column procedure_from: no version of 1.001193 begins",
        ),
        (
            vec![StepRow {
                procedure_code: "1.000656",
                ..step("a", "")
            }],
            "row 0, column procedure_code: no procedure \"1.000656\"",
        ),
        (
            vec![StepRow {
                expects: "answer",
                ..step("a", "")
            }],
            "row 0, column expects: \"answer\" is not the name of an event",
        ),
        (
            vec![StepRow {
                within_amount: "3",
                within_unit: "days",
                ..step("a", "")
            }],
            "row 0, column expects: it is empty",
        ),
        (
            vec![StepRow {
                level: "district",
                ..step("a", "")
            }],
            "row 0, column level: the district level ended",
        ),
    ];
    for (rows, wanted) in refused {
        let error = base.clone().with_steps(&rows).unwrap_err().to_string();
        assert!(error.starts_with(wanted), "{error}");
    }
}
