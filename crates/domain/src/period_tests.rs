//! Periods and days.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn day(offset: i8) -> Date {
    date(2025, 1, 1).saturating_add(jiff::Span::new().days(i64::from(offset)))
}

fn span(from: Option<i8>, to: Option<i8>) -> Period {
    Period {
        from: from.map(day),
        to: to.map(day),
    }
}

#[test]
fn both_ends_are_included_and_missing_ends_are_open() {
    let period = span(Some(1), Some(2));
    assert_eq!(
        [0, 1, 2, 3].map(|n| period.covers(day(n))),
        [false, true, true, false]
    );
    assert!(span(None, Some(0)).covers(Date::MIN) && span(Some(0), None).covers(Date::MAX));
    assert!(Period::ALWAYS.overlaps(&span(Some(5), Some(5))));
    assert_eq!(span(Some(0), None).to_string(), "2025-01-01/..");
    assert_eq!(span(None, Some(0)).to_string(), "../2025-01-01");
}

#[test]
fn an_open_period_is_within_open_parts_only() {
    assert!(Period::ALWAYS.is_within(&[span(None, Some(3)), span(Some(4), None)]));
    assert!(!Period::ALWAYS.is_within(&[span(None, Some(3)), span(Some(5), None)]));
    assert!(!Period::ALWAYS.is_within(&[span(None, Some(3))]));
    assert!(!Period::ALWAYS.is_within(&[]));
}

#[test]
fn a_part_inside_another_takes_nothing_away() {
    let parts = [
        span(Some(3), Some(10)),
        span(Some(5), Some(5)),
        span(Some(11), Some(12)),
    ];
    assert!(span(Some(5), Some(12)).is_within(&parts));
    assert!(!span(Some(5), Some(13)).is_within(&parts));
}

fn any_span() -> impl Strategy<Value = Period> {
    (0i8..30, 0i8..8).prop_map(|(from, length)| span(Some(from), Some(from + length)))
}

proptest! {
    #[test]
    fn within_and_overlap_agree_with_counting_days(whole in any_span(), mut parts in prop::collection::vec(any_span(), 0..6)) {
        parts.sort_by_key(Period::first);
        let days: Vec<Date> = (0..40).map(day).filter(|day| whole.covers(*day)).collect();
        let within = days.iter().all(|day| parts.iter().any(|part| part.covers(*day)));
        prop_assert_eq!(whole.is_within(&parts), within);
        for part in &parts {
            prop_assert_eq!(whole.overlaps(part), days.iter().any(|day| part.covers(*day)));
        }
    }
}
