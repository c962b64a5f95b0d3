//! Dossier codes (mã hồ sơ): the agency, the date of intake, a sequence of that day.

use jiff::civil::Date;

use super::{CodeError, Rule, agency, all_digits};

/// `MaHoSo` is a string of at most 50 characters in the portal's packets.
const MOST: usize = 50;

const RULE: Rule = Rule {
    name: "dossier_code",
    fix: "write AGENCY-yyMMdd-SEQUENCE or AGENCY-yyyyMMdd-SEQUENCE with a real date, such as H56.15.03-261008-0975 or G09.20-20260609-0092637",
};

const FOREIGN_RULE: Rule = Rule {
    name: "dossier_code",
    fix: "write 1 to 50 characters of 0-9, A-Z, a-z, dot, underscore, slash and hyphen",
};

/// How much of the shape of a dossier code a profile insists on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// The shapes seen in Vietnamese systems and no other: a 6-digit date with 4 digits of
    /// sequence (`000.17.22.H56-210531-0001`, `H15.50.05.13-261008-0975`), or an 8-digit date with
    /// 7 (`G09.20-20260609-0092637`).
    Strict,
    /// Either length of date with 3 to 10 digits of sequence.
    #[default]
    Lenient,
    /// Codes of another scheme (`maHoSoLT`, `SoBienNhan`, an imported log): any 1 to 50 characters
    /// of `[0-9A-Za-z._/-]`.
    Foreign,
}

/// Accepts a dossier code of the given profile. The date must exist in the calendar, a two-digit
/// year standing for 20yy; it is not compared with any other date, for a late or early dossier is
/// a finding and no reason to refuse.
pub fn check_dossier(text: &str, strictness: Strictness) -> Result<(), CodeError> {
    if strictness == Strictness::Foreign {
        FOREIGN_RULE.check_length(text, MOST)?;
        return FOREIGN_RULE.check_characters(text, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'-')
        });
    }
    RULE.check_length(text, MOST)?;
    let (head, sequence) = text
        .rsplit_once('-')
        .ok_or_else(|| RULE.broken("it has no hyphen"))?;
    let (owner, date) = head
        .rsplit_once('-')
        .ok_or_else(|| RULE.broken("it has one hyphen where two are needed"))?;
    agency::check(owner, RULE).map_err(|error| CodeError {
        what: format!("in the agency, {}", error.what),
        ..error
    })?;
    check_date(date)?;
    check_sequence(sequence, date.len(), strictness)
}

fn check_date(date: &str) -> Result<(), CodeError> {
    if !all_digits(date) || !matches!(date.len(), 6 | 8) {
        return Err(RULE.broken("the date is not 6 digits (yyMMdd) or 8 digits (yyyyMMdd)"));
    }
    let number = |digits: &str| {
        digits
            .bytes()
            .fold(0i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
    };
    let (year, month_day) = date.split_at(date.len() - 4);
    let (month, day) = month_day.split_at(2);
    let year = if year.len() == 2 {
        2000 + number(year)
    } else {
        number(year)
    };
    // Two digits each, so both fit.
    let (month, day) = (number(month) as i8, number(day) as i8);
    match Date::new(year, month, day) {
        Ok(_) => Ok(()),
        Err(_) => Err(RULE.broken(format!("the date {date} is not in the calendar"))),
    }
}

fn check_sequence(
    sequence: &str,
    date_digits: usize,
    strictness: Strictness,
) -> Result<(), CodeError> {
    let (least, most) = match (strictness, date_digits) {
        (Strictness::Strict, 6) => (4, 4),
        (Strictness::Strict, _) => (7, 7),
        _ => (3, 10),
    };
    if all_digits(sequence) && (least..=most).contains(&sequence.len()) {
        return Ok(());
    }
    let wanted = if least == most {
        format!("{least}")
    } else {
        format!("{least} to {most}")
    };
    Err(RULE.broken(format!("the sequence is not {wanted} digits")))
}
