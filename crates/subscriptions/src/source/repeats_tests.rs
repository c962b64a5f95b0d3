//! Windows against a plain look at everything before, and what is shared of them.
#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

/// Whether an earlier one lies in the same chunk or the one before.
fn plainly(prints: &[u64], at: usize) -> bool {
    let from = Window::looks_back_to(at as u64) as usize;
    prints[from..at].contains(&prints[at])
}

/// Three chunks, in which every so many records the event of so many before comes again.
fn prints(every: usize, before: usize) -> Vec<u64> {
    let all = 3 * WINDOW as usize;
    let print = |at: usize| match at.is_multiple_of(every) && at >= before {
        true => at - before,
        false => at,
    };
    (0..all).map(|at| print(at) as u64 + 1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_window_from_anywhere_answers_as_one_from_the_beginning(
        every in 1_000_usize..9_000, before in 1_usize..150_000, from in 0_u64..3 * WINDOW,
    ) {
        let prints = prints(every, before);
        let mut window = Window::new(Window::looks_back_to(from));
        for at in window.next() as usize..prints.len() {
            let seen = window.see(Some(Fingerprint(prints[at])));
            if at as u64 >= from && at.is_multiple_of(every) {
                prop_assert_eq!(seen, plainly(&prints, at), "{}", at);
            }
        }
    }
}

#[test]
fn what_is_no_event_repeats_nothing() {
    let mut window = Window::new(0);
    assert!(!window.see(None));
    assert!(!window.see(None));
    assert!(!window.see(Some(Fingerprint(0))));
    assert!(window.see(Some(Fingerprint(0))));
    assert_eq!(window.next(), 4);
}

#[test]
fn what_is_known_is_answered_and_nothing_else() {
    let found = Found::default();
    let base = WINDOW * 7;
    assert_eq!(found.of(base..base + 1), None);
    found.tell(base + 100..base + 200, &[base + 150]);
    assert_eq!(found.of(base + 99..base + 150), None);
    assert_eq!(found.of(base + 100..base + 150), Some(vec![]));
    assert_eq!(found.of(base + 150..base + 151), Some(vec![base + 150]));
    assert_eq!(found.of(base + 150..base + 201), None);
    // One that leaves a gap tells nothing; one that overlaps adds what is new.
    found.tell(base + 300..base + 400, &[base + 310]);
    assert_eq!(found.of(base + 300..base + 310), None);
    found.tell(base + 120..base + 320, &[base + 150, base + 310]);
    let all = found.of(base + 100..base + 320);
    assert_eq!(all, Some(vec![base + 150, base + 310]));
}

#[test]
fn the_earliest_chunks_are_forgotten_first() {
    let found = Found::default();
    for chunk in 0..CHUNKS as u64 + 10 {
        found.tell(chunk * WINDOW..(chunk + 1) * WINDOW, &[]);
    }
    assert_eq!(found.of(9 * WINDOW..9 * WINDOW + 1), None);
    assert_eq!(found.of(10 * WINDOW..10 * WINDOW + 1), Some(vec![]));
    let every: Vec<u64> = (0..WINDOW).collect();
    for chunk in 0..20 {
        let chunk = chunk + 2 * CHUNKS as u64;
        let offsets: Vec<u64> = every.iter().map(|at| chunk * WINDOW + at).collect();
        found.tell(chunk * WINDOW..(chunk + 1) * WINDOW, &offsets);
    }
    assert!(found.lock().repeats <= REPEATS);
    let last = (2 * CHUNKS as u64 + 19) * WINDOW;
    assert_eq!(found.of(last..last + 1), Some(vec![last]));
}
