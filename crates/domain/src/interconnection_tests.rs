//! The class of a case by what acted in it, and when.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::agency::AgencyRow;
use crate::unit::Units;

fn registry() -> Registry {
    let row = |code, level, from, to| AgencyRow {
        code,
        name: code,
        level,
        from,
        to,
        ..AgencyRow::default()
    };
    let rows = [
        row("C1", "commune", "", ""),
        row("C2", "commune", "", ""),
        row("D1", "district", "", "2025-06-30"),
        row("P1", "province", "", ""),
        row("P2", "province", "", ""),
        row("M1", "ministry", "", ""),
        row("X", "commune", "", "2020-12-31"),
        row("X", "province", "2021-01-01", ""),
    ];
    Registry::new(Units::default(), &rows).unwrap()
}

fn class(agencies: &[&str]) -> Class {
    class_on(agencies, date(2024, 1, 1))
}

fn class_on(agencies: &[&str], on: Date) -> Class {
    let acts: Vec<Act<'_>> = agencies.iter().map(|agency| Act { agency, on }).collect();
    classify(&acts, &registry())
}

#[test]
fn fewer_than_two_agencies_are_no_interconnection() {
    assert_eq!(class(&[]), Class::NotInterconnected);
    assert_eq!(class(&["C1"]), Class::NotInterconnected);
    assert_eq!(class(&["C1", "C1", "C1"]), Class::NotInterconnected);
    assert_eq!(class(&["unheard"]), Class::NotInterconnected);
}

#[test]
fn one_level_is_horizontal_and_several_are_vertical() {
    assert_eq!(class(&["C1", "C2"]), Class::Horizontal);
    assert_eq!(class(&["P1", "P2", "P1"]), Class::Horizontal);
    assert_eq!(class(&["C1", "P1"]), Class::Vertical);
    assert_eq!(class(&["P1", "M1", "P2"]), Class::Vertical);
    assert_eq!(class(&["C1", "D1"]), Class::Vertical);
}

#[test]
fn an_unknown_level_leaves_the_class_open_unless_the_known_ones_settle_it() {
    assert_eq!(class(&["C1", "unheard"]), Class::Unknown);
    assert_eq!(class(&["unheard", "unseen"]), Class::Unknown);
    assert_eq!(class(&["C1", "C2", "unheard"]), Class::Unknown);
    assert_eq!(class(&["unheard", "C1", "P1"]), Class::Vertical);
    assert_eq!(
        class_on(&["C1", "D1"], date(2025, 7, 1)),
        Class::Unknown,
        "there is no district any more"
    );
}

#[test]
fn the_level_is_that_of_the_day_of_acting() {
    assert_eq!(
        class_on(&["C1", "X"], date(2020, 12, 31)),
        Class::Horizontal
    );
    assert_eq!(class_on(&["C1", "X"], date(2021, 1, 1)), Class::Vertical);
    let across = [
        Act {
            agency: "C1",
            on: date(2020, 1, 1),
        },
        Act {
            agency: "X",
            on: date(2020, 1, 1),
        },
        Act {
            agency: "X",
            on: date(2022, 1, 1),
        },
    ];
    assert_eq!(classify(&across, &registry()), Class::Vertical);
}

#[test]
fn a_hand_over_goes_up_down_or_level() {
    assert_eq!(
        Direction::between(Level::Commune, Level::Province),
        Direction::Up
    );
    assert_eq!(
        Direction::between(Level::Ministry, Level::District),
        Direction::Down
    );
    assert_eq!(
        Direction::between(Level::Province, Level::Province),
        Direction::Level
    );
}

#[test]
fn the_levels_are_ordered_from_the_commune_and_read_back() {
    assert!(Level::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    for level in Level::ALL {
        assert_eq!(Level::parse(level.as_str()), Some(level));
        assert_eq!(level.to_string(), level.as_str());
    }
    assert_eq!(Level::parse("District"), None);
    assert!(Level::District.exists_on(date(2025, 6, 30)));
    assert!(!Level::District.exists_on(date(2025, 7, 1)));
}

proptest! {
    #[test]
    fn order_and_repeats_do_not_change_the_class(picks in prop::collection::vec(0usize..8, 0..8), turn in 0usize..8) {
        let names = ["C1", "C2", "D1", "P1", "P2", "M1", "X", "unheard"];
        let agencies: Vec<&str> = picks.iter().map(|pick| names[*pick]).collect();
        let mut other = agencies.clone();
        other.extend_from_within(..);
        let start = turn.checked_rem(other.len()).unwrap_or(0);
        other.rotate_left(start);
        prop_assert_eq!(class(&agencies), class(&other));
    }
}
