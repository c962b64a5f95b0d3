//! What needs a hand, for whoever was woken by it: what, whose, why, and what to do.

use super::judge::{self, Scope};
use crate::words::{moment, or_nothing, since};
use lienthong_contract::pb::operations::v1::{Cause, GetLagResponse};
use lienthong_contract::time::to_millis;

/// The causes that count, the worst first; that all is well if there is none.
pub fn text(answer: &GetLagResponse, scope: &Scope) -> String {
    let as_of_ms = answer.as_of_time.as_ref().and_then(to_millis);
    let mut paragraphs: Vec<String> = judge::causes(answer, scope)
        .into_iter()
        .enumerate()
        .map(|(index, cause)| paragraph(index + 1, cause, as_of_ms))
        .collect();
    let too_late = judge::too_late(answer, scope);
    let lines = too_late.iter().map(|line| format!("!  {line}"));
    paragraphs.extend(lines);
    match paragraphs.is_empty() {
        true => "All is well.".to_owned(),
        false => paragraphs.join("\n"),
    }
}

/// One cause on a few lines.
fn paragraph(number: usize, cause: &Cause, as_of_ms: Option<i64>) -> String {
    let mut lines = vec![
        format!(
            "{number}. {} is {}{}",
            cause.subject,
            cause.status,
            age(cause, as_of_ms)
        ),
        format!("   why    {}", or_nothing(&cause.reason)),
        format!("   whose  {} ({})", or_nothing(&cause.owner), cause.stage),
        format!("   do     {}", or_nothing(&cause.what_to_do)),
    ];
    if !cause.runbook.is_empty() {
        lines.push(format!("   more   lienthong runbook {}", cause.runbook));
    }
    lines.join("\n")
}

fn age(cause: &Cause, as_of_ms: Option<i64>) -> String {
    match (&cause.since_time, as_of_ms) {
        (time @ Some(_), Some(now_ms)) => {
            format!(" since {} ({})", moment(time), since(time, now_ms))
        }
        (time @ Some(_), None) => format!(" since {}", moment(time)),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lienthong_contract::time::from_millis;

    #[test]
    fn a_cause_says_what_why_whose_and_what_to_do() {
        let answer = GetLagResponse {
            as_of_time: Some(from_millis(1_782_838_865_000)),
            causes: vec![Cause {
                subject: "view case/3".to_owned(),
                status: "stalled".to_owned(),
                stage: "projector".to_owned(),
                owner: "hub".to_owned(),
                reason: "120 records wait and none was processed for 10 s".to_owned(),
                what_to_do: "look at its log, then restart it".to_owned(),
                runbook: "view-stalled".to_owned(),
                since_time: Some(from_millis(1_782_838_800_000)),
            }],
            ..GetLagResponse::default()
        };
        assert_eq!(
            text(&answer, &Scope::default()),
            "1. view case/3 is stalled since 2026-07-01 00:00:00 (1m 5s)\n   \
             why    120 records wait and none was processed for 10 s\n   \
             whose  hub (projector)\n   \
             do     look at its log, then restart it\n   \
             more   lienthong runbook view-stalled"
        );
        let nothing = GetLagResponse::default();
        assert_eq!(text(&nothing, &Scope::default()), "All is well.");
    }
}
