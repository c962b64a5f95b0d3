//! The id that a source gives to an event: with the source, the key of idempotency.

use super::{CodeError, Rule};

const MOST: usize = 128;

const RULE: Rule = Rule {
    name: "event_id",
    fix: "write 1 to 128 printable ASCII characters without spaces, the same at every resend of the same event",
};

/// Accepts 1 to 128 printable ASCII characters without spaces (CloudEvents 1.0 asks only for a
/// non-empty string; the narrower set survives headers, logs and shells unchanged).
pub fn check_event_id(text: &str) -> Result<(), CodeError> {
    RULE.check_length(text, MOST)?;
    RULE.check_characters(text, |byte| byte.is_ascii_graphic())
}
