//! An operator's decision on a parked dossier, as the event that records it.

use bytes::Bytes;
use lienthong_contract::pb::event::v1::{self as pb, ParkedReleased, event::Payload};
use lienthong_contract::pb::operations::v1::{ParkedDossier, ReleaseParkedRequest};
use lienthong_contract::reason::Reason;
use lienthong_contract::status::Failure;
use lienthong_contract::time::from_millis;
use lienthong_eventlog::{AppendError, Record};
use prost::Message;
use std::sync::atomic::{AtomicU32, Ordering};

/// The source of every event that the hub itself records for an operator.
const SOURCE: &str = "urn:lienthong:hub:operations";

/// Checks a request by itself.
///
/// # Errors
/// `REQUEST_MALFORMED` for a missing key or decision.
pub(crate) fn check(request: &ReleaseParkedRequest) -> Result<(), Failure> {
    use pb::parked_released::Decision;
    if request.key.is_empty() {
        let fix = "give the key as ListParked gives it";
        return Err(Failure::of_field("key", "it is empty.", fix));
    }
    match Decision::try_from(request.decision) {
        Ok(Decision::Retry | Decision::Skip) => Ok(()),
        _ => Err(Failure::of_field(
            "decision",
            "it is missing or not known.",
            "give DECISION_RETRY or DECISION_SKIP",
        )),
    }
}

/// Whether some view has that dossier parked at that offset.
///
/// # Errors
/// `PARKED_NOT_FOUND`.
pub(crate) fn find(
    parked: &[ParkedDossier],
    request: &ReleaseParkedRequest,
) -> Result<(), Failure> {
    let here = |parked: &ParkedDossier| {
        parked.key == request.key
            && parked
                .position
                .is_some_and(|position| position.offset == request.parked_offset)
    };
    if parked.iter().any(here) {
        return Ok(());
    }
    let message = format!(
        "no view has {:?} parked at offset {}",
        request.key, request.parked_offset
    );
    Err(Failure::new(Reason::ParkedNotFound, message))
}

/// The record of the decision: under the parked key, so that it stands in that dossier's
/// own order.
pub(crate) fn record(request: &ReleaseParkedRequest, now_ms: i64) -> Record {
    // Tells apart decisions of one millisecond.
    static DECISIONS: AtomicU32 = AtomicU32::new(0);
    let count = DECISIONS.fetch_add(1, Ordering::Relaxed);
    let header = pb::Header {
        id: format!("release-{now_ms}-{count}-{}", request.parked_offset),
        source: SOURCE.to_owned(),
        dossier_code: request.key.clone(),
        occurred_time: Some(from_millis(now_ms)),
        ..pb::Header::default()
    };
    let event = pb::Event {
        header: Some(header),
        recorded_time: Some(from_millis(now_ms)),
        adapter: "hub".to_owned(),
        payload: Some(Payload::ParkedReleased(ParkedReleased {
            decision: request.decision,
            parked_offset: request.parked_offset,
        })),
        ..pb::Event::default()
    };
    Record {
        key: Bytes::copy_from_slice(request.key.as_bytes()),
        value: Bytes::from(event.encode_to_vec()),
        recorded_ms: now_ms,
    }
}

/// Why the log did not take the decision, as the caller is told; paths stay in the hub's
/// own log.
pub(crate) fn refused(error: &AppendError) -> Failure {
    let (reason, message) = match error {
        AppendError::Overloaded { .. } => (
            Reason::LogOverloaded,
            "the log's queue is full; the decision was not recorded",
        ),
        AppendError::DiskFull { .. } => (
            Reason::LogDiskFull,
            "the log's disk is full; the decision was not recorded",
        ),
        AppendError::Closed => (
            Reason::Draining,
            "the hub is going down; the decision was not recorded",
        ),
        AppendError::TooLarge { .. } | AppendError::BatchTooLarge { .. } => (
            Reason::EventTooLarge,
            "the key makes the decision larger than the log takes",
        ),
        AppendError::Io { .. } | AppendError::Unavailable { .. } => (
            Reason::LogUnavailable,
            "the log could not be written; the decision was not recorded",
        ),
        AppendError::RecordedTime { .. } => (
            Reason::Internal,
            "the hub's clock stands before 1970 or after 9999; the decision was not recorded",
        ),
    };
    Failure::new(reason, message)
}
