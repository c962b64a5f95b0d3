//! Agency codes (mã định danh cơ quan), Decision 20/2020/QĐ-TTg and the older QCVN 102 form.

use super::{CodeError, Rule};

/// The most characters an agency code may have, by Decision 20/2020/QĐ-TTg.
pub(super) const MOST: usize = 35;

const RULE: Rule = Rule {
    name: "agency_code",
    fix: "write groups of 0-9 and A-Z joined by single dots, at most 35 characters, such as H56.15.03 or 000.17.22.H56",
};

/// Accepts groups of `0-9A-Z` joined by single dots, 1 to 35 characters in all: the dotted form of
/// Decision 20/2020/QĐ-TTg (`H56.15.03`) and the older 13-character form (`000.17.22.H56`).
pub fn check_agency(text: &str) -> Result<(), CodeError> {
    check(text, RULE)
}

/// The same grammar on behalf of a longer code that holds an agency code.
pub(super) fn check(text: &str, rule: Rule) -> Result<(), CodeError> {
    rule.check_length(text, MOST)?;
    let mut group = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' => group += 1,
            b'.' if group > 0 => group = 0,
            b'.' => {
                return Err(rule.broken(format!(
                    "the group before the dot at character {} is empty",
                    at + 1
                )));
            }
            _ => return Err(rule.bad_character(text, at)),
        }
    }
    if group == 0 {
        return Err(rule.broken("it ends with a dot"));
    }
    Ok(())
}
