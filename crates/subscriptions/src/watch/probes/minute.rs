//! Durations over about the last minute, in constant memory: a histogram for every ten seconds.

use hdrhistogram::Histogram;
use lienthong_contract::pb::operations::v1::StageLag;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// Time that one histogram takes in, and how long it counts.
const SLOT: Duration = Duration::from_secs(10);
const KEPT: Duration = Duration::from_secs(60);
/// Digits that are kept of a duration in microseconds, and the longest that is told: a day.
const DIGITS: u8 = 2;
const LONGEST_US: u64 = 86_400_000_000;
const MICROS: f64 = 1e6;

/// Durations over the last fifty to sixty seconds.
#[derive(Default)]
pub struct Minute {
    /// By when they began, the oldest first.
    slots: VecDeque<(Instant, Histogram<u64>)>,
}

impl Minute {
    /// Takes one, in seconds; what is negative counts as 0.
    pub fn record(&mut self, seconds: f64, now: Instant) {
        let current = self.slots.back().map(|(began, _)| *began);
        if current.is_none_or(|began| now.duration_since(began) >= SLOT) {
            let Some(empty) = empty() else {
                return;
            };
            self.slots.push_back((now, empty));
            while self.slots.len() as u32 > KEPT.as_secs() as u32 / SLOT.as_secs() as u32 {
                self.slots.pop_front();
            }
        }
        if let Some((_, histogram)) = self.slots.back_mut() {
            histogram.saturating_record((seconds.max(0.0) * MICROS) as u64);
        }
    }

    /// Its figures; none if nothing was taken in.
    pub fn figures(&self, now: Instant) -> Option<StageLag> {
        let mut all = empty()?;
        let kept = |began: &Instant| now.duration_since(*began) < KEPT;
        for (_, histogram) in self.slots.iter().filter(|(began, _)| kept(began)) {
            // Both keep the same range.
            all.add(histogram).ok()?;
        }
        let seconds = |micros: u64| micros as f64 / MICROS;
        (!all.is_empty()).then(|| StageLag {
            p50_seconds: seconds(all.value_at_quantile(0.5)),
            p99_seconds: seconds(all.value_at_quantile(0.99)),
            max_seconds: seconds(all.max()),
            count: all.len(),
            ..StageLag::default()
        })
    }
}

/// An empty one; none only if there were no histogram of that range, which a test rules out.
fn empty() -> Option<Histogram<u64>> {
    Histogram::new_with_max(LONGEST_US, DIGITS).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_older_than_a_minute_counts_no_more() {
        let mut minute = Minute::default();
        assert_eq!(minute.figures(Instant::now()), None);
        minute.record(9.0, Instant::now());
        tokio::time::advance(Duration::from_secs(30)).await;
        for thousandth in 1..=99 {
            minute.record(f64::from(thousandth) / 1_000.0, Instant::now());
        }
        let all = minute.figures(Instant::now()).unwrap();
        assert_eq!(all.count, 100);
        assert!((all.p50_seconds - 0.050).abs() < 0.002, "{all:?}");
        assert!(all.max_seconds >= 9.0 && all.p99_seconds < 0.102, "{all:?}");
        tokio::time::advance(Duration::from_secs(31)).await;
        let late = minute.figures(Instant::now()).unwrap();
        assert!(late.count == 99 && late.max_seconds < 0.102, "{late:?}");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(minute.figures(Instant::now()), None);
    }
}
