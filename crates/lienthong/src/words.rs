//! How times, durations, parties and levels are written for a person.

use jiff::tz::{Offset, TimeZone};
use lienthong_contract::pb::event::v1::Party;
use lienthong_contract::pb::procedure::v1::{Direction, InterconnectionClass, Level};
use lienthong_contract::time::to_millis;
use prost_types::Timestamp;

/// Written where nothing was told.
pub const NOTHING: &str = "-";

/// A moment at the legal time of Viet Nam (+07:00), to the second.
pub fn moment(time: &Option<Timestamp>) -> String {
    millis(time)
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(
            || NOTHING.to_owned(),
            |time| {
                let local = time.to_zoned(TimeZone::fixed(Offset::constant(7)));
                local.strftime("%Y-%m-%d %H:%M:%S").to_string()
            },
        )
}

/// Milliseconds since the Unix epoch, if the time was told.
pub fn millis(time: &Option<Timestamp>) -> Option<i64> {
    time.as_ref().and_then(to_millis)
}

/// A duration by its two largest units, such as `2d 4h`, `15m 3s`, `0.4s`.
pub fn duration(milliseconds: f64) -> String {
    if milliseconds < 0.0 {
        return format!("-{}", duration(-milliseconds));
    }
    if milliseconds < 9_950.0 {
        return format!("{:.1}s", milliseconds / 1_000.0);
    }
    let seconds = (milliseconds / 1_000.0).round() as u64;
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m {rest}s"),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// How long ago a moment was, seen from another.
pub fn since(time: &Option<Timestamp>, now_ms: i64) -> String {
    millis(time).map_or_else(
        || NOTHING.to_owned(),
        |then| duration((now_ms - then) as f64),
    )
}

/// An agency with its unit.
pub fn party(party: &Option<Party>) -> String {
    match party {
        Some(party) if party.agency_code.is_empty() => NOTHING.to_owned(),
        Some(party) if party.unit_code.is_empty() => party.agency_code.clone(),
        Some(party) => format!("{}/{}", party.agency_code, party.unit_code),
        None => NOTHING.to_owned(),
    }
}

/// The name of a level.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Unspecified => "unknown",
        Level::Commune => "commune",
        Level::District => "district",
        Level::Province => "province",
        Level::Ministry => "ministry",
    }
}

/// The name of a direction.
pub fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Unspecified => NOTHING,
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Level => "level",
    }
}

/// The name of a class of cases.
pub fn class(class: InterconnectionClass) -> &'static str {
    match class {
        InterconnectionClass::Unspecified => NOTHING,
        InterconnectionClass::None => "not interconnected",
        InterconnectionClass::Horizontal => "horizontal",
        InterconnectionClass::Vertical => "vertical",
        InterconnectionClass::Unknown => "class unknown",
    }
}

/// Text or [`NOTHING`].
pub fn or_nothing(text: &str) -> &str {
    if text.is_empty() { NOTHING } else { text }
}

/// A number with thousands set apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::time::from_millis;

    #[test]
    fn durations_are_told_by_their_two_largest_units() {
        for (milliseconds, told) in [
            (0.0, "0.0s"),
            (400.0, "0.4s"),
            (59_000.0, "59s"),
            (903_000.0, "15m 3s"),
            (7_500_000.0, "2h 5m"),
            (187_200_000.0, "2d 4h"),
            (-59_000.0, "-59s"),
        ] {
            assert_eq!(duration(milliseconds), told);
        }
    }

    #[test]
    fn moments_are_told_at_the_legal_time_of_viet_nam() {
        let midnight = Some(from_millis(1_782_838_800_000));
        assert_eq!(moment(&midnight), "2026-07-01 00:00:00");
        assert_eq!(moment(&None), NOTHING);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [count(7), count(1_000), count(12_345_678)],
            ["7", "1,000", "12,345,678"]
        );
    }
}
