//! The URN that names the system an event came from.

use super::{CodeError, Rule};

const MOST: usize = 128;

const RULE: Rule = Rule {
    name: "source_urn",
    fix: "write urn:NAMESPACE:NAME as RFC 8141 defines, at most 128 characters, such as urn:lienthong:H56:onestop",
};

/// Accepts an assigned name of RFC 8141, `urn:` NID `:` NSS, of at most 128 characters. The
/// optional resolution, query and fragment parts (`?+`, `?=`, `#`) are refused: a source is a
/// name to compare, and those parts are left out of comparison.
pub fn check_source_urn(text: &str) -> Result<(), CodeError> {
    RULE.check_length(text, MOST)?;
    let prefixed = text
        .as_bytes()
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"urn:"));
    if !prefixed {
        return Err(RULE.broken("it does not begin with urn:"));
    }
    let Some(colon) = text.bytes().skip(4).position(|byte| byte == b':') else {
        return Err(RULE.broken("the colon after the namespace is missing"));
    };
    let name_from = 4 + colon + 1;
    check_namespace(text, colon)?;
    check_name(text, name_from)
}

/// The NID: 2 to 32 letters, digits and hyphens, no hyphen at either end.
fn check_namespace(text: &str, length: usize) -> Result<(), CodeError> {
    if !(2..=32).contains(&length) {
        return Err(RULE.broken(format!(
            "the namespace has {length} characters, 2 to 32 are allowed"
        )));
    }
    let namespace = text.bytes().enumerate().skip(4).take(length);
    for (at, byte) in namespace {
        let edge = at == 4 || at == 4 + length - 1;
        if !byte.is_ascii_alphanumeric() && (edge || byte != b'-') {
            return Err(RULE.bad_character(text, at));
        }
    }
    Ok(())
}

/// The NSS: path characters of RFC 3986, percent-encoding in whole triplets, no leading slash.
fn check_name(text: &str, from: usize) -> Result<(), CodeError> {
    let bytes = text.as_bytes();
    if from == bytes.len() {
        return Err(RULE.broken("the name after the namespace is empty"));
    }
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'%' if is_hex(bytes.get(at + 1)) && is_hex(bytes.get(at + 2)) => at += 3,
            b'%' => {
                return Err(RULE.broken(format!(
                    "the % at character {} is not followed by two hexadecimal digits",
                    at + 1
                )));
            }
            b'/' if at == from => return Err(RULE.bad_character(text, at)),
            _ if is_path_character(byte) => at += 1,
            _ => return Err(RULE.bad_character(text, at)),
        }
    }
    Ok(())
}

fn is_hex(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_hexdigit)
}

fn is_path_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)
}
