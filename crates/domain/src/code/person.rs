//! Personal identification numbers, and the older identity-card numbers still in use.
//!
//! The number is personal data: no error, and nothing else that leaves this file, holds any digit
//! of it.

use super::{CodeError, Rule};

const RULE: Rule = Rule {
    name: "person_number",
    fix: "write the 12 digits of the personal identification number, or the 9 digits of an old identity card",
};

/// What kind of number a well-formed one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 12 digits, `AAA B CC DDDDDD`: place of birth registration (a province or a country), sex
    /// and century, two-digit year of birth, six random digits.
    Personal,
    /// 9 digits of an identity card from before the 12-digit number.
    Legacy,
    /// A filler such as `000000001` that a system sends when it has no number. It is well formed
    /// and recorded; it becomes a data-quality finding and identifies nobody.
    Placeholder,
}

/// Accepts 12 digits of the structure `AAA B CC DDDDDD` whose `B` is 0 to 5 (even for men, odd for
/// women; 20th, 21st and 22nd century), 9 digits, and a placeholder of either length.
pub fn check_number(text: &str) -> Result<Kind, CodeError> {
    if text.is_empty() {
        return Err(RULE.broken("it is empty"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RULE.broken("it holds something other than the digits 0 to 9"));
    }
    if !matches!(text.len(), 9 | 12) {
        return Err(RULE.broken(format!("it has {} digits, 12 or 9 are needed", text.len())));
    }
    if is_placeholder(text) {
        return Ok(Kind::Placeholder);
    }
    match text.as_bytes() {
        [_, _, _, b'0'..=b'5', rest @ ..] if rest.len() == 8 => Ok(Kind::Personal),
        digits if digits.len() == 9 => Ok(Kind::Legacy),
        _ => Err(RULE.broken("its fourth digit, sex and century of birth, is not 0 to 5")),
    }
}

/// Whether a number of 9 or 12 digits is a filler: one digit repeated, zeros before a last digit
/// (`000000001`), or digits counting up by one (`123456789`, `012345678901`).
pub fn is_placeholder(text: &str) -> bool {
    let digits = text.as_bytes();
    if !matches!(digits.len(), 9 | 12) || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let repeated = digits.windows(2).all(|pair| pair[0] == pair[1]);
    let zeros = digits[..digits.len() - 1]
        .iter()
        .all(|digit| *digit == b'0');
    let counting = digits
        .windows(2)
        .all(|pair| (pair[0] - b'0' + 1) % 10 == pair[1] - b'0');
    repeated || zeros || counting
}
