//! The code of a case in whatever scheme its source uses.

use super::{CodeError, Rule};

const MOST: usize = 50;

const RULE: Rule = Rule {
    name: "case_code",
    fix: "write 1 to 50 characters of 0-9, A-Z, a-z, dot, underscore, colon, slash and hyphen",
};

/// Accepts 1 to 50 characters of `[0-9A-Za-z._:/-]`. One case has many codes (`MaHoSo`,
/// `maHoSoLT`, `maHoSoMCDT`, `SoBienNhan`), so no shape is asked for beyond what keys, logs and
/// addresses carry without escaping.
pub fn check_case_code(text: &str) -> Result<(), CodeError> {
    RULE.check_length(text, MOST)?;
    RULE.check_characters(text, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'-')
    })
}
