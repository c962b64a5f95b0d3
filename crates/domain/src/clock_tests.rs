//! Tests of the legal clock: by example, against a clock that goes minute by minute, and by the
//! properties that any clock must have.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::calendar::CalendarRow;
use crate::path::day::{day, number_of};
use jiff::civil::{DateTime, date, time};
use proptest::prelude::*;
use std::sync::LazyLock;

#[path = "clock_oracle.rs"]
mod oracle;
use oracle::{Random, minutes_oracle, walk};

/// Two years of the shape that Vietnam's have: Tet, days off in a row, a worked Saturday.
pub(crate) static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| {
    let off = [
        "2024-01-01",
        "2024-02-08",
        "2024-02-09",
        "2024-02-12",
        "2024-02-13",
        "2024-02-14",
        "2024-04-18",
        "2024-04-29",
        "2024-04-30",
        "2024-05-01",
        "2024-09-02",
        "2024-09-03",
        "2025-01-01",
        "2025-01-27",
        "2025-01-28",
        "2025-01-29",
        "2025-01-30",
        "2025-01-31",
        "2025-04-07",
        "2025-04-30",
        "2025-05-01",
        "2025-05-02",
        "2025-09-01",
        "2025-09-02",
    ];
    let worked = ["2024-05-04", "2025-04-26"];
    let row = |date, kind| CalendarRow { date, kind };
    let off = off.iter().map(|date| row(date, "off"));
    let rows: Vec<_> = off
        .chain(worked.iter().map(|date| row(date, "work")))
        .collect();
    Calendar::new(&rows).unwrap()
});

pub(crate) fn clock() -> Clock<'static> {
    Clock {
        calendar: &CALENDAR,
    }
}

/// A moment at +07:00, such as `2024-05-03 16:00`.
pub(crate) fn at(text: &str) -> i64 {
    let civil: DateTime = text.parse().unwrap();
    let zoned = civil.to_zoned(jiff::tz::Offset::constant(7).to_time_zone());
    zoned.unwrap().timestamp().as_millisecond()
}

fn text(millis: i64) -> String {
    let offset = jiff::tz::Offset::constant(7);
    let civil = offset.to_datetime(jiff::Timestamp::from_millisecond(millis).unwrap());
    civil.strftime("%Y-%m-%d %H:%M").to_string()
}

fn limit(amount: u32, unit: LimitUnit) -> TimeLimit {
    TimeLimit {
        amount,
        unit,
        same_day_before: None,
    }
}

fn same_day(amount: u32) -> TimeLimit {
    TimeLimit {
        same_day_before: Some(time(15, 0, 0, 0)),
        ..limit(amount, LimitUnit::WorkingDays)
    }
}

fn stop(from: &str, to: &str) -> Stop {
    Stop {
        from_ms: at(from),
        to_ms: Some(at(to)),
        portal_status: 5,
    }
}

fn due(limit: &TimeLimit, start: &str, stops: &[Stop]) -> String {
    text(clock().due(limit, at(start), stops).unwrap())
}

#[test]
fn working_time_runs_through_breaks_weekends_holidays_and_worked_saturdays() {
    let days = |amount| limit(amount, LimitUnit::WorkingDays);
    let hours = |amount| limit(amount, LimitUnit::WorkingHours);
    for (limit, start, wanted) in [
        (days(1), "2024-03-04 10:00", "2024-03-05 10:00"),
        (days(1), "2024-03-04 07:00", "2024-03-04 17:00"),
        (days(1), "2024-03-04 03:00", "2024-03-04 17:00"),
        (days(1), "2024-03-04 17:00", "2024-03-05 17:00"),
        (days(1), "2024-03-04 12:15", "2024-03-05 11:30"),
        (days(1), "2024-03-08 16:00", "2024-03-11 16:00"),
        (days(1), "2024-03-09 09:00", "2024-03-11 17:00"),
        (days(2), "2024-05-03 16:00", "2024-05-06 16:00"),
        (days(5), "2024-02-07 10:00", "2024-02-21 10:00"),
        (days(3), "2024-12-30 08:00", "2025-01-03 08:00"),
        (hours(4), "2024-03-04 11:00", "2024-03-04 17:00"),
        (hours(5), "2024-03-04 11:00", "2024-03-05 08:00"),
        (hours(1), "2024-03-04 10:30", "2024-03-04 11:30"),
        (
            limit(10, LimitUnit::Days),
            "2024-02-07 10:00",
            "2024-02-17 10:00",
        ),
    ] {
        assert_eq!(due(&limit, start, &[]), wanted, "{limit:?} from {start}");
    }
}

#[test]
fn before_fifteen_o_clock_it_is_due_the_same_day_else_the_next_working_day() {
    for (amount, start, wanted) in [
        (0, "2024-03-04 14:59", "2024-03-04 17:00"),
        (0, "2024-03-04 15:00", "2024-03-05 17:00"),
        (0, "2024-03-04 05:00", "2024-03-04 17:00"),
        (0, "2024-03-08 16:00", "2024-03-11 17:00"),
        (0, "2024-03-09 09:00", "2024-03-11 17:00"),
        (0, "2024-02-07 18:00", "2024-02-15 17:00"),
        (1, "2024-03-08 10:00", "2024-03-11 17:00"),
        (2, "2024-03-08 16:00", "2024-03-13 17:00"),
    ] {
        assert_eq!(
            due(&same_day(amount), start, &[]),
            wanted,
            "{amount} {start}"
        );
    }
    let stopped = [stop("2024-03-04 09:00", "2024-03-04 10:00")];
    assert_eq!(
        due(&same_day(0), "2024-03-04 08:00", &stopped),
        "2024-03-05 08:00"
    );
    let before = [stop("2024-03-04 07:00", "2024-03-04 08:00")];
    assert_eq!(
        due(&same_day(0), "2024-03-04 08:00", &before),
        "2024-03-04 17:00"
    );
    let begins = |start| clock().begins(&same_day(0), at(start)).map(text);
    assert_eq!(
        begins("2024-03-08 14:00"),
        Ok("2024-03-08 14:00".to_owned())
    );
    assert_eq!(
        begins("2024-03-08 16:00"),
        Ok("2024-03-11 00:00".to_owned())
    );
    let late = TimeLimit {
        same_day_before: Some(time(23, 0, 0, 0)),
        ..same_day(0)
    };
    assert_eq!(due(&late, "2024-03-04 16:59", &[]), "2024-03-04 17:00");
    assert_eq!(due(&late, "2024-03-04 17:00", &[]), "2024-03-05 17:00");
    assert_eq!(
        clock().allowed(&same_day(0), at("2024-03-04 08:00")),
        Ok(7 * HOUR_MS)
    );
    assert_eq!(
        clock().allowed(&same_day(1), at("2024-03-04 16:00")),
        Ok(16 * HOUR_MS)
    );
}

#[test]
fn a_stop_moves_the_deadline_by_the_running_time_in_it() {
    let day = limit(1, LimitUnit::WorkingDays);
    let over_night = [stop("2024-03-04 16:00", "2024-03-06 08:00")];
    assert_eq!(
        due(&day, "2024-03-04 10:00", &over_night),
        "2024-03-06 14:00"
    );
    let weekend = [stop("2024-03-08 18:00", "2024-03-11 06:00")];
    assert_eq!(due(&day, "2024-03-08 10:00", &weekend), "2024-03-11 10:00");
    let after = [stop("2024-03-05 10:00", "2024-03-20 10:00")];
    assert_eq!(due(&day, "2024-03-04 10:00", &after), "2024-03-05 10:00");
    let open = Stop {
        to_ms: None,
        ..over_night[0]
    };
    assert_eq!(due(&day, "2024-03-04 10:00", &[open]), "2024-03-05 10:00");
    let to = at("2024-03-05 10:00");
    let used = clock().used(LimitUnit::WorkingDays, at("2024-03-04 10:00"), to, &[open]);
    assert_eq!(used, Ok(4 * HOUR_MS), "an open stop lasts");
    let days = limit(10, LimitUnit::Days);
    let two_days = [stop("2024-03-05 00:00", "2024-03-07 00:00")];
    assert_eq!(
        due(&days, "2024-03-04 10:00", &two_days),
        "2024-03-16 10:00"
    );
}

#[test]
fn only_years_that_the_clock_runs_through_must_be_known() {
    let day = limit(1, LimitUnit::WorkingDays);
    let of = |start: &str, stops: &[Stop]| clock().due(&day, at(start), stops);
    assert_eq!(of("2025-12-31 08:00", &[]), Err(NoCalendar { year: 2026 }));
    assert_eq!(of("2025-12-30 08:00", &[]), Ok(at("2025-12-31 08:00")));
    assert_eq!(
        of("2025-12-31 07:00", &[]),
        Ok(at("2025-12-31 17:00")),
        "used up in time"
    );
    assert_eq!(of("2023-12-31 16:59", &[]), Err(NoCalendar { year: 2023 }));
    assert_eq!(of("2023-12-31 17:00", &[]), Ok(at("2024-01-02 17:00")));
    assert_eq!(of("2026-06-01 08:00", &[]), Err(NoCalendar { year: 2026 }));
    let after = [stop("2026-03-01 08:00", "2027-03-01 08:00")];
    assert_eq!(of("2025-12-01 08:00", &after), Ok(at("2025-12-02 08:00")));
    let into = [stop("2025-12-31 08:00", "2026-03-01 08:00")];
    assert_eq!(
        of("2025-12-30 09:00", &into),
        Err(NoCalendar { year: 2026 })
    );
    let plain = limit(400, LimitUnit::Days);
    assert!(clock().due(&plain, at("2030-01-01 08:00"), &[]).is_ok());
    let unit = LimitUnit::WorkingDays;
    let used = |from: &str, to: &str| clock().used(unit, at(from), at(to), &[]);
    assert_eq!(used("2025-12-31 16:00", "2026-01-01 07:00"), Ok(HOUR_MS));
    assert_eq!(
        used("2025-12-31 16:00", "2026-01-01 07:01"),
        Err(NoCalendar { year: 2026 })
    );
    assert_eq!(used("2023-12-31 17:00", "2024-01-02 08:00"), Ok(HOUR_MS));
    assert_eq!(
        used("2026-01-02 08:00", "2026-01-01 08:00"),
        Ok(0),
        "an empty span"
    );
}

#[test]
fn a_stop_over_a_whole_unknown_year_does_not_ask_for_it() {
    let row = |date| CalendarRow { date, kind: "off" };
    let gap = Calendar::new(&[row("2024-01-01"), row("2026-01-01")]).unwrap();
    let clock = Clock { calendar: &gap };
    let day = limit(1, LimitUnit::WorkingDays);
    let start = at("2024-12-31 14:30");
    let over = [stop("2024-12-31 16:00", "2026-01-02 08:00")];
    assert_eq!(clock.due(&day, start, &over), Ok(at("2026-01-02 16:30")));
    assert_eq!(clock.due(&day, start, &[]), Err(NoCalendar { year: 2025 }));
    let used = clock.used(LimitUnit::WorkingDays, start, at("2026-01-02 09:00"), &over);
    assert_eq!(used, Ok(2 * HOUR_MS + HOUR_MS / 2));
}

#[test]
fn moments_at_the_ends_of_time_are_answered() {
    let day = limit(1, LimitUnit::WorkingDays);
    assert_eq!(clock().due(&day, i64::MAX, &[]), Ok(i64::MAX));
    assert!(clock().due(&day, i64::MIN, &[]).is_err());
    let plain = limit(u32::MAX, LimitUnit::Days);
    assert_eq!(clock().due(&plain, i64::MAX - 1, &[]), Ok(i64::MAX - 1));
    assert_eq!(
        clock().used(LimitUnit::WorkingDays, i64::MAX, i64::MIN, &[]),
        Ok(0)
    );
}

#[test]
fn days_decide_on_time_and_moments_where_they_are_asked_for() {
    let due = at("2024-03-05 10:00");
    for (end, by_day, by_moment) in [
        ("2024-03-04 23:59", Outcome::Early, Outcome::Early),
        ("2024-03-05 00:00", Outcome::OnTime, Outcome::Early),
        ("2024-03-05 10:00", Outcome::OnTime, Outcome::OnTime),
        ("2024-03-05 23:59", Outcome::OnTime, Outcome::Late),
        ("2024-03-06 00:00", Outcome::Late, Outcome::Late),
    ] {
        assert_eq!(outcome(at(end), due, Precision::Day), by_day, "{end}");
        assert_eq!(outcome(at(end), due, Precision::Moment), by_moment, "{end}");
        assert_eq!(
            is_overdue(due, at(end), Precision::Day),
            by_day == Outcome::Late
        );
    }
}

#[test]
fn what_is_due_within_working_days_ends_with_the_last_of_them() {
    let end = |now: &str, count| clock().end_of_working_day_after(at(now), count).map(text);
    assert_eq!(
        end("2024-03-08 10:00", 0),
        Ok("2024-03-09 00:00".to_owned())
    );
    assert_eq!(
        end("2024-03-08 10:00", 1),
        Ok("2024-03-12 00:00".to_owned())
    );
    assert_eq!(
        end("2024-03-09 10:00", 1),
        Ok("2024-03-12 00:00".to_owned())
    );
    assert_eq!(end("2025-12-31 10:00", 1), Err(NoCalendar { year: 2026 }));
}

#[test]
fn the_duty_is_to_settle_then_to_extend_with_an_apology_then_to_apologise() {
    let rules = Rules::default();
    let running = Pending {
        due_ms: Some(at("2024-03-08 17:00")),
        stopped_by: 0,
        extensions: 0,
    };
    let of = |pending: &Pending, now: &str| {
        duty(pending, at(now), &rules).map(|duty| (duty.what, duty.until_ms.map(text)))
    };
    let until = |text: &str| Some(text.to_owned());
    assert_eq!(
        of(&running, "2024-03-03 10:00"),
        Some((What::Settle, until("2024-03-08 17:00")))
    );
    let extend = Some((What::ApologiseAndExtend, until("2024-03-08 00:00")));
    assert_eq!(of(&running, "2024-03-04 00:00"), extend);
    assert_eq!(of(&running, "2024-03-07 23:59"), extend);
    assert_eq!(
        of(&running, "2024-03-08 09:00"),
        Some((What::Settle, until("2024-03-08 17:00")))
    );
    assert_eq!(
        of(&running, "2024-03-09 00:00"),
        Some((What::Apologise, None))
    );
    let extended = Pending {
        extensions: 1,
        ..running
    };
    assert_eq!(
        of(&extended, "2024-03-07 09:00"),
        Some((What::Settle, until("2024-03-08 17:00")))
    );
    let waiting = Pending {
        stopped_by: 5,
        ..running
    };
    assert_eq!(
        of(&waiting, "2024-03-20 09:00"),
        Some((What::RequestAnswer, None))
    );
    let stopped = Pending {
        stopped_by: 8,
        ..running
    };
    assert_eq!(of(&stopped, "2024-03-20 09:00"), None);
    let unknown = Pending {
        due_ms: None,
        ..running
    };
    assert_eq!(of(&unknown, "2024-03-20 09:00"), Some((What::Settle, None)));
}

#[test]
fn a_clock_that_goes_minute_by_minute_agrees_on_100_000_random_cases() {
    let mut random = Random(20_261_122);
    let oracle = minutes_oracle(&CALENDAR);
    for case in 0..100_000 {
        let (limit, start, stops) = random.case();
        let due = clock().due(&limit, start, &stops);
        assert_eq!(
            due,
            Ok(oracle.due(&limit, start, &stops)),
            "case {case}: {limit:?} {start} {stops:?}"
        );
        let to = start + random.below(30 * 1_440) * 60_000;
        let used = clock().used(limit.unit, start, to, &stops);
        assert_eq!(
            used,
            Ok(oracle.used(limit.unit, start, to, &stops)),
            "case {case}: {start} {to} {stops:?}"
        );
    }
}

fn a_limit() -> impl Strategy<Value = TimeLimit> {
    let unit = prop_oneof![
        Just(LimitUnit::WorkingDays),
        Just(LimitUnit::WorkingHours),
        Just(LimitUnit::Days)
    ];
    let same_day = prop_oneof![3 => Just(None), 1 => Just(Some(time(15, 0, 0, 0)))];
    (1u32..20, unit, same_day).prop_map(|(amount, unit, same_day_before)| TimeLimit {
        amount,
        unit,
        same_day_before,
    })
}

fn a_start() -> impl Strategy<Value = i64> {
    at("2024-01-01 00:00")..at("2025-06-01 00:00")
}

/// Stops relative to the start: when, how long.
fn some_stops() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((-DAY_MS..30 * DAY_MS, 1..5 * DAY_MS), 0..4)
}

fn placed(start: i64, stops: &[(i64, i64)]) -> Vec<Stop> {
    let stops = stops.iter().map(|(after, long)| Stop {
        from_ms: start + after,
        to_ms: Some(start + after + long),
        portal_status: 5,
    });
    stops.collect()
}

proptest! {
    #[test]
    fn a_clock_that_walks_from_day_to_day_agrees_to_the_millisecond(
        limit in a_limit(), start in a_start(), stops in some_stops(), long in 0..60 * DAY_MS,
    ) {
        let stops = placed(start, &stops);
        let due = clock().due(&limit, start, &stops);
        if limit.same_day_before.is_none() {
            let plain = limit.unit == LimitUnit::Days;
            prop_assert_eq!(due, Ok(walk::after(&CALENDAR, start, limit_ms(&limit), plain, &stops)));
        }
        let used = clock().used(limit.unit, start, start + long, &stops);
        prop_assert_eq!(used, Ok(walk::used(&CALENDAR, limit.unit, start, start + long, &stops)));
    }

    #[test]
    fn adding_time_never_shortens(
        limit in a_limit(), start in a_start(), stops in some_stops(),
        more in 1u32..5, later in 0..3 * DAY_MS, stop in (0..30 * DAY_MS, 1..5 * DAY_MS),
    ) {
        let clock = clock();
        let placed_stops = placed(start, &stops);
        let due = clock.due(&limit, start, &placed_stops).unwrap();
        let longer = TimeLimit { amount: limit.amount + more, ..limit };
        prop_assert!(clock.due(&longer, start, &placed_stops).unwrap() > due);
        // The same-day rule gives a later beginning a whole day of its own, whatever was stopped.
        let by_day = limit.same_day_before.is_some();
        let same: &[Stop] = if by_day { &[] } else { &placed_stops };
        let (first, second) = (clock.due(&limit, start, same), clock.due(&limit, start + later, same));
        prop_assert!(second.unwrap() >= first.unwrap());
        let mut stopped = placed_stops.clone();
        stopped.extend(placed(start, &[stop]));
        prop_assert!(clock.due(&limit, start, &stopped).unwrap() >= due);
        let unit = limit.runs_in();
        let begins = clock.begins(&limit, start).unwrap();
        let used = |to| clock.used(unit, begins, to, &placed_stops).unwrap();
        prop_assert!(used(due + later) >= used(due));
        prop_assert_eq!(used(due), clock.allowed(&limit, start).unwrap());
    }

    #[test]
    fn a_stop_of_some_running_time_shifts_the_deadline_by_that_time(
        limit in a_limit(), start in a_start(), when in 0..1_000i64, long in 1..5 * DAY_MS,
    ) {
        let clock = clock();
        let unit = limit.runs_in();
        let due = clock.due(&limit, start, &[]).unwrap();
        let from_ms = start + (due - start) * when / 1_000;
        let stop = Stop { from_ms, to_ms: Some(from_ms + long), portal_status: 6 };
        let began = clock.due(&limit, start, &[stop]).unwrap();
        let running = clock.used(unit, from_ms.max(clock.begins(&limit, start).unwrap()), from_ms + long, &[]).unwrap();
        prop_assert_eq!(clock.used(unit, due, began, &[]).unwrap(), running);
    }

    #[test]
    fn the_order_of_stops_and_how_they_are_cut_do_not_matter(
        limit in a_limit(), start in a_start(), stops in some_stops(), cut in 1..99i64,
    ) {
        let clock = clock();
        let given = placed(start, &stops);
        let mut other: Vec<Stop> = Vec::new();
        for stop in given.iter().rev() {
            let to_ms = stop.to_ms.unwrap();
            let middle = stop.from_ms + (to_ms - stop.from_ms) * cut / 100;
            other.push(Stop { from_ms: middle, portal_status: 8, ..*stop });
            other.push(Stop { to_ms: Some(middle), ..*stop });
            other.push(Stop { from_ms: to_ms, to_ms: Some(stop.from_ms), portal_status: 5 });
        }
        prop_assert_eq!(clock.due(&limit, start, &given), clock.due(&limit, start, &other));
        let to = start + 40 * DAY_MS;
        prop_assert_eq!(
            clock.used(limit.unit, start, to, &given),
            clock.used(limit.unit, start, to, &other)
        );
    }
}

#[test]
fn closing_time_is_that_of_the_day_at_seven_hours_east() {
    assert_eq!(text(closing_of(at("2024-03-04 00:00"))), "2024-03-04 17:00");
    assert_eq!(
        number_of(date(2024, 3, 4)),
        day_number(at("2024-03-04 00:00"))
    );
}
