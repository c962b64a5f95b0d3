//! Figures as a person reads them at night.

use jiff::Timestamp;
use jiff::tz::offset;

/// A moment at +07:00, to the second.
pub(super) fn moment(millis: i64) -> String {
    let Ok(moment) = Timestamp::from_millisecond(millis) else {
        return format!("{millis} ms");
    };
    let moment = moment.to_zoned(offset(7).to_time_zone());
    moment.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// A length of time: `42.0 s`, `12 min`, `3.5 h`, `2.1 days`.
pub(super) fn duration(seconds: f64) -> String {
    let (size, sign) = (seconds.abs(), if seconds < 0.0 { "-" } else { "" });
    match size {
        ..120.0 => format!("{sign}{size:.1} s"),
        120.0..7_200.0 => format!("{sign}{:.0} min", size / 60.0),
        7_200.0..172_800.0 => format!("{sign}{:.1} h", size / 3_600.0),
        _ => format!("{sign}{:.1} days", size / 86_400.0),
    }
}

/// What is said of retention where it will remove what was not processed.
pub(super) fn headroom(seconds: Option<f64>) -> String {
    match seconds {
        None => String::new(),
        Some(..=0.0) => "; retention may remove what it has not processed any moment".to_owned(),
        Some(seconds) => format!(
            "; retention removes what it has not processed in {}",
            duration(seconds)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_the_unit_that_fits() {
        let told = [3.1, 119.9, 1_800.0, 12_600.0, 200_000.0, -90.0].map(duration);
        assert_eq!(
            told,
            ["3.1 s", "119.9 s", "30 min", "3.5 h", "2.3 days", "-90.0 s"]
        );
    }

    #[test]
    fn a_moment_is_told_at_the_time_of_the_country() {
        assert_eq!(moment(1_795_302_725_000), "2026-11-22 06:12:05 +07:00");
    }

    #[test]
    fn retention_is_spoken_of_where_it_removes_something() {
        assert_eq!(headroom(None), "");
        assert!(headroom(Some(-3.0)).contains("any moment"));
        assert!(headroom(Some(600.0)).ends_with("in 10 min"));
    }
}
