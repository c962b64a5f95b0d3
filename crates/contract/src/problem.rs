//! From a reason to the problem of RFC 9457 that a client of HTTP sees. The only place that builds
//! one; formats may add members of their own.

use crate::pb::event::v1::FieldViolation;
use crate::status::Failure;
use serde_json::{Value, json};

/// Content type of a problem in JSON.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// The problem of a failure: what the catalogue says of its reason, the particulars, and the
/// fields at fault. Its status is that of the reason.
pub fn of(failure: &Failure) -> Value {
    let entry = failure.reason.entry();
    let mut problem = json!({
        "type": format!("urn:lienthong:problem:{}", entry.name),
        "title": entry.meaning,
        "status": failure.reason.http_status(),
        "detail": failure.message,
        "reason": entry.name,
        "fix": entry.fix,
        "message": failure.message,
    });
    if !failure.violations.is_empty() {
        problem["violations"] = violations(&failure.violations);
    }
    if !failure.metadata.is_empty() {
        problem["metadata"] = json!(failure.metadata);
    }
    problem
}

/// The problem of a request that is wrong by HTTP alone; `title` is that of the status.
pub fn of_request(status: u16, title: &str, detail: &str) -> Value {
    json!({
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "message": detail,
    })
}

/// Fields at fault, each with what is wrong and what to write instead.
pub fn violations(list: &[FieldViolation]) -> Value {
    let violation = |one: &FieldViolation| json!({"field": one.field, "description": one.description, "fix": one.fix});
    list.iter().map(violation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;

    #[test]
    fn a_failure_is_told_with_its_reason_fields_and_particulars() {
        let failure = Failure::of_field("from", "it is no time", "write RFC 3339").with("asked", 3);
        let problem = of(&failure);
        assert_eq!(problem["type"], "urn:lienthong:problem:REQUEST_MALFORMED");
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["message"], "from: it is no time");
        assert_eq!(problem["violations"][0]["field"], "from");
        assert_eq!(problem["violations"][0]["fix"], "write RFC 3339");
        assert_eq!(problem["metadata"]["asked"], "3");
    }

    #[test]
    fn what_a_failure_does_not_have_is_left_out() {
        let problem = of(&Failure::new(Reason::PositionGone, "it is gone"));
        assert_eq!(problem["status"], 410);
        assert!(problem.get("violations").is_none());
        assert!(problem.get("metadata").is_none());
    }
}
