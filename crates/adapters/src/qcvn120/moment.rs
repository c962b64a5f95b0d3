//! Times as feeds write them: without a zone, at +07:00.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{self, Offset, TimeZone};
use lienthong_contract::time::{EARLIEST_MS, LATEST_MS};

/// Vietnam's offset, the same all year.
const VIETNAM: Offset = tz::offset(7);

/// How a time was meant to be written.
pub const FIX: &str =
    "write yyyyMMddHHmmss, such as 20261008093000, or leave an optional one empty";

/// Shapes seen in feeds, `9` standing for a digit, with how they are read. A date alone is the
/// beginning of its day.
const SHAPES: [(&str, &str); 11] = [
    ("99999999999999", "%Y%m%d%H%M%S"),
    ("999999999999", "%Y%m%d%H%M"),
    ("99999999", "%Y%m%d"),
    ("99/99/9999 99:99:99", "%d/%m/%Y %H:%M:%S"),
    ("99/99/9999 99:99", "%d/%m/%Y %H:%M"),
    ("99/99/9999", "%d/%m/%Y"),
    ("99.99.9999 99:99:99", "%d.%m.%Y %H:%M:%S"),
    ("99.99.9999", "%d.%m.%Y"),
    ("9999-99-99 99:99:99", "%Y-%m-%d %H:%M:%S"),
    ("9999-99-99T99:99:99", "%Y-%m-%dT%H:%M:%S"),
    ("9999-99-99", "%Y-%m-%d"),
];

/// Milliseconds since the Unix epoch.
///
/// # Errors
/// What is wrong, in words.
pub fn parse(text: &str) -> Result<i64, &'static str> {
    let millis = match zoned(text) {
        Some(millis) => millis,
        None => unzoned(text)?,
    };
    if (EARLIEST_MS..LATEST_MS).contains(&millis) {
        Ok(millis)
    } else {
        Err("it is outside the years 2000 to 2100")
    }
}

/// A time as yyyyMMddHHmmss at +07:00, whichever way it was written.
pub fn digits(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map(|time| time.to_zoned(TimeZone::fixed(VIETNAM)))
        .map_or_else(
            |_| millis.to_string(),
            |time| time.strftime("%Y%m%d%H%M%S").to_string(),
        )
}

/// ISO 8601 with its zone.
fn zoned(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}

fn unzoned(text: &str) -> Result<i64, &'static str> {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    let (_, format) = SHAPES
        .into_iter()
        .find(|(known, _)| *known == shape)
        .ok_or("it is not in a form of time that is known")?;
    let not_real = |_| "there is no such date or time";
    let read = strtime::parse(format, text).map_err(not_real)?;
    let local: DateTime = match read.to_datetime() {
        Ok(local) => local,
        Err(_) => read.to_date().map_err(not_real)?.into(),
    };
    let time = VIETNAM.to_timestamp(local).map_err(not_real)?;
    Ok(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_one_moment_is_the_same_moment() {
        let expected = 1_791_426_600_000; // 2026-10-08T02:30:00Z
        for text in [
            "20261008093000",
            "202610080930",
            "08/10/2026 09:30:00",
            "08/10/2026 09:30",
            "08.10.2026 09:30:00",
            "2026-10-08 09:30:00",
            "2026-10-08T09:30:00",
            "2026-10-08T09:30:00+07:00",
            "2026-10-08T02:30:00Z",
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        assert_eq!(digits(expected), "20261008093000");
    }

    #[test]
    fn a_date_alone_is_the_beginning_of_its_day_in_vietnam() {
        for text in ["20261008", "08/10/2026", "08.10.2026", "2026-10-08"] {
            assert_eq!(
                parse(text).map(digits).as_deref(),
                Ok("20261008000000"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_reason() {
        for text in ["20261308093000", "20260230", "31.04.2026", "20261008250000"] {
            assert_eq!(parse(text), Err("there is no such date or time"), "{text}");
        }
        for text in ["yesterday", "2026100809300", "8/10/2026", "12:30"] {
            assert_eq!(
                parse(text),
                Err("it is not in a form of time that is known"),
                "{text}"
            );
        }
        for text in ["01/01/0001 00:00:00", "19000101000000", "21020101000000"] {
            assert_eq!(
                parse(text),
                Err("it is outside the years 2000 to 2100"),
                "{text}"
            );
        }
    }
}
