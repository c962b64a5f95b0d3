//! From a reason to the `google.rpc.Status` a client sees. The only place that builds one.

use crate::pb::event::v1::FieldViolation;
use crate::reason::{DOMAIN, Reason};
use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// An error on its way to a client.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}: {message}", reason.name())]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// The particulars, in words; never personal data.
    pub message: String,
    /// The fields at fault, with their paths; empty where no field is.
    pub violations: Vec<FieldViolation>,
    /// Further particulars for programs, such as `queued_bytes`.
    pub metadata: HashMap<String, String>,
}

impl Failure {
    /// A failure without field paths.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            violations: Vec::new(),
            metadata: HashMap::new(),
        }
    }

    /// A failure of one request field.
    pub fn of_field(field: &str, description: impl Into<String>, fix: &str) -> Self {
        let violation = FieldViolation {
            field: field.to_owned(),
            description: description.into(),
            fix: fix.to_owned(),
        };
        Self::of_fields(Reason::RequestMalformed, vec![violation])
    }

    /// A failure of the fields named.
    pub fn of_fields(reason: Reason, violations: Vec<FieldViolation>) -> Self {
        let message = violations
            .iter()
            .map(|violation| format!("{}: {}", violation.field, violation.description))
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            violations,
            ..Self::new(reason, message)
        }
    }

    /// Adds a particular for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.metadata.insert(name.to_owned(), value.to_string());
        self
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let entry = failure.reason.entry();
        let mut details = ErrorDetails::new();
        details.set_error_info(entry.name, DOMAIN, failure.metadata);
        for violation in &failure.violations {
            let what = violation.description.trim_end_matches('.');
            let description = format!("{what}. Fix: {}", violation.fix);
            details.add_bad_request_violation(&violation.field, description);
        }
        if let Some(seconds) = entry.retry_after_s {
            details.set_retry_info(Some(Duration::from_secs(u64::from(seconds))));
        }
        if entry.code == Code::FailedPrecondition {
            details.add_precondition_failure_violation(entry.name, DOMAIN, entry.fix);
        }
        Status::with_error_details(entry.code, failure.message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_field_reaches_the_client_with_its_path_and_fix() {
        let status = Status::from(Failure::of_field(
            "code",
            "it is empty.",
            "give a case code",
        ));
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let violations = &details
            .bad_request()
            .map(|bad| bad.field_violations.clone());
        let violation = violations.as_ref().and_then(|list| list.first());
        assert_eq!(violation.map(|v| v.field.as_str()), Some("code"));
        assert!(violation.is_some_and(|v| v.description.contains("Fix: give a case code")));
    }

    #[test]
    fn overload_carries_a_retry_hint() {
        let status = Status::from(Failure::new(Reason::LogOverloaded, "queue full"));
        assert_eq!(status.code(), Code::ResourceExhausted);
        let retry = status
            .get_error_details()
            .retry_info()
            .and_then(|info| info.retry_delay);
        assert_eq!(retry, Some(Duration::from_secs(1)));
    }
}
