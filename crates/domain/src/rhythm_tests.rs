//! Rhythms of sources as they are met.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

/// A Monday at 0:00, as a number of a minute: 2025-08-04.
const MONDAY: i64 = 20_304 * DAY;
const DAY: i64 = 1_440;
const WEEK: i64 = 7 * DAY;

fn ordinary(_: i64) -> Option<bool> {
    None
}

/// A hub that takes something from somebody in every minute of a range.
fn busy(minutes: std::ops::Range<i64>) -> Minutes {
    let mut observed = Minutes::new(OBSERVED_HOURS);
    minutes.for_each(|minute| {
        observed.mark(minute);
    });
    observed
}

/// A source that reports in the minutes of a range that hold, learned.
fn source(
    minutes: std::ops::Range<i64>,
    reports: impl Fn(i64) -> bool,
    observed: &Minutes,
) -> Rhythm {
    let mut rhythm = Rhythm::default();
    minutes
        .filter(|minute| reports(*minute))
        .for_each(|minute| rhythm.take(minute));
    rhythm.learn(observed, &ordinary);
    rhythm
}

/// The first minute at whose begin the source is silent.
fn silent_at(rhythm: &Rhythm, observed: &Minutes, until: i64) -> Option<i64> {
    let last = rhythm.last().unwrap();
    (last + 1..=until)
        .find(|now| rhythm.judge(observed, *now, &ordinary).verdict == Verdict::Silent)
}

/// Minute of the day and day of the week, from 0 for Monday.
fn clock(minute: i64) -> (i64, i64) {
    (
        minute.rem_euclid(DAY),
        (minute - MONDAY).div_euclid(DAY).rem_euclid(7),
    )
}

/// A number from 0 to 1 that looks random.
fn noise(of: i64) -> f64 {
    let mut x = (of as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn at_office(minute: i64) -> bool {
    let (of_day, weekday) = clock(minute);
    weekday < 5 && ((450..690).contains(&of_day) || (810..1_020).contains(&of_day))
}

#[test]
fn a_source_that_reported_every_minute_for_three_weeks_is_silent_after_three_minutes_and_not_before()
 {
    let observed = busy(MONDAY..MONDAY + 5 * WEEK);
    let last = MONDAY + 3 * WEEK + 600;
    let rhythm = source(MONDAY..last + 1, |_| true, &observed);
    // Of this hour of the week 181 minutes were seen, and one for what was not: a silent minute has
    // a chance of 1/182. Two are no accident of one in a million, three are.
    let judge = |minutes: i64| rhythm.judge(&observed, last + 1 + minutes, &ordinary);
    assert_eq!(judge(0).chance, 1.0);
    assert_eq!(judge(2).verdict, Verdict::Reporting);
    let two = 1.0 / 182.0_f64.powi(2);
    assert!((judge(2).chance / two - 1.0).abs() < 1e-6, "{:?}", judge(2));
    let silent = judge(3);
    assert_eq!(silent.verdict, Verdict::Silent);
    assert!(
        silent.chance < IMPROBABLE && silent.reason.contains("3 min"),
        "{silent:?}"
    );
}

#[test]
fn before_an_hour_of_the_week_was_seen_on_two_days_the_rhythm_is_learning() {
    let observed = busy(MONDAY..MONDAY + 3 * WEEK);
    let last = MONDAY + WEEK - 1;
    let rhythm = source(MONDAY..last + 1, |_| true, &observed);
    let judged = rhythm.judge(&observed, last + 300, &ordinary);
    assert_eq!((judged.verdict, judged.chance), (Verdict::Learning, 1.0));
    assert!(judged.reason.contains("two such days"));
    assert_eq!(
        Rhythm::default().judge(&observed, last, &ordinary).verdict,
        Verdict::Learning
    );
}

#[test]
fn nights_lunch_breaks_and_weekends_are_no_silence_and_a_missing_monday_morning_is() {
    let observed = busy(MONDAY..MONDAY + 7 * WEEK);
    let reports = |minute| at_office(minute) && noise(minute) < 0.6;
    // It stops for lunch at 11:30 on a Thursday, for the night, or for the weekend.
    for stops in [3 * DAY + 690, 3 * DAY + 1_020, 4 * DAY + 1_020] {
        let stops = MONDAY + 5 * WEEK + stops;
        let rhythm = source(MONDAY..stops, reports, &observed);
        let goes_on = (stops..stops + 4 * DAY)
            .find(|minute| reports(*minute))
            .unwrap();
        assert_eq!(
            silent_at(&rhythm, &observed, goes_on),
            None,
            "{:?}",
            clock(stops)
        );
        // It does not come back.
        let silent = silent_at(&rhythm, &observed, stops + 4 * DAY).unwrap();
        assert!(
            silent > goes_on && silent < goes_on + 120,
            "{:?}",
            clock(silent)
        );
    }
}

#[test]
fn a_nightly_batch_that_does_not_come_is_missed_when_its_hours_are_over() {
    let observed = busy(MONDAY..MONDAY + 8 * WEEK);
    let nightly = |minute: i64| {
        let about = 130 + (noise(minute.div_euclid(DAY)) * 12.0) as i64;
        clock(minute).0 == about
    };
    let rhythm = source(MONDAY..MONDAY + 5 * WEEK, nightly, &observed);
    let judged = |of_day: i64| rhythm.judge(&observed, MONDAY + 5 * WEEK + of_day, &ordinary);
    assert_eq!(judged(179).verdict, Verdict::Reporting);
    let missed = judged(180);
    assert_eq!(missed.verdict, Verdict::Silent);
    assert!((missed.chance - 1.0 / 35.0).abs() < 1e-9, "{missed:?}");
    assert!(
        missed.reason.contains("between 01:00 and 03:00") && missed.reason.contains("34 such days")
    );
    let twice = judged(DAY + 180);
    assert!(
        twice.chance < missed.chance && twice.reason.contains("missed on 2 days"),
        "{twice:?}"
    );
}

#[test]
fn an_hour_in_which_the_hub_took_nothing_from_anybody_is_nobodys_silence() {
    let mut observed = busy(MONDAY..MONDAY + 3 * WEEK);
    let last = MONDAY + 3 * WEEK - 1;
    let rhythm = source(MONDAY..last + 1, |_| true, &observed);
    let back = last + 1 + 5 * 60;
    assert_eq!(silent_at(&rhythm, &observed, back), None);
    (back..back + 10).for_each(|minute| {
        observed.mark(minute);
    });
    assert_eq!(silent_at(&rhythm, &observed, back + 10), Some(back + 3));
    // Hours that the hub was down do not count as hours in which the source did not report.
    let down = |minute: i64| (300..420).contains(&clock(minute).0);
    let mut observed = Minutes::new(OBSERVED_HOURS);
    (MONDAY..MONDAY + 4 * WEEK)
        .filter(|minute| !down(*minute))
        .for_each(|minute| {
            observed.mark(minute);
        });
    let last = MONDAY + 3 * WEEK + 430;
    let rhythm = source(MONDAY..last + 1, |minute| !down(minute), &observed);
    assert_eq!(silent_at(&rhythm, &observed, last + 20), Some(last + 4));
}

#[test]
fn a_day_off_has_the_rhythm_of_a_sunday_and_a_worked_saturday_that_of_a_friday() {
    let observed = busy(MONDAY..MONDAY + 7 * WEEK);
    let last = MONDAY + 5 * WEEK + 4 * DAY + 1_019;
    let reports = |minute| at_office(minute) && noise(minute) < 0.9;
    let friday_evening = source(MONDAY..last + 1, reports, &observed);
    let saturday = last.div_euclid(DAY) + 1;
    let works_saturday = move |day: i64| (day == saturday).then_some(true);
    let at_nine = saturday * DAY + 540;
    let judge = |is_working: IsWorking<'_>, minute| {
        friday_evening.judge(&observed, minute, is_working).verdict
    };
    assert_eq!(judge(&ordinary, at_nine), Verdict::Reporting);
    assert_eq!(judge(&works_saturday, at_nine), Verdict::Silent);
    let monday_off = move |day: i64| (day == saturday + 2).then_some(false);
    let at_ten = (saturday + 2) * DAY + 600;
    assert_eq!(judge(&ordinary, at_ten), Verdict::Silent);
    assert_eq!(judge(&monday_off, at_ten), Verdict::Reporting);
}

#[test]
fn one_long_outage_does_not_become_the_rhythm() {
    let observed = busy(MONDAY..MONDAY + 7 * WEEK);
    let last = MONDAY + 6 * WEEK + DAY + 600;
    let outage = MONDAY + 4 * WEEK + DAY + 480..MONDAY + 4 * WEEK + DAY + 700;
    let rhythm = source(
        MONDAY..last + 1,
        |minute| !outage.contains(&minute),
        &observed,
    );
    let silent = silent_at(&rhythm, &observed, last + 60).unwrap();
    assert!(silent <= last + 12, "{}", silent - last);
}

#[test]
fn a_source_that_works_in_batches_is_not_silent_between_them() {
    let observed = busy(MONDAY..MONDAY + 9 * WEEK);
    // Some minutes of work, then an hour and more of nothing, at random.
    let in_batch = |minute: i64| at_office(minute) && noise(minute.div_euclid(12)) < 0.2;
    let mut rhythm = source(MONDAY..MONDAY + 4 * WEEK, in_batch, &observed);
    let mut alarms = 0;
    let mut silent = false;
    for minute in MONDAY + 4 * WEEK..MONDAY + 8 * WEEK {
        if in_batch(minute) {
            rhythm.take(minute);
            if rhythm.is_stale() {
                rhythm.learn(&observed, &ordinary);
            }
            silent = false;
        } else if !silent {
            silent = rhythm.judge(&observed, minute + 1, &ordinary).verdict == Verdict::Silent;
            alarms += u32::from(silent);
        }
    }
    assert!(alarms <= 1, "{alarms} false alarms in four weeks");
    let last = rhythm.last().unwrap();
    let silent = silent_at(&rhythm, &observed, last + 4 * DAY).unwrap();
    assert!(silent < last + 4 * DAY, "and a real silence is told");
}

#[test]
fn a_silence_of_weeks_is_not_learned_and_stays_one() {
    let observed = busy(MONDAY..MONDAY + 10 * WEEK);
    let rhythm = source(MONDAY..MONDAY + 3 * WEEK, |_| true, &observed);
    let judged = rhythm.judge(&observed, MONDAY + 10 * WEEK, &ordinary);
    assert_eq!(judged.verdict, Verdict::Silent);
    assert!(judged.reason.contains("49 days"), "{}", judged.reason);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_learned_depends_on_the_minutes_and_not_on_how_they_came(
        mut minutes in proptest::collection::vec(0..9 * WEEK, 1..400),
        until in 0..3 * WEEK,
    ) {
        let observed = busy(MONDAY..MONDAY + 12 * WEEK);
        let of = |minutes: &[i64]| {
            let mut rhythm = Rhythm::default();
            minutes.iter().for_each(|minute| rhythm.take(MONDAY + minute));
            rhythm.learn(&observed, &ordinary);
            rhythm
        };
        let shuffled = of(&minutes);
        minutes.sort_unstable();
        let twice: Vec<i64> = minutes.iter().flat_map(|minute| [*minute; 2]).collect();
        let sorted = of(&twice);
        prop_assert_eq!(shuffled.last(), sorted.last());
        let until = sorted.last().unwrap() + until;
        let judged = sorted.judge(&observed, until, &ordinary);
        prop_assert_eq!(&shuffled.judge(&observed, until, &ordinary), &judged);
        let words: Vec<u64> = sorted.reported().oldest_first().collect();
        let newest = sorted.reported().newest().unwrap();
        let mut again = Rhythm::of(Minutes::restore(HOURS, newest, &words));
        again.learn(&observed, &ordinary);
        prop_assert_eq!(again.judge(&observed, until, &ordinary), judged);
    }

    #[test]
    fn the_chance_of_a_silence_falls_as_it_lasts_and_stays_between_0_and_1(
        share in 0.0..1.0_f64,
        seed in any::<i32>(),
        step in 1..500_i64,
    ) {
        let observed = busy(MONDAY..MONDAY + 6 * WEEK);
        let reports = |minute: i64| noise(minute ^ i64::from(seed)) < share;
        let rhythm = source(MONDAY..MONDAY + 4 * WEEK, reports, &observed);
        let mut before = 1.0;
        let Some(last) = rhythm.last() else { return Ok(()) };
        for until in (last..last + WEEK).step_by(step as usize) {
            let chance = rhythm.judge(&observed, until, &ordinary).chance;
            prop_assert!((0.0..=before).contains(&chance), "{chance} after {before}");
            before = chance;
        }
    }

    #[test]
    fn a_minute_at_any_end_of_time_is_taken_or_left(minutes in proptest::collection::vec(any::<i64>(), 1..20)) {
        let mut rhythm = Rhythm::default();
        for minute in &minutes {
            rhythm.take(minute / 4);
        }
        let observed = Minutes::new(OBSERVED_HOURS);
        rhythm.learn(&observed, &ordinary);
        rhythm.judge(&observed, rhythm.last().unwrap() + 5, &ordinary);
    }
}
