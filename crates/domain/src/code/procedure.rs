//! Codes of administrative procedures in the national database.

use super::{CodeError, Rule, agency, all_digits};

/// `MaTTHC` is a string of at most 50 characters in the portal's packets.
const MOST: usize = 50;

const RULE: Rule = Rule {
    name: "procedure_code",
    fix: "write the national code such as 1.001193, or a local one with the agency after it such as 1.001193.000.00.00.H56 or 2.002621.H56",
};

/// Accepts a national code, one digit 1-9, a dot and six digits (`1.001193`), and a local one, the
/// same followed by a dot and an agency code (`1.001193.000.00.00.H56`, `2.002621.H56`).
pub fn check_procedure(text: &str) -> Result<(), CodeError> {
    RULE.check_length(text, MOST)?;
    let (kind, rest) = text
        .split_once('.')
        .ok_or_else(|| RULE.broken("the dot after the first digit is missing"))?;
    if !matches!(kind.as_bytes(), [b'1'..=b'9']) {
        return Err(RULE.broken("the part before the first dot is not one digit from 1 to 9"));
    }
    let (number, owner) = match rest.split_once('.') {
        Some((number, owner)) => (number, Some(owner)),
        None => (rest, None),
    };
    if number.len() != 6 || !all_digits(number) {
        return Err(RULE.broken("the part after the first dot is not six digits"));
    }
    match owner {
        None => Ok(()),
        Some(owner) => agency::check(owner, RULE).map_err(|error| CodeError {
            what: format!("in the agency after the number, {}", error.what),
            ..error
        }),
    }
}
