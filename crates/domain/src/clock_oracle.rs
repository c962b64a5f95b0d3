//! Two other clocks, as simple as can be: one that counts minutes, one that walks over days.

use super::*;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 1_440;

/// A generator of cases, the same in every run (splitmix64).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as i64
    }

    /// Limit, beginning and stops, in whole minutes.
    pub(crate) fn case(&mut self) -> (TimeLimit, i64, Vec<Stop>) {
        let unit = match self.below(3) {
            0 => LimitUnit::WorkingDays,
            1 => LimitUnit::WorkingHours,
            _ => LimitUnit::Days,
        };
        let same_day = self.below(4) == 0;
        let limit = TimeLimit {
            amount: self.below(12) as u32 + u32::from(!same_day),
            unit,
            same_day_before: same_day.then(|| time(15, 0, 0, 0)),
        };
        let start = at("2024-01-01 00:00") + self.below(580 * DAY_MINUTES) * MINUTE_MS;
        let stops = (0..self.below(4)).map(|_| {
            let from_ms = start + (self.below(20 * DAY_MINUTES) - 600) * MINUTE_MS;
            Stop {
                from_ms,
                to_ms: Some(from_ms + self.below(4 * DAY_MINUTES) * MINUTE_MS),
                portal_status: [5, 6, 8][self.below(3) as usize],
            }
        });
        let stops = stops.collect();
        (limit, start, stops)
    }
}

/// Whether people work in each minute of the calendar's years, 64 minutes a word, the first of them
/// in the lowest bit.
pub(crate) struct Minutes {
    first_ms: i64,
    works: Vec<u64>,
}

pub(crate) fn minutes_oracle(calendar: &Calendar) -> Minutes {
    let first_ms = at("2024-01-01 00:00");
    let mut works = vec![0u64; 731 * DAY_MINUTES as usize / 64 + 1];
    for minute in 0..731 * DAY_MINUTES {
        let of_day = minute % DAY_MINUTES;
        let hours =
            (7 * 60..11 * 60 + 30).contains(&of_day) || (13 * 60 + 30..17 * 60).contains(&of_day);
        let day = day(day_number(first_ms + minute * MINUTE_MS));
        if hours && calendar.is_working(day).unwrap() {
            works[minute as usize / 64] |= 1 << (minute % 64);
        }
    }
    Minutes { first_ms, works }
}

impl Minutes {
    /// The minutes of a word in which the clock runs.
    fn word(&self, at: usize, plain: bool, from: i64, stops: &[Stop]) -> u64 {
        let begin = at as i64 * 64;
        let works = if plain { u64::MAX } else { self.works[at] };
        let stopped = stops.iter().map(|stop| {
            let minute = |ms: i64| (ms - self.first_ms) / MINUTE_MS - begin;
            before(minute(stop.to_ms.unwrap())) & !before(minute(stop.from_ms))
        });
        works & !before(from - begin) & !stopped.fold(0, |all, one| all | one)
    }

    fn minute_of(&self, ms: i64) -> i64 {
        (ms - self.first_ms) / MINUTE_MS
    }

    fn works_on(&self, day: i64) -> bool {
        let minute = day * DAY_MINUTES + 7 * 60;
        self.works[minute as usize / 64] >> (minute % 64) & 1 == 1
    }

    pub(crate) fn due(&self, limit: &TimeLimit, start_ms: i64, stops: &[Stop]) -> i64 {
        let start = self.minute_of(start_ms);
        if limit.same_day_before.is_none() {
            let plain = limit.unit == LimitUnit::Days;
            return self.nth(start, limit_ms(limit) / MINUTE_MS, plain, stops);
        }
        let mut day = start / DAY_MINUTES;
        let mut from = start;
        if start % DAY_MINUTES >= 15 * 60 || !self.works_on(day) {
            day += 1;
            while !self.works_on(day) {
                day += 1;
            }
            from = day * DAY_MINUTES;
        }
        let mut last = day;
        for _ in 0..limit.amount {
            last += 1;
            while !self.works_on(last) {
                last += 1;
            }
        }
        let left = self.count(from, last * DAY_MINUTES + 17 * 60, false, &[]);
        self.nth(from, left, false, stops)
    }

    /// The end of the `left`th running minute.
    fn nth(&self, from: i64, mut left: i64, plain: bool, stops: &[Stop]) -> i64 {
        for at in from as usize / 64.. {
            let mut word = self.word(at, plain, from, stops);
            if i64::from(word.count_ones()) < left {
                left -= i64::from(word.count_ones());
                continue;
            }
            for _ in 1..left {
                word &= word - 1;
            }
            let minute = at as i64 * 64 + i64::from(word.trailing_zeros());
            return self.first_ms + (minute + 1) * MINUTE_MS;
        }
        unreachable!("the words end with a panic of their own")
    }

    fn count(&self, from: i64, to: i64, plain: bool, stops: &[Stop]) -> i64 {
        let mut sum = 0;
        for at in from as usize / 64..=(to as usize / 64) {
            let inside = before(to - at as i64 * 64);
            sum += i64::from((self.word(at, plain, from, stops) & inside).count_ones());
        }
        sum
    }

    pub(crate) fn used(&self, unit: LimitUnit, from: i64, to: i64, stops: &[Stop]) -> i64 {
        let (from, to) = (self.minute_of(from), self.minute_of(to));
        self.count(from, to, unit == LimitUnit::Days, stops) * MINUTE_MS
    }
}

/// The lowest bits: those before a place that may lie outside of the word.
fn before(place: i64) -> u64 {
    match place {
        ..=0 => 0,
        1..=63 => (1 << place) - 1,
        _ => u64::MAX,
    }
}

/// The clock that walks over days.
pub(crate) mod walk {
    use super::*;

    const SPANS: [(i64, i64); 2] = [
        (7 * HOUR_MS, 11 * HOUR_MS + HOUR_MS / 2),
        (13 * HOUR_MS + HOUR_MS / 2, 17 * HOUR_MS),
    ];

    pub(crate) fn used(
        calendar: &Calendar,
        unit: LimitUnit,
        from: i64,
        to: i64,
        stops: &[Stop],
    ) -> i64 {
        let mut used = 0;
        for number in day_number(from)..=day_number(to) {
            for (begin, end) in spans(calendar, number, unit == LimitUnit::Days) {
                for (begin, end) in cut(begin.max(from), end.min(to), stops) {
                    used += end - begin;
                }
            }
        }
        used
    }

    pub(crate) fn after(
        calendar: &Calendar,
        start: i64,
        mut left: i64,
        plain: bool,
        stops: &[Stop],
    ) -> i64 {
        for number in day_number(start).. {
            for (begin, end) in spans(calendar, number, plain) {
                for (begin, end) in cut(begin.max(start), end, stops) {
                    if end - begin >= left {
                        return begin + left;
                    }
                    left -= end - begin;
                }
            }
        }
        unreachable!("the calendar ends with a panic of its own")
    }

    fn spans(calendar: &Calendar, number: i64, plain: bool) -> Vec<(i64, i64)> {
        let midnight = number * DAY_MS - 7 * HOUR_MS;
        if plain {
            return vec![(midnight, midnight + DAY_MS)];
        }
        if !calendar.is_working(day(number)).unwrap() {
            return Vec::new();
        }
        SPANS
            .map(|(from, to)| (midnight + from, midnight + to))
            .to_vec()
    }

    fn cut(from: i64, to: i64, stops: &[Stop]) -> Vec<(i64, i64)> {
        let mut spans = vec![(from, to)];
        for stop in stops {
            let until = stop.to_ms.unwrap();
            spans = spans
                .into_iter()
                .flat_map(|(from, to)| [(from, to.min(stop.from_ms)), (from.max(until), to)])
                .collect();
            spans.retain(|(from, to)| from < to);
        }
        spans.retain(|(from, to)| from < to);
        spans
    }
}
