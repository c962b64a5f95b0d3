//! What the minutes up to the last report tell of a source.

use super::{HOUR, HOURS, IsWorking, Minutes, WEEK_HOURS, slot};
use std::ops::Range;

/// Days on which an hour of the week must have been observed before it counts.
const DAYS_KNOWN: u8 = 2;
/// Days on which a source must have reported at an hour, without a miss, for it to be missed.
const DAYS_ALWAYS: u32 = 20;
/// Most hours of a day, on average, in which a source reports whose hours are missed.
const FEW_HOURS: f64 = 3.0;
/// Observed minutes from which on an hour without a report is a miss.
const OBSERVED: u32 = 30;

/// What was learned of a source.
#[derive(Debug, Clone)]
pub struct Learned {
    /// By hour of the week.
    slots: Box<[Slot; WEEK_HOURS]>,
    /// How much longer the longest silence of an ordinary week was than the shares would have it, at
    /// least 1.
    pub(super) burstiness: f64,
    /// By hour of the day: pairs of hours of the day and the next, in which it always reported.
    always: Option<Box<Always>>,
}

/// One hour of the week.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    reported: u32,
    observed: u32,
    /// On which it was observed.
    days: u8,
}

/// Days on which the source reported within two hours, and on which it did not.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    kept: u32,
    missed: u32,
}

/// By the first of the two hours: Mondays to Fridays, and all days.
#[derive(Debug, Clone, Default)]
struct Always {
    weekdays: [Kept; 24],
    all: [Kept; 24],
}

impl Learned {
    /// From the minutes up to the last report.
    pub(super) fn from(
        reported: &Minutes,
        observed: &Minutes,
        last: i64,
        is_working: IsWorking<'_>,
    ) -> Self {
        let first = reported.first().unwrap_or(last);
        let seen = Seen {
            reported,
            observed,
            range: first..last + 1,
        };
        let slots = seen.slots(is_working);
        let mut learned = Self {
            slots,
            burstiness: 1.0,
            always: None,
        };
        learned.burstiness = seen.burstiness(&learned, is_working);
        let (hours, days) = seen.hours_and_days();
        if hours as f64 <= FEW_HOURS * f64::from(days) {
            learned.always = Some(Box::new(seen.always(is_working)));
        }
        learned
    }

    /// Minus the logarithm of the chance that a minute of an hour of the week is silent; none: the
    /// hour is not known.
    pub(super) fn weight(&self, slot: usize) -> Option<f64> {
        let seen = self.slots.get(slot)?;
        (seen.days >= DAYS_KNOWN).then(|| -(1.0 - self.share(slot)).ln())
    }

    /// Share of the minutes of an hour of the week in which it reported, never quite 1.
    pub(super) fn share(&self, slot: usize) -> f64 {
        let seen = self.slots.get(slot).copied().unwrap_or_default();
        f64::from(seen.reported) / f64::from(seen.observed + 1)
    }

    /// Days on which it reported within the two hours from `hour` on, if it always did; none: it did
    /// not always, or too few days are known.
    pub(super) fn always(&self, hour: i64, is_working: IsWorking<'_>) -> Option<u32> {
        let always = self.always.as_ref()?;
        let of_day = hour.rem_euclid(24) as usize;
        let is_weekday = super::weekday(hour.div_euclid(24), is_working) < 5;
        let of_weekdays = is_weekday.then(|| always.weekdays[of_day]);
        let candidates = of_weekdays.into_iter().chain([always.all[of_day]]);
        let kept = candidates.filter(|kept| kept.missed == 0 && kept.kept >= DAYS_ALWAYS);
        kept.map(|kept| kept.kept).max()
    }
}

/// Whether the two hours from `hour` on were observed well enough to miss a report in them.
pub(super) fn is_observed(observed: &Minutes, hour: i64) -> bool {
    let is_observed = |hour| observed.hour(hour).count_ones() >= OBSERVED;
    is_observed(hour) && is_observed(hour + 1)
}

/// What is learned from.
struct Seen<'a> {
    reported: &'a Minutes,
    observed: &'a Minutes,
    /// From the first report to the last.
    range: Range<i64>,
}

impl Seen<'_> {
    /// Hours of the range, at most [`HOURS`].
    fn hours(&self) -> Range<i64> {
        let last = (self.range.end - 1).div_euclid(HOUR);
        let first = self.range.start.div_euclid(HOUR);
        first.max(last - HOURS as i64 + 1)..last + 1
    }

    /// Minutes of an hour in which the source reported, and in which the hub took anything.
    fn hour(&self, hour: i64) -> (u64, u64) {
        let reported = self.reported.within(hour, &self.range);
        (reported, self.observed.within(hour, &self.range) | reported)
    }

    fn slots(&self, is_working: IsWorking<'_>) -> Box<[Slot; WEEK_HOURS]> {
        let mut slots = Box::new([Slot::default(); WEEK_HOURS]);
        for hour in self.hours() {
            let (reported, observed) = self.hour(hour);
            let slot = &mut slots[slot(hour, is_working)];
            slot.reported += reported.count_ones();
            slot.observed += observed.count_ones();
            slot.days = slot.days.saturating_add(u8::from(observed != 0));
        }
        slots
    }

    /// By the median over the weeks, so that one outage does not count as the rhythm: the weight of
    /// the longest silence of a week, over what that would be if minutes were independent.
    fn burstiness(&self, learned: &Learned, is_working: IsWorking<'_>) -> f64 {
        let hours = self.hours();
        let end = hours.end;
        let mut weeks = [(0.0_f64, 0_u32); HOURS / WEEK_HOURS];
        let mut silence = 0.0;
        for hour in hours {
            let (mut reported, observed) = self.hour(hour);
            let mut silent = observed & !reported;
            let weight = learned.weight(slot(hour, is_working)).unwrap_or(0.0);
            let week = ((end - 1 - hour) as usize / WEEK_HOURS).min(weeks.len() - 1);
            while reported != 0 {
                let before = reported.trailing_zeros();
                let until = (1_u64 << before) - 1;
                silence += weight * f64::from((silent & until).count_ones());
                silent &= !until;
                reported &= reported - 1;
                let (longest, reports) = &mut weeks[week];
                *longest = longest.max(silence);
                *reports += 1;
                silence = 0.0;
            }
            silence += weight * f64::from(silent.count_ones());
        }
        let with_reports = weeks.iter().filter(|(_, reports)| *reports > 0);
        let mut times: Vec<f64> = with_reports
            .map(|(longest, reports)| longest / f64::from(*reports).ln().max(1.0))
            .collect();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(1.0).max(1.0)
    }

    /// Hours with a report, and days with one.
    fn hours_and_days(&self) -> (u32, u32) {
        let (mut hours, mut days, mut day) = (0, 0, None);
        for hour in self.hours().filter(|hour| self.hour(*hour).0 != 0) {
            hours += 1;
            let of = Some(hour.div_euclid(24));
            days += u32::from(day != of);
            day = of;
        }
        (hours, days)
    }

    fn always(&self, is_working: IsWorking<'_>) -> Always {
        let mut always = Always::default();
        let hours = self.hours();
        for hour in hours.start..hours.end - 1 {
            let of_day = hour.rem_euclid(24) as usize;
            let reported = self.hour(hour).0 | self.hour(hour + 1).0 != 0;
            let missed = !reported && is_observed(self.observed, hour);
            let is_weekday = super::weekday(hour.div_euclid(24), is_working) < 5;
            let weekdays = is_weekday.then_some(&mut always.weekdays[of_day]);
            for kept in weekdays.into_iter().chain([&mut always.all[of_day]]) {
                kept.kept += u32::from(reported);
                kept.missed += u32::from(missed);
            }
        }
        always
    }
}
