//! How rates, times left and trends are written: a few characters that cannot be misread.

use crate::words::{NOTHING, duration};
use lienthong_contract::pb::operations::v1::Outlook;

/// Whether it gains on what comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// It has caught up.
    Level,
    /// More is processed than comes in.
    Gaining,
    /// Less is.
    Losing,
    /// As much as comes in, while something waits.
    Holding,
}

impl Trend {
    /// Its name for a person; nothing where nothing waits.
    pub fn name(self) -> &'static str {
        match self {
            Self::Level => NOTHING,
            Self::Gaining => "gaining",
            Self::Losing => "losing",
            Self::Holding => "holding",
        }
    }
}

/// Whether something that has this many records before it gains.
pub fn trend(lag_events: u64, outlook: &Outlook) -> Trend {
    if lag_events == 0 || outlook.eta_seconds == Some(0.0) {
        return Trend::Level;
    }
    match outlook.out_per_second.total_cmp(&outlook.in_per_second) {
        std::cmp::Ordering::Greater => Trend::Gaining,
        std::cmp::Ordering::Less => Trend::Losing,
        std::cmp::Ordering::Equal => Trend::Holding,
    }
}

/// Something a second, to three figures.
pub fn rate(per_second: f64) -> String {
    match per_second.abs() {
        small if small < 0.005 => "0".to_owned(),
        small if small < 9.995 => format!("{per_second:.2}"),
        small if small < 99.95 => format!("{per_second:.1}"),
        _ => crate::words::count(per_second.round().max(0.0) as u64),
    }
}

/// Until it has caught up.
pub fn eta(lag_events: u64, outlook: &Outlook) -> String {
    match outlook.eta_seconds {
        Some(seconds) if seconds > 0.0 => seconds_of(seconds),
        None if lag_events > 0 => "never so".to_owned(),
        Some(_) | None => NOTHING.to_owned(),
    }
}

/// Until retention removes what was not processed.
pub fn headroom(outlook: &Outlook) -> String {
    match outlook.headroom_seconds {
        Some(seconds) if seconds <= 0.0 => "none".to_owned(),
        Some(seconds) => seconds_of(seconds),
        None => NOTHING.to_owned(),
    }
}

/// Seconds as a duration.
pub fn seconds_of(seconds: f64) -> String {
    duration(seconds * 1_000.0)
}

/// Short times as they are measured: `0.4ms`, `12ms`, and from a second on as [`seconds_of`].
pub fn short(seconds: f64) -> String {
    match seconds.abs() {
        small if small < 0.009_95 => format!("{:.1}ms", seconds * 1_000.0),
        small if small < 0.999_5 => format!("{:.0}ms", seconds * 1_000.0),
        _ => seconds_of(seconds),
    }
}

/// A chance: certain ones and very small ones in words of numbers.
pub fn chance(probability: f64) -> String {
    match probability {
        one if one >= 0.995 => "1".to_owned(),
        tiny if tiny < 1e-6 => "<1e-6".to_owned(),
        small if small < 0.005 => format!("{small:.0e}"),
        other => format!("{other:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook(incoming: f64, outgoing: f64, eta_seconds: Option<f64>) -> Outlook {
        Outlook {
            in_per_second: incoming,
            out_per_second: outgoing,
            eta_seconds,
            headroom_seconds: None,
            window_seconds: 10.0,
        }
    }

    #[test]
    fn the_trend_is_that_of_what_waits() {
        let trend = |events, incoming, outgoing, eta| {
            super::trend(events, &outlook(incoming, outgoing, eta)).name()
        };
        assert_eq!(trend(0, 5.0, 0.0, None), "-");
        assert_eq!(trend(9, 5.0, 7.0, Some(4.5)), "gaining");
        assert_eq!(trend(9, 5.0, 2.0, None), "losing");
        assert_eq!(trend(9, 5.0, 5.0, None), "holding");
    }

    #[test]
    fn what_never_catches_up_says_so() {
        assert_eq!(eta(9, &outlook(5.0, 2.0, None)), "never so");
        assert_eq!(eta(9, &outlook(5.0, 7.0, Some(75.0))), "1m 15s");
        assert_eq!(eta(0, &outlook(5.0, 5.0, Some(0.0))), "-");
    }

    #[test]
    fn retention_that_has_caught_up_leaves_none() {
        let headroom = |headroom_seconds| {
            super::headroom(&Outlook {
                headroom_seconds,
                ..Outlook::default()
            })
        };
        assert_eq!(headroom(Some(-3.0)), "none");
        assert_eq!(headroom(Some(7_200.0)), "2h 0m");
        assert_eq!(headroom(None), "-");
    }

    #[test]
    fn numbers_have_about_three_figures() {
        assert_eq!([rate(0.0), rate(1.234), rate(45.67)], ["0", "1.23", "45.7"]);
        assert_eq!(rate(12_345.6), "12,346");
        assert_eq!([short(0.000_4), short(0.012)], ["0.4ms", "12ms"]);
        assert_eq!(short(75.0), "1m 15s");
        assert_eq!(
            [chance(1.0), chance(0.25), chance(1e-9)],
            ["1", "0.25", "<1e-6"]
        );
        assert_eq!(chance(0.000_2), "2e-4");
    }
}
