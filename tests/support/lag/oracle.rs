//! Statuses from positions that were seen by asking for positions: an account of its own of what
//! the hub's statuses mean.

use super::look::Places;
use super::record::Records;
use super::{SAMPLED_MS, WINDOW_MS};
use std::collections::BTreeSet;

/// Lag that grew or fell by less over the window is judged as either, in seconds.
const SURELY_S: f64 = 0.3;
/// Waiting records that became more or fewer by a smaller share are judged as either.
const SURELY_SHARE: f64 = 0.1;
/// A follower that came so close to the end, in seconds, may have stood at it unseen.
const CLOSE_S: f64 = 0.6;

/// Where a follower stood at a moment.
#[derive(Debug, Clone, Copy)]
pub struct Sight {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    /// Its next offset, or how many it was done with.
    pub next: u64,
    /// Records that it had not processed.
    pub waiting: u64,
    /// It had nothing left.
    pub is_at_end: bool,
    /// How late it was, in seconds.
    pub lag_s: f64,
}

/// What was seen of one view's partition.
pub fn sights(seen: &[(f64, Places)], records: &Records, view: &str, partition: u32) -> Vec<Sight> {
    let place = (view.to_owned(), partition);
    let sights = seen.iter().filter_map(|(at_ms, places)| {
        let (next, _) = *places.next.get(&place)?;
        let (start, end) = *places.bounds.get(&partition)?;
        Some(Sight {
            at_ms: *at_ms,
            next,
            waiting: end.saturating_sub(next),
            is_at_end: next >= end,
            lag_s: records.lag_s(partition, next.max(start), end, *at_ms),
        })
    });
    sights.collect()
}

/// The statuses that are right at a moment by what was seen in the window before it; empty: too
/// little was seen. What lies at a boundary may be told as either side of it.
pub fn statuses(sights: &[Sight], at_ms: f64) -> BTreeSet<&'static str> {
    let within = |from_ms: f64, until_ms: f64| {
        let all = sights.iter();
        all.filter(move |sight| (from_ms..=until_ms).contains(&sight.at_ms))
    };
    let surely = || within(at_ms - WINDOW_MS + SAMPLED_MS, at_ms);
    let perhaps = || within(at_ms - WINDOW_MS - 2.0 * SAMPLED_MS, at_ms + SAMPLED_MS);
    let mut right = BTreeSet::new();
    let (Some(first), Some(last)) = (perhaps().next(), perhaps().next_back()) else {
        return right;
    };
    if first.at_ms > at_ms - WINDOW_MS + 2.0 * SAMPLED_MS {
        return right;
    }
    if surely().any(|sight| sight.is_at_end) {
        right.insert("current");
        return right;
    }
    if perhaps().any(|sight| sight.is_at_end || sight.lag_s < CLOSE_S) {
        right.insert("current");
    }
    if surely().all(|sight| sight.next == last.next) {
        right.insert("stalled");
    }
    if first.next < last.next {
        // Falling behind: the seconds grew, and the records that wait did not become fewer.
        let grew_s = last.lag_s - first.lag_s;
        let more = last.waiting as f64 - first.waiting as f64;
        let about = SURELY_SHARE * first.waiting.max(last.waiting) as f64;
        if grew_s > -SURELY_S && more > -about {
            right.insert("falling_behind");
        }
        if grew_s < SURELY_S || more < about {
            right.insert("catching_up");
        }
    }
    right
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn every_half_second(lag_s: impl Fn(usize) -> f64, next: impl Fn(usize) -> u64) -> Vec<Sight> {
        let sights = (0..40).map(|number| Sight {
            at_ms: number as f64 * 500.0,
            next: next(number),
            waiting: (lag_s(number) * 100.0) as u64,
            is_at_end: lag_s(number) == 0.0,
            lag_s: lag_s(number),
        });
        sights.collect()
    }

    fn right(sights: &[Sight]) -> Vec<&'static str> {
        statuses(sights, 19_500.0).into_iter().collect()
    }

    #[test]
    fn a_status_follows_from_the_window_before() {
        let grows = every_half_second(|number| 5.0 + number as f64, |number| number as u64);
        assert_eq!(right(&grows), ["falling_behind"]);
        let falls = every_half_second(|number| 90.0 - number as f64, |number| number as u64);
        assert_eq!(right(&falls), ["catching_up"]);
        let stands = every_half_second(|number| 5.0 + number as f64, |_| 7);
        assert_eq!(right(&stands), ["stalled"]);
        let was_there = |number| if number == 30 { 0.0 } else { 9.0 };
        let touched = every_half_second(was_there, |number| number as u64);
        assert_eq!(right(&touched), ["current"]);
    }

    #[test]
    fn too_little_that_was_seen_is_no_truth() {
        let late = every_half_second(|_| 9.0, |number| number as u64);
        assert_eq!(right(&late[35..]), Vec::<&str>::new());
    }
}
