#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

const LENGTH: i64 = 10_000;
const STEP: i64 = 500;

fn sample(at_ms: i64, next: u64, end: u64, lag_ms: i64) -> Sample {
    Sample {
        at_ms,
        next,
        end,
        lag_ms,
        was_at_end: next >= end,
    }
}

/// Samples every half second: each is what `of` says of its number.
fn window(count: i64, of: impl Fn(i64) -> (u64, u64, i64)) -> Window {
    let mut window = Window::new(LENGTH);
    for step in 0..count {
        let (next, end, lag_ms) = of(step);
        window.push(sample(step * STEP, next, end, lag_ms));
    }
    window
}

fn status(window: &Window) -> Status {
    window.judge(&Condition::default()).0
}

#[test]
fn an_idle_follower_is_current_without_words_and_has_caught_up() {
    let window = window(30, |_| (7, 7, 0));
    assert_eq!(
        window.judge(&Condition::default()),
        (Status::Current, String::new())
    );
    let outlook = window.outlook();
    assert_eq!(outlook.eta_seconds, Some(0.0));
    assert_eq!((outlook.in_per_second, outlook.out_per_second), (0.0, 0.0));
    assert_eq!(outlook.covered_seconds, 10.0);
}

#[test]
fn one_touch_of_the_end_between_samples_is_enough_for_the_window() {
    let mut window = window(30, |step| (step as u64, step as u64 + 5, 400));
    assert_ne!(status(&window), Status::Current);
    let at = 30 * STEP;
    window.push(sample(at, 30, 35, 400));
    assert_ne!(status(&window), Status::Current);
    window.touch_end(at);
    // What is heard later and was earlier takes nothing back.
    window.touch_end(at - STEP);
    assert_eq!(status(&window), Status::Current);
    assert_eq!(window.outlook().eta_seconds, Some(0.0));
    for step in 1..20 {
        window.push(sample(at + step * STEP, 30, 40, step * STEP));
        assert_eq!(status(&window), Status::Current, "{step}");
    }
    window.push(sample(at + LENGTH, 30, 40, LENGTH));
    assert_eq!(status(&window), Status::Stalled);
}

#[test]
fn rates_tell_when_it_will_have_caught_up_or_that_it_never_will() {
    // 100 a second come in, 300 are processed.
    let gaining = window(41, |step| {
        (150 * step as u64, 10_000 + 50 * step as u64, 9_000)
    });
    let outlook = gaining.outlook();
    assert_eq!(
        (outlook.in_per_second, outlook.out_per_second),
        (100.0, 300.0)
    );
    assert_eq!(outlook.eta_seconds, Some(6_000.0 / 200.0));
    let losing = window(41, |step| {
        (50 * step as u64, 10_000 + 150 * step as u64, 9_000)
    });
    assert_eq!(losing.outlook().eta_seconds, None);
}

#[test]
fn lag_that_grows_is_falling_behind_and_lag_that_does_not_is_catching_up() {
    let at = |slope: i64| {
        window(30, move |step| {
            (step as u64, 1_000 + 2 * step as u64, 5_000 + slope * step)
        })
    };
    assert_eq!(status(&at(1)), Status::FallingBehind);
    assert_eq!(status(&at(-1)), Status::CatchingUp);
    assert_eq!(status(&at(0)), Status::CatchingUp);
}

#[test]
fn a_burst_that_is_worked_off_is_caught_up_with_though_its_first_event_grows_older() {
    let window = window(30, |step| {
        (1_000 * step as u64, 100_000, 1_000 + step * STEP)
    });
    let (status, words) = window.judge(&Condition::default());
    assert_eq!(status, Status::CatchingUp);
    assert!(words.contains("caught up in about"), "{words}");
}

#[test]
fn before_the_window_is_covered_nobody_is_called_stalled_or_falling_behind() {
    let standing = window(20, |step| (3, 9, step * STEP));
    assert_eq!(status(&standing), Status::CatchingUp);
    let losing = window(20, |step| (step as u64, 9 + 2 * step as u64, step * STEP));
    assert_eq!(status(&losing), Status::CatchingUp);
}

#[test]
fn a_rewind_is_told_as_long_as_it_lies_in_the_window() {
    let mut window = window(30, |_| (100, 100, 0));
    for step in 30..51 {
        window.push(sample(step * STEP, 40 + step as u64, 1_000, 60_000));
        let (status, words) = window.judge(&Condition::default());
        match step < 50 {
            true => {
                assert_eq!(status, Status::Rewound, "{step}");
                assert!(words.contains("stood at 100"), "{words}");
            }
            false => assert_ne!(status, Status::Rewound),
        }
    }
}

#[test]
fn what_is_known_beside_the_samples_comes_first_and_a_loss_before_all() {
    let window = window(30, |_| (5, 5, 0));
    let blocked = Condition {
        blocked: Some("the log does not answer".to_owned()),
        ..Condition::default()
    };
    let words = "the log does not answer".to_owned();
    assert_eq!(window.judge(&blocked), (Status::Stalled, words));
    let lost = Condition {
        lost: Some(3..9),
        ..blocked
    };
    let (status, words) = window.judge(&lost);
    assert_eq!(status, Status::Lost);
    assert!(words.contains("offsets 3 to 9 (exclusive)"), "{words}");
}

#[test]
fn one_that_starts_is_loading_until_it_has_caught_up_or_stands_still() {
    let condition = |phase| Condition {
        phase,
        note: "the checkpoint did not count".to_owned(),
        ..Condition::default()
    };
    let standing = window(30, |_| (5, 50, 9_000));
    let moving = window(30, |step| (step as u64, 500, 9_000));
    let (status, words) = standing.judge(&condition(Phase::Opening));
    assert_eq!(status, Status::Loading);
    assert!(words.contains("the checkpoint did not count"), "{words}");
    assert_eq!(
        standing.judge(&condition(Phase::Loading)).0,
        Status::Stalled
    );
    assert_eq!(moving.judge(&condition(Phase::Loading)).0, Status::Loading);
    let nothing = Window::new(LENGTH);
    assert_eq!(nothing.judge(&condition(Phase::Loading)).0, Status::Loading);
}

#[test]
fn a_clock_that_jumps_begins_the_window_anew() {
    for jump in [-3_600_000, 3_600_000] {
        let mut window = window(30, |_| (5, 50, 9_000));
        assert_eq!(status(&window), Status::Stalled);
        window.push(sample(30 * STEP + jump, 5, 50, 9_000));
        assert_eq!(window.outlook().covered_seconds, 0.0);
        assert_eq!(status(&window), Status::CatchingUp);
    }
}

#[test]
fn samples_that_come_often_take_little_room_and_lose_nothing() {
    let mut window = Window::new(LENGTH);
    for at_ms in 0..20_000 {
        let next = if at_ms == 15_000 { 9 } else { 5 };
        window.push(sample(at_ms, next, 50, 9_000));
    }
    assert!(window.samples.len() as i64 <= FINEST + FINEST / 10);
    assert!(window.is_covered());
    assert_eq!(status(&window), Status::Rewound);
}

proptest! {
    #[test]
    fn a_stopped_follower_is_stalled_within_one_window_whatever_it_did_before(
        moves in prop::collection::vec((0_u64..50, 0_u64..50, any::<bool>()), 0..60),
        stop in 1_u64..1_000,
    ) {
        let mut window = Window::new(LENGTH);
        let (mut at, mut next, mut end) = (0, 0_u64, 0_u64);
        for (processed, came, touched) in moves {
            end += came;
            next = (next + processed).min(end);
            window.push(Sample { was_at_end: touched, ..sample(at, next, end, 77) });
            at += STEP;
        }
        end = end.max(next) + stop;
        for step in 0..=LENGTH / STEP {
            end += 1;
            window.push(sample(at, next, end, step * STEP));
            at += STEP;
        }
        prop_assert_eq!(status(&window), Status::Stalled);
    }

    #[test]
    fn a_follower_that_touches_the_end_is_current(
        moves in prop::collection::vec((1_u64..50, 0_u64..50), 1..60),
    ) {
        let mut window = Window::new(LENGTH);
        let (mut at, mut next, mut end) = (0, 0_u64, 100_u64);
        for (processed, came) in moves {
            end += came;
            next = (next + processed).min(end);
            window.push(sample(at, next, end, 77));
            at += STEP;
        }
        window.push(sample(at, end, end, 0));
        prop_assert_eq!(status(&window), Status::Current);
        prop_assert_eq!(window.outlook().eta_seconds, Some(0.0));
    }

    #[test]
    fn no_clock_and_no_offset_makes_it_panic(
        samples in prop::collection::vec(
            (any::<i64>(), any::<u64>(), any::<u64>(), any::<i64>(), any::<bool>()), 0..40),
        length in any::<i64>(),
    ) {
        let mut window = Window::new(length);
        for (at_ms, next, end, lag_ms, was_at_end) in samples {
            window.push(Sample { at_ms, next, end, lag_ms, was_at_end });
            let outlook = window.outlook();
            prop_assert!(outlook.in_per_second.is_finite() && outlook.out_per_second.is_finite());
            let (status, words) = window.judge(&Condition::default());
            prop_assert_eq!(status == Status::Current, words.is_empty());
        }
    }
}
