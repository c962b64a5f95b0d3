//! Tests of the working calendar.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use jiff::civil::date;

fn row<'a>(date: &'a str, kind: &'a str) -> CalendarRow<'a> {
    CalendarRow { date, kind }
}

fn calendar() -> Calendar {
    Calendar::new(&[
        row("2024-01-01", "off"),
        row("2024-05-04", "work"),
        row("2025-01-01", "off"),
        row("2027-01-01", "off"),
    ])
    .unwrap()
}

#[test]
fn weekends_and_days_off_are_free_and_worked_saturdays_are_not() {
    let calendar = calendar();
    for (day, works) in [
        (date(2024, 1, 1), false),
        (date(2024, 1, 2), true),
        (date(2024, 5, 4), true),
        (date(2024, 5, 5), false),
        (date(2024, 5, 11), false),
        (date(2024, 12, 31), true),
        (date(2025, 12, 31), true),
        (date(2027, 12, 31), true),
    ] {
        assert_eq!(calendar.is_working(day), Ok(works), "{day}");
    }
}

#[test]
fn a_year_without_a_table_is_an_error_that_names_it_also_between_known_years() {
    let calendar = calendar();
    for year in [2023, 2026, 2028] {
        let lacking = calendar.is_working(date(year, 6, 1)).unwrap_err();
        assert_eq!(lacking, NoCalendar { year });
        assert!(lacking.to_string().contains(&year.to_string()));
    }
}

#[test]
fn working_days_are_counted_over_weekends_and_into_the_next_year() {
    let calendar = calendar();
    let after = |day, count| calendar.working_days_after(number_of(day), count);
    assert_eq!(after(date(2024, 5, 5), 0), Ok(number_of(date(2024, 5, 5))));
    assert_eq!(after(date(2024, 5, 3), 1), Ok(number_of(date(2024, 5, 4))));
    assert_eq!(after(date(2024, 5, 3), 2), Ok(number_of(date(2024, 5, 6))));
    assert_eq!(
        after(date(2024, 12, 31), 1),
        Ok(number_of(date(2025, 1, 2)))
    );
    assert_eq!(
        after(date(2025, 12, 30), 1),
        Ok(number_of(date(2025, 12, 31)))
    );
    assert_eq!(after(date(2025, 12, 30), 2), Err(NoCalendar { year: 2026 }));
    assert_eq!(after(date(2025, 12, 31), 1), Err(NoCalendar { year: 2026 }));
}

#[test]
fn a_row_that_is_wrong_says_which_and_how_to_write_it() {
    for (rows, told) in [
        (vec![row("", "off")], "date"),
        (vec![row("2024-02-30", "off")], "date"),
        (vec![row("2024-02-29", "holiday")], "off or work"),
        (
            vec![row("2024-02-29", "off"), row("2024-02-29", "work")],
            "twice",
        ),
    ] {
        let error = Calendar::new(&rows).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[test]
fn equal_tables_have_equal_versions_and_others_do_not() {
    let one = Calendar::new(&[row("2024-01-01", "off"), row("2024-02-09", "off")]).unwrap();
    let same = Calendar::new(&[row("2024-02-09", "off"), row("2024-01-01", "off")]).unwrap();
    let other = Calendar::new(&[row("2024-01-01", "off"), row("2024-02-09", "work")]).unwrap();
    assert_eq!(one.version(), same.version());
    assert_ne!(one.version(), other.version());
}
