//! Statuses from positions that were seen by asking for positions: an account of its own of what
//! the hub's statuses mean.

use super::look::Sighting;
use super::record::Records;
use super::{SAMPLED_MS, WINDOW_MS};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

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
    /// How far the moment may lie from when it stood there, in seconds.
    pub unsure_s: f64,
}

/// What was seen of one view's partition.
pub fn sights(sightings: &[Sighting], records: &Records, view: &str, partition: u32) -> Vec<Sight> {
    let place = (view.to_owned(), partition);
    let sights = sightings.iter().filter_map(|sighting| {
        let (at_ms, places) = (sighting.at_ms(), &sighting.places);
        let (next, _) = *places.next.get(&place)?;
        let (start, end) = *places.bounds.get(&partition)?;
        Some(Sight {
            at_ms,
            next,
            waiting: end.saturating_sub(next),
            is_at_end: next >= end,
            lag_s: records.lag_s(partition, next.max(start), end, at_ms),
            unsure_s: (sighting.until_ms - sighting.from_ms) / 2e3,
        })
    });
    sights.collect()
}

/// The statuses that are right of an answer that was made between two moments, in milliseconds since
/// the Unix epoch, by what was seen in the window before it; empty: too little was seen. What lies at
/// a boundary may be told as either side of it: the hub may have looked a sample earlier or later.
pub fn statuses(sights: &[Sight], made: RangeInclusive<f64>) -> BTreeSet<&'static str> {
    let within = |from_ms: f64, until_ms: f64| {
        let all = sights.iter();
        all.filter(move |sight| (from_ms..=until_ms).contains(&sight.at_ms))
    };
    let (from_ms, until_ms) = made.into_inner();
    let surely = || {
        let well_within = within(until_ms - WINDOW_MS + SAMPLED_MS, from_ms);
        well_within.filter(|sight| sight.unsure_s * 1e3 < SAMPLED_MS)
    };
    let perhaps = || {
        within(
            from_ms - WINDOW_MS - 2.0 * SAMPLED_MS,
            until_ms + SAMPLED_MS,
        )
    };
    let mut right = BTreeSet::new();
    let Some(first) = perhaps().next() else {
        return right;
    };
    if first.at_ms > from_ms - WINDOW_MS + 2.0 * SAMPLED_MS {
        return right;
    }
    if surely().any(|sight| sight.is_at_end) {
        right.insert("current");
        return right;
    }
    if perhaps().any(|sight| sight.is_at_end || sight.lag_s < CLOSE_S) {
        right.insert("current");
    }
    let mut stood = surely().map(|sight| sight.next);
    if stood
        .next()
        .is_some_and(|place| stood.all(|next| next == place))
    {
        right.insert("stalled");
    }
    let now = perhaps().filter(|sight| sight.at_ms >= from_ms - SAMPLED_MS);
    right.extend(now.flat_map(|now| trends(first, now)));
    right
}

/// Gaining or losing between two sights; where the difference is small, both.
fn trends(first: &Sight, now: &Sight) -> impl Iterator<Item = &'static str> {
    // Falling behind: the seconds grew, and the records that wait did not become fewer.
    let grew_s = now.lag_s - first.lag_s;
    let more = now.waiting as f64 - first.waiting as f64;
    let unsure_s = first.unsure_s + now.unsure_s;
    let came = (now.next + now.waiting).saturating_sub(first.next + first.waiting) as f64;
    let a_second = came * 1e3 / (now.at_ms - first.at_ms).max(1.0);
    let about_s = SURELY_S + unsure_s;
    let about = SURELY_SHARE * first.waiting.max(now.waiting) as f64 + a_second * unsure_s;
    let moved = first.next < now.next;
    let behind = moved && grew_s > -about_s && more > -about;
    let catching_up = moved && (grew_s < about_s || more < about);
    let told = [
        behind.then_some("falling_behind"),
        catching_up.then_some("catching_up"),
    ];
    told.into_iter().flatten()
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
            unsure_s: 0.0,
        });
        sights.collect()
    }

    fn right(sights: &[Sight]) -> Vec<&'static str> {
        statuses(sights, 19_490.0..=19_500.0).into_iter().collect()
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
    fn at_a_turn_what_was_before_it_and_what_is_after_it_are_right() {
        // It stood still, began to move a little at 19.2 s, and has all but caught up at 20 s.
        let lag_s = |number| match number {
            40 => 1.0,
            _ => 5.0 + number as f64 * 0.5,
        };
        let next = |number: usize| (number as u64).saturating_sub(38);
        let mut turns = every_half_second(lag_s, next);
        turns.push(Sight {
            at_ms: 20_000.0,
            next: 100,
            waiting: 100,
            is_at_end: false,
            lag_s: 1.0,
            unsure_s: 0.0,
        });
        assert_eq!(right(&turns), ["catching_up", "falling_behind", "stalled"]);
    }

    #[test]
    fn too_little_that_was_seen_is_no_truth() {
        let late = every_half_second(|_| 9.0, |number| number as u64);
        assert_eq!(right(&late[35..]), Vec::<&str>::new());
    }
}
