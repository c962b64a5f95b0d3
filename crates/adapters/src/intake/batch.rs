//! A batch: one call, one append, one outcome for each event.

use super::append::{append, settle};
use super::chunk::Chunk;
use super::sealed::{Refusal, Slot};
use super::trace::Call;
use super::{Adapter, Draft};
use lienthong_contract::pb::event::v1::{FieldViolation, Outcome, Rejection, outcome};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use std::sync::Arc;

/// Most events of one batch.
pub const MOST_EVENTS: usize = 10_000;
/// Most violations that the status of a failed call carries; the status travels in HTTP/2 headers,
/// which common clients bound to 8 KiB.
const MOST_VIOLATIONS: usize = 16;
/// Bytes of violations after which the status carries no further one.
const VIOLATION_BYTES: usize = 2_000;

/// Records a batch; outcomes stand in its order.
///
/// # Errors
/// `BATCH_SIZE`; `EVENT_MALFORMED` or what else was wrong if no event was accepted, with paths
/// `events[i]...`; `LOG_OVERLOADED`, `LOG_DISK_FULL`, `LOG_UNAVAILABLE` or `DRAINING` if the log
/// did not take it.
pub async fn report(
    adapter: &Arc<Adapter>,
    drafts: Vec<Draft>,
    call: Call,
) -> Result<Vec<Outcome>, Failure> {
    adapter.must_be_serving()?;
    if drafts.is_empty() || drafts.len() > MOST_EVENTS {
        let what = format!("the batch has {} events", drafts.len());
        return Err(Failure::new(Reason::BatchSize, what));
    }
    let mut chunk = Chunk::new(adapter.clone(), call, drafts.len());
    for draft in drafts {
        chunk.push(draft);
    }
    let (chunk, positions) = append(adapter, chunk.seal()).await.durable()?;
    let nothing_accepted = of_all_refused(&chunk.slots);
    let outcomes = settle(adapter, chunk, &positions).await;
    match nothing_accepted {
        Some(failure) => Err(with_numbers(failure, &outcomes)),
        None => Ok(outcomes),
    }
}

/// The failure of a batch of which no event was accepted; none if one was.
fn of_all_refused(slots: &[Slot]) -> Option<Failure> {
    let mut refusals: Vec<&Refusal> = Vec::with_capacity(slots.len());
    for slot in slots {
        match slot {
            Slot::Ready { .. } => return None,
            Slot::Refused(refusal) => refusals.push(refusal),
        }
    }
    let first = refusals.first()?.failure.reason;
    let same = refusals
        .iter()
        .all(|refusal| refusal.failure.reason == first);
    let reason = if same { first } else { Reason::EventMalformed };
    let violations = bounded(refusals.iter().enumerate().flat_map(violations_of));
    let mut failure = Failure::of_fields(reason, violations);
    failure.message = format!(
        "none of the {} events was accepted: {}",
        refusals.len(),
        failure.message
    );
    Some(failure)
}

fn violations_of<'a>(
    (index, refusal): (usize, &'a &Refusal),
) -> Box<dyn Iterator<Item = FieldViolation> + 'a> {
    let failure = &refusal.failure;
    if failure.violations.is_empty() {
        return Box::new(std::iter::once(FieldViolation {
            field: format!("events[{index}]"),
            description: failure.message.clone(),
            fix: failure.reason.entry().fix.to_owned(),
        }));
    }
    Box::new(
        failure
            .violations
            .iter()
            .map(move |violation| FieldViolation {
                field: format!("events[{index}].{}", violation.field),
                ..violation.clone()
            }),
    )
}

/// As many as a status can carry, at least one.
fn bounded(violations: impl Iterator<Item = FieldViolation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    violations
        .take(MOST_VIOLATIONS)
        .take_while(|violation| {
            let fits = bytes < VIOLATION_BYTES;
            bytes += violation.field.len() + violation.description.len() + violation.fix.len();
            fits
        })
        .collect()
}

/// Says where the whole of it can be read.
fn with_numbers(failure: Failure, outcomes: &[Outcome]) -> Failure {
    let rejections = || {
        outcomes.iter().filter_map(|outcome| match &outcome.result {
            Some(outcome::Result::Rejection(rejection)) => Some(rejection),
            _ => None,
        })
    };
    let violations: usize = rejections()
        .map(|rejection| rejection.violations.len())
        .sum();
    let numbers = || rejections().map(number).filter(|number| *number > 0);
    let failure = failure.with("violations", violations);
    match (numbers().min(), numbers().max()) {
        (Some(first), Some(last)) => failure
            .with("first_rejected_number", first)
            .with("last_rejected_number", last),
        _ => failure,
    }
}

fn number(rejection: &Rejection) -> u64 {
    rejection.rejected_number
}
