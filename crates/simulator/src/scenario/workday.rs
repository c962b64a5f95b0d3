//! Time at an office: 7:00 to 11:30 and 13:30 to 17:00 at +07:00, Monday to Friday. Holidays
//! are left out: scenarios need lifelike gaps, not the legal clock.

const MINUTE_MS: i64 = 60_000;
const DAY: i64 = 1_440;
/// Minutes of Vietnam's time ahead of UTC.
const ZONE: i64 = 420;
/// The hours of work, in minutes of the day.
const HOURS: [(i64, i64); 2] = [(420, 690), (810, 1_020)];

/// The moment `minutes` of working time after another, both milliseconds since the Unix
/// epoch. A moment outside working hours counts as the next one inside.
pub(super) fn after(from_ms: i64, minutes: i64) -> i64 {
    let local = from_ms.div_euclid(MINUTE_MS) + ZONE;
    let (mut day, mut minute) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let mut left = minutes;
    loop {
        if !is_weekend(day) {
            for (opens, closes) in HOURS {
                let start = minute.max(opens);
                if start < closes && start + left < closes {
                    let within = if start == minute {
                        from_ms.rem_euclid(MINUTE_MS)
                    } else {
                        0
                    };
                    return (day * DAY + start + left - ZONE) * MINUTE_MS + within;
                }
                left -= (closes - start).max(0);
            }
        }
        day += 1;
        minute = 0;
    }
}

/// The first day of the epoch was a Thursday.
fn is_weekend(day: i64) -> bool {
    matches!((day + 3).rem_euclid(7), 5 | 6)
}

#[cfg(test)]
mod tests {
    use super::after;

    fn ms(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>()
            .map_or(0, |time| time.as_millisecond())
    }

    #[test]
    fn work_goes_on_after_lunch_overnight_and_after_the_weekend() {
        // 2026-10-08 is a Thursday.
        for (from, minutes, to) in [
            ("2026-10-08T08:00:00+07:00", 30, "2026-10-08T08:30:00+07:00"),
            ("2026-10-08T11:00:00+07:00", 60, "2026-10-08T14:00:00+07:00"),
            ("2026-10-08T16:30:00+07:00", 60, "2026-10-09T07:30:00+07:00"),
            ("2026-10-09T16:30:00+07:00", 60, "2026-10-12T07:30:00+07:00"),
            ("2026-10-10T12:00:00+07:00", 0, "2026-10-12T07:00:00+07:00"),
            (
                "2026-10-08T07:00:00+07:00",
                480,
                "2026-10-09T07:00:00+07:00",
            ),
        ] {
            assert_eq!(after(ms(from), minutes), ms(to), "{from} + {minutes} min");
        }
    }
}
