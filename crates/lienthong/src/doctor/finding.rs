//! What a check found.

use serde::Serialize;

/// What a check found, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at, such as `data directory`.
    pub check: &'static str,
    /// How it is.
    pub outcome: Outcome,
    /// What was found, in words.
    pub found: String,
    /// The command or setting that mends it; empty where nothing is to be done.
    pub fix: String,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and somebody should know.
    Warn,
    /// It does not work, or soon will not.
    Fail,
}

impl Outcome {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }
}

impl Finding {
    /// As it should be.
    pub fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(check, Outcome::Ok, found, "")
    }

    /// It works, and somebody should know.
    pub fn warn(check: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(check, Outcome::Warn, found, fix)
    }

    /// It does not work, or soon will not.
    pub fn fail(check: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::new(check, Outcome::Fail, found, fix)
    }

    fn new(
        check: &'static str,
        outcome: Outcome,
        found: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            check,
            outcome,
            found: found.into(),
            fix: fix.into(),
        }
    }
}
