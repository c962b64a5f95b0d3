//! Where to begin, as a person writes it.

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use lienthong_contract::pb::subscription::v1::start::Place;
use lienthong_contract::pb::subscription::v1::{Beginning, End, Start};
use lienthong_contract::time::from_millis;

/// `beginning`, `end`, a time with its offset, a day (its beginning at +07:00), else a token.
pub fn start(text: &str) -> Start {
    let place = match text {
        "beginning" => Place::Beginning(Beginning {}),
        "end" => Place::End(End {}),
        text => moment(text).map_or_else(
            || Place::Token(text.to_owned()),
            |millis| Place::Time(from_millis(millis)),
        ),
    };
    Start { place: Some(place) }
}

fn moment(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_millisecond());
    }
    let day = text.parse::<Date>().ok()?;
    let begins = day.to_zoned(TimeZone::fixed(Offset::constant(7))).ok()?;
    Some(begins.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_by_word_time_day_or_token() {
        let place = |text: &str| start(text).place;
        assert_eq!(place("beginning"), Some(Place::Beginning(Beginning {})));
        assert_eq!(place("end"), Some(Place::End(End {})));
        let midnight = Some(Place::Time(from_millis(1_782_838_800_000)));
        assert_eq!(place("2026-07-01"), midnight);
        assert_eq!(place("2026-07-01T00:00:00+07:00"), midnight);
        assert_eq!(place("2026-06-30T17:00:00Z"), midnight);
        let token = "AQIDBA".to_owned();
        assert_eq!(place("AQIDBA"), Some(Place::Token(token)));
    }
}
