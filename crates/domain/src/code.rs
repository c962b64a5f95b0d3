//! Checks of the codes that systems send: borrowed text in, nothing or a precise error out.
//!
//! A check allocates only when it refuses, for it runs on every field of every event. It says
//! whether a code is well formed, never whether the thing it names exists: that is the business of
//! the reference registry, and an unknown thing is recorded, not refused.

mod agency;
mod case;
mod dossier;
mod event_id;
pub mod person;
mod procedure;
mod source;

pub use agency::check_agency;
pub use case::check_case_code;
pub use dossier::{Strictness, check_dossier};
pub use event_id::check_event_id;
pub use procedure::check_procedure;
pub use source::check_source_urn;

/// Why a code was refused, in words for the person who must repair the sending system.
///
/// Displays as `what. Fix: fix`, so that an adapter that knows the field writes
/// `format!("{field}: {error}")`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}. Fix: {fix}")]
pub struct CodeError {
    /// Which rule was broken, as a stable lower-case name such as `agency_code`.
    pub rule: &'static str,
    /// What is wrong, with the position where there is one (1 is the first character). It never
    /// holds any part of a person's number.
    pub what: String,
    /// What the sender should write instead.
    pub fix: &'static str,
}

/// The name and the remedy of one rule, so that a check states them once.
#[derive(Clone, Copy)]
struct Rule {
    name: &'static str,
    fix: &'static str,
}

impl Rule {
    fn broken(self, what: impl Into<String>) -> CodeError {
        CodeError {
            rule: self.name,
            what: what.into(),
            fix: self.fix,
        }
    }

    /// Refuses an empty text and one of more than `most` bytes.
    fn check_length(self, text: &str, most: usize) -> Result<(), CodeError> {
        if text.is_empty() {
            return Err(self.broken("it is empty"));
        }
        if text.len() > most {
            let length = text.chars().count();
            return Err(self.broken(format!(
                "it has {length} characters, at most {most} are allowed"
            )));
        }
        Ok(())
    }

    /// Refuses the first byte that `allowed` does not hold.
    fn check_characters(self, text: &str, allowed: fn(u8) -> bool) -> Result<(), CodeError> {
        match text.bytes().position(|byte| !allowed(byte)) {
            None => Ok(()),
            Some(at) => Err(self.bad_character(text, at)),
        }
    }

    /// The refusal of the character that holds byte `at` of `text`.
    fn bad_character(self, text: &str, at: usize) -> CodeError {
        let mut found = text.char_indices().enumerate();
        match found.find(|(_, (start, character))| start + character.len_utf8() > at) {
            Some((index, (_, character))) => self.broken(format!(
                "character {} is {character:?}, which is not allowed",
                index + 1
            )),
            None => self.broken("it ends too early"),
        }
    }
}

/// Whether the text is one or more of the digits 0 to 9.
fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
